//! One behaviour a test. The metadata is in `metadata`, a table of titles in `pages`, titles that need no parser in
//! `plain`, selectors in `selecting`, the title's meaning in `semantics`, the scanner's manners in `streaming`, the quick
//! way through the head in `skimming`.

mod metadata;
mod pages;
mod plain;
#[cfg(feature = "select")]
mod selecting;
mod semantics;
mod skimming;
mod streaming;

use pages::PAGES;
