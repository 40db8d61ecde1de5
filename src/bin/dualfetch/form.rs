//! `--form`: fields and files as curl writes them.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use dualfetch::multipart::{Form, Part};

use crate::Stop;

/// The form that these make: `NAME=TEXT`, `NAME=@FILE`, `NAME=<FILE`, each with `;type=` and `;filename=` behind it.
/// `input` reads standard input, which `-` is.
pub(crate) fn form(fields: &[String], input: impl Fn() -> io::Result<Vec<u8>>) -> Result<Form, Stop> {
    fields.iter().try_fold(Form::new(), |form, field| {
        let (name, part) = part(field, &input).map_err(|why| Stop::Fault(format!("-F: {why}")))?;
        Ok(form.part(name, part))
    })
}

/// How many of them are standard input.
pub(crate) fn inputs(fields: &[String]) -> usize {
    let is_input = |field: &&String| {
        let content = field.split_once('=').and_then(|(_, rest)| rest.strip_prefix(['@', '<']));
        content.is_some_and(|rest| Value::read(rest).is_ok_and(|value| value.content == "-"))
    };
    fields.iter().filter(is_input).count()
}

fn part(field: &str, input: &impl Fn() -> io::Result<Vec<u8>>) -> Result<(String, Part), String> {
    let Some((name, rest)) = field.split_once('=') else {
        return Err("write a name and a value, such as 'title=A cat' or 'photo=@cat.png'".to_owned());
    };
    let (part, value) = match rest.strip_prefix('@') {
        Some(rest) => {
            let value = Value::read(rest)?;
            (file(&value.content, input)?, value)
        }
        None => match rest.strip_prefix('<') {
            Some(rest) => {
                let value = Value::read(rest)?;
                let content = match value.content.as_str() {
                    "-" => input(),
                    path => fs::read(path),
                };
                (Part::bytes(content.map_err(|error| unreadable(&value.content, &error))?), value)
            }
            None => {
                let value = Value::read(rest)?;
                (Part::text(value.content.clone()), value)
            }
        },
    };
    let part = value.file_name.into_iter().fold(part, Part::file_name);
    Ok((name.to_owned(), value.content_type.into_iter().fold(part, Part::content_type)))
}

/// A file, which is looked for now: later each URL would fail for it.
fn file(path: &str, input: &impl Fn() -> io::Result<Vec<u8>>) -> Result<Part, String> {
    if path == "-" {
        let bytes = input().map_err(|error| unreadable(path, &error))?;
        return Ok(Part::bytes(bytes).file_name("-"));
    }
    look_for(path).map_err(|error| unreadable(path, &error))?;
    Ok(Part::file(path))
}

/// Whether there is a file that can be read. A pipe is not opened for it: whoever writes to it would be gone then.
pub(crate) fn look_for(path: impl AsRef<Path>) -> io::Result<()> {
    let meta = fs::metadata(&path)?;
    if meta.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if meta.is_file() { File::open(path).map(drop) } else { Ok(()) }
}

fn unreadable(path: &str, error: &io::Error) -> String {
    format!("cannot read {path}: {error}")
}

/// What stands behind the equals sign.
#[derive(Debug, Default, PartialEq)]
struct Value {
    content: String,
    content_type: Option<String>,
    file_name: Option<String>,
}

impl Value {
    fn read(text: &str) -> Result<Self, String> {
        let (content, mut rest) = word(text);
        let mut value = Self { content, ..Self::default() };
        while let Some((option, after)) = option(rest) {
            let (text, after) = word(after);
            *match option {
                TYPE => &mut value.content_type,
                FILE_NAME => &mut value.file_name,
                _ => {
                    let option = option.trim_matches([';', '=']);
                    return Err(format!("there is no option {option} here; as text it stands in quotes"));
                }
            } = Some(text);
            rest = after;
        }
        Ok(value)
    }
}

const TYPE: &str = ";type=";
const FILE_NAME: &str = ";filename=";
/// With the two of curl's that are not had here: taken for text they would be sent.
const OPTIONS: [&str; 4] = [TYPE, FILE_NAME, ";headers=", ";encoder="];

fn option(text: &str) -> Option<(&'static str, &str)> {
    OPTIONS.into_iter().find_map(|option| Some((option, text.strip_prefix(option)?)))
}

/// A quoted text, or one up to the next option; and what follows.
fn word(text: &str) -> (String, &str) {
    if let Some(quoted) = text.strip_prefix('"') {
        let mut word = String::new();
        let mut chars = quoted.chars();
        while let Some(c) = chars.next() {
            match c {
                // What stands behind the quote has to be an option, else the quotes are the text's.
                '"' if chars.as_str().is_empty() || option(chars.as_str()).is_some() => {
                    return (word, chars.as_str());
                }
                '\\' => word.extend(chars.next()),
                c => word.push(c),
            }
        }
    }
    let end = OPTIONS.into_iter().filter_map(|option| text.find(option)).min().unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    (word.to_owned(), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(content: &str, content_type: Option<&str>, file_name: Option<&str>) -> Value {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Value { content: content.to_owned(), content_type: owned(content_type), file_name: owned(file_name) }
    }

    #[test]
    fn values_are_read_as_curl_reads_them() {
        for (text, expected) in [
            ("", value("", None, None)),
            ("a; b=c", value("a; b=c", None, None)),
            ("a.png;type=image/png", value("a.png", Some("image/png"), None)),
            (
                "a;filename=b c;type=text/plain; charset=utf-8",
                value("a", Some("text/plain; charset=utf-8"), Some("b c")),
            ),
            (r#""a;type=x\"\\";filename="b;type=c""#, value(r#"a;type=x"\"#, None, Some("b;type=c"))),
            (r#""said" he"#, value(r#""said" he"#, None, None)),
            (r#""open"#, value(r#""open"#, None, None)),
            (r#""a;headers=b";type=c"#, value("a;headers=b", Some("c"), None)),
            ("a; encoder=b", value("a; encoder=b", None, None)),
        ] {
            assert_eq!(Value::read(text).as_ref(), Ok(&expected), "{text}");
        }
    }

    #[test]
    fn what_curl_has_and_this_has_not_is_refused_and_named() {
        for text in ["a;headers=b", "a;type=b;headers=@c", "a.png;encoder=base64", r#""a";encoder=b"#] {
            let why = Value::read(text).expect_err(text);
            assert!(why.contains("headers") || why.contains("encoder"), "{why}");
        }
    }

    #[test]
    fn standard_input_is_known_by_its_hyphen() {
        let reads =
            |fields: &[&str]| inputs(&fields.iter().map(|&field| field.to_owned()).collect::<Vec<_>>());
        assert_eq!((reads(&["a=@-"]), reads(&["a=<-;type=text/plain", "b=@-"])), (1, 2));
        assert_eq!(reads(&["a=-", "a=@-x", "@-"]), 0);
    }
}
