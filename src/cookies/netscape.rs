//! cookies.txt, as Netscape had it and as browsers' exporters, curl, wget and Python still have it: seven columns.

use std::time::Duration;

use super::cookie::{Cookie, Credential};
use super::jar::CookieJar;
use super::loading::{LoadError, checked};

/// What some readers want to see in the first line.
const FIRST: &[u8] = b"# Netscape HTTP Cookie File\n";
/// Before a domain it is no comment.
const HTTP_ONLY: &[u8] = b"#HttpOnly_";

impl CookieJar {
    /// All cookies as a cookies.txt, the oldest first. Values are as servers wrote them, so this need not be UTF-8.
    ///
    /// It has no place for `SameSite`, and none for a tab in a name or a path: cookies with such a tab are left out.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use dualfetch::{Url, cookies::CookieJar};
    /// let jar = CookieJar::new();
    /// jar.insert(&Url::parse("https://a.example/")?, "id=7; HttpOnly; Secure", Duration::ZERO)?;
    /// let text = String::from_utf8(jar.to_netscape())?;
    /// assert_eq!(text.lines().last(), Some("#HttpOnly_a.example\tFALSE\t/\tTRUE\t0\tid\t7"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn to_netscape(&self) -> Vec<u8> {
        let mut out = FIRST.to_vec();
        for cookie in self.cookies() {
            if !cookie.name().contains('\t') && !cookie.path().contains('\t') {
                write(&cookie, &mut out);
            }
        }
        out
    }

    /// Puts in the cookies of a cookies.txt, in its order, but for those that have ended by this time since 1970. How
    /// many that were.
    ///
    /// A cookie is for its host alone where the second column says `FALSE`, with or without a dot before the host. An
    /// expiry of 0, or none, is the end of the session.
    ///
    /// # Errors
    /// [`LoadError::Malformed`] for a line that is neither a cookie nor a comment.
    pub fn load_netscape(&self, text: impl AsRef<[u8]>, now: Duration) -> Result<usize, LoadError> {
        let text = text.as_ref();
        let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
        let mut cookies = Vec::new();
        for (line, text) in (1..).zip(text.split(|byte| *byte == b'\n')) {
            let text = text.strip_suffix(b"\r").unwrap_or(text);
            let (http_only, text) = match text.strip_prefix(HTTP_ONLY) {
                Some(rest) => (true, rest),
                None if text.starts_with(b"#") || text.trim_ascii().is_empty() => continue,
                None => (false, text),
            };
            let cookie = read(text, http_only).and_then(checked);
            cookies.push(cookie.map_err(|reason| LoadError::Malformed { line, reason: reason.to_owned() })?);
        }
        Ok(self.put_all(cookies, now))
    }
}

fn write(cookie: &Cookie, out: &mut Vec<u8>) {
    let flag = |flag| if flag { "TRUE" } else { "FALSE" };
    if cookie.http_only {
        out.extend_from_slice(HTTP_ONLY);
    }
    if !cookie.host_only {
        out.push(b'.');
    }
    let columns = [
        &cookie.domain,
        flag(!cookie.host_only),
        &cookie.path,
        flag(cookie.secure),
        &cookie.expires.unwrap_or(0).to_string(),
    ];
    out.extend_from_slice(columns.join("\t").as_bytes());
    out.push(b'\t');
    cookie.pair.name_to(out);
    out.push(b'\t');
    cookie.pair.value_to(out);
    out.push(b'\n');
}

fn read(line: &[u8], http_only: bool) -> Result<Cookie, &'static str> {
    let mut columns = line.splitn(7, |byte| *byte == b'\t');
    let mut column = || columns.next().ok_or("fewer than seven columns, with tabs between them");
    let (domain, subdomains, path) = (column()?, flag(column()?)?, column()?);
    let (secure, expires, name) = (flag(column()?)?, expiry(column()?)?, column()?);
    // Some writers leave out the last tab where there is no value.
    let value = columns.next().unwrap_or_default();
    let text = |bytes| std::str::from_utf8(bytes).map_err(|_| "domain and path are not UTF-8");
    Ok(Cookie {
        domain: text(domain)?.into(),
        path: text(path)?.into(),
        expires,
        host_only: !subdomains,
        secure,
        http_only,
        same_site: None,
        pair: Credential::from_wire(name, value),
    })
}

fn flag(column: &[u8]) -> Result<bool, &'static str> {
    match column.to_ascii_uppercase().as_slice() {
        b"TRUE" => Ok(true),
        b"FALSE" => Ok(false),
        _ => Err("the second and the fourth column are TRUE or FALSE"),
    }
}

/// Seconds since 1970. Some writers add a fraction.
fn expiry(column: &[u8]) -> Result<Option<u64>, &'static str> {
    let text = std::str::from_utf8(column).unwrap_or("?");
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number = [whole, fraction].concat().bytes().all(|byte| byte.is_ascii_digit());
    match whole.parse() {
        Ok(0) => Ok(None),
        Ok(seconds) if is_number => Ok(Some(seconds)),
        _ if text.is_empty() => Ok(None),
        _ => Err("the fifth column is no time in seconds since 1970"),
    }
}
