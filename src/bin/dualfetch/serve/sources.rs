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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::serve::configuration::{Folder, Listen, LogFormat};
    use crate::units::Rate;

    fn path() -> impl Strategy<Value = String> {
        "/[ -~\u{a0}-\u{2000}]{1,20}"
    }

    fn duration() -> impl Strategy<Value = Duration> {
        // What can be written: a number of seconds, as a floating-point number has it.
        prop_oneof![
            (1..100_000_u64).prop_map(Duration::from_millis),
            (0.000_001..1e9).prop_map(Duration::from_secs_f64),
        ]
    }

    fn any_configuration() -> impl Strategy<Value = Configuration> {
        let folder = prop_oneof![
            Just(Folder::Auto),
            Just(Folder::Nowhere),
            path().prop_map(|path| Folder::At(path.into()))
        ];
        let listen = prop_oneof![
            any::<u16>().prop_map(|port| Listen::Tcp(([127, 0, 0, 1], port).into())),
            #[cfg(unix)]
            path().prop_map(|path| Listen::Unix(path.into())),
        ];
        let rate = (1..u32::MAX, prop_oneof![Just(1), Just(60), Just(3_600)])
            .prop_map(|(count, per)| Rate { count, per: Duration::from_secs(per) });
        let key = ("[A-Za-z0-9_.-]{1,20}", "sha256:[0-9a-f]{64}");
        let server = (
            proptest::collection::vec(listen, 1..4),
            1..1_000_000_usize,
            folder,
            proptest::option::of(path()),
        );
        let access = (
            proptest::option::of((rate, proptest::option::of(1..1_000_000_u32))),
            proptest::collection::btree_map(key.0, key.1, 0..4),
        );
        let fetching = (
            proptest::option::of("[!-~]{1,20}"),
            1..i64::MAX as u64,
            any::<bool>(),
            proptest::collection::vec(1..u16::MAX, 0..3),
        );
        let times = (duration(), proptest::option::of(duration()));
        (server, access, fetching, times).prop_map(|(server, access, fetching, times)| {
            let (listen, max_connections, page, log) = server;
            let (rate, keys) = access;
            let (user_agent, size, allow_any_port, allow_port) = fetching;
            let default = Configuration::default();
            // A float cannot hold each larger one.
            let size = if size < 1 << 53 { size } else { size >> 11 << 11 };
            Configuration {
                listen,
                max_connections,
                page,
                log: log.map(Into::into),
                log_format: if allow_any_port { LogFormat::Json } else { LogFormat::Text },
                rate: rate.as_ref().map(|(rate, _)| *rate),
                burst: rate.and_then(|(_, burst)| burst),
                keys: keys.into_iter().collect(),
                user_agent: user_agent.filter(|text| text != "auto"),
                max_response: size,
                allow_any_port,
                allow_port: if allow_any_port { default.allow_port.clone() } else { allow_port },
                idle_timeout: times.0,
                read_timeout: times.1,
                ..default
            }
        })
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_as_the_same(configuration in any_configuration()) {
            let printed = Resolved { configuration: configuration.clone(), sources: vec![Source::Default; WORDS.len()] }.print();
            let mut read = Resolved { configuration: Configuration::default(), sources: vec![Source::Default; WORDS.len()] };
            for (word, line, value) in file::read("printed", &printed).map_err(TestCaseError::fail)? {
                read.set(word, Source::File { name: "printed".to_owned(), line }, value).map_err(TestCaseError::fail)?;
            }
            prop_assert_eq!(&read.configuration, &configuration, "{}", printed);
            prop_assert!(WORDS.iter().all(|word| !read.is_default(word.word)));
        }

        #[test]
        fn no_text_of_a_file_is_too_much(text in "\\PC{0,200}", words in proptest::collection::vec("[a-z_]{1,12} ?= ?[0-9\"a-z\\[\\]{}.,=-]{0,12}\n?", 0..4)) {
            let _ = file::read("any", &text);
            let _ = file::read("any", &words.concat());
        }
    }

    #[test]
    fn words_are_there_once_and_their_defaults_are_what_they_read() {
        for (index, word) in WORDS.iter().enumerate() {
            assert_eq!(WORDS.iter().position(|other| other.word == word.word), Some(index));
            let defaults = Configuration::default();
            let mut read = defaults.clone();
            assert_eq!((word.read)(&mut read, (word.write)(&defaults)), Ok(()), "{}", word.word);
            assert_eq!(read, defaults, "{}", word.word);
        }
    }
}
