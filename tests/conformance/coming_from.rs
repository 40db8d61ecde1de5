//! The pages for those who come from other clients, held to what is there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::index::is_there;

const AIOHTTP: &str = include_str!("../../docs/coming-from-aiohttp.md");
const NAMES: &str = include_str!("aiohttp.txt");
const PAGES: [(&str, &str); 3] = [
    ("coming-from-aiohttp.md", AIOHTTP),
    ("coming-from-ky.md", include_str!("../../docs/coming-from-ky.md")),
    ("coming-from-reqwest.md", include_str!("../../docs/coming-from-reqwest.md")),
];

/// A row of a table with a status.
struct Row {
    place: String,
    section: &'static str,
    theirs: &'static str,
    status: &'static str,
}

#[test]
fn every_name_of_aiohttp_has_a_row() {
    let mut told: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in rows("coming-from-aiohttp.md", AIOHTTP) {
        told.entry(row.section).or_default().extend(quoted(row.theirs));
    }
    let wanted = names();
    assert!(wanted.values().map(BTreeSet::len).sum::<usize>() > 300);
    let missing: Vec<_> = wanted
        .iter()
        .flat_map(|(section, names)| names.iter().map(move |name| (*section, *name)))
        .filter(|(section, name)| !told.get(section).is_some_and(|told| told.contains(name)))
        .collect();
    assert!(missing.is_empty(), "docs/coming-from-aiohttp.md has no row for {missing:?}");
}

#[test]
fn every_row_says_what_holds_and_what_proves_it() {
    let features = features();
    let wrong: Vec<_> = PAGES
        .iter()
        .flat_map(|(page, text)| rows(page, text))
        .filter_map(|row| Some(format!("{}: {}", row.place, what_is_wrong(&row, &features)?)))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn a_wrong_row_is_found() {
    let features = features();
    let verdict =
        |status| what_is_wrong(&Row { place: String::new(), section: "", theirs: "`x`", status }, &features);
    let proof = "`policy::uploads::waiting_for_100_continue_is_refused_by_name`";
    let unsupported = |feature: &str| &*format!("Unsupported `{feature}`: {proof}").leak();
    assert_eq!(verdict(unsupported("expect")), None);
    assert_eq!(verdict("not offered: nobody has needed it, and it costs much"), None);
    for status in [
        "",
        "maybe",
        "part two: digest",
        "not offered",
        "not offered: no",
        "better",
        "better: so",
        "works",
        "works: by itself",
        "works: `policy::uploads::no_such_test`",
        "Unsupported `expect`",
        unsupported("no_such_feature"),
        unsupported("expect` and `no_such::test"),
    ] {
        assert!(verdict(status).is_some(), "{status}");
    }
}

fn what_is_wrong(row: &Row, features: &BTreeSet<String>) -> Option<String> {
    if quoted(row.theirs).next().is_none() {
        return Some("it names nothing".to_owned());
    }
    let tests: Vec<_> =
        quoted(row.status).filter(|code| code.contains("::") || code.starts_with("pkg/")).collect();
    if let Some(missing) = tests.iter().find(|test| !is_there(test)) {
        return Some(format!("there is no test {missing}"));
    }
    let refused: Vec<_> =
        row.status.split("Unsupported `").skip(1).filter_map(|rest| rest.split('`').next()).collect();
    if let Some(unknown) = refused.iter().find(|feature| {
        !features.contains(**feature) && !features.contains(feature.trim_start_matches("hooks."))
    }) {
        return Some(format!("nothing is ever Unsupported by the name {unknown}"));
    }
    let (word, rest) = row.status.split_once([':', ' ']).unwrap_or((row.status, ""));
    let says = |least: usize| rest.trim().len() >= least;
    match word {
        "works" if tests.is_empty() => Some("it names no test".to_owned()),
        "better" if !says(20) => Some("it does not say why".to_owned()),
        "Unsupported" if tests.is_empty() || refused.is_empty() => Some("no feature, or no test".to_owned()),
        "not" if !rest.starts_with("offered: ") || !says(30) => Some("it does not say why not".to_owned()),
        "Unsupported" | "better" | "not" | "works" => None,
        _ => Some(format!("{:?} is no status", row.status)),
    }
}

/// The rows of all tables that have a status, each with the heading it stands under.
fn rows(page: &str, text: &'static str) -> Vec<Row> {
    let mut rows = Vec::new();
    let (mut section, mut in_table) = ("", false);
    for (number, line) in text.lines().enumerate() {
        if let Some(heading) = line.strip_prefix("##") {
            section = heading.trim_matches(|letter| matches!(letter, '#' | ' ' | '`'));
        }
        in_table = line.ends_with("| status |") || (in_table && line.starts_with('|'));
        if !in_table || line.ends_with("| status |") || line.starts_with("|---") {
            continue;
        }
        let place = format!("docs/{page}:{}", number + 1);
        let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [theirs, _, status] = cells[..] else { panic!("{place}: {} cells", cells.len()) };
        rows.push(Row { place, section, theirs, status });
    }
    assert!(rows.len() > 20, "{page}: {} rows", rows.len());
    rows
}

/// What stands between backquotes.
fn quoted(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.split('`').skip(1).step_by(2)
}

/// aiohttp's names by their section.
fn names() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let mut sections: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut section = "";
    for line in NAMES.lines().filter(|line| !line.starts_with('#')) {
        match line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            Some(heading) => section = heading,
            None => sections.entry(section).or_default().extend(line.split_whitespace()),
        }
    }
    sections
}

/// What may be refused as unsupported: the strings of those Rust sources that refuse something or name what is set, the
/// names in those of the npm package, in which `hooks.` is put before some.
fn features() -> BTreeSet<String> {
    let mut features = BTreeSet::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("src"), root.join("pkg/src")];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path());
        let (inner, files): (Vec<PathBuf>, Vec<_>) = entries.partition(|path| path.is_dir());
        folders.extend(inner);
        for file in files {
            let Ok(text) = std::fs::read_to_string(&file) else { continue };
            if ["ErrorKind::Unsupported {", "fn first_set(", "refused("]
                .iter()
                .any(|word| text.contains(word))
            {
                features.extend(text.split('"').map(str::to_owned));
            } else if file.extension().is_some_and(|kind| kind == "js") && text.contains("unsupported(") {
                features.extend(text.split(|letter: char| !letter.is_alphanumeric()).map(str::to_owned));
            }
        }
    }
    features
}
