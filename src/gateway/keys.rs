//! [`Keys`]: who may use a gateway.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use crate::error::{Error, ErrorKind, Result};

/// Names, and the hash of a secret for each. The secrets are nowhere: who reads the configuration can ask for nothing.
///
/// The hash is SHA-256. Secrets of [`generate`](Self::generate) have 256 bits of chance, so that no slower one is needed.
///
/// ```
/// use dualfetch::gateway::Keys;
///
/// let key = Keys::generate()?;
/// let keys = Keys::new().add("ci", &key.hash)?;
/// assert_eq!(keys.check(&key.secret).as_deref(), Some("ci"));
/// assert_eq!(keys.check("df_guess"), None);
/// # Ok::<(), dualfetch::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Keys(Vec<(Arc<str>, [u8; 32])>);

/// A key that nobody has yet.
#[non_exhaustive]
pub struct NewKey {
    /// What its holder sends: `df_` and 43 characters. It is nowhere else.
    pub secret: String,
    /// What a configuration keeps of it: `sha256:` and 64 hexadecimal digits.
    pub hash: String,
}

/// Who has shown a key.
#[derive(Clone)]
pub(super) struct Holder {
    pub(super) name: Arc<str>,
    hash: [u8; 32],
}

/// How hashes begin.
const SCHEME: &str = "sha256:";

impl Keys {
    /// None.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// And one of this name, whose secret has this hash: `sha256:` and 64 hexadecimal digits.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOption`] where it is none, or the name is empty, not plain or there already. A secret that
    /// was given in place of its hash is not shown.
    pub fn add(mut self, name: &str, hash: &str) -> Result<Self> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if name.is_empty() || name.len() > 64 || !name.chars().all(is_plain) {
            return Err(invalid(format!(
                "{name:?} is no name: letters, digits, `-`, `_` and `.`, 64 at most"
            )));
        }
        if self.0.iter().any(|(known, _)| &**known == name) {
            return Err(invalid(format!("{name:?} is there twice")));
        }
        let bytes = hash.strip_prefix(SCHEME).and_then(from_hex);
        let bytes = bytes
            .ok_or_else(|| invalid(format!("that of {name:?} is no {SCHEME} and 64 hexadecimal digits")))?;
        self.0.push((name.into(), bytes));
        Ok(self)
    }

    /// A new key out of the system's own chance.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] on a system that has none.
    pub fn generate() -> Result<NewKey> {
        let mut bytes = [0; 32];
        SystemRandom::new()
            .fill(&mut bytes)
            .map_err(|_| Error::new(ErrorKind::Unsupported { feature: "random keys", platform: "native" }))?;
        let secret = format!("df_{}", URL_SAFE_NO_PAD.encode(bytes));
        let hash = hash(&secret).iter().fold(SCHEME.to_owned(), |text, byte| format!("{text}{byte:02x}"));
        Ok(NewKey { secret, hash })
    }

    /// Whose secret this is. It takes as long for one that is wrong as for one that is right.
    #[must_use]
    pub fn check(&self, secret: &str) -> Option<Arc<str>> {
        self.holder(secret).map(|holder| holder.name)
    }

    /// The same, with what tells whether it still is.
    pub(super) fn holder(&self, secret: &str) -> Option<Holder> {
        let hash = hash(secret);
        let mut found = u64::MAX;
        for (index, (_, known)) in self.0.iter().enumerate() {
            let is_it: Choice = known.ct_eq(&hash);
            found.conditional_assign(&(index as u64), is_it);
        }
        let (name, _) = self.0.get(usize::try_from(found).ok()?)?;
        Some(Holder { name: Arc::clone(name), hash })
    }

    /// Whether one who was let in with a key would be again. Where there are no keys anyone is.
    pub(super) fn admits(&self, holder: Option<&Holder>) -> bool {
        let is_known = |holder: &Holder| self.0.contains(&(Arc::clone(&holder.name), holder.hash));
        self.is_empty() || holder.is_some_and(is_known)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| &**name)
    }
}

/// Not even hashes.
impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

/// Not even the hash.
impl fmt::Debug for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name.fmt(f)
    }
}

/// The secret is hidden.
impl fmt::Debug for NewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewKey").field("hash", &self.hash).finish_non_exhaustive()
    }
}

fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(&text[at..at + 2], 16).ok()?;
    }
    Some(bytes)
}

fn invalid(why: String) -> Error {
    Error::new(ErrorKind::InvalidOption { option: "keys" }).with_message(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_by_its_hash_alone() {
        // printf df_test | sha256sum
        let hash = "sha256:f4b4bc31cabbb43779d9cca16f5516caac083a67453d31d861b17d869f7388a2";
        let keys = Keys::new().add("a", hash).expect("a hash");
        assert_eq!(keys.check("df_test").as_deref(), Some("a"));
        assert_eq!(keys.check("df_test2"), None);
        let (one, two) = (Keys::generate().expect("chance"), Keys::generate().expect("chance"));
        assert_ne!(one.secret, two.secret);
        assert_eq!(one.secret.len(), 46);
        let keys = keys.add("one", &one.hash).and_then(|keys| keys.add("two", &two.hash)).expect("hashes");
        assert_eq!(keys.check(&one.secret).as_deref(), Some("one"));
        assert_eq!(keys.check(&two.secret).as_deref(), Some("two"));
        assert_eq!(keys.check(&one.secret[..45]), None);
        assert_eq!(keys.check(""), None);
        assert!(!format!("{keys:?}{one:?}").contains(&one.secret[3..]));
    }

    #[test]
    fn a_holder_is_admitted_while_that_key_is_there() {
        let (one, two) = (Keys::generate().expect("chance"), Keys::generate().expect("chance"));
        let with = |name, key: &NewKey| Keys::new().add(name, &key.hash).expect("a hash");
        let keys = with("a", &one);
        let holder = keys.holder(&one.secret).expect("it is known");
        assert!(keys.admits(Some(&holder)) && !keys.admits(None));
        assert!(!with("a", &two).admits(Some(&holder)), "another key of that name");
        assert!(!with("b", &one).admits(Some(&holder)), "that key of another name");
        assert!(Keys::new().admits(Some(&holder)) && Keys::new().admits(None));
        assert_eq!(format!("{holder:?}"), "\"a\"");
    }

    #[test]
    fn what_is_no_hash_or_name_is_refused_without_showing_a_secret() {
        for hash in ["", "sha256:", "df_secretsecretsecret", "sha256:zz", "sha1:00"] {
            let error = Keys::new().add("a", hash).expect_err(hash);
            assert!(!error.to_string().contains("secret"), "{error}");
        }
        let good = Keys::generate().expect("chance").hash;
        for name in ["", "a b", "a/b", "ü"] {
            assert!(Keys::new().add(name, &good).is_err(), "{name}");
        }
        assert!(Keys::new().add("a", &good).and_then(|keys| keys.add("a", &good)).is_err());
    }
}
