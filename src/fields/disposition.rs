//! `Content-Disposition` (RFC 6266), and file names that can be trusted.

use super::parameters::Parameters;

/// What a server says is to be done with a body: to be shown (`inline`) or saved (`attachment`), and under which name
/// (RFC 6266).
///
/// A `filename*` (RFC 8187, in UTF-8 or ISO-8859-1) is preferred to a `filename`. As browsers do, names are taken with
/// spaces and no quotes, with a quote that is never closed, and as raw UTF-8 or ISO-8859-1; of two parameters of a name the
/// first one counts. Percent signs in a plain `filename` mean themselves. Of a `form-data`, as the parts of a form have it,
/// names are read as the HTML standard writes them: a backslash means itself, and `%22`, `%0D` and `%0A` are a quote, CR and
/// LF.
///
/// ```
/// use dualfetch::ContentDisposition;
///
/// let value = r#"attachment; filename="rates.txt"; filename*=UTF-8''..%2F%E2%82%AC%20rates.txt"#;
/// let disposition = ContentDisposition::parse(value);
/// assert!(disposition.is_attachment());
/// assert_eq!(disposition.file_name(), Some("../€ rates.txt"));
/// assert_eq!(disposition.safe_file_name().as_deref(), Some("€ rates.txt"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentDisposition {
    kind: String,
    file_name: Option<String>,
    parameters: Parameters,
}

impl ContentDisposition {
    /// Reads a field's value. Nothing is so wrong that it would be refused.
    #[must_use]
    pub fn parse(value: &str) -> Self {
        let end = value.find(';').unwrap_or(value.len());
        let (kind, rest) = match value.split_at(end) {
            // The type is missing.
            (first, _) if first.contains('=') => ("inline", value),
            split => split,
        };
        let kind = kind.trim_ascii().to_ascii_lowercase();
        let parameters = match kind.as_str() {
            "form-data" => Parameters::of_form(rest),
            _ => Parameters::read(rest, &[]).0,
        };
        let file_name = parameters.text("filename").filter(|name| !name.is_empty());
        Self { kind, file_name, parameters }
    }

    /// The disposition type in lower case: `inline`, `attachment`, `form-data`, … `inline` where none is named.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Whether the body is to be saved, not shown: a type nobody knows means that, too (RFC 6266, section 4.2).
    #[must_use]
    pub fn is_attachment(&self) -> bool {
        !matches!(self.kind.as_str(), "" | "inline" | "form-data")
    }

    /// The file name as the server wrote it. It is a stranger's word: to make a file of that name, take
    /// [`safe_file_name`](Self::safe_file_name).
    #[must_use]
    pub fn file_name(&self) -> Option<&str> {
        self.file_name.as_deref()
    }

    /// The file name made harmless by [`safe_file_name`]; `None` where nothing is left.
    #[must_use]
    pub fn safe_file_name(&self) -> Option<String> {
        safe_file_name(self.file_name()?)
    }

    /// Another parameter, by its name in lower case: the first one of that name, `size` for example.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name)
    }
}

/// The longest file name of common file systems, in bytes.
const LONGEST: usize = 255;

/// A longer ending is none that says what is in the file.
const LONGEST_ENDING: usize = 32;

/// A file name that is harmless in any folder, on any system, made of one that a stranger gave; `None` where nothing is
/// left of it.
///
/// It is what follows the last `/` or `\`, without control characters and those that change the direction of writing,
/// without dots and white space around it, with `_` for what Windows does not allow (`<>:"|?*`), with `_` before the names
/// of Windows' devices (`CON`, `LPT1.txt`), and of 255 bytes at most, its ending kept. That no file has the name yet is for
/// the caller to see to.
///
/// ```
/// use dualfetch::safe_file_name;
///
/// assert_eq!(safe_file_name("../../etc/passwd").as_deref(), Some("passwd"));
/// assert_eq!(safe_file_name(r"C:\temp\.bashrc").as_deref(), Some("bashrc"));
/// assert_eq!(safe_file_name("aux.txt").as_deref(), Some("_aux.txt"));
/// assert_eq!(safe_file_name(".."), None);
/// ```
#[must_use]
pub fn safe_file_name(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let allowed = last.chars().filter(|c| !is_unseen(*c));
    let name: String = allowed.map(|c| if r#"<>:"|?*"#.contains(c) { '_' } else { c }).collect();
    let bare = |c: char| c == '.' || c.is_whitespace();
    let name = name.trim_matches(bare);
    if name.is_empty() {
        return None;
    }
    let name = if is_device(name) { format!("_{name}") } else { name.to_owned() };
    Some(shortened(&name).trim_end_matches(bare).to_owned())
}

/// Control characters, and those of no width that reorder or hide what is around them.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// Whether Windows takes it for a device, whatever its ending.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let is_numbered = |stem: &str| {
        let number = stem.strip_prefix("COM").or_else(|| stem.strip_prefix("LPT"));
        number.is_some_and(|number| {
            let mut chars = number.chars();
            matches!((chars.next(), chars.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
        })
    };
    matches!(stem.as_str(), "AUX" | "CON" | "CONIN$" | "CONOUT$" | "NUL" | "PRN") || is_numbered(&stem)
}

fn shortened(name: &str) -> String {
    if name.len() <= LONGEST {
        return name.to_owned();
    }
    let ending = name.rfind('.').map_or("", |dot| &name[dot..]);
    let ending = if ending.len() <= LONGEST_ENDING { ending } else { "" };
    let mut end = LONGEST - ending.len();
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{ending}", &name[..end])
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn name(value: &str) -> Option<String> {
        ContentDisposition::parse(value).file_name
    }

    #[test]
    fn names_are_read_as_browsers_read_them() {
        for (value, expected) in [
            (r#"attachment; filename="a b.txt""#, Some("a b.txt")),
            ("attachment; filename=a b.txt", Some("a b.txt")),
            ("ATTACHMENT;FILENAME=a.txt", Some("a.txt")),
            (r#"attachment; filename = "a.txt""#, Some("a.txt")),
            (r#"attachment; filename="a\"b;c.txt"; x=y"#, Some("a\"b;c.txt")),
            (r#"attachment; filename="a.txt"#, Some("a.txt")),
            ("attachment; filename=a.txt; filename=b.txt", Some("a.txt")),
            ("attachment; filename=\"naïve.txt\"", Some("naïve.txt")),
            ("attachment; filename=a%20b.txt", Some("a%20b.txt")),
            ("filename=a.txt", Some("a.txt")),
            ("attachment; filename=\"\"", None),
            ("attachment; filename", None),
            ("attachment; xfilename=a.txt", None),
            ("attachment", None),
            ("", None),
        ] {
            assert_eq!(name(value).as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn an_extended_name_is_preferred_where_it_can_be_read() {
        for (value, expected) in [
            ("attachment; filename=a.txt; filename*=UTF-8''%C3%A4.txt", "ä.txt"),
            ("attachment; filename*=UTF-8''%C3%A4.txt; filename=a.txt", "ä.txt"),
            ("attachment; filename*=iso-8859-1''%E4.txt", "ä.txt"),
            (r#"attachment; filename*="UTF-8''%C3%A4.txt""#, "ä.txt"),
            ("attachment; filename=a.txt; filename*=UTF-8''%E4.txt", "a.txt"),
            ("attachment; filename=a.txt; filename*=koi8-r''b.txt", "a.txt"),
            ("attachment; filename=a.txt; filename*=b.txt", "a.txt"),
            ("attachment; filename*=koi8-r''b.txt; filename*=UTF-8''c.txt", "c.txt"),
        ] {
            assert_eq!(name(value).as_deref(), Some(expected), "{value}");
        }
    }

    #[test]
    fn a_type_that_nobody_knows_is_an_attachment_and_none_is_inline() {
        for (value, kind, is_attachment) in [
            ("Attachment; filename=a", "attachment", true),
            ("inline", "inline", false),
            ("form-data; name=x", "form-data", false),
            ("foo; filename=a", "foo", true),
            ("filename=a", "inline", false),
            ("", "", false),
        ] {
            let disposition = ContentDisposition::parse(value);
            assert_eq!((disposition.kind(), disposition.is_attachment()), (kind, is_attachment), "{value}");
        }
        assert_eq!(ContentDisposition::parse("form-data; name=x").parameter("name"), Some("x"));
    }

    #[test]
    fn names_of_a_form_are_read_as_the_html_standard_writes_them() {
        let value = r#"Form-Data; name="a%22%0D%0Ab%41\"; filename="C:\x;y.txt""#;
        let disposition = ContentDisposition::parse(value);
        assert_eq!(disposition.parameter("name"), Some("a\"\r\nb%41\\"));
        assert_eq!(disposition.file_name(), Some("C:\\x;y.txt"));
        let extended =
            ContentDisposition::parse(r#"form-data; name=x; filename="_"; filename*=UTF-8''%e2%82%ac%22"#);
        assert_eq!((extended.parameter("name"), extended.file_name()), (Some("x"), Some("€\"")));
    }

    #[test]
    fn a_safe_name_leaves_no_folder_and_no_device() {
        for (given, expected) in [
            ("a.txt", Some("a.txt")),
            ("/etc/passwd", Some("passwd")),
            ("..\\..\\x.exe", Some("x.exe")),
            (".htaccess", Some("htaccess")),
            ("...", None),
            ("a/", None),
            ("", None),
            (" . a . ", Some("a")),
            ("a\0b\r\nc\u{85}d", Some("abcd")),
            ("photo\u{202E}gpj.exe", Some("photogpj.exe")),
            ("a<b>c:d\"e|f?g*h", Some("a_b_c_d_e_f_g_h")),
            ("nul", Some("_nul")),
            ("Com1.tar.gz", Some("_Com1.tar.gz")),
            ("LPT¹", Some("_LPT¹")),
            ("COM10", Some("COM10")),
            ("console", Some("console")),
            ("日本語.txt", Some("日本語.txt")),
        ] {
            assert_eq!(safe_file_name(given).as_deref(), expected, "{given:?}");
        }
    }

    #[test]
    fn a_long_name_is_cut_at_a_character_and_keeps_its_ending() {
        let cut = safe_file_name(&format!("{}.txt", "ä".repeat(200))).expect("a name");
        assert!(cut.len() <= 255 && cut.len() >= 254 && cut.ends_with("ä.txt"), "{cut}");
        assert_eq!(safe_file_name(&"x".repeat(1000)).map(|name| name.len()), Some(255));
        let no_ending = format!("a.{}", "x".repeat(1000));
        assert_eq!(safe_file_name(&no_ending).map(|name| name.len()), Some(255));
        let device = format!("con.{}", "x".repeat(251));
        assert_eq!(safe_file_name(&device).map(|name| name.len()), Some(255));
    }

    #[test]
    fn no_name_makes_it_panic_or_gives_what_is_not_safe() {
        let parts = ["/", "\\", ".", " ", "\0", "ä", "con", "\u{202E}", "\"", "a", "%", ";", "'", "="];
        let mut state = 7_u32;
        for _ in 0..20_000 {
            let mut given = String::new();
            for _ in 0..8 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                given.push_str(parts[(state >> 16) as usize % parts.len()]);
            }
            let _ = ContentDisposition::parse(&given);
            let Some(safe) = safe_file_name(&given) else { continue };
            assert!(!safe.is_empty() && safe.len() <= 255 && !safe.starts_with('.'), "{given:?}: {safe:?}");
            assert!(!safe.contains(['/', '\\', '\0', '\u{202E}']), "{given:?}: {safe:?}");
            assert_eq!(safe_file_name(&safe).as_deref(), Some(safe.as_str()), "{given:?}");
        }
    }
}
