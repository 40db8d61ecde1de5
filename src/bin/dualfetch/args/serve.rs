//! The options of `serve`.

use std::path::PathBuf;

use clap::builder::ValueParser;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches, error::ErrorKind};

use crate::serve::configuration::Configuration;
use crate::serve::sources::{Given, Source};
use crate::serve::value::{Kind, Value};
use crate::serve::words::{WORDS, Word};

/// What is to be done, and the settings that flags and environment have given.
#[derive(Clone, Debug, Default)]
pub(crate) struct ServeArgs {
    pub(crate) config: Option<PathBuf>,
    pub(crate) print_config: bool,
    pub(crate) new_key: Option<String>,
    pub(crate) given: Vec<Given>,
}

const ABOUT: &str = "Serve the fetch gateway: web pages and other clients fetch through it what they may not ask for themselves";

const LONG_ABOUT: &str = "\
Serve the fetch gateway: web pages and other clients fetch through it what they may not ask for themselves

It fetches by one session for all of them, under its limits, and from the public internet alone. By default only this machine \
can reach it. /fetch?url=… streams a response through, POST /titles and the WebSocket /ws tell titles of many pages as they \
come; /healthz, /readyz and /metrics are for those who run it, and /openapi.json describes it all.";

impl Args for ServeArgs {
    fn augment_args(command: Command) -> Command {
        let command = command.about(ABOUT).long_about(LONG_ABOUT).after_long_help(AFTER).args([
            Arg::new("config")
                .long("config")
                .value_name("FILE")
                .env("DUALFETCH_CONFIG")
                .hide_env_values(true)
                .value_parser(ValueParser::path_buf())
                .help("Take settings from FILE (TOML): the words of the options below, with _ in place of -")
                .long_help(
                    "Take settings from FILE (TOML): the words of the options below, with _ in place of -\n\nAn option \
                     counts before its variable of the environment, that before FILE, and that before the default. A list \
                     takes the place of a list; nothing is added up. In a variable its values stand with commas between. \
                     SIGHUP has FILE read again.",
                ),
            Arg::new("print_config")
                .long("print-config")
                .action(ArgAction::SetTrue)
                .help("Print all settings as such a file, with where each comes from, and serve nothing"),
            Arg::new("new_key")
                .long("new-key")
                .value_name("NAME")
                .help("Make a key for NAME, print it this once, and the line for the configuration; serve nothing"),
        ]);
        let defaults = Configuration::default();
        command.args(WORDS.iter().map(|word| argument(word, &defaults)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

fn argument(word: &'static Word, defaults: &Configuration) -> Arg {
    let default = match (word.write)(defaults) {
        Value::List(list) => list.join(","),
        Value::Switch(false) | Value::Table(_) => String::new(),
        Value::Text(text) => text,
        other => other.to_string(),
    };
    let help = match default.as_str() {
        "" => word.help.to_owned(),
        _ => format!("{} [default: {default}]", word.help),
    };
    let argument = Arg::new(word.word)
        .long(word.flag())
        .env(word.variable())
        .hide_env_values(true)
        .value_name(word.placeholder)
        .value_parser(ValueParser::os_string())
        .allow_hyphen_values(true)
        .help_heading(word.heading);
    let argument = match word.more {
        "" => argument.help(help),
        more => argument.long_help(format!("{help}\n\n{more}")).help(help),
    };
    match word.kind {
        Kind::List | Kind::Table => argument.action(ArgAction::Append).value_delimiter(','),
        Kind::Switch => argument.num_args(0..=1).require_equals(true).default_missing_value("true"),
        Kind::Number | Kind::Text => argument,
    }
}

impl FromArgMatches for ServeArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut args = Self::default();
        args.update_from_arg_matches(matches)?;
        Ok(args)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.config = matches.get_one("config").cloned();
        self.print_config = matches.get_flag("print_config");
        self.new_key = matches.get_one("new_key").cloned();
        self.given =
            WORDS.iter().filter_map(|word| given(word, matches).transpose()).collect::<Result<_, _>>()?;
        Ok(())
    }
}

/// A variable that is empty says nothing.
fn given(word: &'static Word, matches: &ArgMatches) -> Result<Option<Given>, Error> {
    let source = match matches.value_source(word.word) {
        Some(ValueSource::CommandLine) => Source::Flag,
        Some(ValueSource::EnvVariable) => Source::Environment,
        _ => return Ok(None),
    };
    let values = matches.get_many::<std::ffi::OsString>(word.word).unwrap_or_default();
    let texts: Option<Vec<String>> = values.map(|value| value.to_str().map(str::to_owned)).collect();
    let texts = texts.ok_or_else(|| {
        let name = match source {
            Source::Environment => word.variable(),
            _ => format!("--{}", word.flag()),
        };
        Error::raw(ErrorKind::InvalidUtf8, format!("{name}: it is not UTF-8\n"))
    })?;
    let is_empty = texts.iter().all(String::is_empty) && source == Source::Environment;
    Ok((!is_empty).then_some(Given { word, source, texts }))
}

const AFTER: &str = "\
Signals:
  SIGTERM, SIGINT (Ctrl-C)  no more connections are taken, /readyz says 503 on those that are open,
          requests under way are finished; what takes longer than --stop-timeout is cut off. A second one cuts off
          everything at once
  SIGHUP  the file of settings is read again and the log is opened anew. Keys, limits, timeouts,
          origins and rates change at once, for requests that begin; a file with an error changes nothing.
          What needs a restart is told in the log
  A service manager is told when it is ready, reloads and stops (sd_notify: Type=notify-reload).

Exit status:
  0  stopped by SIGTERM or Ctrl-C, and every request under way was finished
  1  stopped so, but requests had to be cut off
  2  a setting is wrong, an address is taken, or a file cannot be read or written

Standard output:
  A line for each address: listening on http://127.0.0.1:8080

Examples:
  For this machine alone; fetch through it:
    dualfetch serve
    curl 'http://127.0.0.1:8080/fetch?url=https%3A%2F%2Fexample.com%2F'
  Titles, as they come:
    curl -d '[\"https://example.com/\",\"https://example.org/\"]' -H 'Content-Type: application/json' \\
      http://127.0.0.1:8080/titles
  For others, too: a key for each, a file that has its hash below [key], and a server before it that speaks TLS, as it does not
  itself (nginx with proxy_pass http://127.0.0.1:8080; examples/deploy/nginx.conf):
    dualfetch serve --new-key alice
    dualfetch serve --config gateway.toml --host gateway.example --trusted-proxy 127.0.0.1
    curl -H \"Authorization: Bearer $KEY\" 'https://gateway.example/fetch?url=https%3A%2F%2Fexample.com%2F'
  What counts, and who has said it:
    DUALFETCH_RATE=50/s dualfetch serve --config gateway.toml --print-config
  Sites on this machine, for a test; never for strangers:
    dualfetch serve --allow-network 127.0.0.1/32 --allow-any-port";
