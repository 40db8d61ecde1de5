//! `Link` (RFC 8288).

use crate::url::Url;

use super::parameters::Parameters;

/// How many links of one response are told; more is an attack, not navigation.
const MOST: usize = 256;

/// A link that a response's header fields name (RFC 8288): from the response, or its [`anchor`](Self::anchor), to another
/// place. Made by [`Response::links`](crate::Response::links).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    url: Url,
    anchor: Option<Url>,
    parameters: Parameters,
}

impl Link {
    /// Where it leads.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// How the two are related: the words of `rel`, as they were written. None where the link does not say.
    pub fn rels(&self) -> impl Iterator<Item = &str> {
        self.parameters.get("rel").unwrap_or_default().split_ascii_whitespace()
    }

    /// Whether this is one of [`rels`](Self::rels), in any case.
    #[must_use]
    pub fn has_rel(&self, rel: &str) -> bool {
        self.rels().any(|known| known.eq_ignore_ascii_case(rel))
    }

    /// From where it leads, where that is another place than the response's own URL.
    #[must_use]
    pub fn anchor(&self) -> Option<&Url> {
        self.anchor.as_ref()
    }

    /// What it calls the place it leads to: `title*` where that can be read, else `title`.
    #[must_use]
    pub fn title(&self) -> Option<String> {
        self.parameters.text("title")
    }

    /// A parameter by its name in lower case: `type`, `media`, `hreflang`, … The first one of that name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name)
    }

    /// All parameters in their order, names in lower case; `hreflang`, for one, may be there more than once.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parameters.iter()
    }

    /// The links of these fields, in their order, their URLs made absolute by `base`. What is no link is skipped, and so is
    /// what comes after the first 256.
    pub(crate) fn all<'a>(fields: impl IntoIterator<Item = String> + 'a, base: &Url) -> Vec<Self> {
        let mut links = Vec::new();
        for field in fields {
            let mut rest = field.as_str();
            while links.len() < MOST
                && let Some(found) = next(&mut rest)
            {
                links.extend(found.resolved(base));
            }
        }
        links
    }
}

/// A link as it is written.
struct Written<'a> {
    target: &'a str,
    parameters: Parameters,
}

impl Written<'_> {
    fn resolved(self, base: &Url) -> Option<Link> {
        let url = base.join(self.target.trim_ascii()).ok()?;
        let anchor = match self.parameters.get("anchor") {
            // A link from nobody knows where is none from here.
            Some(anchor) => Some(base.join(anchor).ok()?).filter(|anchor| !is_same(anchor, base)),
            None => None,
        };
        Some(Link { url, anchor, parameters: self.parameters })
    }
}

fn is_same(one: &Url, other: &Url) -> bool {
    one.fragment().is_none() && one.as_str() == other.as_str().split('#').next().unwrap_or_default()
}

/// The next link of a field, which is moved past it. What stands before a `<` is passed over to the next comma.
fn next<'a>(rest: &mut &'a str) -> Option<Written<'a>> {
    loop {
        *rest = rest.trim_start_matches([',', ' ', '\t']);
        if rest.is_empty() {
            return None;
        }
        // Not over a second bracket: the first one is not closed.
        let link = rest.strip_prefix('<').and_then(|link| {
            let (target, after) = link.split_at(link.find(['<', '>'])?);
            Some((target, after.strip_prefix('>')?))
        });
        let (target, after) = match link {
            Some((target, after)) => (Some(target), after),
            None => (None, *rest),
        };
        let (parameters, after) = Parameters::read(after, &[',']);
        *rest = after;
        if let Some(target) = target {
            return Some(Written { target, parameters });
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn links(field: &str) -> Vec<Link> {
        let base = Url::parse("https://a.example/dir/page?x=1#frag").expect("a URL");
        Link::all([field.to_owned()], &base)
    }

    fn told(field: &str) -> Vec<String> {
        let told =
            |link: &Link| format!("{} {}", link.url().as_str(), link.rels().collect::<Vec<_>>().join("+"));
        links(field).iter().map(told).collect()
    }

    #[test]
    fn targets_are_resolved_and_relations_are_words() {
        assert_eq!(told("<next>; rel=next"), ["https://a.example/dir/next next"]);
        assert_eq!(told("</x?a,b;c>;rel=\"prev  up\""), ["https://a.example/x?a,b;c prev+up"]);
        assert_eq!(told("<>; rel=self"), ["https://a.example/dir/page?x=1 self"]);
        assert_eq!(told("<//b.example/>; REL=x; rel=y"), ["https://b.example/ x"]);
        assert_eq!(told("<a>"), ["https://a.example/dir/a "]);
    }

    #[test]
    fn links_of_one_field_are_separated_by_commas_outside_quotes_and_brackets() {
        assert_eq!(
            told(r#"<a>; rel=x; title="b, <c>; rel=y" , ,<d,e>; rel=z"#),
            ["https://a.example/dir/a x", "https://a.example/dir/d,e z"]
        );
    }

    #[test]
    fn what_is_no_link_is_skipped_and_the_next_one_is_read() {
        for broken in [
            "a; rel=x",
            "<a; rel=x",
            "rel=\"x, <no>\"",
            "<https://[>; rel=x",
            ";;",
            "<b>; rel=y; anchor=\"https://[\"",
        ] {
            let told = told(&format!("{broken}, <good>; rel=z"));
            assert_eq!(told, ["https://a.example/dir/good z"], "{broken}");
        }
    }

    #[test]
    fn an_anchor_elsewhere_is_told_and_one_here_is_not() {
        let anchor = |field: &str| links(field)[0].anchor().map(|anchor| anchor.as_str().to_owned());
        assert_eq!(anchor("<a>; rel=x; anchor=\"/other\"").as_deref(), Some("https://a.example/other"));
        assert_eq!(
            anchor("<a>; rel=x; anchor=\"#part\"").as_deref(),
            Some("https://a.example/dir/page?x=1#part")
        );
        assert_eq!(anchor("<a>; rel=x; anchor=\"\""), None);
        assert_eq!(anchor("<a>; rel=x"), None);
    }

    #[test]
    fn an_extended_title_is_preferred_and_other_parameters_are_told() {
        let link = &links(
            "<a>; rel=x; title=plain; title*=UTF-8''sch%C3%B6n; hreflang=de; hreflang=fr; crossorigin",
        )[0];
        assert_eq!(link.title().as_deref(), Some("schön"));
        assert_eq!(link.parameter("hreflang"), Some("de"));
        assert_eq!(link.parameters().filter(|(name, _)| *name == "hreflang").count(), 2);
        assert_eq!(link.parameter("crossorigin"), Some(""));
        assert!(link.has_rel("X"));
    }

    #[test]
    fn more_links_than_anyone_means_are_not_told() {
        assert_eq!(links(&"<a>; rel=x,".repeat(10_000)).len(), MOST);
    }

    #[test]
    fn no_field_makes_it_panic_or_read_for_ever() {
        let parts =
            ["<", ">", ";", ",", "=", "\"", "\\", " ", "rel", "a", "*", "'", "%C3", "ä", "anchor", "https:"];
        let mut state = 7_u32;
        for _ in 0..20_000 {
            let mut field = String::new();
            for _ in 0..12 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                field.push_str(parts[(state >> 16) as usize % parts.len()]);
            }
            for link in links(&field) {
                let _ = (link.title(), link.has_rel("a"), link.parameters().count());
            }
            // What is broken before it does not hide a link, unless a quote is open.
            if !field.contains('"') {
                assert!(
                    told(&format!("{field},<z>;rel=z")).contains(&"https://a.example/dir/z z".to_owned()),
                    "{field}"
                );
            }
        }
        for part in ["<a,", "<a;b=\"c,", "a;b,", "\\\"", "<a>;b*=c''%"] {
            assert!(links(&part.repeat(200_000)).len() <= MOST);
        }
    }
}
