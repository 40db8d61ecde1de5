//! Requests as spans of the tracing crate.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use dualfetch::middleware::Spans;
use dualfetch::platform::scripted::Reply;
use dualfetch::{Config, ErrorKind, Retry, Session};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::Registry;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

use crate::session;

/// All spans in the order in which they were opened: name, parent's name, fields.
type Opened = Arc<Mutex<Vec<(String, Option<String>, BTreeMap<String, String>)>>>;

struct Noting(Opened, Mutex<Vec<Id>>);

struct Fields<'a>(&'a mut BTreeMap<String, String>);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").trim_matches('"').to_owned());
    }
}

impl<S: tracing::Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Noting {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let parent = context.lookup_current().map(|span| span.name().to_owned());
        let mut fields = BTreeMap::new();
        attributes.record(&mut Fields(&mut fields));
        self.0.lock().expect("no panic").push((attributes.metadata().name().to_owned(), parent, fields));
        self.1.lock().expect("no panic").push(id.clone());
    }

    fn on_record(&self, id: &Id, record: &Record<'_>, _: Context<'_, S>) {
        let at =
            self.1.lock().expect("no panic").iter().rposition(|opened| opened == id).expect("it was opened");
        record.record(&mut Fields(&mut self.0.lock().expect("no panic")[at].2));
    }
}

#[test]
fn a_call_and_its_attempts_are_spans_one_within_the_other() {
    let opened = Opened::default();
    let subscriber = Registry::default().with(Noting(Arc::clone(&opened), Mutex::default()));
    let config =
        Config::new().retry(Retry::standard()).middleware(Spans::call()).hop_middleware(Spans::hop());
    let (platform, session) = session(config);
    platform.on("https://a.example/", Reply::error(ErrorKind::Disconnected));
    platform.on("https://a.example/", Reply::redirect(302, "https://b.example:8443/x"));
    platform.on("https://b.example:8443/x", Reply::status(404));
    tracing::subscriber::with_default(subscriber, || {
        platform.run(session.get("https://me:hunter2@a.example/").send()).expect("an answer")
    });
    let opened = opened.lock().expect("no panic");
    let told: Vec<_> = opened
        .iter()
        .map(|(name, parent, fields)| {
            let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or("-");
            let of_answer = [field("http.response.status_code"), field("error.type")];
            (name.as_str(), parent.as_deref(), field("url.full"), field("server.port"), of_answer)
        })
        .collect();
    assert_eq!(
        told,
        [
            ("fetch", None, "https://me:***@a.example/", "443", ["404", "404"]),
            ("exchange", Some("fetch"), "https://a.example/", "443", ["-", "disconnected"]),
            ("exchange", Some("fetch"), "https://a.example/", "443", ["302", "-"]),
            ("exchange", Some("fetch"), "https://b.example:8443/x", "8443", ["404", "404"]),
        ]
    );
    assert!(opened.iter().all(|(.., fields)| fields["http.request.method"] == "GET"));
}
