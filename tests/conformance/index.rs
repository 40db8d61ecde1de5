//! The index of what is proved where, held to what is there.

use std::collections::BTreeSet;
use std::path::Path;

const INDEX: &str = include_str!("index.md");

#[test]
fn every_test_that_the_index_names_is_there() {
    let missing: Vec<_> = named().into_iter().filter(|name| !is_there(name)).collect();
    assert!(
        missing.is_empty(),
        "tests/conformance/index.md names what is not there:\n{}",
        missing.join("\n")
    );
    assert!(!is_there("native::connections::no_such_test") && !is_there("native::no_such_file::kept"));
    assert!(!is_there("native::matrix::http1 \"no such row\""));
}

#[test]
fn every_behaviour_has_a_test_or_says_that_it_has_none() {
    for row in rows() {
        let [behaviour, proofs] = row;
        assert!(!behaviour.is_empty());
        assert!(proofs.starts_with('`') || proofs.starts_with("not yet"), "{behaviour}: {proofs}");
    }
}

#[test]
fn every_case_against_a_server_of_others_is_in_the_index() {
    let named = named();
    for server in ["nginx", "lighttpd", "httpbin", "squid", "microsocks", "events", "websockets"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance").join(server);
        for file in std::fs::read_dir(folder).expect("the server's cases").flatten() {
            let module = file.file_name().to_string_lossy().into_owned();
            let Some(module) = module.strip_suffix(".rs") else { continue };
            let text = std::fs::read_to_string(file.path()).expect("a file of text");
            for line in text.lines() {
                let Some((name, _)) =
                    line.strip_prefix("pub async fn ").and_then(|rest| rest.split_once('('))
                else {
                    continue;
                };
                let case = format!("conformance::{server}::{module}::{name}");
                assert!(named.contains(&*case), "{case} is not in tests/conformance/index.md");
            }
        }
    }
}

/// Each row of the table: the behaviour, and what proves it.
fn rows() -> Vec<[&'static str; 2]> {
    let lines = INDEX.lines().filter(|line| line.starts_with('|')).skip(2);
    let rows: Vec<_> = lines
        .map(|line| {
            let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
            <[&str; 2]>::try_from(cells).expect("two cells")
        })
        .collect();
    assert!(rows.len() > 50, "{} rows", rows.len());
    rows
}

/// What stands between backquotes in the second cells.
fn named() -> BTreeSet<&'static str> {
    rows().into_iter().flat_map(|[_, proofs]| proofs.split('`').skip(1).step_by(2)).collect()
}

/// `folder::file::function`, or `folder::file "row"`; a file of the npm package by its path.
pub(super) fn is_there(name: &str) -> bool {
    let (path, wanted) = match name.split_once(' ') {
        Some((path, row)) => (path, row.to_owned()),
        None => {
            let Some((path, function)) = name.rsplit_once("::") else { return false };
            (path, format!("fn {function}("))
        }
    };
    let path = match path.strip_prefix("src::") {
        Some(path) => format!("src/{}.rs", path.replace("::", "/")),
        None if path.starts_with("pkg/") => path.to_owned(),
        None => format!("tests/{}.rs", path.replace("::", "/")),
    };
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path));
    text.is_ok_and(|text| text.contains(&wanted))
}
