//! docs/cookbook.md, held to its word that all of its programs run.

use std::collections::BTreeMap;

const PAGE: &str = include_str!("../../docs/cookbook.md");

/// What a block's fence says, and what runs such a block; what is not here runs nowhere.
const RUNNERS: [(&str, &str); 5] = [
    ("html page", "scripts/npm/cookbook.test.mjs"),
    ("js node", "pkg/test/cookbook.test.mjs"),
    ("js vite", "scripts/npm/cookbook.test.mjs"),
    ("rust", "the tests of src/lib.rs's documentation"),
    ("sh", "tests/command_line/cookbook.rs"),
];

#[test]
fn every_recipe_has_a_program_and_every_program_runs() {
    assert!(
        include_str!("../../src/lib.rs").contains("include_str!(\"../docs/cookbook.md\")"),
        "the page is part of the crate's documentation, which runs its Rust"
    );
    let mut programs = BTreeMap::new();
    for section in PAGE.split("\n### ").skip(1) {
        let title = section.lines().next().unwrap_or_default();
        let fences = fences(section);
        let mut shown = "";
        for fence in &fences {
            let printed = matches!(*fence, "text" | "text unordered") && !shown.is_empty() && shown != "rust";
            let known = RUNNERS.iter().any(|(runs, _)| runs == fence);
            assert!(printed || known, "{title}: nothing runs ```{fence}");
            shown = fence;
        }
        let kind = *fences.first().unwrap_or_else(|| panic!("{title}: no program"));
        *programs.entry(kind).or_insert(0) += 1;
    }
    for (kind, runner) in RUNNERS {
        assert!(programs.contains_key(kind), "no program for {runner}");
    }
    assert!(programs.values().sum::<usize>() >= 40, "{programs:?}");
}

/// Programs stay short: what a reader sees of one, its hidden lines left out.
#[test]
fn no_recipe_is_longer_than_a_screen() {
    for section in PAGE.split("\n### ").skip(1) {
        let title = section.lines().next().unwrap_or_default();
        let seen = section.lines().filter(|line| !line.trim_start().starts_with("# ")).count();
        assert!(seen <= 50, "{title}: {seen} lines");
    }
}

/// What stands behind the three backquotes that open a block.
fn fences(section: &str) -> Vec<&str> {
    section.lines().filter_map(|line| line.strip_prefix("```")).step_by(2).collect()
}
