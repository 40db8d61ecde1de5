//! Where settings come from: a flag counts before the environment, that before the file, and that before the default.

use std::fmt::{self, Write};
use std::fs;
use std::path::Path;

use super::configuration::Configuration;
use super::file;
use super::value::{Kind, Value};
use super::words::{WORDS, Word};

/// A setting that a flag or the environment has given.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) word: &'static Word,
    pub(crate) source: Source,
    pub(crate) texts: Vec<String>,
}

/// Who has said it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Default,
    Environment,
    File { name: String, line: usize },
    Flag,
}

/// The configuration, and where each of its settings comes from.
#[derive(Clone, Debug)]
pub(crate) struct Resolved {
    pub(crate) configuration: Configuration,
    /// In the order of the words.
    sources: Vec<Source>,
}

impl Resolved {
    /// Puts everything together. An error names the setting, who has said it, and what it should be.
    pub(crate) fn new(given: &[Given], file: Option<&Path>) -> Result<Self, String> {
        let mut resolved =
            Self { configuration: Configuration::default(), sources: vec![Source::Default; WORDS.len()] };
        if let Some(path) = file {
            let name = path.display().to_string();
            let text = fs::read(path).map_err(|error| format!("{name}: {error}"))?;
            let text = String::from_utf8(text).map_err(|_| format!("{name}: it is not UTF-8"))?;
            for (word, line, value) in file::read(&name, &text)? {
                resolved.set(word, Source::File { name: name.clone(), line }, value)?;
            }
        }
        // The environment first: a flag then takes its place.
        for source in [Source::Environment, Source::Flag] {
            for given in given.iter().filter(|given| given.source == source) {
                let value = given.word.kind.read(given.texts.clone());
                let value = value.map_err(|error| format!("{}: {error}", source.naming(given.word)))?;
                resolved.set(given.word, source.clone(), value)?;
            }
        }
        match resolved.configuration.check() {
            Ok(()) => Ok(resolved),
            Err((word, error)) => Err(match WORDS.iter().position(|known| known.word == word) {
                Some(index) => format!("{}: {error}", resolved.sources[index].naming(&WORDS[index])),
                None => error,
            }),
        }
    }

    /// Whether nobody has said anything about it.
    pub(crate) fn is_default(&self, word: &str) -> bool {
        let mut settings = WORDS.iter().zip(&self.sources);
        settings.any(|(known, source)| known.word == word && *source == Source::Default)
    }

    /// As a file that says the same.
    pub(crate) fn print(&self) -> String {
        let (mut text, mut heading) = ("# Put together by dualfetch serve --print-config.\n".to_owned(), "");
        for (word, source) in WORDS.iter().zip(&self.sources) {
            if heading != word.heading && word.kind != Kind::Table {
                heading = word.heading;
                let _ = write!(text, "\n# --- {heading} ---\n");
            }
            let value = (word.write)(&self.configuration);
            let _ = match &value {
                Value::Table(_) => {
                    write!(text, "\n# {}\n[{}] # {}\n{value}", word.help, word.word, source.told(word))
                }
                _ => write!(text, "\n# {}\n{} = {value} # {}\n", word.help, word.word, source.told(word)),
            };
        }
        text
    }

    fn set(&mut self, word: &'static Word, source: Source, value: Value) -> Result<(), String> {
        (word.read)(&mut self.configuration, value)
            .map_err(|error| format!("{}: {error}", source.naming(word)))?;
        if let Some(place) = WORDS.iter().position(|known| known.word == word.word) {
            self.sources[place] = source;
        }
        Ok(())
    }
}

impl Source {
    /// The setting by the name that it was given by.
    fn naming(&self, word: &Word) -> String {
        match self {
            Self::Default => word.word.to_owned(),
            Self::Environment => word.variable(),
            Self::File { name, line } => format!("{name}, line {line}: {}", word.word),
            Self::Flag => format!("--{}", word.flag()),
        }
    }

    fn told(&self, word: &Word) -> String {
        match self {
            Self::Default | Self::File { .. } => self.to_string(),
            Self::Environment => format!("from the environment, {}", word.variable()),
            Self::Flag => format!("from the command line, --{}", word.flag()),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Environment => f.write_str("from the environment"),
            // A path may have any character, and this is a comment of one line.
            Self::File { name, line } => write!(f, "from {}, line {line}", crate::output::plain(name)),
            Self::Flag => f.write_str("from the command line"),
        }
    }
}
