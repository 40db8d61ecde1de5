//! What a setting is given as: by a flag, by a variable of the environment, or in a file.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::units::{self, Bound, Rate};

/// What can be written down, and read again as the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    List(Vec<String>),
    Number(i64),
    Switch(bool),
    Table(Vec<(String, String)>),
    Text(String),
}

/// How a text of the command line or of the environment becomes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    List,
    Number,
    Switch,
    Table,
    Text,
}

impl Kind {
    /// Reads what a flag or a variable says.
    pub(crate) fn read(self, mut texts: Vec<String>) -> Result<Value, String> {
        let text = texts.last().cloned().unwrap_or_default();
        match self {
            Self::List => {
                texts.retain(|text| !text.is_empty());
                Ok(Value::List(texts))
            }
            // What is no number is told of by who knows which ones may be given.
            Self::Number => Ok(text.parse().map_or(Value::Text(text), Value::Number)),
            Self::Switch => match text.as_str() {
                "true" | "1" => Ok(Value::Switch(true)),
                "false" | "0" => Ok(Value::Switch(false)),
                _ => Err(format!("it must be true or false, not {text:?}")),
            },
            Self::Table => texts
                .into_iter()
                .filter(|text| !text.is_empty())
                .map(pair)
                .collect::<Result<_, _>>()
                .map(Value::Table),
            Self::Text => Ok(Value::Text(text)),
        }
    }
}

/// The text may be a secret that is put at the wrong place: it is not repeated.
fn pair(text: String) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("it must be NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

impl Value {
    pub(crate) fn number(self, range: RangeInclusive<i64>) -> Result<i64, String> {
        match self {
            Self::Number(number) if range.contains(&number) => Ok(number),
            other => Err(format!(
                "it must be a whole number from {} to {}, not {other}",
                range.start(),
                range.end()
            )),
        }
    }

    pub(crate) fn switch(self) -> Result<bool, String> {
        match self {
            Self::Switch(on) => Ok(on),
            other => Err(format!("it must be true or false, not {other}")),
        }
    }

    pub(crate) fn text(self) -> Result<String, String> {
        match self {
            Self::Text(text) if text.is_empty() => Err("it must not be empty".to_owned()),
            Self::Text(text) if text.contains(char::is_control) => {
                Err("it must have no control characters".to_owned())
            }
            Self::Text(text) => Ok(text),
            other => Err(format!("it must be a text in quotation marks, not {other}")),
        }
    }

    /// One of these words.
    pub(crate) fn word<T: Copy>(self, words: &[(&str, T)]) -> Result<T, String> {
        let known = |text: &str| words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        match &self {
            Self::Text(text) if let Some(value) = known(text) => Ok(value),
            other => {
                let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                Err(format!("it must be one of {}, not {other}", words.join(", ")))
            }
        }
    }

    /// A list; a text stands for a list of one.
    pub(crate) fn list(self) -> Result<Vec<String>, String> {
        match self {
            Self::List(list) => Ok(list),
            Self::Text(text) => Ok(vec![text]),
            other => Err(format!("it must be a list of texts, not {other}")),
        }
    }

    pub(crate) fn table(self) -> Result<Vec<(String, String)>, String> {
        match self {
            Self::Table(table) => Ok(table),
            other => Err(format!("it must be a table of names and texts, not {other}")),
        }
    }

    /// A number of bytes.
    pub(crate) fn size(self) -> Result<u64, String> {
        match self {
            Self::Number(number) if number >= 1 => Ok(number.unsigned_abs()),
            Self::Text(text) => units::size(&text).map_err(|error| about(&text, error)),
            other => Err(format!("it must be a size such as \"8MiB\", not {other}")),
        }
    }

    /// A duration that is not zero.
    pub(crate) fn duration(self) -> Result<Duration, String> {
        let bound = self.bound().map_err(|error| error.replace(", or `none`", ""))?;
        match bound {
            Some(duration) => Ok(duration),
            None => Err("it must be a duration: it cannot be without a bound".to_owned()),
        }
    }

    /// A duration, or none.
    pub(crate) fn bound(self) -> Result<Option<Duration>, String> {
        match self {
            Self::Text(text) => {
                units::bound(&text).map(|Bound(bound)| bound).map_err(|error| about(&text, error))
            }
            other => Err(format!("it must be a duration such as \"30s\", not {other}")),
        }
    }

    /// So many in so much time, or none.
    pub(crate) fn rate(self) -> Result<Option<Rate>, String> {
        match self {
            Self::Text(text) if text == NONE => Ok(None),
            Self::Text(text) => {
                units::rate(&text).map(Some).map_err(|error| about(&text, format!("{error}, or `none`")))
            }
            other => Err(format!("it must be a rate such as \"50/s\" or \"none\", not {other}")),
        }
    }
}

/// The text itself, where what is wrong with it does not tell it.
fn about(text: &str, error: String) -> String {
    let text = format!("{text:?}");
    if error.starts_with(&text) { error } else { format!("{text}: {error}") }
}

/// What stands for no bound.
pub(crate) const NONE: &str = "none";

impl From<bool> for Value {
    fn from(on: bool) -> Self {
        Self::Switch(on)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Duration> for Value {
    fn from(duration: Duration) -> Self {
        let (seconds, nanos) = (duration.as_secs(), duration.subsec_nanos());
        Self::Text(match nanos {
            0 => format!("{seconds}s"),
            _ if seconds == 0 && nanos % 1_000_000 == 0 => format!("{}ms", nanos / 1_000_000),
            _ => format!("{}s", format!("{seconds}.{nanos:09}").trim_end_matches('0')),
        })
    }
}

impl From<Option<Duration>> for Value {
    fn from(bound: Option<Duration>) -> Self {
        bound.map_or_else(|| Self::from(NONE), Self::from)
    }
}

impl From<Option<Rate>> for Value {
    fn from(rate: Option<Rate>) -> Self {
        let Some(Rate { count, per }) = rate else { return Self::from(NONE) };
        let unit = match per.as_secs() {
            1 => "s",
            60 => "m",
            _ => "h",
        };
        Self::Text(format!("{count}/{unit}"))
    }
}

/// In powers of two where it is one of theirs.
pub(crate) fn size(bytes: u64) -> Value {
    const UNITS: [(u32, &str); 3] = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    let unit = UNITS.into_iter().find(|(power, _)| bytes.trailing_zeros() >= *power && bytes > 0);
    Value::Text(unit.map_or_else(|| bytes.to_string(), |(power, unit)| format!("{}{unit}", bytes >> power)))
}

/// As TOML has it; a table is its lines.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List(list) => {
                let item = |text: &String| if is_number(text) { text.clone() } else { quoted(text) };
                let list: Vec<String> = list.iter().map(item).collect();
                write!(f, "[{}]", list.join(", "))
            }
            Self::Number(number) => write!(f, "{number}"),
            Self::Switch(on) => write!(f, "{on}"),
            Self::Table(table) => {
                table.iter().try_for_each(|(name, text)| writeln!(f, "{} = {}", quoted(name), quoted(text)))
            }
            Self::Text(text) => f.write_str(&quoted(text)),
        }
    }
}

/// As it is written when it is read.
fn is_number(text: &str) -> bool {
    text.parse::<i64>().is_ok_and(|number| number.to_string() == text)
}

/// A string of JSON is one of TOML, but for one character.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}
