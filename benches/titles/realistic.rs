//! Pages that look like those of news sites, shops, forums and documentation, made up from a seed.
//!
//! Most have their title in the first kilobytes; every fourth has a bundle of scripts or styles in front of it, as pages
//! with inlined assets do.

use std::fmt::Write;

use super::pages::{Page, Work};
use super::words::Words;

/// Of each kind.
const PAGES: usize = 12;
const LEAST: f64 = 20e3;
const MOST: f64 = 500e3;

pub(crate) fn works() -> Vec<Work> {
    [("news", news as fn(&mut Words) -> String), ("shop", shop), ("forum", forum), ("docs", docs)]
        .into_iter()
        .enumerate()
        .map(|(kind, (name, part))| Work {
            name: format!("realistic: {name}"),
            pages: (0..PAGES).map(|number| page(kind, number, part)).collect(),
        })
        .collect()
}

fn page(kind: usize, number: usize, part: fn(&mut Words) -> String) -> Page {
    let words = &mut Words::new((kind * 1_000 + number) as u64);
    let share = (number * 5 % PAGES) as f64 / (PAGES - 1) as f64;
    let size = (LEAST * (MOST / LEAST).powf(share)) as usize;
    let (mut html, title) = head(words, kind, number, size);
    html.push_str(
        "<body class=\"page\">\n<div id=\"app\"><div class=\"wrap\"><header class=\"bar\"><nav><ul>\n",
    );
    for _ in 0..12 {
        let (word, icon) = (words.word(), words.icon());
        let _ = writeln!(html, "<li class=\"item\"><a href=\"/{word}\">{icon}<span>{word}</span></a></li>");
    }
    html.push_str(
        "</ul></nav></header>\n<main><div class=\"grid\"><div class=\"cell\"><div class=\"inner\">\n",
    );
    while html.len() < size {
        html.push_str(&part(words));
        if words.number(10) == 0 {
            html.push_str(&words.script(800));
        }
    }
    html.push_str("</div></div></div></main>\n<footer><p>&copy; 2026</p></footer></div></div>\n");
    html.push_str(&words.script(2_000));
    html.push_str("</body>\n</html>\n");
    Page { html, title: Some(title) }
}

/// Up to the end of the `head`, and the title in it.
fn head(words: &mut Words, kind: usize, number: usize, size: usize) -> (String, String) {
    let (first, second, site) = (words.words(5), words.words(3), words.word());
    let (title, written) = match number % 3 {
        0 => (
            format!("{first} & {second} – {site}"),
            format!("\n    {first} &amp; {second} &ndash; {site}\n  "),
        ),
        1 => (format!("{first}: {second} | {site}"), format!("{first}: {second} | {site}")),
        _ => (format!("{first} – {site}"), format!("{first} – {site}")),
    };
    let mut html = String::from(
        "<!DOCTYPE html>\n<html lang=\"en\" class=\"no-js\">\n<head>\n<meta charset=\"utf-8\">\n",
    );
    html.push_str("<!-- made for the bench; no <title> is here -->\n");
    html.push_str("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n");
    for at in 0..words.number(14) {
        let word = words.word();
        let _ = writeln!(
            html,
            "<link rel=\"preload\" href=\"/assets/{word}.{at:04x}.js\" as=\"script\" crossorigin>"
        );
    }
    if number % 4 == 3 {
        let large = (size / 4).max(8_000);
        html.push_str(&if (number + kind).is_multiple_of(2) {
            words.script(large)
        } else {
            words.style(large)
        });
    } else {
        html.push_str(&words.script(600));
    }
    let _ = writeln!(html, "<title>{written}</title>");
    let description = words.words(20);
    let _ = write!(
        html,
        "<meta name=\"description\" content=\"{description}\">\n<link rel=\"canonical\" href=\"https://example.com/{kind}/{number}\">\n\
         <meta property=\"og:title\" content=\"{first} &amp; {second}\">\n<meta property=\"og:description\" content=\"{description}\">\n\
         <meta property=\"og:image\" content=\"https://example.com/{number}.jpg\">\n<meta name=\"twitter:card\" content=\"summary\">\n\
         <link rel=\"icon\" href=\"/favicon.ico\" sizes=\"any\">\n<link rel=\"alternate\" type=\"application/rss+xml\" href=\"/feed\">\n\
         <script type=\"application/ld+json\">{{\"@context\":\"https://schema.org\",\"@type\":\"Article\",\"headline\":\"{first}\",\
         \"author\":{{\"@type\":\"Person\",\"name\":\"{site}\"}}}}</script>\n"
    );
    html.push_str(&words.style(1_500));
    html.push_str("</head>\n");
    (html, title)
}

fn news(words: &mut Words) -> String {
    let (block, icon) = (words.block(), words.icon());
    format!(
        "<article class=\"story\"><div class=\"meta\"><time datetime=\"2026-01-02\">today</time>{icon}</div>{block}\
         <figure><picture><source srcset=\"/a.webp\" type=\"image/webp\"><img src=\"/a.jpg\" alt=\"\"></picture><figcaption>{}</figcaption></figure></article>\n",
        words.prose(12)
    )
}

fn shop(words: &mut Words) -> String {
    let (name, icon, price, text) = (words.words(4), words.icon(), words.number(900), words.prose(18));
    format!(
        "<div class=\"product\" data-json='{{\"id\":{price},\"name\":\"{name}\"}}'><div><div><div><a href=\"/p/{price}\"><img src=\"/p/{price}.jpg\" alt=\"{name}\"></a></div>\
         </div></div><h3>{name}</h3><span class=\"price\">&euro;&nbsp;{price}.99</span>{icon}<p>{text}</p>\
         <form action=\"/cart\"><select name=\"size\"><option value=\"s\">S<option value=\"m\" selected>M</select><input type=\"hidden\" name=\"id\" value=\"{price}\">\
         <button type=\"submit\">Add to basket</button></form></div>\n"
    )
}

fn forum(words: &mut Words) -> String {
    let (user, text, icon, at) = (words.word(), words.prose(70), words.icon(), words.number(50_000));
    format!(
        "<table class=\"post\" id=\"post{at}\"><tr><td class=\"user\">{icon}<a href=\"/u/{user}\">{user}</a><br>Posts: {at}</td>\
         <td><blockquote><div><blockquote>{}</blockquote></div></blockquote><p>{text}<br><br>{}</p><hr><font size=\"1\">{}</font></td></tr></table>\n",
        words.prose(20),
        words.prose(30),
        words.words(6)
    )
}

fn docs(words: &mut Words) -> String {
    let (name, text, icon) = (words.words(3), words.prose(50), words.icon());
    let mut rows = String::new();
    for _ in 0..6 {
        let (option, what) = (words.word(), words.prose(8));
        let _ = write!(rows, "<tr><td><code>--{option}</code></td><td>{what}</td></tr>");
    }
    let at = words.number(10_000);
    format!(
        "<section id=\"s{at}\"><h2>{name} <a class=\"anchor\" href=\"#s{at}\">{icon}</a></h2><p>{text}</p><pre><code class=\"language-rust\">\
         <span class=\"kw\">let</span> x: <span class=\"ty\">Vec</span>&lt;<span class=\"ty\">u8</span>&gt; = f(&amp;y, {at});\n</code></pre>\
         <table><thead><tr><th>Option</th><th>What</th></tr></thead><tbody>{rows}</tbody></table></section>\n"
    )
}
