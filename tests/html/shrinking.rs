use super::chance::boundary;

/// The least of `page` that is still found `wrong`, as far as leaving out one stretch after another goes.
pub(crate) fn shrunk(page: &str, wrong: impl Fn(&str) -> bool) -> String {
    let mut least = page.to_owned();
    // Each try parses the page: a difference that hides is printed larger rather than an hour later.
    let mut tries = 20_000;
    let mut size = least.len().div_ceil(2);
    while size > 0 && tries > 0 {
        let before = least.len();
        let mut at = 0;
        while at < least.len() && tries > 0 {
            let from = boundary(&least, at);
            let to = behind(&least, at + size);
            let candidate = [&least[..from], &least[to..]].concat();
            tries -= 1;
            if wrong(&candidate) {
                least = candidate;
            } else {
                at = to;
            }
        }
        if least.len() == before || size > 1 {
            size /= 2;
        }
    }
    least
}

/// The first place from `at` on where `text` may be cut.
fn behind(text: &str, at: usize) -> usize {
    (at..text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len())
}

#[test]
fn what_plays_no_part_is_left_out() {
    let page = format!("{}<b>é{}</b>{}", "x".repeat(100), "<i>".repeat(50), "日本".repeat(30));
    let wrong = |page: &str| page.find("<b>").is_some_and(|at| page[at..].contains("</b>"));
    assert_eq!(shrunk(&page, wrong), "<b></b>");
}

#[test]
fn what_is_least_already_stays() {
    assert_eq!(shrunk("é", |page| page == "é"), "é");
    assert_eq!(shrunk("", |_| true), "");
}
