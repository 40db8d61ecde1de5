//! Doubly linked lists threaded through a slab, so that anyone can leave from the middle at no cost.

/// The two ends of a list of slab places.
#[derive(Clone, Copy, Debug, Default, Hash)]
pub(super) struct Line {
    head: Option<u32>,
    tail: Option<u32>,
}

/// An entry's neighbours in a [`Line`].
#[derive(Clone, Copy, Debug, Default, Hash)]
pub(super) struct Links {
    before: Option<u32>,
    after: Option<u32>,
}

/// Where an entry keeps its neighbours in this list; `None` for an entry that cannot be in it.
type Access<T> = fn(&mut T) -> Option<&mut Links>;

impl Line {
    pub(super) fn head(&self) -> Option<u32> {
        self.head
    }

    pub(super) fn tail(&self) -> Option<u32> {
        self.tail
    }

    /// The entry behind this one.
    pub(super) fn after<T>(&self, slab: &mut [T], entry: u32, links: Access<T>) -> Option<u32> {
        links(&mut slab[entry as usize])?.after
    }

    pub(super) fn push_back<T>(&mut self, slab: &mut [T], entry: u32, links: Access<T>) {
        let before = self.tail.replace(entry);
        set(slab, entry, links, |own| *own = Links { before, after: None });
        match before {
            Some(before) => set(slab, before, links, |its| its.after = Some(entry)),
            None => self.head = Some(entry),
        }
    }

    /// Takes out an entry that is in the list.
    pub(super) fn remove<T>(&mut self, slab: &mut [T], entry: u32, links: Access<T>) {
        let Some(Links { before, after }) = links(&mut slab[entry as usize]).map(std::mem::take) else {
            return;
        };
        match before {
            Some(before) => set(slab, before, links, |its| its.after = after),
            None => self.head = after,
        }
        match after {
            Some(after) => set(slab, after, links, |its| its.before = before),
            None => self.tail = before,
        }
    }
}

fn set<T>(slab: &mut [T], entry: u32, links: Access<T>, change: impl FnOnce(&mut Links)) {
    if let Some(links) = links(&mut slab[entry as usize]) {
        change(links);
    }
}
