//! The bound on how deep elements nest.

use std::cell::{Cell, RefCell};

use html5ever::LocalName;
use html5ever::tokenizer::Tag;

/// Open elements beyond which no more are opened, as in Chromium. html5ever searches its stack for many a tag,
/// so this also keeps the time linear.
pub(super) const MAX_DEPTH: usize = 512;

/// How deep the page is, as far as it needs to be known.
#[derive(Debug, Default)]
pub(super) struct Depth {
    /// Tags whose elements were not opened; their end tags are not to close others.
    unopened: RefCell<Vec<LocalName>>,
    last: Cell<usize>,
    /// Start tags that may pass before the depth needs to be looked at again.
    headroom: Cell<usize>,
}

impl Depth {
    /// The depth when it was last looked at.
    pub(super) fn last(&self) -> usize {
        self.last.get()
    }

    /// Whether no further element should be opened. `count` counts the open ones.
    pub(super) fn is_full(&self, count: impl FnOnce() -> usize) -> bool {
        if let Some(left) = self.headroom.get().checked_sub(1) {
            self.headroom.set(left);
            return false;
        }
        let depth = count();
        self.last.set(depth);
        // A start tag opens its element and at most three implied ones.
        self.headroom.set(MAX_DEPTH.saturating_sub(depth) / 4);
        depth >= MAX_DEPTH
    }

    /// Notes a start tag whose element is not opened.
    pub(super) fn leave_out(&self, tag: Tag) {
        let mut unopened = self.unopened.borrow_mut();
        if !tag.self_closing && unopened.len() < MAX_DEPTH {
            unopened.push(tag.name);
        }
    }

    /// Whether an end tag of this name is that of an element that was not opened.
    pub(super) fn closes_unopened(&self, name: &LocalName) -> bool {
        let mut unopened = self.unopened.borrow_mut();
        let at = unopened.iter().rposition(|own| own == name);
        if let Some(at) = at {
            unopened.truncate(at);
        }
        at.is_some()
    }
}
