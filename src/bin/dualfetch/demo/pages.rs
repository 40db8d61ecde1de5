//! The embedded pages: what is served, and what must come out of it.

use std::time::Duration;

use async_compression::tokio::write::{BrotliEncoder, GzipEncoder};
use bytes::Bytes;
use encoding_rs::{Encoding, GBK, SHIFT_JIS, UTF_8, WINDOWS_1252};
use http::StatusCode;
use tokio::io::{AsyncWrite, AsyncWriteExt};

/// One page, at a path of its own.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) path: String,
    /// What it shows, in a few words.
    pub(crate) what: String,
    pub(crate) answer: Answer,
    pub(crate) expected: Expected,
}

/// What a server does when it is asked for a page.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// Closes the connection in the middle of the page.
    Cut,
    /// Never answers.
    Hang,
    /// This page, filled up to a length.
    Long { start: Bytes, length: u64 },
    /// To the page at this path, which another host has.
    Redirect(String),
    /// A page, all there.
    Whole(Whole),
}

/// A response's main parts.
#[derive(Clone, Debug)]
pub(crate) struct Whole {
    pub(crate) status: StatusCode,
    pub(crate) content_type: String,
    pub(crate) content_encoding: Option<&'static str>,
    pub(crate) body: Bytes,
    /// How long it takes to begin.
    pub(crate) after: Duration,
    /// How long it stops in the middle of its body.
    pub(crate) pause: Duration,
}

/// What must come out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// An error with this code and phase.
    Error(&'static str, Option<&'static str>),
    /// A page with this status, title and encoding, and what decided on the encoding.
    Page(u16, Option<&'static str>, &'static str, &'static str),
}

/// How a page says what it is encoded in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Label {
    Header,
    Meta,
    None,
}

/// How long the 5 MB page is.
const LONG: u64 = 5_000_000;

/// All of them.
pub(crate) async fn all() -> Vec<Page> {
    let mut pages = languages();
    pages.extend([gzip().await, brotli().await]);
    pages.extend([redirect(), moved_here(), not_found(), out_of_order(), untitled(), long(), slow()]);
    pages.extend([cut(), hanging()]);
    pages
}

impl Page {
    /// Takes its time, as pages from far away do: `after` more to begin, and then `pause` in the middle.
    pub(crate) fn slowed(mut self, after: Duration, pause: Duration) -> Self {
        if let Answer::Whole(page) = &mut self.answer {
            page.after += after;
            page.pause += pause;
        }
        self
    }
}

/// Each encoding with a label in the header, with one in the page, and with none, when it must be detected.
fn languages() -> Vec<Page> {
    use Label::{Header, Meta, None};
    const CZECH: &str = "Příliš žluťoučký kůň úpěl ódy";
    const GREEK: &str = "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία";
    const RUSSIAN: &str = "Съешь ещё этих мягких булок";
    const CHINESE: [(&str, &str); 3] = [
        ("红楼梦 · 甄士隐梦幻识通灵", "满纸荒唐言,一把辛酸泪。都云作者痴,谁解其中味?"),
        ("三国演义 · 宴桃园豪杰三结义", "话说天下大势,分久必合,合久必分。"),
        ("西游记 · 灵根育孕源流出", "混沌未分天地乱,茫茫渺渺无人见。自从盘古破鸿蒙,开辟从兹清浊辨。"),
    ];
    const JAPANESE: [(&str, &str); 3] = [
        ("吾輩は猫である", "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。"),
        (
            "銀河鉄道の夜",
            "ではみなさんは、そういうふうに川だと云われたり、乳の流れたあとだと云われたりしていた。",
        ),
        ("雪国", "国境の長いトンネルを抜けると雪国であった。夜の底が白くなった。信号所に汽車が止まった。"),
    ];
    const WESTERN: [(&str, &str); 3] = [
        ("Bücher & Brücken – für Anfänger", "Über allen Gipfeln ist Ruh, in allen Wipfeln spürest du."),
        (
            "À la recherche du temps perdu",
            "Longtemps, je me suis couché de bonne heure. Parfois, à peine ma bougie éteinte…",
        ),
        (
            "El niño, la cigüeña y el corazón",
            "En un lugar de la Mancha, de cuyo nombre no quiero acordarme, no ha mucho tiempo que vivía un hidalgo.",
        ),
    ];
    let of = |encoding, label, (title, text)| language(encoding, label, title, text);
    vec![
        of(UTF_8, Header, (CZECH, CZECH)),
        of(UTF_8, Meta, (GREEK, GREEK)),
        of(UTF_8, None, (RUSSIAN, RUSSIAN)),
        of(GBK, Header, CHINESE[0]),
        of(GBK, Meta, CHINESE[1]),
        of(GBK, None, CHINESE[2]),
        of(SHIFT_JIS, Header, JAPANESE[0]),
        of(SHIFT_JIS, Meta, JAPANESE[1]),
        of(SHIFT_JIS, None, JAPANESE[2]),
        of(WINDOWS_1252, Header, WESTERN[0]),
        of(WINDOWS_1252, Meta, WESTERN[1]),
        of(WINDOWS_1252, None, WESTERN[2]),
    ]
}

fn language(encoding: &'static Encoding, label: Label, title: &'static str, text: &str) -> Page {
    let name = encoding.name();
    let (meta, charset) = match label {
        Label::Header => (String::new(), format!("; charset={name}")),
        Label::Meta => (format!("<meta charset={name}>"), String::new()),
        Label::None => (String::new(), String::new()),
    };
    let (place, what, source) = match label {
        Label::Header => ("header", "by header", "content-type"),
        Label::Meta => ("meta", "by <meta>", "meta"),
        Label::None if encoding == UTF_8 => ("unlabelled", "unlabelled", "utf-8"),
        Label::None => ("unlabelled", "unlabelled", "detected"),
    };
    let body = encoding.encode(&document(&meta, title, text)).0.into_owned().into();
    Page {
        path: format!("/{}/{place}", name.to_ascii_lowercase()),
        what: format!("{name} {what}"),
        answer: Answer::Whole(Whole { content_type: format!("text/html{charset}"), ..whole(body) }),
        expected: Expected::Page(200, Some(title), name, source),
    }
}

async fn gzip() -> Page {
    const TITLE: &str = "Alice’s Adventures in Wonderland";
    let body = compressed(GzipEncoder::new(Vec::new()), &story(TITLE), GzipEncoder::into_inner).await;
    let whole = Whole { content_encoding: Some("gzip"), ..whole(body.into()) };
    page("/gzip", "compressed by gzip", Answer::Whole(whole), titled(200, TITLE))
}

async fn brotli() -> Page {
    const TITLE: &str = "Through the Looking-Glass";
    let body = compressed(BrotliEncoder::new(Vec::new()), &story(TITLE), BrotliEncoder::into_inner).await;
    let whole = Whole { content_encoding: Some("br"), ..whole(body.into()) };
    page("/br", "compressed by Brotli", Answer::Whole(whole), titled(200, TITLE))
}

fn redirect() -> Page {
    page("/old", "moved to another host", Answer::Redirect("/new".to_owned()), titled(200, MOVED))
}

const MOVED: &str = "A new home";

fn moved_here() -> Page {
    page(
        "/new",
        "where that leads",
        Answer::Whole(whole(document("", MOVED, MOVED).into())),
        titled(200, MOVED),
    )
}

fn not_found() -> Page {
    const TITLE: &str = "Lost, but with a title";
    let body = document("", TITLE, "Nothing is here.").into();
    let whole = Whole { status: StatusCode::NOT_FOUND, ..whole(body) };
    page("/nowhere", "not found", Answer::Whole(whole), titled(404, TITLE))
}

fn out_of_order() -> Page {
    const TITLE: &str = "Out of order, and it says so";
    let body = document("", TITLE, "Come back later.").into();
    let whole = Whole { status: StatusCode::INTERNAL_SERVER_ERROR, ..whole(body) };
    page("/broken", "the server's own error", Answer::Whole(whole), titled(500, TITLE))
}

fn untitled() -> Page {
    let body = "<!doctype html><p>A page that nobody gave a title.".into();
    let expected = Expected::Page(200, None, "UTF-8", "utf-8");
    page("/untitled", "no <title>", Answer::Whole(whole(body)), expected)
}

fn long() -> Page {
    const TITLE: &str = "Five megabytes, the title on top";
    let start = Bytes::from(document("<meta charset=utf-8>", TITLE, "And then it goes on."));
    let expected = Expected::Page(200, Some(TITLE), "UTF-8", "meta");
    page("/long", "a page of 5 MB", Answer::Long { start, length: LONG }, expected)
}

fn slow() -> Page {
    const TITLE: &str = "Worth the wait";
    let body = document("", TITLE, "Patience.").into();
    let whole = Whole { after: Duration::from_secs(1), ..whole(body) };
    page("/slow", "takes a second", Answer::Whole(whole), titled(200, TITLE))
}

fn cut() -> Page {
    page("/cut", "drops the connection", Answer::Cut, Expected::Error("disconnected", None))
}

fn hanging() -> Page {
    page("/hanging", "never answers", Answer::Hang, Expected::Error("timeout", Some("headers")))
}

fn page(path: &str, what: &str, answer: Answer, expected: Expected) -> Page {
    Page { path: path.to_owned(), what: what.to_owned(), answer, expected }
}

fn titled(status: u16, title: &'static str) -> Expected {
    Expected::Page(status, Some(title), "UTF-8", "utf-8")
}

fn whole(body: Bytes) -> Whole {
    Whole {
        status: StatusCode::OK,
        content_type: "text/html".to_owned(),
        content_encoding: None,
        body,
        after: Duration::ZERO,
        pause: Duration::ZERO,
    }
}

fn document(meta: &str, title: &str, text: &str) -> String {
    let title = title.replace('&', "&amp;");
    format!(
        "<!doctype html><html><head>{meta}<title>{title}</title></head><body><p>{text}</p></body></html>\n"
    )
}

/// A page worth compressing.
fn story(title: &str) -> String {
    document("", title, &"“Curiouser and curiouser!” cried Alice. ".repeat(200))
}

async fn compressed<E: AsyncWrite + Unpin>(mut encoder: E, text: &str, inner: fn(E) -> Vec<u8>) -> Vec<u8> {
    // A vector takes everything.
    let _ = encoder.write_all(text.as_bytes()).await;
    let _ = encoder.shutdown().await;
    inner(encoder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_can_be_written_in_its_encoding() {
        for page in languages() {
            let Answer::Whole(Whole { body, .. }) = &page.answer else { panic!("{page:?}") };
            let Expected::Page(_, Some(title), name, _) = page.expected else { panic!("{page:?}") };
            let encoding = Encoding::for_label(name.as_bytes()).expect("a known name");
            let (text, malformed) = encoding.decode_without_bom_handling(body);
            assert!(!malformed && text.contains(&title.replace('&', "&amp;")), "{text}");
            // What cannot be written becomes a numeric reference.
            assert!(!text.contains("&#"), "{text}");
        }
    }

    #[tokio::test]
    async fn paths_are_distinct() {
        let pages = all().await;
        let paths: std::collections::BTreeSet<_> = pages.iter().map(|page| &page.path).collect();
        assert_eq!(paths.len(), pages.len());
    }
}
