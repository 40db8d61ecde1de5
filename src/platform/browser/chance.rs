//! Chance for what is made before any backend is asked, such as a boundary. Included by lib.rs as `chance`.

pub(crate) use crate::platform::browser::random;
