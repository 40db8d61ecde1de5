//! Which header fields pass: those of requests to the upstream, and those of its answers to the client.

use http::header::{self, CACHE_CONTROL, CONNECTION, VARY};
use http::{HeaderMap, HeaderName, HeaderValue};

/// What the gateway adds to `Via` (RFC 9110, 7.6.3), and refuses requests for that have come by it already.
pub(super) const VIA: &str = "1.1 dualfetch";

/// Why a URL with them is not asked.
pub(super) const NO_CREDENTIALS: &str = "no credentials are passed on: leave user and password out";

/// Where a relayed answer is from, after redirects.
pub(super) const URL: HeaderName = HeaderName::from_static("dualfetch-url");
/// How many redirects were followed.
pub(super) const REDIRECTS: HeaderName = HeaderName::from_static("dualfetch-redirects");
/// The status of a relayed answer that comes as 200.
pub(super) const STATUS: HeaderName = HeaderName::from_static("dualfetch-status");
/// Which fields of a relayed answer are the gateway's, as the upstream has none of the name.
pub(super) const ADDED: HeaderName = HeaderName::from_static("dualfetch-added");
/// The code of the gateway's own failure.
pub(super) const ERROR: HeaderName = HeaderName::from_static("dualfetch-error");
/// The phase of a timeout, which an answer to HEAD has no other place for.
pub(super) const PHASE: HeaderName = HeaderName::from_static("dualfetch-phase");

/// Between two neighbours only (RFC 9110, 7.6.1), beside those that `Connection` names.
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
    "proxy-authorization",
];

/// What a client's request, or a proxy on its way here, tells the gateway, and nobody behind it: who asks, and from where.
const OF_CLIENT: [&str; 18] = [
    "authorization",
    "client-ip",
    "content-length",
    "cookie",
    "cookie2",
    "expect",
    "forwarded",
    "host",
    "origin",
    "referer",
    "service-worker",
    "true-client-ip",
    "user-agent",
    "via",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-real-ip",
    "x-request-id",
];

/// How the names of more of them begin: of browsers' own fields, and of those by which clouds and proxies say who it is
/// that they have let in.
const STARTS_OF_CLIENT: [&str; 26] = [
    "access-control-request-",
    "cf-",
    "cloudfront-",
    "dualfetch-",
    "fastly-",
    "fly-",
    "proxy-",
    "remote-",
    "sec-",
    "ssl-client-",
    "tailscale-",
    "x-amzn-mtls-",
    "x-amzn-oidc-",
    "x-appengine-",
    "x-arr-",
    "x-auth-request-",
    "x-azure-",
    "x-envoy-",
    "x-forwarded-",
    "x-goog-authenticated-user-",
    "x-goog-iap-",
    "x-ms-client-principal",
    "x-ms-token-",
    "x-original-",
    "x-remote-",
    "x-ssl-",
];

/// What an upstream's answer says of the upstream's origin. From the gateway's it would be about that one: sign the user in
/// or out there, clear its storage, open it to other pages, or move them.
const OF_ORIGIN: [&str; 32] = [
    "accept-ch",
    "activate-storage-access",
    "alt-svc",
    "authentication-info",
    "clear-site-data",
    "critical-ch",
    "document-policy",
    "expect-ct",
    "integrity-policy",
    "integrity-policy-report-only",
    "nel",
    "origin-agent-cluster",
    "origin-trial",
    "proxy-authenticate",
    "public-key-pins",
    "refresh",
    "report-to",
    "reporting-endpoints",
    "service-worker-allowed",
    "set-cookie",
    "set-cookie2",
    "set-login",
    "sourcemap",
    "speculation-rules",
    "strict-transport-security",
    "supports-loading-mode",
    "use-as-dictionary",
    "via",
    "www-authenticate",
    "x-dns-prefetch-control",
    "x-frame-options",
    "x-permitted-cross-domain-policies",
];

/// How the names of more of them begin; and of those that a proxy or a cache in front of this would act upon: serve a file of
/// its own, or keep what is one client's.
const STARTS_OF_ORIGIN: [&str; 14] = [
    "access-control-",
    "cdn-cache-control",
    "content-security-policy",
    "cross-origin-",
    "dualfetch-",
    "permissions-policy",
    "proxy-",
    "sec-",
    "surrogate-",
    "x-accel-",
    "x-lighttpd-",
    "x-litespeed-",
    "x-reproxy-",
    "x-sendfile",
];

/// What goes to the upstream of a client's header fields.
pub(super) fn to_upstream(fields: &HeaderMap) -> HeaderMap {
    let is_named = named(fields);
    passing(fields, |name| {
        let name = name.as_str();
        !HOP_BY_HOP.contains(&name)
            && !OF_CLIENT.contains(&name)
            // To servers that make variables of names, X_Real_IP is X-Real-IP.
            && !name.contains('_')
            && !STARTS_OF_CLIENT.iter().any(|start| name.starts_with(start))
            && !is_named(name)
    })
}

/// What goes to the client of an upstream's header fields.
pub(super) fn to_client(fields: &HeaderMap) -> HeaderMap {
    let is_named = named(fields);
    // Two lengths: the coding's is the one that holds (RFC 9112, 6.3).
    let is_coded = fields.contains_key(header::TRANSFER_ENCODING);
    passing(fields, |name| {
        let stays = match name.as_str() {
            "content-length" => is_coded,
            "x-request-id" => true,
            name => HOP_BY_HOP.contains(&name) || OF_ORIGIN.contains(&name) || is_named(name),
        };
        let name = name.as_str();
        // Each cache has a field of its own, such as Cloudflare-CDN-Cache-Control (RFC 9213).
        !stays
            && !name.ends_with("-cdn-cache-control")
            && !STARTS_OF_ORIGIN.iter().any(|start| name.starts_with(start))
    })
}

/// For one client: a cache that others use, too, must not give it to them (RFC 9111, 3.5).
pub(super) fn make_private(fields: &mut HeaderMap) {
    let texts = fields.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let is_shared = |directive: &&str| {
        let name = directive.split('=').next().unwrap_or_default().trim();
        ["", "private", "public", "s-maxage", "proxy-revalidate"]
            .iter()
            .any(|shared| name.eq_ignore_ascii_case(shared))
    };
    let mut kept = String::from("private");
    for directive in
        texts.flat_map(|text| text.split(',')).map(str::trim).filter(|directive| !is_shared(directive))
    {
        kept.push_str(", ");
        kept.push_str(directive);
    }
    // It is made of what was a value.
    fields.insert(CACHE_CONTROL, HeaderValue::try_from(kept).unwrap_or(HeaderValue::from_static("no-store")));
    fields.append(VARY, HeaderValue::from_static("authorization"));
}

/// Whether server-sent events are asked for.
pub(super) fn takes_events(fields: &HeaderMap) -> bool {
    let texts = fields.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| text.split(',')).any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let is_events = parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case("text/event-stream"));
        is_events && !parts.any(|part| part.strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0)))
    })
}

/// Whether a request has come by a gateway of this kind: then it goes in circles, or is to look as if it came from here.
pub(super) fn is_loop(fields: &HeaderMap) -> bool {
    fields.get_all(header::VIA).iter().any(|value| {
        let value = value.as_bytes();
        value.windows(9).any(|part| part.eq_ignore_ascii_case(b"dualfetch"))
    })
}

fn passing(fields: &HeaderMap, passes: impl Fn(&HeaderName) -> bool) -> HeaderMap {
    let mut passed = HeaderMap::with_capacity(fields.keys_len());
    for (name, value) in fields.iter().filter(|(name, _)| passes(name)) {
        passed.append(name.clone(), value.clone());
    }
    passed
}

/// The names that `Connection` lists. What an end-to-end message cannot do without stays, whatever it lists.
fn named(fields: &HeaderMap) -> impl Fn(&str) -> bool {
    let texts = fields.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let names: Vec<String> =
        texts.flat_map(|text| text.split(',')).map(|name| name.trim().to_ascii_lowercase()).collect();
    const NEEDED: [&str; 4] = ["content-type", "content-encoding", "content-length", "content-range"];
    move |name| !NEEDED.contains(&name) && names.iter().any(|named| named == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_for_those_who_ask_for_them() {
        let takes = |accept: &str| {
            let fields = [(header::ACCEPT, accept.parse().expect("a value"))];
            takes_events(&fields.into_iter().collect())
        };
        for accept in
            ["text/event-stream", "application/json, Text/Event-Stream;q=0.5", "*/*,text/event-stream"]
        {
            assert!(takes(accept), "{accept}");
        }
        for accept in ["", "*/*", "text/*", "text/event-stream;q=0", "text/event-stream-not"] {
            assert!(!takes(accept), "{accept}");
        }
    }
}
