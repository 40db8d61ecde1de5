//! The supply here is this crate's own decoder: with the feature `charset` the real thing, so that what comes by way of
//! it must equal what comes without it; without the feature it tells what reaches a supply, and when.

use std::sync::Mutex;

use futures_util::FutureExt;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

#[derive(Clone, Default)]
struct Tables(Arc<Mutex<Vec<Asked>>>);

/// What a decoder was asked for, and the bytes that came.
type Asked = (About, Vec<u8>);

struct Table {
    decoder: Decoder,
    tables: Tables,
    at: usize,
}

impl Tables {
    fn asked(&self) -> Vec<Asked> {
        self.0.lock().unwrap().clone()
    }
}

impl Supply for Tables {
    fn decoder(&self, about: About) -> BoxFuture<'static, Result<Box<dyn Supplied>>> {
        let hints = about.hints();
        let decoder = if about.past_ascii { Decoder::past_ascii(hints) } else { Decoder::new(hints) };
        let mut asked = self.0.lock().unwrap();
        asked.push((about, Vec::new()));
        let table = Table { decoder, tables: self.clone(), at: asked.len() - 1 };
        Box::pin(async { Ok(Box::new(table) as Box<dyn Supplied>) })
    }
}

impl Supplied for Table {
    fn push(&mut self, bytes: &[u8], out: &mut String) -> Result<Event> {
        self.tables.0.lock().unwrap()[self.at].1.extend_from_slice(bytes);
        Ok(self.decoder.push(bytes, out))
    }

    fn finish(&mut self, out: &mut String) -> Result<Event> {
        Ok(self.decoder.finish(out))
    }

    fn late_label(&mut self, label: &str, out: &mut String) -> Result<Event> {
        Ok(self.decoder.late_label(label, out))
    }

    fn encoding(&self) -> String {
        self.decoder.encoding().to_owned()
    }

    fn source(&self) -> EncodingSource {
        self.decoder.source()
    }

    fn malformed(&self) -> bool {
        self.decoder.malformed()
    }
}

struct Unreachable;

impl Supply for Unreachable {
    fn decoder(&self, _: About) -> BoxFuture<'static, Result<Box<dyn Supplied>>> {
        Box::pin(async { Err(failed("404 Not Found")) })
    }
}

fn decode_by(supply: impl Supply + 'static, bytes: &[u8], content_type: &str) -> Result<Decoded> {
    let about = About::new(Some(content_type), "example.ru");
    decode(bytes, about, Some(Arc::new(supply))).now_or_never().unwrap()
}

#[test]
fn bodies_in_utf8_ask_for_nothing() {
    let long = format!("{} {}", "plain ".repeat(60_000), "é è ".repeat(3000));
    let flawed = ["é".repeat(9).as_bytes(), b"\xE9 and on".as_slice()].concat();
    for (bytes, content_type) in [
        ("naïve".as_bytes(), "text/plain"),
        ("\u{FEFF}naïve".as_bytes(), "text/plain; charset=gbk"),
        (b"cut \xFF".as_slice(), "text/html; charset=utf8"),
        ("<meta charset=utf-8>naïve".as_bytes(), "text/html"),
        ("<meta charset=utf-16>naïve".as_bytes(), "text/html"),
        (b"", ""),
        (long.as_bytes(), "text/html"),
        (&flawed, "text/plain"),
    ] {
        let tables = Tables::default();
        let about = About::new(Some(content_type), "example.ru");
        let decoded = decode_by(tables.clone(), bytes, content_type).unwrap();
        assert_eq!(decoded, charset::decode_with(bytes, about.hints()), "{content_type}");
        let mut decoder = BodyDecoder::new(about, Some(Arc::new(tables.clone())));
        let mut text = String::new();
        for piece in bytes.chunks(1000) {
            let _ = decoder.push(piece, &mut text).now_or_never().unwrap().unwrap();
        }
        let _ = decoder.finish(&mut text).now_or_never().unwrap().unwrap();
        assert_eq!(text, decoded.text);
        assert!(tables.asked().is_empty(), "{content_type}");
    }
}

#[test]
fn other_bodies_reach_the_supply_whole() {
    for (bytes, content_type) in [
        (b"plain".as_slice(), "text/plain; charset=gbk"),
        (b"\xFF\xFEa\0", "text/plain; charset=utf-8"),
        (b"<meta charset=gbk>\xC4\xE3", "text/html"),
        (b"caf\xE9 cr\xE8me", "text/plain"),
    ] {
        let tables = Tables::default();
        let _ = decode_by(tables.clone(), bytes, content_type).unwrap();
        let asked = tables.asked();
        let about = About::new(Some(content_type), "example.ru");
        assert_eq!(asked, [(about, bytes.to_vec())], "{content_type}");
    }
}

#[test]
#[cfg(not(feature = "charset"))]
fn labels_that_nobody_knows_are_for_the_supply_to_judge() {
    let tables = Tables::default();
    let _ = decode_by(tables.clone(), b"plain", "text/plain; charset=x-nonsense").unwrap();
    assert_eq!(tables.asked().len(), 1);
}

#[test]
fn a_supply_that_fails_is_a_typed_error() {
    for (bytes, content_type) in [(b"a".as_slice(), "text/plain; charset=gbk"), (b"\xE9", "")] {
        let error = decode_by(Unreachable, bytes, content_type).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Unsupported { feature: "charset", platform: "this build" });
        assert_eq!(error.message(), Some("charset.wasm: 404 Not Found"));
    }
}

#[test]
fn after_a_failure_the_decoder_is_at_its_end() {
    let mut decoder = BodyDecoder::new(About::new(None, ""), Some(Arc::new(Unreachable)));
    let mut out = String::new();
    assert!(decoder.push(b"\xFF\xFEa\0", &mut out).now_or_never().unwrap().is_err());
    assert_eq!(decoder.push(b"a", &mut out).now_or_never().unwrap().unwrap(), Event::Text);
    assert_eq!(out, "");
}

/// A page read for its title, and what was asked of the supply meanwhile.
#[cfg(feature = "html")]
mod pages {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::batch::SessionExt;
    use crate::client::Client;
    use crate::config::Config;
    use crate::page::Page;
    use crate::platform::scripted::{Reply, Scripted};

    fn page(platform: Scripted, content_type: &str, bytes: &[u8], cut: usize) -> Result<Page> {
        let mut reply = Reply::status(200).header("content-type", content_type);
        for piece in bytes.chunks(cut) {
            reply = reply.then(piece.to_vec());
        }
        platform.on("https://example.ru/", reply);
        let session = Client::with_backend(Config::new(), platform.clone())?;
        platform.run(async { session.page("https://example.ru/").await })
    }

    fn with(supply: impl Supply + 'static) -> Scripted {
        Scripted::new(7).with_charset(Arc::new(supply))
    }

    #[test]
    fn in_utf8_ask_for_nothing() {
        for page_text in ["<title>naïve</title>", "<meta charset=utf-8><title>naïve</title>"] {
            let tables = Tables::default();
            let page = page(with(tables.clone()), "text/html", page_text.as_bytes(), 5).unwrap();
            assert_eq!((page.title.as_deref(), page.encoding), (Some("naïve"), Some("UTF-8")));
            assert!(tables.asked().is_empty());
        }
    }

    #[test]
    fn labelled_otherwise_are_read_by_the_supply_from_their_first_byte() {
        let bytes = b"<meta charset=gbk><title>\xC4\xE3</title>";
        let tables = Tables::default();
        let _ = page(with(tables.clone()), "text/html", bytes, 5);
        let [(about, reached)] = tables.asked().try_into().unwrap();
        assert_eq!(about, About::new(Some("text/html"), "example.ru"));
        assert_eq!(reached, bytes);
    }

    #[test]
    fn without_their_supply_are_a_typed_error_with_their_url() {
        let error = page(with(Unreachable), "text/html; charset=gbk", b"<title>a</title>", 99).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Unsupported { feature: "charset", platform: "this build" });
        assert_eq!(error.url().map(crate::url::Url::as_str), Some("https://example.ru/"));
    }

    #[test]
    #[cfg(feature = "charset")]
    fn are_the_same_by_way_of_a_supply_or_not() {
        const TITLE: &[u8] = b"<title>\xCF\xF0\xE8\xE2\xE5\xF2, \xEC\xE8\xF0!</title>";
        let comment = |length: usize| [b"<!--", vec![b'a'; length].as_slice(), b"-->"].concat();
        let late = b"<meta charset=koi8-r></head>".as_slice();
        let flawed: &[u8] =
            b"<title>\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9</title><!--\xFF-->";
        for (bytes, encoding) in [
            (TITLE.to_vec(), "windows-1251"),
            ([b"\xFF\xFE".as_slice(), b"<\0t\0i\0t\0l\0e\0>\0a\0"].concat(), "UTF-16LE"),
            ([b"<meta charset=koi8-r>", TITLE].concat(), "KOI8-R"),
            ([&comment(2000), TITLE, late].concat(), "KOI8-R"),
            ([&comment(2000), flawed, late].concat(), "KOI8-R"),
            ([&comment(300_000), TITLE].concat(), "windows-1251"),
            ([&comment(600_000), b"<title>a</title>".as_slice(), late].concat(), "UTF-8"),
            ([&comment(300_000), b"<meta charset=koi8-r>".as_slice(), TITLE].concat(), "windows-1251"),
        ] {
            for cut in
                [bytes.len(), 70_000, 8192, 1000, 50].into_iter().filter(|cut| bytes.len() / cut < 1000)
            {
                let here = page(Scripted::new(7), "text/html", &bytes, cut).unwrap();
                let elsewhere = page(with(Tables::default()), "text/html", &bytes, cut).unwrap();
                assert_eq!(format!("{here:?}"), format!("{elsewhere:?}"), "pieces of {cut}");
                assert_eq!(here.encoding, Some(encoding), "pieces of {cut}");
            }
        }
    }
}

/// By way of a supply or not, each step must give the same event, text and verdict.
#[cfg(feature = "charset")]
mod equality {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    struct Random(u64);

    impl Random {
        fn below(&mut self, below: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 >> 33).unwrap_or_default() % below.max(1)
        }

        fn of<T: Copy>(&mut self, all: &[T]) -> T {
            all[self.below(all.len())]
        }
    }

    const TYPES: [&str; 6] = [
        "text/html",
        "text/plain",
        "text/xml",
        "application/xhtml+xml",
        "text/html; charset=shift_jis",
        "text/html; charset=x-nonsense",
    ];
    const LABELS: [&str; 7] =
        ["gbk", "utf-8", "x-nonsense", "iso-2022-jp", "windows-1251", "utf-16", "x-user-defined"];
    const SNIPPETS: [&[u8]; 14] = [
        b"<meta charset=gbk>",
        b"<meta charset=utf-8>",
        b"<?xml version='1.0' encoding='koi8-r'?>",
        b"\xEF\xBB\xBF",
        b"\xFF\xFE",
        b"\xFF",
        b"\xE0\x80",
        b"\xC3",
        b"\x1B$B%F%9%H\x1B(B",
        "é".as_bytes(),
        "日本語 日本語 日本語".as_bytes(),
        b"\xC4\xE3\xBA\xC3\xA3\xAC\xCA\xC0\xBD\xE7",
        b"\xCF\xF0\xE8\xE2\xE5\xF2, \xEC\xE8\xF0!",
        b"plain",
    ];

    /// Snippets and runs of ASCII, the runs near the lengths at which something is decided.
    fn body(random: &mut Random, snippets: usize, runs: &[usize]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for _ in 0..=random.below(snippets) {
            match random.below(3) {
                0 => {
                    let length = random.of(runs) + random.below(9);
                    bytes.resize(bytes.len() + length.saturating_sub(4), b'a');
                }
                _ => {
                    let (snippet, times) = (random.of(&SNIPPETS), 1 + random.below(4));
                    (0..times).for_each(|_| bytes.extend_from_slice(snippet));
                }
            }
        }
        bytes
    }

    fn compare(random: &mut Random, bytes: &[u8], largest_piece: usize) -> bool {
        let about = About::new(Some(random.of(&TYPES)), random.of(&["example.ru", "example.cn", ""]));
        let tables = Tables::default();
        let mut expected = Decoder::new(about.hints());
        let mut decoder = BodyDecoder::new(about, Some(Arc::new(tables.clone())));
        let mut rest = bytes;
        let labels = random.below(4) == 0;
        let stops = random.below(4) == 0;
        // Labels may be met after the end.
        let mut after = if labels { random.below(4) } else { 0 };
        let mut finished = false;
        loop {
            let (mut text, mut wanted) = (String::from("left"), String::from("left"));
            let ended = rest.is_empty();
            if stops && random.below(4) == 0 {
                decoder.local.defer();
            }
            let (event, wanted_event) = if finished || (labels && random.below(6) == 0) {
                let label = random.of(&LABELS);
                (decoder.late_label(label, &mut text).now_or_never(), expected.late_label(label, &mut wanted))
            } else if ended {
                finished = true;
                (decoder.finish(&mut text).now_or_never(), expected.finish(&mut wanted))
            } else {
                let (piece, tail) = rest.split_at(1 + random.below(rest.len().min(largest_piece)));
                rest = tail;
                (decoder.push(piece, &mut text).now_or_never(), expected.push(piece, &mut wanted))
            };
            assert_eq!(event.unwrap().unwrap(), wanted_event);
            assert!(text == wanted, "{} and {} bytes of text", text.len(), wanted.len());
            let verdict = (decoder.encoding(), decoder.source(), decoder.malformed());
            assert_eq!(verdict, (expected.encoding(), expected.source(), expected.malformed()));
            if finished && after == 0 {
                return !tables.asked().is_empty();
            }
            after -= usize::from(finished);
        }
    }

    #[test]
    fn of_short_bodies() {
        let mut random = Random(0x2545_F491_4F6C_DD1D);
        let supplied = (0..3000).filter(|_| {
            let bytes = body(&mut random, 6, &[4, 10, 1020]);
            compare(&mut random, &bytes, 40)
        });
        assert!(supplied.count() > 800);
    }

    #[test]
    fn of_bodies_longer_than_the_lookahead() {
        let mut random = Random(0x9E37_79B9_7F4A_7C15);
        let supplied = (0..400).filter(|_| {
            let bytes = body(&mut random, 9, &[4, 1024, 4096]);
            compare(&mut random, &bytes, 3000)
        });
        assert!(supplied.count() > 80);
    }

    #[test]
    fn of_bodies_longer_than_what_is_retained() {
        let mut random = Random(0xD1B5_4A32_D192_ED03);
        let supplied = (0..60).filter(|_| {
            let bytes = body(&mut random, 9, &[4, 4096, 256 << 10]);
            compare(&mut random, &bytes, 200_000)
        });
        assert!(supplied.count() > 12);
    }

    #[test]
    fn of_whole_bodies() {
        let mut random = Random(0xA076_1D64_78BD_642F);
        for _ in 0..300 {
            let bytes = body(&mut random, 8, &[4, 1024, 4096]);
            let content_type = random.of(&TYPES);
            let decoded = decode_by(Tables::default(), &bytes, content_type).unwrap();
            let hints = About::new(Some(content_type), "example.ru").hints();
            assert_eq!(decoded, charset::decode_with(&bytes, hints));
        }
    }
}
