//! One behaviour a test. The metadata is in `metadata`, titles that need no parser in `plain`, selectors in `selecting`, the title's meaning in `semantics`,
//! the scanner's manners in `streaming`, the quick way through the head in `skimming`.

mod metadata;
mod plain;
#[cfg(feature = "select")]
mod selecting;
mod semantics;
mod skimming;
mod streaming;

/// Pages with their titles, for the tests that hold for any page.
const PAGES: &[(&str, Option<&str>)] = &[
    ("", None),
    ("<title", None),
    ("<title>", Some("")),
    ("<title>é ünï 日本語</title>", Some("é ünï 日本語")),
    ("<!DOCTYPE html><html><head><meta charset=utf-8><title>a</title></head><body>b", Some("a")),
    ("<TITLE\tid=x> a\r\n\r\nb\u{c}c </TiTlE\n>", Some("a b c")),
    ("<title>a &amp b &notit; &#13; &#x1F600;&lt</title>", Some("a & b ¬it; 😀<")),
    ("<title>a</titl</title2></title/>", Some("a</titl</title2>")),
    ("<title>a</title><title>b</title>", Some("a")),
    ("<!-- <title>no</title> --><title>a</title>", Some("a")),
    ("<script>'<title>no</title>'; <!-- <script> </script> --></script><title>a</title>", Some("a")),
    ("<body><p>x</p><svg><title>no</title><desc><title>a</title></desc></svg>", Some("a")),
    ("<svg><![CDATA[<title>no</title>]]></svg><title>a</title>", Some("a")),
    ("<template><title>no</title></template>x<title>a</title>", Some("a")),
    ("<table><tr><td><title>b</title></td></tr><title>a</title></table>", Some("a")),
    ("<div><title>no</title></div><frameset><title>no</title></frameset>", None),
    ("<math><annotation-xml encoding='Text/HTML'><title>a</title>", Some("a")),
    ("<b><p><title>a</title></b>x</p><title>b</title>", Some("a")),
    ("<p>\0<title>\0a\r</title>", Some("\u{fffd}a")),
    ("<plaintext><title>no</title>", None),
];
