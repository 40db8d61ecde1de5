//! Damage to documents, as of a broken transfer, a bad editor or ill will.

use super::chance::Chance;
use super::words::{COMMENTS, IN_TITLES, METADATA, TEXTS};

const TELLING: &[&str] = &[
    "<",
    ">",
    "/",
    "\"",
    "'",
    "=",
    "&",
    ";",
    "\0",
    "\r",
    "\n",
    " ",
    "-",
    "!",
    "[",
    "]",
    "?",
    "#",
    "t",
    "T",
    "é",
    "</",
    "<!",
    "\u{feff}",
    "<title>",
    "</title>",
    "<table>",
    "</table>",
    "<svg>",
    "</svg>",
    "<template>",
    "</template>",
    "<frameset>",
    "<select>",
    "<math>",
    "</p>",
    "<body>",
    "</head>",
    "</body>",
    "<td>",
];

/// `page` with a few things wrong, `other` being where foreign parts come from.
pub(crate) fn damaged(page: &str, other: &str, chance: &mut Chance) -> String {
    let mut page = page.to_owned();
    for _ in 0..=chance.below(5) {
        let (from, to) = stretch(&page, chance);
        match chance.below(9) {
            0 => page.replace_range(from..to, ""),
            1 => {
                let again = page[from..to].to_owned();
                page.insert_str(from, &again);
            }
            2 => page.insert_str(from, one(chance)),
            3 => page.replace_range(from..to, one(chance)),
            4 => {
                let (start, end) = stretch(other, chance);
                page.insert_str(from, &other[start..end]);
            }
            5 => {
                let moved = page[from..to].to_owned();
                page.replace_range(from..to, "");
                let at = chance.boundary(&page);
                page.insert_str(at, &moved);
            }
            6 => {
                let swapped = swapped_case(&page[from..to]);
                page.replace_range(from..to, &swapped);
            }
            7 => page = bytes_changed(&page, chance),
            _ => page.truncate(to),
        }
    }
    page
}

fn one(chance: &mut Chance) -> &'static str {
    let of = chance.pick(&[TELLING, TELLING, TELLING, TEXTS, COMMENTS, IN_TITLES, METADATA]);
    chance.pick(of)
}

/// Mostly a short one.
fn stretch(text: &str, chance: &mut Chance) -> (usize, usize) {
    let (a, b) = (chance.boundary(text), chance.boundary(text));
    if chance.once_in(3) {
        return (a.min(b), a.max(b));
    }
    let length: usize = text[a..].chars().take(1 + chance.below(12)).map(char::len_utf8).sum();
    (a, a + length)
}

fn swapped_case(text: &str) -> String {
    let swap = |c: char| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
    text.chars().map(swap).collect()
}

/// What is no longer UTF-8 is replaced, as by a decoder.
fn bytes_changed(text: &str, chance: &mut Chance) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..=chance.below(3) {
        if !bytes.is_empty() {
            let at = chance.below(bytes.len());
            bytes[at] ^= 1 << chance.below(8);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
