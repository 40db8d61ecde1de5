//! Which function makes the digests, and their making.

use md5::Md5;
use sha2::digest::Digest;
use sha2::{Sha256, Sha512, Sha512_256};

use crate::checksum::hex;

/// A digest's function, the stronger one greater. SHA-512 is in no register of such names (RFC 7616, section 6.1), but
/// servers have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Algorithm {
    Md5,
    Sha512,
    Sha256,
    Sha512To256,
}

impl Algorithm {
    /// Of its name, and whether it is the session's variant.
    pub(super) fn of(name: &[u8]) -> Option<(Self, bool)> {
        let name = name.to_ascii_lowercase();
        let (plain, is_session) = match name.strip_suffix(b"-sess") {
            Some(plain) => (plain, true),
            None => (name.as_slice(), false),
        };
        let algorithm = match plain {
            b"md5" => Self::Md5,
            b"sha-256" | b"sha256" => Self::Sha256,
            b"sha-512" | b"sha512" => Self::Sha512,
            b"sha-512-256" => Self::Sha512To256,
            _ => return None,
        };
        Some((algorithm, is_session))
    }

    /// The digest of these pieces, with colons between them.
    pub(super) fn of_pieces(self, pieces: &[&[u8]]) -> String {
        let mut hasher = self.hasher();
        for (index, piece) in pieces.iter().enumerate() {
            if index > 0 {
                hasher.update(b":");
            }
            hasher.update(piece);
        }
        hasher.finish()
    }

    pub(crate) fn hasher(self) -> Hasher {
        match self {
            Self::Md5 => Hasher::Md5(Md5::new()),
            Self::Sha256 => Hasher::Sha256(Sha256::new()),
            Self::Sha512 => Hasher::Sha512(Sha512::new()),
            Self::Sha512To256 => Hasher::Sha512To256(Sha512_256::new()),
        }
    }
}

/// A digest in the making.
#[derive(Debug)]
pub(crate) enum Hasher {
    Md5(Md5),
    Sha256(Sha256),
    Sha512(Sha512),
    Sha512To256(Sha512_256),
}

impl Hasher {
    pub(crate) fn update(&mut self, piece: &[u8]) {
        match self {
            Self::Md5(state) => state.update(piece),
            Self::Sha256(state) => state.update(piece),
            Self::Sha512(state) => state.update(piece),
            Self::Sha512To256(state) => state.update(piece),
        }
    }

    /// In hexadecimal digits, as they are sent and hashed again.
    pub(crate) fn finish(self) -> String {
        match self {
            Self::Md5(state) => hex(&state.finalize()),
            Self::Sha256(state) => hex(&state.finalize()),
            Self::Sha512(state) => hex(&state.finalize()),
            Self::Sha512To256(state) => hex(&state.finalize()),
        }
    }
}
