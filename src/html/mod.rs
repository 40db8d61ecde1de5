//! Text in, title out: the page's title by the HTML standard, read from as little of the page as will do.
//!
//! This module knows HTML and nothing else: no network, no bytes, no encodings. Give [`title`] a whole page,
//! or feed a [`TitleScanner`] as the text comes in and drop the rest of the page once it says
//! [`Progress::Final`].
//!
//! ```
//! assert_eq!(dualfetch::html::title("<title> Hello,\n world </title>").as_deref(), Some("Hello, world"));
//! assert_eq!(dualfetch::html::title("<title></title>").as_deref(), Some(""));
//! assert_eq!(dualfetch::html::title("<svg><title>a drawing</title></svg>"), None);
//! ```

mod parser;
mod search;
mod skim;
mod title;
mod tree;

#[cfg(test)]
mod tests;

pub use title::{MAX_PAGE, MAX_TITLE, Progress, Title, TitleScanner, TitleSource, title};
