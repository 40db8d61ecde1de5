//! [`Checksum`]: what a file is to hash to.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::error::{Error, ErrorKind, Result};

/// A hash function of the SHA-2 family (FIPS 180-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Hash {
    /// SHA-256: 32 bytes.
    Sha256,
    /// SHA-384: 48 bytes.
    Sha384,
    /// SHA-512: 64 bytes.
    Sha512,
}

impl Hash {
    const ALL: [Self; 3] = [Self::Sha256, Self::Sha384, Self::Sha512];

    fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    fn length(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

/// What a content hashes to, and by which function. MD5 and SHA-1 are not offered: both can be forged.
///
/// ```
/// use dualfetch::files::{Checksum, Hash};
///
/// let hex = "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9";
/// let checksum = Checksum::parse(&format!("sha256:{hex}"))?;
/// assert_eq!(checksum, Checksum::sha256(hex)?);
/// assert_eq!(checksum, Checksum::parse("sha256-uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=")?);
/// assert_eq!((checksum.hash(), checksum.hex().as_str()), (Hash::Sha256, hex));
/// # Ok::<(), dualfetch::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Checksum {
    hash: Hash,
    bytes: Vec<u8>,
}

impl Checksum {
    /// A SHA-256 in hexadecimal, in upper or lower case.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOption`] (`checksum`) where it is not 64 hexadecimal digits.
    pub fn sha256(hex: impl AsRef<str>) -> Result<Self> {
        Self::from_hex(Hash::Sha256, hex.as_ref())
    }

    /// A SHA-512 in hexadecimal, in upper or lower case.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOption`] (`checksum`) where it is not 128 hexadecimal digits.
    pub fn sha512(hex: impl AsRef<str>) -> Result<Self> {
        Self::from_hex(Hash::Sha512, hex.as_ref())
    }

    /// One with its function's name: `sha256:` and hexadecimal digits, or `sha256-` and base64 as in a page's
    /// `integrity` attribute (Subresource Integrity, section 3.1). The functions are `sha256`, `sha384` and `sha512`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOption`] (`checksum`) for anything else.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim_ascii();
        let named = |separator| {
            let (name, value) = text.split_once(separator)?;
            let hash = Hash::ALL.into_iter().find(|hash| name.eq_ignore_ascii_case(hash.name()))?;
            Some((hash, value))
        };
        if let Some((hash, hex)) = named(':') {
            return Self::from_hex(hash, hex);
        }
        if let Some((hash, value)) = named('-')
            && let Ok(bytes) = STANDARD.decode(value)
        {
            return Self::from_bytes(hash, bytes);
        }
        Err(invalid(format!("{text:?} is not sha256:HEX, sha384:HEX or sha512:HEX")))
    }

    /// By which function.
    #[must_use]
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// What came of it.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The same in hexadecimal, in lower case.
    #[must_use]
    pub fn hex(&self) -> String {
        hex(&self.bytes)
    }

    pub(crate) fn from_bytes(hash: Hash, bytes: Vec<u8>) -> Result<Self> {
        match bytes.len() == hash.length() {
            true => Ok(Self { hash, bytes }),
            false => Err(wrong_length(hash)),
        }
    }

    fn from_hex(hash: Hash, hex: &str) -> Result<Self> {
        let digits: Option<Vec<u8>> =
            hex.trim_ascii().chars().map(|c| Some(u8::try_from(c.to_digit(16)?).unwrap_or(0))).collect();
        let digits = digits.filter(|digits| digits.len() == 2 * hash.length());
        let digits = digits.ok_or_else(|| wrong_length(hash))?;
        Self::from_bytes(hash, digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
    }
}

/// Bytes in hexadecimal, in lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(HEX[usize::from(digit)])).collect()
}

fn wrong_length(hash: Hash) -> Error {
    invalid(format!("a {} is {} hexadecimal digits", hash.name(), 2 * hash.length()))
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidOption { option: "checksum" }).with_message(message)
}

/// As [`parse`](Checksum::parse) reads it: `sha256:` and hexadecimal digits.
impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.hash.name(), self.hex())
    }
}

impl fmt::Debug for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Checksum({self})")
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn what_is_no_checksum_is_refused_and_says_what_one_is() {
        let long = "0".repeat(64);
        assert!(Checksum::sha256(long.to_uppercase()).is_ok());
        for text in
            ["", "sha256", "sha256:", "md5:d41d8cd98f00b204e9800998ecf8427e", "sha256:0x", "sha256-AAAA"]
        {
            let error = Checksum::parse(text).expect_err(text);
            assert_eq!(*error.kind(), ErrorKind::InvalidOption { option: "checksum" }, "{text}");
        }
        for hex in [&long[1..], "é", &long.replacen('0', "g", 1)] {
            assert!(
                Checksum::sha256(hex).expect_err("no hash").to_string().contains("64 hexadecimal digits")
            );
        }
    }
}
