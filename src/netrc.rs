//! [`Netrc`]: user names and passwords by host, as `~/.netrc` has them.

use std::fmt;
use std::io;
use std::iter::Peekable;
use std::path::{Path, PathBuf};
use std::str::Chars;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::proxy::Proxy;

/// Who is asking, by host: what a `.netrc` file says.
///
/// With [`Config::netrc`](crate::Config::netrc) each hop of a call whose host it knows is given basic authentication
/// (RFC 7617), unless the caller has said otherwise: by an `Authorization` field, or in the URL. A redirect to another
/// origin by plain `http` is given none.
///
/// The file is the one that curl, ftp and Python's netrc read: words between white space, of which `machine NAME` or
/// `default` begins an entry and `login`, `password` and `account` take the next word as their value. `macdef` and all up
/// to an empty line is skipped, and so is what comes after `#` where no value is expected. A value may stand in double
/// quotes; a backslash makes the next character stand for itself, within quotes and without. Of several entries for one
/// machine the first counts; `default` is for hosts that have none, wherever it stands. Without a login `account` is
/// taken for it. Who else may read the file is not checked.
///
/// `Debug` shows hosts alone.
///
/// ```
/// use dualfetch::Netrc;
///
/// let netrc = Netrc::parse("machine api.example login me password \"my secret\"")?;
/// assert_eq!(netrc.credentials("API.example"), Some(("me", "my secret")));
/// assert_eq!(netrc.credentials("other.example"), None);
/// # Ok::<(), dualfetch::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Netrc(Arc<Vec<Entry>>);

#[derive(Clone, Default, PartialEq, Eq, Hash)]
struct Entry {
    /// None: the default one.
    machine: Option<String>,
    login: Option<String>,
    password: Option<String>,
    account: Option<String>,
}

impl Netrc {
    /// Reads the text of such a file.
    ///
    /// # Errors
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption) with the line that is wrong, and nothing of what is in it.
    pub fn parse(text: &str) -> Result<Self> {
        let mut words = Words { rest: text.chars().peekable(), line: 1 };
        let mut entries: Vec<Entry> = Vec::new();
        while let Some(Word { text, line }) = words.keyword()? {
            match text.as_str() {
                "machine" => {
                    let machine = words.value("machine", line)?;
                    entries.push(Entry { machine: Some(machine), ..Entry::default() });
                }
                "default" => entries.push(Entry::default()),
                "macdef" => words.skip_macro(),
                _ => {
                    let Some(entry) = entries.last_mut() else {
                        return Err(wrong(line, "no machine, default or macdef begins it"));
                    };
                    let (keyword, field) = match text.as_str() {
                        "login" | "user" => ("login", &mut entry.login),
                        "password" => ("password", &mut entry.password),
                        "account" => ("account", &mut entry.account),
                        // It may be half a password.
                        _ => return Err(wrong(line, "a word that is no keyword")),
                    };
                    *field = Some(words.value(keyword, line)?);
                }
            }
        }
        Ok(Self(Arc::new(entries)))
    }

    /// Reads a file, now.
    ///
    /// # Errors
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption), its message naming the file: where it is not there or cannot be
    /// read (then with the `io::Error` as its source), and as [`parse`](Self::parse).
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(|error| unread(path, error))?;
        Self::parse(&text).map_err(|error| {
            let why = error.message().unwrap_or_default();
            invalid(format!("{}: {why}", path.display()))
        })
    }

    /// Reads the file that the variable `NETRC` names, or else `.netrc` in the home folder (`_netrc` on Windows), now.
    /// Without either it knows nobody.
    ///
    /// # Errors
    /// As [`from_file`](Self::from_file), but where there is no file in the home folder.
    pub fn from_env() -> Result<Self> {
        if let Some(path) = std::env::var_os("NETRC").filter(|path| !path.is_empty()) {
            return Self::from_file(PathBuf::from(path));
        }
        let home = std::env::home_dir().filter(|home| !home.as_os_str().is_empty());
        let Some(home) = home else { return Ok(Self::default()) };
        Self::from_home(&home)
    }

    fn from_home(home: &Path) -> Result<Self> {
        let path = home.join(if cfg!(windows) { "_netrc" } else { ".netrc" });
        match Self::from_file(path) {
            Err(error) if is_missing(&error) => Ok(Self::default()),
            read => read,
        }
    }

    /// User name and password for this host, a name or an address: its own, or else the default ones. The port is not
    /// looked at.
    #[must_use]
    pub fn credentials(&self, host: &str) -> Option<(&str, &str)> {
        self.of(host, true)
    }

    /// With or without the default ones.
    pub(crate) fn of(&self, host: &str, or_default: bool) -> Option<(&str, &str)> {
        let host = stripped(host);
        let own = self.0.iter().find(|entry| {
            entry.machine.as_deref().is_some_and(|machine| stripped(machine).eq_ignore_ascii_case(host))
        });
        let default = || self.0.iter().find(|entry| or_default && entry.machine.is_none());
        let entry = own.or_else(default)?;
        let login = entry.login.as_deref().filter(|login| !login.is_empty()).or(entry.account.as_deref());
        match (login, entry.password.as_deref()) {
            (None, None) => None,
            (login, password) => Some((login.unwrap_or_default(), password.unwrap_or_default())),
        }
    }
}

impl Proxy {
    /// Proves who is asking by what the file says of the proxy's own host, where nothing else does; its default is for
    /// origins.
    ///
    /// ```
    /// use dualfetch::{DefaultSession, Netrc, Proxy};
    ///
    /// # fn example() -> dualfetch::Result<()> {
    /// let netrc = Netrc::from_env()?;
    /// let proxies: Vec<_> = Proxy::from_env()?.into_iter().map(|proxy| proxy.netrc(&netrc)).collect::<Result<_, _>>()?;
    /// let session = DefaultSession::builder().proxies(proxies).netrc(netrc).build()?;
    /// # let _ = session;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`basic_auth`](Self::basic_auth).
    pub fn netrc(self, netrc: &Netrc) -> Result<Self> {
        let server = self.server().filter(|server| server.credentials.is_none());
        match server.and_then(|server| netrc.of(&server.host, false)) {
            Some((user, password)) => self.basic_auth(user, password),
            None => Ok(self),
        }
    }
}

/// Without the brackets of an IPv6 address and the dot at a name's end.
fn stripped(host: &str) -> &str {
    let host = host.strip_suffix('.').unwrap_or(host);
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

struct Words<'a> {
    rest: Peekable<Chars<'a>>,
    /// Counted from 1.
    line: usize,
}

struct Word {
    text: String,
    /// In which it begins.
    line: usize,
}

impl Words<'_> {
    /// The next word that is not in a comment.
    fn keyword(&mut self) -> Result<Option<Word>> {
        loop {
            self.skip_space();
            match self.rest.peek() {
                Some('#') => self.skip_line(),
                _ => return self.word(),
            }
        }
    }

    fn value(&mut self, keyword: &str, line: usize) -> Result<String> {
        self.skip_space();
        match self.word()? {
            Some(word) => Ok(word.text),
            None => Err(wrong(line, &format!("no value comes after {keyword}"))),
        }
    }

    /// What begins here.
    fn word(&mut self) -> Result<Option<Word>> {
        let Some(first) = self.rest.peek() else { return Ok(None) };
        let is_quoted = *first == '"';
        let line = self.line;
        if is_quoted {
            self.take();
        }
        let mut text = String::new();
        loop {
            match self.rest.peek() {
                None if is_quoted => return Err(wrong(line, "nothing closes the quote that begins there")),
                None => break,
                Some('"') if is_quoted => {
                    self.take();
                    break;
                }
                Some(c) if !is_quoted && c.is_ascii_whitespace() => break,
                Some('\\') => {
                    self.take();
                    text.extend(self.take());
                }
                Some(_) => text.extend(self.take()),
            }
        }
        Ok(Some(Word { text, line }))
    }

    fn skip_space(&mut self) {
        while self.rest.peek().is_some_and(char::is_ascii_whitespace) {
            self.take();
        }
    }

    fn take(&mut self) -> Option<char> {
        let next = self.rest.next();
        self.line += usize::from(next == Some('\n'));
        next
    }

    /// The rest of this line, its end included.
    fn skip_line(&mut self) {
        while self.take().is_some_and(|c| c != '\n') {}
    }

    /// Its name, and all up to an empty line.
    fn skip_macro(&mut self) {
        self.skip_line();
        while self.rest.peek().is_some() {
            let line = self.line;
            let mut is_empty = true;
            while self.line == line {
                match self.take() {
                    None => return,
                    Some(c) => is_empty &= matches!(c, '\r' | '\n'),
                }
            }
            if is_empty {
                return;
            }
        }
    }
}

fn wrong(line: usize, what: &str) -> Error {
    invalid(format!("line {line}: {what}"))
}

fn unread(path: &Path, error: io::Error) -> Error {
    invalid(format!("{}: {error}", path.display())).with_source(error)
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidOption { option: "netrc" }).with_message(message)
}

fn is_missing(error: &Error) -> bool {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref::<io::Error>());
    source.is_some_and(|error| error.kind() == io::ErrorKind::NotFound)
}

impl fmt::Debug for Netrc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts = self.0.iter().map(|entry| entry.machine.as_deref().unwrap_or("(default)"));
        f.write_str("Netrc ")?;
        f.debug_list().entries(hosts).finish()
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn read(text: &str) -> Netrc {
        Netrc::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"))
    }

    #[test]
    fn entries_in_every_layout_are_read() {
        for text in [
            "machine a.example login me password secret",
            "machine a.example\n\tlogin me\n\tpassword secret\n",
            "machine\r\na.example\r\nlogin\r\nme\r\npassword\r\nsecret\r\n",
            "# a comment\nmachine a.example # another\nlogin me #one more\n password secret # last",
            "#machine a.example login no password no\nmachine a.example user me password secret",
            "machine a.example password secret login me account x",
            "# a backslash \\\nmachine a.example #\\\nlogin me password secret",
            "machine a.example account me password secret",
            "machine \"a.example\" login \"me\" password \"secret\"",
            "machine a.example login m\\e password \"sec\\ret\"",
            "default login x password y\nmachine a.example login me password secret",
            "machine a.example login me password secret\nmachine a.example login no password no",
            "macdef init\ncd /x\nmachine a.example login no password no\n\nmachine a.example login me password secret",
            "macdef init\r\nput y\r\n\r\nmachine a.example login me password secret",
            "machine b.example login x\nmachine a.example login me password secret macdef m\nquit",
        ] {
            let read = read(text);
            assert_eq!(read.credentials("a.example"), Some(("me", "secret")), "{text:?}");
            assert_eq!(read.credentials("A.Example."), Some(("me", "secret")), "{text:?}");
        }
    }

    #[test]
    fn a_value_may_hold_any_character() {
        for (written, password) in [
            ("#1", "#1"),
            ("a#b", "a#b"),
            ("\"a b\"", "a b"),
            ("\"\"", ""),
            (r#""say \"hi\" \\""#, r#"say "hi" \"#),
            (r"a\ b\\", r"a b\"),
            ("pä$$wörd", "pä$$wörd"),
            ("machine", "machine"),
            ("a\"b", "a\"b"),
        ] {
            let read = read(&format!("machine a login me password {written}\nmachine b login x"));
            assert_eq!(read.credentials("a"), Some(("me", password)), "{written}");
            assert_eq!(read.credentials("b"), Some(("x", "")), "{written}");
        }
    }

    #[test]
    fn a_host_is_known_by_its_own_entry_or_by_the_default() {
        let own = read(
            "machine [::1] login six\nmachine 10.0.0.1 login four\nmachine none\ndefault login any password p",
        );
        assert_eq!(own.credentials("::1"), Some(("six", "")));
        assert_eq!(own.credentials("[::1]"), Some(("six", "")));
        assert_eq!(own.credentials("10.0.0.1"), Some(("four", "")));
        assert_eq!(own.credentials("elsewhere"), Some(("any", "p")));
        assert_eq!(own.of("elsewhere", false), None);
        assert_eq!(own.credentials("none"), None, "an entry that names nobody");
        assert_eq!(read("").credentials("a"), None);
        assert_eq!(read("machine a.example login me").credentials("b.a.example"), None);
    }

    #[test]
    fn what_is_wrong_is_told_by_its_line_and_not_shown() {
        for (text, line) in [
            ("machine a\nlogin me password", 2),
            ("machine", 1),
            ("\n\nlogin secret", 3),
            ("machine a login me password my secret", 1),
            ("machine a\n\n login \"secret\npassword", 3),
            ("secret", 1),
        ] {
            let error = Netrc::parse(text).expect_err(text);
            assert_eq!(error.kind(), &ErrorKind::InvalidOption { option: "netrc" });
            let message = error.message().expect("a message");
            assert!(message.starts_with(&format!("line {line}: ")), "{text:?}: {message}");
            assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
        }
    }

    #[test]
    fn a_proxy_is_given_its_own_host_s_credentials_where_it_has_none() {
        let netrc = read("machine ::1 login six password p\ndefault login any password p");
        let user = |url: &str| {
            let proxy = Proxy::new(url).and_then(|proxy| proxy.netrc(&netrc)).expect("a proxy");
            let credentials = proxy.server().and_then(|server| server.credentials.clone());
            credentials.map(|(user, _)| String::from_utf8(user).expect("text"))
        };
        assert_eq!(user("http://[::1]:3128").as_deref(), Some("six"));
        assert_eq!(user("socks5://me@[::1]").as_deref(), Some("me"));
        assert_eq!(user("http://elsewhere"), None);
        assert_eq!(Proxy::direct().netrc(&netrc).expect("none"), Proxy::direct());
    }

    #[test]
    fn debug_shows_hosts_alone() {
        let shown = format!("{:?}", read("machine a login secret password secret\ndefault login secret"));
        assert_eq!(shown, r#"Netrc ["a", "(default)"]"#);
    }

    #[cfg(not(target_arch = "wasm32"))]
    #[test]
    fn a_missing_file_is_an_error_where_it_was_named_and_none_in_the_home_folder() {
        let nowhere = std::env::temp_dir().join("dualfetch-no-such-folder");
        let error = Netrc::from_file(nowhere.join("netrc")).expect_err("missing");
        assert!(is_missing(&error) && error.message().is_some_and(|text| text.contains("no-such-folder")));
        assert_eq!(Netrc::from_home(&nowhere).expect("no file is no error"), Netrc::default());
    }
}
