//! Compressed bodies that are not what they should be, and some that are.

use async_compression::tokio::write::{BrotliEncoder, DeflateEncoder, GzipEncoder, ZlibEncoder, ZstdEncoder};
use tokio::io::AsyncWriteExt;

use crate::support::{Script, faults};

use super::rows;

fn text() -> String {
    (0..4000).map(|n| format!("{n} words, ")).collect()
}

/// The text in each coding; `deflate` is sent in zlib's wrapping (RFC 9110, section 8.4.1.2) and without it.
async fn coded(text: &str) -> [(&'static str, &'static str, Vec<u8>); 5] {
    macro_rules! by {
        ($encoder:ident) => {{
            let mut encoder = $encoder::new(Vec::new());
            encoder.write_all(text.as_bytes()).await.expect("in memory");
            encoder.shutdown().await.expect("in memory");
            encoder.into_inner()
        }};
    }
    [
        ("gzip", "gzip", by!(GzipEncoder)),
        ("deflate", "deflate", by!(ZlibEncoder)),
        ("raw deflate", "deflate", by!(DeflateEncoder)),
        ("br", "br", by!(BrotliEncoder)),
        ("zstd", "zstd", by!(ZstdEncoder)),
    ]
}

fn sends(coding: &str, body: Vec<u8>) -> Script {
    faults::with_headers(&[("Content-Encoding", coding)], body)
}

/// Those that carry a checksum, or whose damage shows in their structure.
pub async fn damaged_in_their_middle(_: &()) {
    let all = coded(&text()).await.into_iter().filter(|(name, ..)| ["gzip", "deflate", "br"].contains(name));
    let all = all.map(|(name, coding, mut body)| {
        let middle = body.len() / 2;
        body[middle..middle + 64].fill(0xff);
        (name, sends(coding, body), "decode")
    });
    rows(all.collect()).await;
}

pub async fn damaged_at_their_start(_: &()) {
    let all = coded(&text()).await.into_iter().map(|(name, coding, mut body)| {
        body[..4].fill(0xff);
        (name, sends(coding, body), "decode")
    });
    rows(all.collect()).await;
}

pub async fn cut_short(_: &()) {
    for missing in [1, 1000] {
        let all = coded(&text()).await.into_iter().map(|(name, coding, mut body)| {
            body.truncate(body.len() - missing);
            (name, sends(coding, body), "decode")
        });
        rows(all.collect()).await;
    }
}

pub async fn whole_in_any_spelling(_: &()) {
    let [(_, _, gzip), ..] = coded("a text").await;
    let spelt = ["gzip", "x-gzip", "GZIP", " gzip ", "identity, gzip", "gzip, identity"];
    rows(spelt.into_iter().map(|coding| (coding, sends(coding, gzip.clone()), "200: a text")).collect())
        .await;
}

/// Not what curl and Chromium do, who take no notice of anything behind the first member of gzip.
pub async fn followed_by_other_bytes(_: &()) {
    let [(_, _, gzip), (_, _, zlib), ..] = coded("a text").await;
    let padded = |body: &[u8]| [body, &[0; 100]].concat();
    let twice = [&gzip[..], &gzip[..]].concat();
    rows(vec![
        ("two members of gzip", sends("gzip", twice), "200: a texta text"),
        ("zeros after gzip", sends("gzip", padded(&gzip)), "decode"),
        ("zeros after deflate", sends("deflate", padded(&zlib)), "200: a text"),
    ])
    .await;
}
