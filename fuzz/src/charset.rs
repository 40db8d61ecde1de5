//! Encodings: what a decoder makes of a body in pieces is what the whole body is, and that is what the tables say.

use dualfetch::charset::{
    Decoded, Decoder, EncodingSource, Event, Hints, decode_with, label_in_meta_content,
};
use encoding_rs::Encoding;

use super::memory::peak_of;
use super::page;
use super::plan::Plan;

/// A body, its text and both once more while they are moved; a detector and what is kept to take the text back.
const PER_BYTE: usize = 8;
const BESIDE: usize = 256 << 10;

/// What a decoder promises: "at most a few times per body".
const RESTARTS: usize = 3;

const TYPES: [Option<&str>; 20] = [
    None,
    Some("text/html"),
    Some("text/html; charset=utf-8"),
    Some("text/html; charset=windows-1252"),
    Some("text/html; charset=shift_jis"),
    Some("text/html; charset=big5"),
    Some("text/html; charset=euc-jp"),
    Some("text/html; charset=euc-kr"),
    Some("text/html; charset=gbk"),
    Some("text/html; charset=gb18030"),
    Some("text/html; charset=iso-2022-jp"),
    Some("text/html; charset=utf-16"),
    Some("text/html; charset=utf-16be"),
    Some("text/html; charset=hz-gb-2312"),
    Some("text/html; charset=x-user-defined"),
    Some("text/html; charset=nonsense"),
    Some("text/plain"),
    Some("text/xml"),
    Some("application/xhtml+xml"),
    Some("image/svg+xml, text/html; charset=\"koi8-r\""),
];

const HOSTS: [&str; 6] = ["", "example.com", "a.jp", "b.ru.", "xn--p1ai", "c.pl"];

const LATE: [Option<&str>; 8] =
    [None, None, None, Some("gbk"), Some("utf-8"), Some("iso-2022-jp"), Some("hz-gb-2312"), Some("utf-16")];

/// ASCII in front of the body: none, and such that a limit lies within the body.
const FILLERS: [usize; 8] = [0, 0, 0, 0, 0, 1000, 4000, (256 << 10) - 64];

/// Of a page that is read as such, too.
const SHORT: usize = 8 << 10;

/// Panics where the text depends on the cuts, is not what its encoding says, or takes more memory than the body
/// accounts for.
pub fn hold(data: &[u8]) {
    let mut plan = Plan::of(data);
    let content_type = plan.choose(&TYPES);
    let late = plan.choose(&LATE);
    let mut body = vec![b' '; plan.choose(&FILLERS)];
    body.extend(data.repeat(plan.times));
    let hints = Hints::new().host(plan.choose(&HOSTS));
    let hints = match content_type {
        // Nearly any header at all.
        Some("text/xml") if data.len().is_multiple_of(2) => {
            hints.content_type(&String::from_utf8_lossy(data))
        }
        Some(value) => hints.content_type(value),
        None => hints,
    };

    let whole = decode_with(&body, hints.clone());
    assert_is_what_the_tables_say(&whole, &body);
    let cuts = plan.cuts(body.len());
    let ((pieces, restarts), peak) = peak_of(|| stream(&body, &hints, &cuts, None));
    assert_eq!(pieces, whole, "in pieces");
    assert!(restarts <= RESTARTS, "{restarts} restarts");
    assert!(peak <= BESIDE + PER_BYTE * body.len(), "{peak} bytes for a body of {}", body.len());

    if let Some(label) = late {
        // Perhaps behind the end: a parser may meet it in the last text.
        let at =
            if plan.choose(&[true, false]) { body.len() + 1 } else { cuts.first().copied().unwrap_or(0) };
        let late = Some((at, label));
        let (pieces, restarts) = stream(&body, &hints, &cuts, late);
        assert_is_what_the_tables_say(&pieces, &body);
        assert!(restarts <= RESTARTS + 1, "{restarts} restarts");
        assert_eq!(stream(&body, &hints, &[], late).0, pieces, "with a late label");
    }
    if body.len() <= SHORT {
        page::hold(&body, content_type, &cuts);
    }
    let content = String::from_utf8_lossy(data);
    let label = label_in_meta_content(&content);
    assert!(label.is_none_or(|label| content.contains(label)));
}

/// What a consumer has in the end that heeds every restart, and how many there were.
fn stream(body: &[u8], hints: &Hints, cuts: &[usize], late: Option<(usize, &str)>) -> (Decoded, usize) {
    let mut decoder = Decoder::new(hints.clone());
    let mut text = String::new();
    let mut restarts = 0;
    let mut take = |event, out: String| {
        if event == Event::Restart {
            text.clear();
            restarts += 1;
        }
        text.push_str(&out);
    };
    let mut ends = cuts.to_vec();
    ends.extend(late.map(|(at, _)| at.min(body.len())));
    ends.push(body.len());
    ends.sort_unstable();
    let mut from = 0;
    let mut label = late;
    for end in ends {
        let mut out = String::new();
        take(decoder.push(&body[from..end], &mut out), out);
        from = end;
        if let Some((_, label)) = label.take_if(|(at, _)| *at == end) {
            let mut out = String::new();
            take(decoder.late_label(label, &mut out), out);
        }
    }
    let mut out = String::new();
    take(decoder.finish(&mut out), out);
    if let Some((_, label)) = label {
        let mut out = String::new();
        take(decoder.late_label(label, &mut out), out);
    }
    let mut out = String::new();
    take(decoder.push(body, &mut out), out);
    let mut decoded = decode_with(b"", Hints::new());
    decoded.text = text;
    decoded.encoding = decoder.encoding();
    decoded.source = decoder.source();
    decoded.malformed = decoder.malformed();
    decoded.unsupported = decoder.unsupported().map(str::to_owned);
    (decoded, restarts)
}

fn assert_is_what_the_tables_say(decoded: &Decoded, body: &[u8]) {
    let encoding = Encoding::for_label(decoded.encoding.as_bytes()).expect("a name is a label");
    assert_eq!(encoding.name(), decoded.encoding);
    assert_eq!(decoded.unsupported, None);
    let mark = match (decoded.source, decoded.encoding) {
        (EncodingSource::Bom, "UTF-8") => 3,
        (EncodingSource::Bom, _) => 2,
        _ => 0,
    };
    let (text, malformed) = encoding.decode_without_bom_handling(&body[mark..]);
    assert_eq!(decoded.text, text, "{}", decoded.encoding);
    assert_eq!(decoded.malformed, malformed, "{}", decoded.encoding);
}
