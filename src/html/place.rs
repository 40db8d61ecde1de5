//! Where a node is in the tree, for a tree whose elements do not know their children.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// The key of a node that others were inserted in front of: behind all of them. See [`Place::fronted`].
const ANCHOR: u64 = u64::MAX;

/// A position in the tree.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) above: RefCell<Option<Rc<Self>>>,
    pub(super) key: Cell<u64>,
    /// The key of the next child.
    next: Cell<u64>,
    pub(super) is_document: bool,
}

impl Place {
    pub(super) fn new(is_document: bool) -> Rc<Self> {
        Rc::new(Self { above: RefCell::new(None), key: Cell::new(0), next: Cell::new(0), is_document })
    }

    /// Becomes the last child of `above`, leaving any place it had.
    pub(super) fn append_to(&self, above: &Rc<Self>) {
        let key = above.next.get();
        above.next.set(key + 1);
        self.key.set(key);
        self.above.replace(Some(Rc::clone(above)));
    }

    /// A place whose children come directly in front of this one, in the order they are appended.
    ///
    /// It is an extra place in the path, in which this one comes last. `None` if this one is detached.
    pub(super) fn fronted(&self) -> Option<Rc<Self>> {
        let above = self.above.borrow().clone()?;
        if self.key.get() == ANCHOR {
            return Some(above);
        }
        let front = Self::new(false);
        front.key.set(self.key.get());
        front.above.replace(Some(above));
        self.key.set(ANCHOR);
        self.above.replace(Some(Rc::clone(&front)));
        Some(front)
    }

    /// The keys from the document down to here; `None` if this is not in the document.
    pub(super) fn path(&self) -> Option<Vec<u64>> {
        let mut keys = vec![self.key.get()];
        let mut above = self.above.borrow().clone();
        while let Some(place) = above {
            if place.is_document {
                keys.reverse();
                return Some(keys);
            }
            keys.push(place.key.get());
            above = place.above.borrow().clone();
        }
        None
    }
}

impl Drop for Place {
    /// Frees a long chain in a loop, where dropping it field by field would recurse.
    fn drop(&mut self) {
        let mut above = self.above.take();
        while let Some(place) = above {
            above = Rc::into_inner(place).and_then(|place| place.above.take());
        }
    }
}
