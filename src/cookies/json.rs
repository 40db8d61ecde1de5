//! A jar as JSON, with everything that it keeps.

use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde_json::{Map, Value, json};

use super::cookie::{Cookie, Credential, SameSite};
use super::jar::CookieJar;
use super::loading::{LoadError, checked};

const VERSION: u64 = 1;

impl CookieJar {
    /// All cookies as JSON, the oldest first, each in a line of its own. Nothing of them is lost: not which are for
    /// their host alone, not when they end, not those of the session, not their order.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use dualfetch::{Url, cookies::CookieJar};
    /// let jar = CookieJar::new();
    /// jar.insert(&Url::parse("https://a.example/")?, "id=7; Max-Age=60; SameSite=Lax", Duration::from_secs(1000))?;
    /// let line = r#"{"domain":"a.example","expires":1060,"host_only":true,"name":"id","path":"/","same_site":"Lax","value":"7"}"#;
    /// assert_eq!(jar.to_json(), format!("{{\"version\":1,\"cookies\":[\n{line}\n]}}\n"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn to_json(&self) -> String {
        let lines: Vec<String> = self.cookies().iter().map(|cookie| value_of(cookie).to_string()).collect();
        let lines = if lines.is_empty() { String::new() } else { format!("\n{}\n", lines.join(",\n")) };
        format!("{{\"version\":{VERSION},\"cookies\":[{lines}]}}\n")
    }

    /// Puts in the cookies of such a text, in its order, but for those that have ended by this time since 1970. How many
    /// that were.
    ///
    /// # Errors
    /// [`LoadError::Malformed`] for anything else.
    pub fn load_json(&self, text: &str, now: Duration) -> Result<usize, LoadError> {
        let File(cookies) = serde_json::from_str(text)
            .map_err(|error| LoadError::Malformed { line: error.line(), reason: reason(&error) })?;
        Ok(self.put_all(cookies.into_iter().map(|Entry(cookie)| cookie).collect(), now))
    }
}

/// The message without the place: the line is told beside it.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    match text.split_once("invalid type: ").or_else(|| text.split_once("invalid value: ")) {
        // What stands there may be a secret.
        Some((before, found)) => {
            let expected = found.rsplit_once(", expected ").map_or("another one", |(_, expected)| expected);
            format!("{before}wrong type or value, expected {expected}")
        }
        None => text.to_owned(),
    }
}

struct File(Vec<Entry>);

struct Entry(Cookie);

impl<'de> Deserialize<'de> for File {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = File;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object with `version` and `cookies`")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<File, A::Error> {
                let (mut version, mut cookies) = (None, None);
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "cookies" => cookies = Some(map.next_value()?),
                        "version" => {
                            let found: u64 = map.next_value()?;
                            if found != VERSION {
                                return Err(A::Error::custom(format!("version {found} is not known here")));
                            }
                            version = Some(found);
                        }
                        _ => {
                            map.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                version.ok_or_else(|| A::Error::missing_field("version"))?;
                cookies.map(File).ok_or_else(|| A::Error::missing_field("cookies"))
            }
        }

        deserializer.deserialize_map(Visitor)
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// What is wrong is found out inside the object, so that its line is the one that is told.
        struct Visitor;

        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Entry;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a cookie")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Entry, A::Error> {
                let mut fields = Map::new();
                while let Some((name, value)) = map.next_entry()? {
                    fields.insert(name, value);
                }
                let cookie = cookie_of(&fields).and_then(|cookie| Ok(checked(cookie)?));
                cookie.map(Entry).map_err(A::Error::custom)
            }
        }

        deserializer.deserialize_map(Visitor)
    }
}

/// What is not said, or false, is left out.
fn value_of(cookie: &Cookie) -> Value {
    let mut value = json!({
        "name": cookie.name(),
        "value": cookie.value(),
        "domain": cookie.domain(),
        "path": cookie.path(),
    });
    let flags = [
        ("host_only", cookie.host_only),
        ("http_only", cookie.http_only),
        ("latin1", cookie.pair.is_latin1),
        ("secure", cookie.secure),
    ];
    for (name, _) in flags.into_iter().filter(|(_, flag)| *flag) {
        value[name] = true.into();
    }
    if let Some(end) = cookie.expires {
        value["expires"] = end.into();
    }
    if let Some(same_site) = cookie.same_site {
        value["same_site"] = same_site.as_str().into();
    }
    value
}

fn cookie_of(map: &Map<String, Value>) -> Result<Cookie, String> {
    let text = |name: &str| {
        map.get(name).and_then(Value::as_str).ok_or_else(|| format!("`{name}` of a cookie is no text"))
    };
    let flag = |name: &str| match map.get(name) {
        None => Ok(false),
        Some(flag) => flag.as_bool().ok_or_else(|| format!("`{name}` of a cookie is neither true nor false")),
    };
    let expires = match map.get("expires") {
        None | Some(Value::Null) => None,
        Some(end) => Some(end.as_u64().ok_or("`expires` of a cookie is no time in seconds since 1970")?),
    };
    let same_site = match map.get("same_site") {
        None | Some(Value::Null) => None,
        Some(_) => Some(
            SameSite::from_attribute(text("same_site")?.as_bytes())
                .ok_or("`same_site` of a cookie is neither Lax, None nor Strict")?,
        ),
    };
    let (name, value, is_latin1) = (text("name")?, text("value")?, flag("latin1")?);
    if is_latin1 && name.chars().chain(value.chars()).any(|char| u8::try_from(char).is_err()) {
        return Err("`latin1` of a cookie is true, and its text is not".to_owned());
    }
    Ok(Cookie {
        pair: Credential { name: name.into(), value: value.into(), is_latin1 },
        domain: text("domain")?.into(),
        path: text("path")?.into(),
        expires,
        host_only: flag("host_only")?,
        secure: flag("secure")?,
        http_only: flag("http_only")?,
        same_site,
    })
}
