//! Text and markup made up from a seed: the same on every machine.

/// White space stripped and collapsed as in `document.title`.
pub(crate) fn collapsed(text: &str) -> String {
    text.split(['\t', '\n', '\x0c', '\r', ' ']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

const WORDS: &[&str] = &[
    "river", "council", "the", "of", "market", "a", "price", "and", "report", "in", "new", "to", "engine",
    "for", "with", "summer", "on", "library", "is", "city", "that", "energy", "by", "film", "was", "record",
    "at", "garden", "from", "travel", "as", "science", "über", "café", "naïve", "München", "日本", "год",
    "data", "update", "review", "guide", "open", "water", "night", "school", "price", "team", "value",
    "story",
];

/// SplitMix64, and what is made with it.
pub(crate) struct Words(u64);

impl Words {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn number(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (((mixed ^ (mixed >> 31)) >> 11) % below.max(1) as u64) as usize
    }

    pub(crate) fn word(&mut self) -> &'static str {
        WORDS[self.number(WORDS.len())]
    }

    pub(crate) fn words(&mut self, count: usize) -> String {
        (0..count).map(|_| self.word()).collect::<Vec<_>>().join(" ")
    }

    /// A paragraph's text, with a link and an entity here and there.
    pub(crate) fn prose(&mut self, words: usize) -> String {
        let mut text = String::new();
        for at in 0..words {
            let word = self.word();
            match self.number(24) {
                0 => text.push_str(&format!("<a href=\"/{word}/{at}?from=list&amp;at={at}\">{word}</a>")),
                1 => text.push_str(&format!("<em>{word}</em>")),
                2 => text.push_str(&format!("{word} &mdash;")),
                3 => text.push_str(&format!("&ldquo;{word}&rdquo;&nbsp;&#8211;")),
                4 => text.push_str(&format!("{word}.\n")),
                _ => text.push_str(word),
            }
            text.push(' ');
        }
        text
    }

    /// A heading, some paragraphs, a list and an image.
    pub(crate) fn block(&mut self) -> String {
        let (heading, first, second) = (self.words(5), self.prose(40), self.prose(60));
        let (item, image) = (self.words(4), self.number(100_000));
        format!(
            "<section class=\"block block--text\" id=\"s{image}\"><h2>{heading}</h2>\n<p>{first}</p>\n<p class=\"lead\">{second}</p>\n\
             <ul><li>{item}</li><li><b>{heading}</b></li></ul>\n<img src=\"/image/{image}.jpg\" alt=\"{item}\" loading=\"lazy\"></section>\n"
        )
    }

    /// A drawing with a title of its own.
    pub(crate) fn icon(&mut self) -> String {
        let (word, at) = (self.word(), self.number(90));
        format!(
            "<svg class=\"icon\" viewBox=\"0 0 24 24\" role=\"img\"><title>{word}</title><path d=\"M{at} 2l-4 {at}c0 1.1.9 2 2 2h{at}z\"/></svg>"
        )
    }

    /// Something like a bundler's output.
    pub(crate) fn script(&mut self, bytes: usize) -> String {
        let mut text = String::from("<script>!function(){\"use strict\";");
        while text.len() < bytes {
            let (a, b, n) = (self.number(26), self.number(26), self.number(9_999));
            let (a, b, word) = (letter(a), letter(b), self.word());
            text.push_str(&format!(
                "var {a}={{id:{n},name:\"{word}\",html:\"<div class='{word}'>\"}};if({a}.id<{n}&&{b}>0){{window.{b}_{word}=function({a}){{return {a}<{n}?{a}*2:null}}}};"
            ));
        }
        text.push_str("}();</script>\n");
        text
    }

    /// Style rules, minified.
    pub(crate) fn style(&mut self, bytes: usize) -> String {
        let mut text = String::from("<style>");
        while text.len() < bytes {
            let (a, b, word) = (self.number(900), self.number(99), letter(self.number(26)));
            text.push_str(&format!(
                ".{word}-{a}>.{word}{b}:hover{{margin:0 {b}px;color:#{a:03x};background:url(\"data:image/svg+xml,%3Csvg%3E\")}}"
            ));
        }
        text.push_str("</style>\n");
        text
    }
}

fn letter(at: usize) -> char {
    char::from(b'a' + (at % 26) as u8)
}
