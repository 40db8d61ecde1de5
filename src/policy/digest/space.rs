//! The protection space (RFC 7616, section 3.3, `domain`): where the same answer is wanted without being asked for.

use crate::url::Url;

/// Where a challenge's user and password are for.
#[derive(Debug, Default)]
pub(super) struct Space {
    /// None where all of the home origin is it.
    places: Option<Vec<Place>>,
}

#[derive(Debug)]
struct Place {
    origin: String,
    target: String,
}

impl Space {
    /// Of the places that a challenge has named, seen from where it was given.
    ///
    /// A place at another origin counts between https and https alone: what anybody on the way may have written is not
    /// to say where else the user is to be known, and what is asked in the open is not to be heard.
    pub(super) fn of(domain: &[String], from: &Url) -> Self {
        let home = from.origin();
        let is_allowed =
            |place: &Url| place.origin() == home || (from.scheme() == "https" && place.scheme() == "https");
        let places = domain.iter().filter_map(|place| from.join(place).ok()).filter(is_allowed);
        let places =
            places.map(|place| Place { origin: place.origin().into_owned(), target: target(&place) });
        Self { places: (!domain.is_empty()).then(|| places.collect()) }
    }

    /// Whether an answer is wanted there.
    pub(super) fn holds(&self, url: &Url, home: &str) -> bool {
        match &self.places {
            None => url.origin() == home,
            Some(places) => {
                let (origin, target) = (url.origin(), target(url));
                places.iter().any(|place| place.origin == origin && starts_with(&target, &place.target))
            }
        }
    }

    /// Whether any of its places is at that origin.
    pub(super) fn reaches(&self, origin: &str) -> bool {
        self.places.iter().flatten().any(|place| place.origin == origin)
    }
}

/// As it stands in a request's first line: a proxy between is told more, and the origin is not.
pub(crate) fn target(url: &Url) -> String {
    let path = url.path();
    match url.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    }
}

/// `/a` is the start of `/a`, `/a/b` and `/a?b`, and not of `/ab`.
fn starts_with(target: &str, place: &str) -> bool {
    target
        .strip_prefix(place)
        .is_some_and(|rest| place.ends_with('/') || rest.is_empty() || rest.starts_with(['/', '?']))
}
