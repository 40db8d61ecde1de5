//! What JSON-LD says of an article: its headline and its authors.

use super::json::{self, Value};

/// How deep values are looked into.
const MAX_DEPTH: usize = 8;

/// How many objects are looked at.
const MAX_OBJECTS: usize = 1_000;

/// The names that matter.
const NAMES: [&str; 9] =
    ["@graph", "@id", "@value", "author", "creator", "headline", "mainEntity", "mainEntityOfPage", "name"];

/// What a page's scripts say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Article {
    pub(super) headline: Option<String>,
    pub(super) authors: Vec<String>,
}

/// The headline and the authors of the first object that has both; else each of the first that has it.
pub(super) fn article(scripts: &[String]) -> Article {
    let roots: Vec<Value> = scripts.iter().filter_map(|script| json::read(script, &NAMES)).collect();
    let mut objects = Vec::new();
    roots.iter().for_each(|root| gather(root, MAX_DEPTH, &mut objects));
    let first = |is_it: &dyn Fn(&Value) -> bool| objects.iter().copied().find(|object| is_it(object));
    let whole = first(&|object| headline(object).is_some() && authors(object).is_some());
    let titled = whole.or_else(|| first(&|object| headline(object).is_some()));
    let authored = whole.or_else(|| first(&|object| authors(object).is_some()));
    let mut names = Names { objects: &objects, found: Vec::new(), left: MAX_OBJECTS };
    if let Some(author) = authored.and_then(authors) {
        names.gather(author, MAX_DEPTH);
    }
    Article { headline: titled.and_then(headline).map(str::to_owned), authors: names.found }
}

/// The objects of the document itself, in order: those in its lists, its graph and its main entity.
fn gather<'a>(value: &'a Value, depth: usize, objects: &mut Vec<&'a Value>) {
    if depth == 0 || objects.len() >= MAX_OBJECTS {
        return;
    }
    match value {
        Value::List(list) => list.iter().for_each(|value| gather(value, depth - 1, objects)),
        Value::Object(_) => {
            objects.push(value);
            for name in ["@graph", "mainEntity", "mainEntityOfPage"] {
                if let Some(value) = value.get(name) {
                    gather(value, depth - 1, objects);
                }
            }
        }
        _ => {}
    }
}

fn authors(object: &Value) -> Option<&Value> {
    object.get("author").or_else(|| object.get("creator"))
}

fn headline(object: &Value) -> Option<&str> {
    let own = object.get("headline")?;
    own.get("@value").unwrap_or(own).as_str().filter(|text| !text.trim_ascii().is_empty())
}

/// The names of authors.
struct Names<'a> {
    objects: &'a [&'a Value],
    found: Vec<String>,
    /// How many more values are looked at.
    left: usize,
}

impl<'a> Names<'a> {
    /// An author: a text, an object with a name or a reference to one, or a list of these.
    fn gather(&mut self, author: &'a Value, depth: usize) {
        let Some(left) = self.left.checked_sub(1).filter(|_| depth > 0) else { return };
        self.left = left;
        match author {
            Value::Text(text) => self.found.push(text.clone()),
            Value::List(list) => list.iter().for_each(|author| self.gather(author, depth - 1)),
            Value::Object(_) => {
                if let Some(name) = name(author).or_else(|| self.named(author.get("@id")?.as_str()?)) {
                    self.gather(name, depth - 1);
                }
            }
            Value::Other => {}
        }
    }

    /// The name of the object that an identifier stands for. Of some thousand names and as many objects at most, this
    /// compares texts, which mostly differ in their length.
    fn named(&self, id: &str) -> Option<&'a Value> {
        let is_it = |object: &&&Value| object.get("@id").and_then(Value::as_str) == Some(id);
        self.objects.iter().filter(is_it).find_map(|object| name(object))
    }
}

fn name(object: &Value) -> Option<&Value> {
    object.get("name").or_else(|| object.get("@value"))
}
