//! Text of strangers, made fit to be shown: titles come from anyone, and a terminal obeys what it is sent.

use dualfetch::row::is_control;
use unicode_width::UnicodeWidthChar;

/// The text without what [`is_control`] tells of: white space becomes a space, all else U+FFFD.
pub(crate) fn plain(text: &str) -> String {
    let shown = |c: char| match c {
        '\t' | '\n' | '\r' | '\u{2028}' | '\u{2029}' => ' ',
        _ if is_control(c) => '\u{FFFD}',
        _ => c,
    };
    text.chars().map(shown).collect()
}

/// The text with all of these, and the backslash, written as escapes.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\\' => out.push_str("\\\\"),
            _ if is_control(c) => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            _ => out.push(c),
        }
    }
    out
}

/// The text cut to so many columns, the cut shown as `…`, and filled up with spaces.
///
/// Marks that take no column are cut as well once there are too many: a title may hold thousands.
pub(super) fn fit(text: &str, columns: usize) -> String {
    let most = columns.saturating_mul(4);
    let mut out = String::new();
    // As far as it goes, and how far of that would leave a column for the dots.
    let (mut used, mut cut, mut cut_used) = (0, 0, 0);
    for (count, c) in text.chars().enumerate() {
        let width = c.width().unwrap_or(0);
        if used + width > columns || count >= most {
            out.truncate(cut);
            out.push('…');
            used = cut_used + 1;
            break;
        }
        out.push(c);
        used += width;
        if used < columns {
            (cut, cut_used) = (out.len(), used);
        }
    }
    out.extend(std::iter::repeat_n(' ', columns.saturating_sub(used)));
    out
}

/// The text cut in its middle to at most so many columns: of a URL both ends tell.
pub(super) fn squeeze(text: &str, columns: usize) -> String {
    let width = |c: &char| c.width().unwrap_or(0);
    let within = |columns: usize| {
        let mut used = 0;
        move |c: &char| {
            used += width(c);
            used <= columns
        }
    };
    if text.chars().map(|c| width(&c)).sum::<usize>() <= columns {
        return text.to_owned();
    }
    let kept = columns.saturating_sub(1);
    let head: String = text.chars().take_while(within(kept / 2)).collect();
    let mut tail: Vec<char> = text.chars().rev().take_while(within(kept - kept / 2)).collect();
    tail.reverse();
    format!("{head}…{}", String::from_iter(tail))
}

/// The text filled up to so many columns, and never cut.
pub(super) fn pad(text: &str, columns: usize) -> String {
    let used: usize = text.chars().map(|c| c.width().unwrap_or(0)).sum();
    let mut out = text.to_owned();
    out.extend(std::iter::repeat_n(' ', columns.saturating_sub(used)));
    out
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;

    #[test]
    fn nothing_is_left_that_a_terminal_would_obey() {
        assert_eq!(plain("a\u{1b}]0;x\u{7}b\u{9b}2J\u{7f}"), "a\u{FFFD}]0;x\u{FFFD}b\u{FFFD}2J\u{FFFD}");
        assert_eq!(plain("a\r\nb\tc\u{2028}d"), "a  b c d");
        assert_eq!(plain("safe\u{202E}txt.exe"), "safe\u{FFFD}txt.exe");
        assert_eq!(plain("Привет, 世界! 👩‍🚀 é"), "Привет, 世界! 👩‍🚀 é");
        assert_eq!(escaped("a\tb\\c\u{1b}"), "a\\tb\\\\c\\u001b");
    }

    #[test]
    fn cells_have_their_width_whatever_is_in_them() {
        assert_eq!(fit("abc", 5), "abc  ");
        assert_eq!(fit("abcde", 5), "abcde");
        assert_eq!(fit("abcdef", 5), "abcd…");
        assert_eq!(fit("世界人民", 8), "世界人民");
        assert_eq!(fit("世界人民", 7), "世界人…");
        assert_eq!(fit("世界人民", 6), "世界… ");
        assert_eq!(fit("", 3), "   ");
        for columns in 1..20 {
            for text in ["", "plain text", "世界人民共和国万歳", "e\u{301}e\u{301}e\u{301}", "a世b界c人d"]
            {
                assert_eq!(fit(text, columns).width(), columns, "{text:?} in {columns}");
            }
        }
        assert!(fit(&"\u{301}".repeat(10_000), 10).len() < 100);
        assert_eq!(pad("世", 4), "世  ");
        assert_eq!(squeeze("example.com/a/b", 15), "example.com/a/b");
        assert_eq!(squeeze("example.com/a/long/way/17", 13), "exampl…way/17");
        assert_eq!(squeeze("世界人民共和国万歳", 9), "世界…万歳");
        assert_eq!(squeeze("abc", 0), "…");
        assert_eq!(pad("long", 2), "long");
    }
}
