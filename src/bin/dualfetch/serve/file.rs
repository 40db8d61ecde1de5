//! The file of settings: TOML.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeArray, DeString, DeTable, DeValue};

use super::value::Value;
use super::words::{WORDS, Word};

/// What a file says, in its order, each with its line.
pub(crate) fn read(name: &str, text: &str) -> Result<Vec<(&'static Word, usize, Value)>, String> {
    let at = |span: &Range<usize>| {
        text.as_bytes().iter().take(span.start).filter(|byte| **byte == b'\n').count() + 1
    };
    let table = DeTable::parse(text).map_err(|error| match error.span() {
        Some(span) => {
            let line = at(&span);
            format!("{name}, line {line}: {}{}", named(text, line), error.message())
        }
        None => format!("{name}: {}", error.message()),
    })?;
    let mut settings = Vec::new();
    for (key, value) in table.get_ref() {
        let line = at(&key.span());
        let place = || format!("{name}, line {line}: {}", key.get_ref());
        let Some(word) = Word::find(key.get_ref()) else {
            return Err(format!("{}: there is no such setting{}", place(), hint(key.get_ref())));
        };
        let value = plain(value.get_ref()).map_err(|error| format!("{}: {error}", place()))?;
        settings.push((line, word, value));
    }
    settings.sort_by_key(|(line, ..)| *line);
    Ok(settings.into_iter().map(|(line, word, value)| (word, line, value)).collect())
}

/// What a line that cannot be read is about. What stands behind it may be a secret.
fn named(text: &str, line: usize) -> String {
    let named = text.lines().nth(line - 1).and_then(|line| line.split_once('='));
    named.map_or_else(String::new, |(key, _)| format!("{}: ", key.trim()))
}

fn plain(value: &DeValue<'_>) -> Result<Value, String> {
    match value {
        DeValue::Array(list) => texts(list).map(Value::List),
        DeValue::Boolean(on) => Ok(Value::Switch(*on)),
        DeValue::Integer(number) => {
            let digits = number.as_str().replace('_', "");
            let number = i64::from_str_radix(&digits, number.radix());
            number.map(Value::Number).map_err(|_| "the number is too large".to_owned())
        }
        DeValue::String(text) => Ok(Value::Text(text.clone().into_owned())),
        DeValue::Table(table) => pairs(table).map(Value::Table),
        DeValue::Datetime(_) | DeValue::Float(_) => {
            Err(format!("it cannot be of the type {}; write a text, in quotation marks", value.type_str()))
        }
    }
}

/// Ports are numbers.
fn texts(list: &DeArray<'_>) -> Result<Vec<String>, String> {
    let text = |value: &Spanned<DeValue<'_>>| match plain(value.get_ref())? {
        Value::Number(number) => Ok(number.to_string()),
        Value::Text(text) => Ok(text),
        other => Err(format!("what is in the list must be a text in quotation marks, not {other}")),
    };
    list.iter().map(text).collect()
}

/// What is there may be a secret: it is not repeated.
fn pairs(table: &DeTable<'_>) -> Result<Vec<(String, String)>, String> {
    let pair = |(name, value): (&Spanned<DeString<'_>>, &Spanned<DeValue<'_>>)| match value.get_ref() {
        DeValue::String(text) => Ok((name.get_ref().to_string(), text.to_string())),
        other => Err(format!(
            "{}: it must be a text in quotation marks, not a {}",
            name.get_ref(),
            other.type_str()
        )),
    };
    table.iter().map(pair).collect()
}

/// The word that was meant, or all there are.
fn hint(unknown: &str) -> String {
    let unknown = unknown.to_ascii_lowercase().replace('-', "_");
    let near = WORDS.iter().map(|known| (distance(&unknown, known.word), known.word)).min();
    match near {
        Some((0..=2, word)) => format!("; {word} is one"),
        _ => {
            let words: Vec<&str> = WORDS.iter().map(|known| known.word).collect();
            format!(", but {}", words.join(", "))
        }
    }
}

/// How many letters must be put in, taken out or changed.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (above, letter) in left.chars().take(100).enumerate() {
        let mut corner = row[0];
        row[0] = above + 1;
        for (index, other) in right.iter().enumerate() {
            let changed = corner + usize::from(letter != *other);
            corner = row[index + 1];
            row[index + 1] = changed.min(corner + 1).min(row[index] + 1);
        }
    }
    row[right.len()]
}
