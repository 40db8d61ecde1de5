//! The settings by their words: the same in a file (`limit_per_host`), as a flag (`--limit-per-host`) and in the
//! environment (`DUALFETCH_LIMIT_PER_HOST`).

use std::path::PathBuf;

use tracing_subscriber::filter::LevelFilter;

use super::configuration::{Configuration, Folder, Listen, LogFormat};
use super::reading::{allowed, denied, host, keys, mode, origin, port, proxy, user_agent};
use super::value::{Kind, NONE, Value, size};

const SERVER: &str = "Server";
const ACCESS: &str = "Who may use it";
const SAFETY: &str = "What may be fetched";
const FETCHING: &str = "Fetching";
const LOG: &str = "Log";

/// A setting: what it is called, what it is for, and how it is read and written.
#[derive(Debug)]
pub(crate) struct Word {
    pub(crate) word: &'static str,
    pub(crate) heading: &'static str,
    pub(crate) placeholder: &'static str,
    pub(crate) kind: Kind,
    pub(crate) help: &'static str,
    /// What else is to know.
    pub(crate) more: &'static str,
    /// Whether a reload changes it in a server that runs.
    pub(crate) live: bool,
    pub(crate) read: fn(&mut Configuration, Value) -> Result<(), String>,
    pub(crate) write: fn(&Configuration) -> Value,
}

impl Word {
    pub(crate) fn find(word: &str) -> Option<&'static Self> {
        WORDS.iter().find(|known| known.word == word)
    }

    pub(crate) fn flag(&self) -> String {
        self.word.replace('_', "-")
    }

    pub(crate) fn variable(&self) -> String {
        format!("DUALFETCH_{}", self.word.to_ascii_uppercase())
    }
}

/// In the order in which help and printed configuration show them; tables last, as TOML wants it.
pub(crate) static WORDS: &[Word] = &[
    Word {
        word: "listen",
        heading: SERVER,
        placeholder: "ADDRESS:PORT",
        kind: Kind::List,
        help: "Where to listen; may be given several times",
        more: "Port 0 is a free one: the first lines of standard output tell which. A port alone is one of 127.0.0.1, and \
               unix:/PATH a socket in the file system. An address that other machines can reach needs a key. There is no TLS \
               here: keys and pages cross networks in the clear. Listen on 127.0.0.1 and put a server before it that speaks \
               TLS, with its name as --host and its address as --trusted-proxy; examples/deploy/nginx.conf is one.",
        live: false,
        read: |to, value| set(&mut to.listen, value.list().and_then(|list| each(list, Listen::read))),
        write: |from| Value::List(from.listen.iter().map(Listen::to_string).collect()),
    },
    Word {
        word: "socket_mode",
        heading: SERVER,
        placeholder: "MODE",
        kind: Kind::Text,
        help: "Who may connect to sockets in the file system, as chmod has it",
        more: "0660 is owner and group. Where everyone may, there has to be a key.",
        live: false,
        read: |to, value| set(&mut to.socket_mode, value.text().and_then(mode)),
        write: |from| Value::Text(format!("{:04o}", from.socket_mode)),
    },
    Word {
        word: "max_connections",
        heading: SERVER,
        placeholder: "N",
        kind: Kind::Number,
        help: "Connections of clients at once; more wait until one ends",
        more: "Each may take 24 KiB of memory before it has shown a key, half a head of 16 KiB at most being there: 10000 take 240 MiB.",
        live: false,
        read: |to, value| set(&mut to.max_connections, count(value, 1..=1_000_000)),
        write: |from| number(from.max_connections),
    },
    Word {
        word: "max_connections_per_address",
        heading: SERVER,
        placeholder: "N",
        kind: Kind::Number,
        help: "Of them, how many one address may have; 0 for no bound. More are closed",
        more: "The first 64 bits of an IPv6 address stand for all of it. Those of a --trusted-proxy are not counted.",
        live: false,
        read: |to, value| set(&mut to.max_connections_per_address, count(value, 0..=1_000_000)),
        write: |from| number(from.max_connections_per_address),
    },
    Word {
        word: "header_timeout",
        heading: SERVER,
        placeholder: "TIME",
        kind: Kind::Text,
        help: "Longest time for a client to send the head of a request; then its connection is closed",
        more: "",
        live: false,
        read: |to, value| set(&mut to.header_timeout, value.duration()),
        write: |from| Value::from(from.header_timeout),
    },
    Word {
        word: "idle_timeout",
        heading: SERVER,
        placeholder: "TIME",
        kind: Kind::Text,
        help: "How long a connection stays open between requests, or while its client takes nothing of an answer",
        more: "",
        live: false,
        read: |to, value| set(&mut to.idle_timeout, value.duration()),
        write: |from| Value::from(from.idle_timeout),
    },
    Word {
        word: "stop_timeout",
        heading: SERVER,
        placeholder: "TIME",
        kind: Kind::Text,
        help: "How long requests under way may take after SIGTERM or Ctrl-C; then they are cut off",
        more: "",
        live: false,
        read: |to, value| set(&mut to.stop_timeout, value.duration()),
        write: |from| Value::from(from.stop_timeout),
    },
    Word {
        word: "page",
        heading: SERVER,
        placeholder: "FOLDER",
        kind: Kind::Text,
        help: "The folder that is served at /; `auto` is www of the repository, if this runs in it, and `none` nothing",
        more: "",
        live: false,
        read: |to, value| set(&mut to.page, value.text().map(folder)),
        write: |from| written_folder(&from.page),
    },
    Word {
        word: "package",
        heading: SERVER,
        placeholder: "FOLDER",
        kind: Kind::Text,
        help: "The folder that is served at /pkg/: the npm package; `auto` and `none` as for the page",
        more: "",
        live: false,
        read: |to, value| set(&mut to.package, value.text().map(folder)),
        write: |from| written_folder(&from.package),
    },
    Word {
        word: "origin",
        heading: ACCESS,
        placeholder: "ORIGIN",
        kind: Kind::List,
        help: "Let pages of this origin (https://app.example) use it by CORS; `*` is all; may be given several times",
        more: "",
        live: true,
        read: |to, value| set(&mut to.origins, value.list().and_then(|list| each(list, origin))),
        write: |from| Value::List(from.origins.clone()),
    },
    Word {
        word: "host",
        heading: ACCESS,
        placeholder: "NAME",
        kind: Kind::List,
        help: "A name that it is reached by beside the loopback ones (gateway.example); may be given several times",
        more: "Requests to other names are refused, which keeps pages of strangers from reaching it by a name of their own \
               (DNS rebinding). With keys and no name given, any name is taken; a name needs a key.",
        live: true,
        read: |to, value| set(&mut to.hosts, value.list().and_then(|list| each(list, host))),
        write: |from| Value::List(from.hosts.clone()),
    },
    Word {
        word: "rate",
        heading: ACCESS,
        placeholder: "N/UNIT",
        kind: Kind::Text,
        help: "How often each key may ask, or each address without one: such as 50/s, 300/m or 1000/h, or `none`. Each URL of a list counts",
        more: "",
        live: true,
        read: |to, value| set(&mut to.rate, value.rate()),
        write: |from| Value::from(from.rate),
    },
    Word {
        word: "burst",
        heading: ACCESS,
        placeholder: "N",
        kind: Kind::Number,
        help: "How many of them may come at once; 0 is as many as the rate has in its time",
        more: "",
        live: true,
        read: |to, value| {
            set(
                &mut to.burst,
                count(value, 0..=1_000_000).map(|burst: u32| Some(burst).filter(|burst| *burst > 0)),
            )
        },
        write: |from| number(from.burst.unwrap_or(0) as usize),
    },
    Word {
        word: "trusted_proxy",
        heading: ACCESS,
        placeholder: "NETWORK",
        kind: Kind::List,
        help: "Reverse proxies before it, such as 10.0.0.0/8 or one address, which tell clients' addresses in X-Forwarded-For; may be given several times",
        more: "They need a key: others come that way.",
        live: true,
        read: |to, value| set(&mut to.trusted_proxies, value.list().and_then(|list| each(list, proxy))),
        write: |from| Value::List(from.trusted_proxies.clone()),
    },
    Word {
        word: "allow_network",
        heading: SAFETY,
        placeholder: "NETWORK",
        kind: Kind::List,
        help: "Fetch from these addresses, too, such as 10.1.0.0/16; may be given several times",
        more: "",
        live: true,
        read: |to, value| set(&mut to.allow_network, value.list().and_then(|list| each(list, allowed))),
        write: |from| Value::List(from.allow_network.clone()),
    },
    Word {
        word: "deny_network",
        heading: SAFETY,
        placeholder: "NETWORK",
        kind: Kind::List,
        help: "Never fetch from these addresses, whatever else allows them; may be given several times",
        more: "",
        live: true,
        read: |to, value| set(&mut to.deny_network, value.list().and_then(|list| each(list, denied))),
        write: |from| Value::List(from.deny_network.clone()),
    },
    Word {
        word: "allow_port",
        heading: SAFETY,
        placeholder: "PORT",
        kind: Kind::List,
        help: "Fetch from these ports alone, in place of 80 and 443; may be given several times",
        more: "",
        live: true,
        read: |to, value| set(&mut to.allow_port, value.list().and_then(|list| each(list, port))),
        write: |from| Value::List(from.allow_port.iter().map(u16::to_string).collect()),
    },
    Word {
        word: "allow_any_port",
        heading: SAFETY,
        placeholder: "true|false",
        kind: Kind::Switch,
        help: "Fetch from any port",
        more: "",
        live: true,
        read: |to, value| set(&mut to.allow_any_port, value.switch()),
        write: |from| Value::from(from.allow_any_port),
    },
    Word {
        word: "limit",
        heading: FETCHING,
        placeholder: "N",
        kind: Kind::Number,
        help: "Requests in flight at once, of all clients",
        more: "",
        live: true,
        read: |to, value| set(&mut to.limit, count(value, 1..=1_000_000)),
        write: |from| number(from.limit),
    },
    Word {
        word: "limit_per_host",
        heading: FETCHING,
        placeholder: "N",
        kind: Kind::Number,
        help: "Requests in flight at once at one host (scheme, name and port); 0 for no bound",
        more: "",
        live: true,
        read: |to, value| set(&mut to.limit_per_host, count(value, 0..=1_000_000)),
        write: |from| number(from.limit_per_host),
    },
    Word {
        word: "limit_per_caller",
        heading: FETCHING,
        placeholder: "N",
        kind: Kind::Number,
        help: "Requests in flight at once of one key, or where there is none of one address; 0 for no bound",
        more: "More of /fetch are refused, lists wait. Loopback addresses have no bound.",
        live: true,
        read: |to, value| set(&mut to.limit_per_caller, count(value, 0..=1_000_000)),
        write: |from| number(from.limit_per_caller),
    },
    Word {
        word: "max_response",
        heading: FETCHING,
        placeholder: "SIZE",
        kind: Kind::Text,
        help: "How large the body of an answer may be; a larger one is cut off",
        more: "",
        live: true,
        read: |to, value| set(&mut to.max_response, value.size()),
        write: |from| size(from.max_response),
    },
    Word {
        word: "max_upload",
        heading: FETCHING,
        placeholder: "SIZE",
        kind: Kind::Text,
        help: "How large the body of a request may be, or a list of lines; a JSON list may have 1 MiB",
        more: "",
        live: true,
        read: |to, value| set(&mut to.max_upload, value.size()),
        write: |from| size(from.max_upload),
    },
    Word {
        word: "max_urls",
        heading: FETCHING,
        placeholder: "N",
        kind: Kind::Number,
        help: "How many URLs a list may have",
        more: "",
        live: true,
        read: |to, value| set(&mut to.max_urls, count(value, 1..=1_000_000_000)),
        write: |from| number(from.max_urls),
    },
    Word {
        word: "max_redirects",
        heading: FETCHING,
        placeholder: "N",
        kind: Kind::Number,
        help: "How many redirects are followed",
        more: "",
        live: true,
        read: |to, value| set(&mut to.max_redirects, count(value, 0..=1_000)),
        write: |from| number(from.max_redirects as usize),
    },
    Word {
        word: "retries",
        heading: FETCHING,
        placeholder: "N",
        kind: Kind::Number,
        help: "How often a URL of a list is asked again that failed in a way that passes; /fetch asks once",
        more: "",
        live: true,
        read: |to, value| set(&mut to.retries, count(value, 0..=100)),
        write: |from| number(from.retries as usize),
    },
    Word {
        word: "total_timeout",
        heading: FETCHING,
        placeholder: "TIME",
        kind: Kind::Text,
        help: "Longest time for a request, its redirects, retries and body included, but not its wait for its turn",
        more: "",
        live: true,
        read: |to, value| set(&mut to.total_timeout, value.duration()),
        write: |from| Value::from(from.total_timeout),
    },
    Word {
        word: "timeout",
        heading: FETCHING,
        placeholder: "TIME",
        kind: Kind::Text,
        help: "Longest wait for the head of an answer; `none` for no bound",
        more: "",
        live: true,
        read: |to, value| set(&mut to.timeout, value.bound()),
        write: |from| Value::from(from.timeout),
    },
    Word {
        word: "connect_timeout",
        heading: FETCHING,
        placeholder: "TIME",
        kind: Kind::Text,
        help: "Longest time for looking up a name and connecting; `none` for no bound",
        more: "",
        live: true,
        read: |to, value| set(&mut to.connect_timeout, value.bound()),
        write: |from| Value::from(from.connect_timeout),
    },
    Word {
        word: "queue_timeout",
        heading: FETCHING,
        placeholder: "TIME",
        kind: Kind::Text,
        help: "Longest wait for a turn under the limits; `none` for no bound",
        more: "",
        live: true,
        read: |to, value| set(&mut to.queue_timeout, value.bound()),
        write: |from| Value::from(from.queue_timeout),
    },
    Word {
        word: "read_timeout",
        heading: FETCHING,
        placeholder: "TIME",
        kind: Kind::Text,
        help: "Longest wait for the next bytes of a body; `none` for no bound",
        more: "",
        live: true,
        read: |to, value| set(&mut to.read_timeout, value.bound()),
        write: |from| Value::from(from.read_timeout),
    },
    Word {
        word: "user_agent",
        heading: FETCHING,
        placeholder: "TEXT",
        kind: Kind::Text,
        help: "What it tells sites that it is; `auto` is this program and its version",
        more: "",
        live: true,
        read: |to, value| set(&mut to.user_agent, value.text().and_then(user_agent)),
        write: |from| Value::from(from.user_agent.as_deref().unwrap_or(AUTO)),
    },
    Word {
        word: "log",
        heading: LOG,
        placeholder: "FILE",
        kind: Kind::Text,
        help: "Where the log goes, a line for each request; `-` is standard error",
        more: "Lines are added to the file. SIGHUP opens it anew, for those who have moved it away. What cannot be written is \
               left out: a full disk stops nothing.",
        live: false,
        read: |to, value| {
            set(&mut to.log, value.text().map(|text| (text != STANDARD_ERROR).then(|| PathBuf::from(text))))
        },
        write: |from| {
            from.log
                .as_ref()
                .map_or_else(|| Value::from(STANDARD_ERROR), |path| Value::Text(path.display().to_string()))
        },
    },
    Word {
        word: "log_format",
        heading: LOG,
        placeholder: "text|json",
        kind: Kind::Text,
        help: "How its lines are written: text or json",
        more: "",
        live: false,
        read: |to, value| set(&mut to.log_format, value.word(FORMATS)),
        write: |from| spelled(FORMATS, from.log_format),
    },
    Word {
        word: "log_level",
        heading: LOG,
        placeholder: "LEVEL",
        kind: Kind::Text,
        help: "What it tells: error, warn, info, debug or trace, or off; requests are told at info",
        more: "",
        live: false,
        read: |to, value| set(&mut to.log_level, value.word(LEVELS)),
        write: |from| spelled(LEVELS, from.log_level),
    },
    Word {
        word: "key",
        heading: ACCESS,
        placeholder: "NAME=sha256:HEX",
        kind: Kind::Table,
        help: "A key that clients must send, by its hash; may be given several times",
        more: "--new-key makes one. With no key none is needed, and only this machine is served.",
        live: true,
        read: |to, value| set(&mut to.keys, value.table().and_then(keys)),
        write: |from| Value::Table(from.keys.clone()),
    },
];

pub(super) const AUTO: &str = "auto";
const STANDARD_ERROR: &str = "-";
const FORMATS: &[(&str, LogFormat)] = &[("text", LogFormat::Text), ("json", LogFormat::Json)];
const LEVELS: &[(&str, LevelFilter)] = &[
    ("error", LevelFilter::ERROR),
    ("warn", LevelFilter::WARN),
    ("info", LevelFilter::INFO),
    ("debug", LevelFilter::DEBUG),
    ("trace", LevelFilter::TRACE),
    ("off", LevelFilter::OFF),
];

fn set<T>(place: &mut T, value: Result<T, String>) -> Result<(), String> {
    *place = value?;
    Ok(())
}

fn each<T>(list: Vec<String>, read: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    list.iter().map(|text| read(text)).collect()
}

fn count<T: TryFrom<i64>>(value: Value, range: std::ops::RangeInclusive<i64>) -> Result<T, String> {
    T::try_from(value.number(range)?).map_err(|_| "it is too large for this machine".to_owned())
}

fn number(number: usize) -> Value {
    Value::Number(i64::try_from(number).unwrap_or(i64::MAX))
}

fn spelled<T: PartialEq + Copy>(words: &[(&'static str, T)], value: T) -> Value {
    Value::from(words.iter().find(|(_, known)| *known == value).map_or("", |(word, _)| word))
}

fn folder(text: String) -> Folder {
    match text.as_str() {
        AUTO => Folder::Auto,
        NONE => Folder::Nowhere,
        _ => Folder::At(PathBuf::from(text)),
    }
}

fn written_folder(folder: &Folder) -> Value {
    match folder {
        Folder::Auto => Value::from(AUTO),
        Folder::At(path) => Value::Text(path.display().to_string()),
        Folder::Nowhere => Value::from(NONE),
    }
}
