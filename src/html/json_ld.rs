//! What JSON-LD says of an article: its headline and its authors.

use serde_json::Value;

/// How deep values are looked into.
const MAX_DEPTH: usize = 8;

/// How many objects are looked at.
const MAX_OBJECTS: usize = 1_000;

/// What a script says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Article {
    pub(super) headline: Option<String>,
    pub(super) authors: Vec<String>,
}

/// The headline and the authors of the first object that has a headline, else the authors of the first that has any.
/// `None` where the text is no JSON or says neither.
pub(super) fn article(text: &str) -> Option<Article> {
    let root: Value = serde_json::from_str(text).ok()?;
    let mut objects = Vec::new();
    gather(&root, MAX_DEPTH, &mut objects);
    let told = |object: &&Value| headline(object).is_some();
    let object = objects
        .iter()
        .copied()
        .find(told)
        .or_else(|| objects.iter().copied().find(|object| object.get("author").is_some()))?;
    let mut authors = Names { objects: &objects, found: Vec::new(), left: MAX_OBJECTS };
    if let Some(author) = object.get("author") {
        authors.gather(author, MAX_DEPTH);
    }
    let article = Article { headline: headline(object).map(str::to_owned), authors: authors.found };
    (article != Article::default()).then_some(article)
}

/// The objects of the document itself, in order: those in its lists, its graph and its main entity.
fn gather<'a>(value: &'a Value, depth: usize, objects: &mut Vec<&'a Value>) {
    if depth == 0 || objects.len() >= MAX_OBJECTS {
        return;
    }
    match value {
        Value::Array(list) => list.iter().for_each(|value| gather(value, depth - 1, objects)),
        Value::Object(object) => {
            objects.push(value);
            for key in ["@graph", "mainEntity", "mainEntityOfPage"] {
                if let Some(value) = object.get(key) {
                    gather(value, depth - 1, objects);
                }
            }
        }
        _ => {}
    }
}

fn headline(object: &Value) -> Option<&str> {
    object.get("headline")?.as_str().filter(|text| !text.trim_ascii().is_empty())
}

/// The names of authors.
struct Names<'a> {
    objects: &'a [&'a Value],
    found: Vec<String>,
    /// How many more values are looked at.
    left: usize,
}

impl Names<'_> {
    /// An author: a text, an object with a name or a reference to one, or a list of these.
    fn gather(&mut self, author: &Value, depth: usize) {
        let Some(left) = self.left.checked_sub(1).filter(|_| depth > 0) else { return };
        self.left = left;
        match author {
            Value::String(text) => self.found.push(text.clone()),
            Value::Array(list) => list.iter().for_each(|author| self.gather(author, depth - 1)),
            Value::Object(object) => {
                let own = object.get("name").or_else(|| named(self.objects, object.get("@id")?));
                if let Some(name) = own {
                    self.gather(name, depth - 1);
                }
            }
            _ => {}
        }
    }
}

/// The name of the object that an identifier stands for.
fn named<'a>(objects: &[&'a Value], id: &Value) -> Option<&'a Value> {
    objects.iter().find_map(|object| object.get("name").filter(|_| object.get("@id") == Some(id)))
}
