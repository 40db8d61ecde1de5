//! Text in, title and metadata out: the page's title by the HTML standard, read from as little of the page as will do,
//! and what else the page says about itself.
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

mod depth;
mod json;
mod json_ld;
mod metadata;
mod noted;
#[cfg(feature = "select")]
mod outer;
mod parser;
mod place;
mod plain;
mod search;
#[cfg(feature = "select")]
mod select;
mod skim;
mod tags;
mod text;
mod title;
mod tree;

#[cfg(test)]
mod tests;

pub use metadata::{
    Feed, Icon, MAX_ENTRIES, MAX_METADATA, Metadata, MetadataSource, Property, Sourced, metadata,
};
pub use noted::{Extent, MAX_VALUE};
#[cfg(feature = "select")]
pub use select::{Document, Element, MAX_PICKED, SelectError};
pub use text::MAX_TITLE;
pub use title::{MAX_PAGE, Progress, Title, TitleScanner, TitleSource, title};
