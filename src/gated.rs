//! [`Gated`]: values that a build without the crate feature `middleware` cannot have.

use std::ops::{Deref, DerefMut};

/// A value that is there only in a build with the crate feature `middleware`. Without it the type has no values at all:
/// an `Option` of it takes no room, and the compiler leaves out whatever would follow from one being there.
#[derive(Clone)]
pub(crate) struct Gated<T>(T, Enabled);

#[derive(Clone, Copy)]
enum Enabled {
    #[cfg(feature = "middleware")]
    Yes,
}

impl<T> Gated<T> {
    /// The value that `make` makes, in a build that has any.
    #[cfg_attr(not(feature = "middleware"), allow(unused_variables))]
    pub(crate) fn new(make: impl FnOnce() -> T) -> Option<Self> {
        #[cfg(feature = "middleware")]
        return Some(Self(make(), Enabled::Yes));
        #[cfg(not(feature = "middleware"))]
        return None;
    }

    pub(crate) fn into_inner(self) -> T {
        self.0
    }

    /// Another value of the same build.
    pub(crate) fn with<U>(&self, value: U) -> Gated<U> {
        Gated(value, self.1)
    }
}

impl<T> Deref for Gated<T> {
    type Target = T;

    // The `match` is what tells the compiler.
    fn deref(&self) -> &T {
        match self.1 {
            #[cfg(feature = "middleware")]
            Enabled::Yes => &self.0,
        }
    }
}

impl<T> DerefMut for Gated<T> {
    fn deref_mut(&mut self) -> &mut T {
        match self.1 {
            #[cfg(feature = "middleware")]
            Enabled::Yes => &mut self.0,
        }
    }
}
