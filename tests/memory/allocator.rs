//! An allocator that counts: what a binary with this module has allocated.

#![allow(unsafe_code, reason = "an allocator that counts")]
#![allow(dead_code, reason = "a binary reads what it measures")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// What is allocated at the moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Live {
    pub(crate) blocks: usize,
    pub(crate) bytes: usize,
    /// Of the bytes, those in blocks of at least `LARGE`.
    pub(crate) large: usize,
}

const LARGE: usize = 16 * 1024;

static BLOCKS: AtomicUsize = AtomicUsize::new(0);
static BYTES: AtomicUsize = AtomicUsize::new(0);
static LARGE_BYTES: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

pub(crate) fn live() -> Live {
    Live { blocks: BLOCKS.load(Relaxed), bytes: BYTES.load(Relaxed), large: LARGE_BYTES.load(Relaxed) }
}

/// The most bytes at one time since this was last called.
pub(crate) fn peak() -> usize {
    PEAK.swap(BYTES.load(Relaxed), Relaxed)
}

fn taken(size: usize) {
    BLOCKS.fetch_add(1, Relaxed);
    let bytes = BYTES.fetch_add(size, Relaxed) + size;
    PEAK.fetch_max(bytes, Relaxed);
    if size >= LARGE {
        LARGE_BYTES.fetch_add(size, Relaxed);
    }
}

fn given_back(size: usize) {
    BLOCKS.fetch_sub(1, Relaxed);
    BYTES.fetch_sub(size, Relaxed);
    if size >= LARGE {
        LARGE_BYTES.fetch_sub(size, Relaxed);
    }
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: the system's allocator does it all, and is asked what this one is asked.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        taken(layout.size());
        // SAFETY: as asked.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        taken(layout.size());
        // SAFETY: as asked.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        taken(size);
        given_back(layout.size());
        // SAFETY: as asked.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        given_back(layout.size());
        // SAFETY: as asked.
        unsafe { System.dealloc(pointer, layout) }
    }
}
