//! Documents by a grammar, most of them broken in some way.

use super::chance::Chance;
use super::words::{
    ATTRIBUTES, COMMENTS, DOCTYPES, ENCODINGS, FOREIGN, GROUPS, IN_TITLES, MATH_POINTS, METADATA, RAW,
    RAW_TEXTS, SVG_POINTS, TABLES, TEXTS,
};

/// A document. Its titles have numbers, so that a mix-up of two shows.
pub(crate) fn document(chance: &mut Chance) -> String {
    let mut writer = Writer::new(chance);
    match writer.chance.below(8) {
        0..=2 => writer.soup(),
        3..=5 => writer.framed(),
        6 => writer.frameset_page(),
        _ => writer.sound(),
    }
    if writer.chance.once_in(300) {
        writer.lengthen();
    }
    writer.out
}

/// More of a document, to go on from anywhere: made to change which title comes first if anything can.
pub(crate) fn tail(chance: &mut Chance) -> String {
    let mut writer = Writer::new(chance);
    writer.titles = 900;
    for _ in 0..=writer.chance.below(6) {
        match writer.chance.below(6) {
            0 => writer.push_one(&[
                "</table>",
                "</td></tr>",
                "</select>",
                "</template>",
                "</svg>",
                "</math>",
                "</caption>",
            ]),
            1 => writer.push_one(&[
                "<frameset>",
                "<tr>",
                "<table>",
                "</head>",
                "<body>",
                "<div>",
                "</body>",
                "</html>",
            ]),
            2 => writer.push_one(&["-->", "</script>", "</textarea>", "</style>", "'>", "\">", ">", "]]>"]),
            3 => writer.item(),
            _ => writer.title(),
        }
    }
    writer.out
}

struct Writer<'a> {
    chance: &'a mut Chance,
    out: String,
    open: Vec<&'static str>,
    titles: usize,
    /// The elements this document is mostly of: few, so that they get in each other's way.
    favourites: Vec<&'static str>,
}

impl<'a> Writer<'a> {
    fn new(chance: &'a mut Chance) -> Self {
        let mut favourites = Vec::new();
        for _ in 0..=chance.below(3) {
            let group = chance.pick(GROUPS);
            favourites.extend((0..=chance.below(5)).map(|_| chance.pick(group)));
        }
        Self { chance, out: String::new(), open: Vec::new(), titles: 0, favourites }
    }

    fn push(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn push_one(&mut self, of: &[&str]) {
        let text = self.chance.pick(of);
        self.push(text);
    }

    fn push_some(&mut self, of: &[&str], one_in: usize) {
        if self.chance.once_in(one_in) {
            self.push_one(of);
        }
    }

    /// Anything in any order.
    fn soup(&mut self) {
        self.push_some(DOCTYPES, 2);
        let length = [3, 8, 20, 60][self.chance.below(4)];
        self.items(length);
    }

    /// The parts of a document, each perhaps missing.
    fn framed(&mut self) {
        self.push_some(COMMENTS, 8);
        self.push_some(DOCTYPES, 2);
        self.push_some(&["\n", " ", "<!-- x -->", "\u{feff}", "x"], 4);
        self.push_some(&["<html>", "<html lang=en>", "<HTML class=x>"], 2);
        self.push_some(&["<head>", "<head id=x>"], 2);
        for _ in 0..self.chance.below(5) {
            self.head_item();
        }
        self.push_some(&["</head>", "</head>\n", "</head><!-- x -->", "</head></head>"], 2);
        for _ in 0..self.chance.below(3) {
            self.head_item();
        }
        self.push_some(&["<body>", "<body class=x>"], 3);
        let length = [2, 10, 30][self.chance.below(3)];
        self.items(length);
        self.push_some(&["</body>", "</body></html>", "</html>"], 2);
        self.items(3);
    }

    /// A frameset that replaces a body, or comes too late to.
    fn frameset_page(&mut self) {
        self.push_some(DOCTYPES, 2);
        for _ in 0..self.chance.below(3) {
            self.head_item();
        }
        for _ in 0..self.chance.below(6) {
            match self.chance.below(5) {
                0 => self.title(),
                1 => self.push_one(&[
                    "<div>", "</div>", "<p>", "<b>", "</b>", "<svg>", "</svg>", "<center>", "<x-a>", "<math>",
                ]),
                2 => self.push_one(&[
                    "<input type=hidden>",
                    "<noscript>x</noscript>",
                    "<ruby>",
                    "<form>",
                    "<title>",
                    "</p>",
                    "<link>",
                ]),
                3 => self.push_one(&[
                    " ",
                    "\n",
                    "<!-- x -->",
                    "\0",
                    "&#32;",
                    "&#x0;",
                    "<style>x</style>",
                    "</body>",
                    "</html>",
                ]),
                _ => self.item(),
            }
        }
        self.push_one(&["<frameset>", "<frameset rows='*'>", "<frameset><frame>", "<frameset><frameset>"]);
        self.items(4);
        self.push_some(
            &["</frameset>", "</frameset></html>", "<noframes><title>no</title></noframes></frameset>"],
            2,
        );
        self.items(3);
    }

    /// A page as pages are.
    fn sound(&mut self) {
        self.push("<!DOCTYPE html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n");
        for _ in 0..self.chance.below(6) {
            self.head_item();
            self.push("\n");
        }
        self.push("</head>\n<body>\n");
        for _ in 0..self.chance.below(12) {
            self.structure();
        }
        self.push("</body>\n</html>\n");
    }

    fn head_item(&mut self) {
        match self.chance.below(6) {
            0 | 1 => self.title(),
            2 => self.push_one(METADATA),
            3 => self.raw(),
            4 => self.push_one(&[
                "\n",
                " ",
                "<!-- x -->",
                "<meta name=x>",
                "<link rel=x>",
                "<style>b{}</style>",
                "<template>",
            ]),
            _ => self.item(),
        }
    }

    fn items(&mut self, most: usize) {
        for _ in 0..self.chance.below(most + 1) {
            self.item();
        }
    }

    fn item(&mut self) {
        match self.chance.below(40) {
            0..=6 => self.title(),
            7..=17 => self.start_tag(),
            18..=25 => self.end_tag(),
            26..=30 => self.text(TEXTS),
            31 | 32 => self.push_one(COMMENTS),
            33 | 34 => self.raw(),
            35..=37 => self.structure(),
            38 => self.push_one(METADATA),
            _ => self.rare(),
        }
    }

    fn rare(&mut self) {
        match self.chance.below(12) {
            0 => self.push_one(DOCTYPES),
            1 if self.chance.once_in(4) => self.push("<plaintext>"),
            2 => {
                let name = self.name();
                let times = 1 + self.chance.below(12);
                let tag = format!("<{name}>");
                self.push(&tag.repeat(times));
                self.open.extend(std::iter::repeat_n(name, times));
            }
            3 => self.push("<title"),
            4 => self.push_one(&[
                "</br>",
                "</p>",
                "</body>",
                "</html>",
                "</head>",
                "</title>",
                "</sarcasm>",
                "</image>",
                "</form>",
            ]),
            _ => self.start_tag(),
        }
    }

    fn name(&mut self) -> &'static str {
        if self.chance.once_in(4) {
            let group = self.chance.pick(GROUPS);
            return self.chance.pick(group);
        }
        self.chance.pick(&self.favourites)
    }

    fn start_tag(&mut self) {
        let name = self.name();
        self.open_tag(name);
    }

    fn open_tag(&mut self, name: &'static str) {
        let shown = if self.chance.once_in(12) { name.to_ascii_uppercase() } else { name.to_owned() };
        self.push("<");
        self.push(&shown);
        if name == "annotation-xml" {
            self.push(" ");
            self.push_one(ENCODINGS);
        }
        while self.chance.once_in(4) {
            self.push_one(&[" ", " ", " ", "\n", "/", "\t", "\u{c}"]);
            self.push_one(ATTRIBUTES);
        }
        self.push_some(&["/"], 12);
        self.push(">");
        self.open.push(name);
    }

    /// Of what is open, not always the last; or of anything.
    fn end_tag(&mut self) {
        let name = match self.chance.below(10) {
            0..=5 => self.open.pop(),
            6..=8 if !self.open.is_empty() => {
                let at = self.chance.below(self.open.len());
                Some(self.open.remove(at))
            }
            _ => None,
        };
        let name = name.unwrap_or_else(|| self.name());
        self.push("</");
        self.push(name);
        self.push_some(&[" ", "/", " x=y", "\n"], 16);
        self.push(">");
    }

    fn text(&mut self, of: &[&str]) {
        for _ in 0..=self.chance.below(3) {
            self.push_one(of);
        }
    }

    fn title(&mut self) {
        self.titles += 1;
        let start = self.chance.pick(&[
            "<title>",
            "<title>",
            "<title>",
            "<title>",
            "<TITLE>",
            "<title id='>'>",
            "<title/>",
            "<tItLe\n>",
        ]);
        self.push(start);
        self.push_some(TEXTS, 4);
        if !self.chance.once_in(16) {
            let number = format!("t{}", self.titles);
            self.push(&number);
        }
        while self.chance.once_in(3) {
            if self.chance.once_in(3) { self.push_one(IN_TITLES) } else { self.push_one(TEXTS) }
        }
        if !self.chance.once_in(24) {
            self.push_one(&[
                "</title>",
                "</title>",
                "</title>",
                "</title>",
                "</TITLE>",
                "</title\n>",
                "</title/>",
                "</title x='>'>",
            ]);
        }
    }

    fn raw(&mut self) {
        let name = self.chance.pick(RAW);
        self.push("<");
        self.push(name);
        self.push_some(&[" x='>'", " id=x", "/", " type=module"], 8);
        self.push(">");
        self.text(RAW_TEXTS);
        if !self.chance.once_in(20) {
            self.push("</");
            self.push(name);
            self.push(">");
        }
    }

    /// Something that is right by itself, with items in it.
    fn structure(&mut self) {
        if self.out.len() > 4_000 {
            return;
        }
        match self.chance.below(11) {
            0 => self.table(),
            1 | 2 => self.crossed(),
            3 => self.around("<template>", "</template>"),
            4 => self.around("<select><option>", "</option></select>"),
            5 => {
                let point = self.chance.pick(SVG_POINTS);
                self.around(&format!("<svg><{point}>"), &format!("</{point}></svg>"));
            }
            6 => {
                let point = self.chance.pick(MATH_POINTS);
                let name = point.split(' ').next().unwrap_or_default();
                self.around(&format!("<math><{point}>"), &format!("</{name}></math>"));
            }
            7 => self.around("<p>", "</p>"),
            8 => {
                let name = self.chance.pick(FOREIGN);
                self.around(&format!("<svg><{name}>"), "</svg>");
            }
            9 => self.around("<ul><li>", "</ul>"),
            _ => {
                let name = self.name();
                self.around(&format!("<{name}>"), &format!("</{name}>"));
            }
        }
    }

    /// An HTML element that ends within foreign content.
    fn crossed(&mut self) {
        let outer = self.name();
        let (root, points) = self.chance.pick(&[("svg", SVG_POINTS), ("math", MATH_POINTS)]);
        let point = self.chance.pick(points);
        let name = point.split(' ').next().unwrap_or_default();
        self.push(&format!("<{outer}><{root}><{point}>"));
        self.items(2);
        self.push(&format!("</{outer}>"));
        self.push_some(&[&format!("</{name}>"), &format!("</{root}>"), "<p>", "</p>", "<tr>"], 2);
        self.items(2);
        self.push_some(&[&format!("</{name}>"), &format!("</{root}>")], 2);
    }

    fn around(&mut self, start: &str, end: &str) {
        self.push(start);
        self.items(4);
        self.push(end);
    }

    fn table(&mut self) {
        self.push_one(&["<table>", "<table>", "<p><table>", "<table border=1>", "<b><table>"]);
        for _ in 0..self.chance.below(6) {
            match self.chance.below(6) {
                0 => self.title(),
                1 => self.item(),
                2 => {
                    let name = self.chance.pick(TABLES);
                    self.open_tag(name);
                }
                3 => self.around("<tr><td>", "</td></tr>"),
                4 => self.around("<caption>", "</caption>"),
                _ => self.end_tag(),
            }
        }
        if !self.chance.once_in(8) {
            self.push("</table>");
        }
    }

    /// Longer than what the parser and the scanner take at a time, at a place of no great importance.
    fn lengthen(&mut self) {
        let at = self.chance.boundary(&self.out);
        let filler = self.chance.pick(&[
            "x",
            "é",
            " ",
            "<br>",
            "<!--x-->",
            "<script></script>",
            "<p>x</p>",
            "<i></i>",
        ]);
        let times = self.chance.below(40_000) / filler.len();
        self.out.insert_str(at, &filler.repeat(times));
    }
}
