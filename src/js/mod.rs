//! The face for JavaScript: what the npm package is made of. No policy in it.
