//! What the scanner says of a page against what a full parse says, on documents from a generator.
//!
//! `DUALFETCH_DOCUMENTS` is how many, `DUALFETCH_SEED` which; `scripts/check-titles` takes a million.
#![cfg(all(feature = "html", not(target_arch = "wasm32")))]

mod html {
    pub(crate) mod chance;
    pub(crate) mod differential;
    pub(crate) mod generator;
    pub(crate) mod mutations;
    pub(crate) mod oracle;
    pub(crate) mod shrinking;
    mod words;
}

#[path = "../src/html/tests/pages/table.rs"]
mod table;

use std::collections::BTreeMap;
use std::env;
use std::panic::catch_unwind;

use dualfetch::html::TitleSource;
use html::chance::Chance;
use html::differential::{Agreed, compare};
use html::{generator, mutations, oracle, shrinking};

#[test]
fn generated_documents_have_the_titles_of_a_full_parse() {
    run("generated", generated);
}

#[test]
fn damaged_documents_have_the_titles_of_a_full_parse() {
    run("damaged", damaged);
}

/// For tests/oracles/titles.test.mjs: a line of JSON for each of `DUALFETCH_PAGES`, each page of
/// the table and each document.
#[test]
#[ignore = "writes documents for other parsers"]
fn documents_with_their_titles() {
    let (count, seed) = (setting("DUALFETCH_DOCUMENTS", 5_000), setting("DUALFETCH_SEED", 1));
    let given: Vec<String> = env::var("DUALFETCH_PAGES").map_or_else(
        |_| Vec::new(),
        |pages| serde_json::from_str(&pages).expect("DUALFETCH_PAGES is a list of strings in JSON"),
    );
    let given = given.into_iter().map(|page| ("given", page));
    let table = table::PAGES.iter().map(|(page, _)| ("table", (*page).to_owned()));
    let generated = (0..count).map(|number| match number % 4 {
        3 => ("damaged", damaged(seed, number)),
        _ => ("generated", generated(seed, number)),
    });
    for (number, (kind, page)) in given.chain(table).chain(generated).enumerate() {
        // A byte order mark is the decoder's affair.
        let page = page.trim_start_matches('\u{feff}');
        let title = dualfetch::html::title(page);
        println!("{}", serde_json::json!({ "kind": kind, "number": number, "page": page, "title": title }));
    }
}

fn generated(seed: u64, number: u64) -> String {
    generator::document(&mut Chance::new(seed, number))
}

fn damaged(seed: u64, number: u64) -> String {
    let mut chance = Chance::new(!seed, number);
    let (page, other) = (generator::document(&mut chance), generator::document(&mut chance));
    mutations::damaged(&page, &other, &mut chance)
}

fn setting(name: &str, default: u64) -> u64 {
    let value = env::var(name).ok();
    value.map_or(default, |value| {
        value.parse().unwrap_or_else(|_| panic!("{name} is a number, not {value:?}"))
    })
}

/// Compares so many documents, and fails on any difference, the first few of them printed in their shortest form.
fn run(kind: &str, document: fn(u64, u64) -> String) {
    let (count, seed) = (setting("DUALFETCH_DOCUMENTS", 5_000), setting("DUALFETCH_SEED", 1));
    let mut tally = BTreeMap::new();
    let (mut early, mut bytes, mut differences) = (0, 0, 0);
    for number in 0..count {
        let page = document(seed, number);
        bytes += page.len();
        match safely(&page, number) {
            Ok(agreed) => {
                *tally.entry(agreed.source.as_str()).or_insert(0) += 1;
                early += u64::from(agreed.is_early);
            }
            Err(why) => {
                differences += 1;
                if differences <= 10 {
                    report(kind, seed, number, &page, &why);
                }
            }
        }
        if count >= 100_000 && (number + 1) % 50_000 == 0 {
            eprintln!("{kind}: {} of {count}, {differences} differences", number + 1);
        }
    }
    println!(
        "{kind}: {count} documents ({bytes} bytes) of seed {seed}: {differences} differences; titles {tally:?}, \
         {early} final before the end"
    );
    assert_eq!(differences, 0, "{kind}, seed {seed}");
    for source in [TitleSource::Body, TitleSource::Head, TitleSource::Missing] {
        let share = tally.get(source.as_str()).copied().unwrap_or(0);
        assert!(share * 20 >= count, "too few {source} to tell anything: {tally:?}");
    }
    assert!(early * 5 >= count, "too few final before the end: {early}");
}

/// A panic is a difference.
fn safely(page: &str, number: u64) -> Result<Agreed, String> {
    catch_unwind(|| compare(page, number)).unwrap_or_else(|_| Err("a panic".to_owned()))
}

fn report(kind: &str, seed: u64, number: u64, page: &str, why: &str) {
    let least = shrinking::shrunk(page, |page| safely(page, number).is_err());
    let now = safely(&least, number).err();
    println!("{kind} document {number} of seed {seed}: {why}\n  {page:?}\n  shrunk: {least:?}\n  {now:?}");
    println!("  by the full parse: {:?}\n", oracle::read(&least));
}
