//! Pages made to be slow, large or deep.

/// A page that can have any size.
pub(crate) struct Hostile {
    pub(crate) name: &'static str,
    make: fn(usize) -> String,
}

impl Hostile {
    /// The page with so many of what it has many of.
    pub(crate) fn page(&self, count: usize) -> String {
        (self.make)(count)
    }
}

macro_rules! pages {
    ($($name:literal => |$n:ident| $page:expr;)*) => {
        &[$(Hostile { name: $name, make: |$n| String::from($page) }),*]
    };
}

/// So many of `text`.
fn many(count: usize, text: &str) -> String {
    text.repeat(count)
}

/// `text` for each number, which takes the place of its `#`.
fn numbered(count: usize, text: &str) -> String {
    (0..count).map(|number| text.replace('#', &number.to_string())).collect()
}

/// In front of `rest`, as many open elements as the parser allows, or more.
fn below(tag: &str, rest: &str) -> String {
    many(600, tag) + rest
}

pub(crate) const OPEN: &[Hostile] = pages! {
    "div" => |n| many(n, "<div>");
    "p" => |n| many(n, "<p>");
    "div, closed" => |n| many(n, "<div>") + &many(n, "</div>");
    "div with text" => |n| many(n, "<div>x");
    "li" => |n| many(n, "<ul><li>");
    "li in one list" => |n| many(n, "<li>");
    "li below div" => |n| below("<div>", &many(n, "<li>"));
    "dd below span" => |n| below("<span>", &many(n, "<dd>"));
    "headings" => |n| many(n, "<h1>");
    "buttons" => |n| many(n, "<button>");
    "forms" => |n| many(n, "<form>");
    "unknown" => |n| numbered(n, "<x#>");
    "ruby" => |n| many(n, "<ruby><rb><rt><rp>");
    "frameset" => |n| many(n, "<frameset>");
    "html with attributes" => |n| numbered(n, "<html a#>");
    "body with attributes" => |n| numbered(n, "<body a#>");
    "end tags of p" => |n| many(n, "</p>");
    "end tags of p below div" => |n| below("<div>", &many(n, "</p>"));
    "end tags of br" => |n| many(n, "</br>");
    "end tags of nothing below div" => |n| below("<div>", &many(n, "</x>"));
    "end tags of nothing below svg" => |n| "<svg>".to_owned() + &below("<g>", &many(n, "</x>"));
    "end tags of formatting below div" => |n| below("<div>", &many(n, "</b>"));
    "plaintext" => |n| many(n, "<plaintext>");
    "void" => |n| many(n, "<br><img><hr><input>");
};

pub(crate) const FORMATTING: &[Hostile] = pages! {
    "b" => |n| many(n, "<b>");
    "a" => |n| many(n, "<a>");
    "nobr" => |n| many(n, "<nobr>");
    "b, each another" => |n| numbered(n, "<b id=#>");
    "font, each another" => |n| numbered(n, "<font color=#>");
    "b, closed" => |n| numbered(n, "<b id=#>") + &many(n, "</b>");
    "b and p" => |n| many(n, "<b><p>");
    "a and p" => |n| many(n, "<a><p>");
    "a and div" => |n| many(n, "<a><div>");
    "b and div, misnested" => |n| many(n, "<b><div></b>");
    "b and div, misnested twice" => |n| many(n, "<b><div>x</b></div>");
    "three, misnested" => |n| many(n, "<b><i><u></b></i></u>");
    "three around p, misnested" => |n| many(n, "<b><i><u><p></b></i></u>");
    "opened again in each p" => |n| "<p>".to_owned() + &numbered(600, "<b id=#>") + &many(n, "<p>x");
    "opened again in each p, growing" => |n| numbered(n, "<p><b id=#></p>x");
    "opened again in each p, the same" => |n| many(n, "<p><b><i><u></p>x");
    "markers" => |n| many(n, "<b><object>");
    "adoption below div" => |n| below("<div>", &many(n, "<a><p></a>"));
    "adoption with titles" => |n| many(n, "<b><p><title>x</title></b>");
};

pub(crate) const TABLES: &[Hostile] = pages! {
    "table" => |n| many(n, "<table>");
    "cells" => |n| many(n, "<table><tr><td>");
    "rows" => |n| "<table>".to_owned() + &many(n, "<tr><td>x");
    "misplaced text" => |n| many(n, "<table>x");
    "misplaced text in one table" => |n| "<table>".to_owned() + &many(n, "x<tr>");
    "misplaced div" => |n| "<table>".to_owned() + &many(n, "<div></div>");
    "misplaced b" => |n| "<table>".to_owned() + &many(n, "<b>x");
    "misplaced div, deep" => |n| many(n, "<table><div>");
    "misplaced a" => |n| many(n, "<a><table>");
    "misplaced a, in one table" => |n| "<a><table>".to_owned() + &many(n, "<a>x");
    "misplaced title" => |n| "<table>".to_owned() + &many(n, "<title>x</title>");
    "titles in cells" => |n| "<table>".to_owned() + &many(n, "<tr><td><title>x</title>");
    "titles in tables" => |n| many(n, "<table><td><title>x</title></table>");
    "white space" => |n| "<table>".to_owned() + &many(n, " <x> ");
    "captions" => |n| many(n, "<table><caption>");
    "columns" => |n| "<table><colgroup>".to_owned() + &many(n, "<col>");
    "select" => |n| many(n, "<select>");
    "select and option" => |n| many(n, "<select><option>");
    "options" => |n| "<select>".to_owned() + &many(n, "<option>x");
    "option groups" => |n| "<select>".to_owned() + &many(n, "<optgroup><option>x");
    "selected content" => |n| "<select><button><selectedcontent></button>".to_owned() + &many(n, "<option selected>x</option>");
    "selected content, deep" => |n| many(n, "<select><button><selectedcontent></button><option selected><div>x");
    "template" => |n| many(n, "<template>");
    "template, closed" => |n| many(n, "<template>") + &many(n, "</template>");
    "templates" => |n| many(n, "<template><title>x</title></template>");
    "template with rows" => |n| many(n, "<template><tr>");
    "end tags of template" => |n| many(n, "</template>");
    "template in tables" => |n| many(n, "<table><template><td>");
};

pub(crate) const FOREIGN: &[Hostile] = pages! {
    "svg" => |n| many(n, "<svg>");
    "g" => |n| "<svg>".to_owned() + &many(n, "<g>");
    "g, closed" => |n| "<svg>".to_owned() + &many(n, "<g>") + &many(n, "</g>");
    "paths" => |n| "<svg>".to_owned() + &many(n, "<path/>");
    "desc" => |n| many(n, "<svg><desc>");
    "foreignObject" => |n| many(n, "<svg><foreignObject>");
    "broken out of" => |n| many(n, "<svg><g><p>");
    "broken out of below g" => |n| many(n / 600 + 1, &("<svg>".to_owned() + &many(600, "<g>") + "<p>"));
    "math" => |n| many(n, "<math><mi>");
    "mrow" => |n| "<math>".to_owned() + &many(n, "<mrow>");
    "annotation-xml" => |n| many(n, "<math><annotation-xml encoding=text/html>");
    "titles" => |n| "<svg>".to_owned() + &many(n, "<title>x</title>");
    "titles, unclosed" => |n| "<svg>".to_owned() + &many(n, "<title>");
    "titles of drawings" => |n| many(n, "<svg><title>x</title></svg>");
    "titles in desc" => |n| many(n, "<svg><desc><title>x</title></desc></svg>");
    "CDATA sections" => |n| "<svg>".to_owned() + &many(n, "<![CDATA[x]]>");
};

pub(crate) const TEXT: &[Hostile] = pages! {
    "title" => |n| "<title>".to_owned() + &many(n, "a b ");
    "title, one word" => |n| "<title>".to_owned() + &many(n, "aaaa");
    "title of white space" => |n| "<title>".to_owned() + &many(n, "    ");
    "title of references" => |n| "<title>".to_owned() + &many(n, "&amp;");
    "title of end tags, almost" => |n| "<title>".to_owned() + &many(n, "</titl");
    "title of <" => |n| "<title>".to_owned() + &many(n, "<");
    "title in a table" => |n| "<table><td><title>".to_owned() + &many(n, "a b ") + "</title>";
    "titles" => |n| many(n, "<title>x</title>");
    "titles, unclosed" => |n| many(n, "<title>");
    "titles in p" => |n| many(n, "<p><title></title>");
    "end tags of title" => |n| many(n, "</title>");
    "end tags of title, after one" => |n| "<p><title>x</title>".to_owned() + &many(n, "</title>");
    "<" => |n| many(n, "<");
    "</" => |n| many(n, "</");
    "<!" => |n| many(n, "<!");
    "<?" => |n| many(n, "<?");
    "<!--" => |n| many(n, "<!--");
    "<a" => |n| many(n, "<a");
    "comment" => |n| "<!--".to_owned() + &many(n, "text");
    "comment of hyphens" => |n| "<!--".to_owned() + &many(n, "-");
    "comment of ends, almost" => |n| "<!--".to_owned() + &many(n, "-- >");
    "comments" => |n| many(n, "<!---->");
    "CDATA" => |n| "<svg><![CDATA[".to_owned() + &many(n, "text");
    "CDATA of brackets" => |n| "<svg><![CDATA[".to_owned() + &many(n, "]");
    "script" => |n| "<script>".to_owned() + &many(n, "text");
    "script of comments" => |n| "<script>".to_owned() + &many(n, "<!--<script>");
    "script of ends, almost" => |n| "<script>".to_owned() + &many(n, "</scrip");
    "scripts" => |n| many(n, "<script></script>");
    "style" => |n| "<style>".to_owned() + &many(n, "text");
    "styles" => |n| many(n, "<style></style>");
    "textarea" => |n| "<textarea>".to_owned() + &many(n, "text");
    "text" => |n| many(n, "text");
    "references" => |n| many(n, "&amp;");
    "references without end" => |n| many(n, "&notit");
    "&" => |n| many(n, "&");
    "one long reference" => |n| "&".to_owned() + &many(n, "a");
    "one long number" => |n| "&#".to_owned() + &many(n, "1");
    "doctype" => |n| "<!doctype ".to_owned() + &many(n, "a");
    "doctypes" => |n| many(n, "<!doctype html>");
    "NUL" => |n| many(n, "\0");
    "carriage returns" => |n| many(n, "\r");
    "one long name" => |n| "<".to_owned() + &many(n, "a");
    "one long value" => |n| "<p a='".to_owned() + &many(n, "text");
    "one long value of references" => |n| "<p a='".to_owned() + &many(n, "&amp;");
    "attributes" => |n| "<p ".to_owned() + &numbered(n, "a# ");
    "attributes, the same" => |n| "<p ".to_owned() + &many(n, "a ");
    "attributes with values" => |n| "<p ".to_owned() + &numbered(n, "a#='>' ");
    "attributes of an end tag" => |n| "</p ".to_owned() + &numbered(n, "a# ");
    "attributes of a title" => |n| "<title ".to_owned() + &numbered(n, "a# ") + ">x</title>";
    "attributes by hundreds" => |n| many(n / 100 + 1, &("<p ".to_owned() + &numbered(100, "a# ") + ">"));
    "attributes, behind titles" => |n| many(100, "<svg><title></title></svg>") + "<p " + &numbered(n, "a# ") + "><title>x</title>";
};

pub(crate) const METADATA: &[Hostile] = pages! {
    "metas" => |n| numbered(n, "<meta name=author content=a#>");
    "metas, nameless" => |n| many(n, "<meta>");
    "metas in the body" => |n| below("<div>", &many(n, "<meta name=author content=a>"));
    "metas in a table" => |n| "<table>".to_owned() + &many(n, "<meta name=author content=a>");
    "metas, adopted" => |n| many(n, "<b><p><meta name=author content=a></b>");
    "Open Graph" => |n| numbered(n, "<meta property=og:image content=#>");
    "one property of many names" => |n| "<meta property='".to_owned() + &numbered(n, "og:# ") + "' content=x>";
    "properties of many names" => |n| many(n / 1_000 + 1, &("<meta property='".to_owned() + &numbered(1_000, "og:# ") + "' content=x>"));
    "encodings" => |n| many(n, "<meta charset=x>");
    "content type" => |n| "<meta http-equiv=content-type content='".to_owned() + &many(n, "charset ") + "'>";
    "one long description" => |n| "<meta name=description content='".to_owned() + &many(n, "text ") + "'>";
    "long descriptions" => |n| many(n / 10_000 + 1, &("<meta name=description content='".to_owned() + &many(10_000, "text ") + "'>"));
    "icons" => |n| numbered(n, "<link rel=icon href=#>");
    "one link of many kinds" => |n| "<link rel='".to_owned() + &many(n, "icon ") + "' href=x>";
    "bases" => |n| numbered(n, "<base href=#>");
    "languages" => |n| many(n, "<html lang=de>");
    "JSON-LD" => |n| many(n, "<script type=application/ld+json>{\"headline\":\"h\"}</script>");
    "JSON-LD that says nothing" => |n| many(n, "<script type=application/ld+json>{}</script>");
    "one long JSON-LD" => |n| json_ld(&format!("{{\"headline\":\"{}\"}}", many(n, "text")));
    "one long JSON-LD without end" => |n| "<script type=application/ld+json>".to_owned() + &many(n, "text");
    "JSON-LD of lists" => |n| json_ld(&many(n, "["));
    "JSON-LD of objects" => |n| json_ld(&format!("[{}{{}}]", many(n, "{},")));
    "JSON-LD of authors" => |n| json_ld(&format!("{{\"author\":[{}\"\"]}}", many(n, "{\"@id\":\"x\"},")));
    "JSON-LD of escapes" => |n| json_ld(&format!("{{\"headline\":\"{}\"}}", many(n, "\\u0041")));
    "many long JSON-LD" => |n| many(n / 10_000 + 1, &json_ld(&format!("{{\"headline\":\"{}\"}}", many(10_000, "text"))));
};

fn json_ld(json: &str) -> String {
    format!("<script type=application/ld+json>{json}</script>")
}

pub(crate) fn all() -> impl Iterator<Item = &'static Hostile> {
    [OPEN, FORMATTING, TABLES, FOREIGN, TEXT, METADATA].into_iter().flatten()
}
