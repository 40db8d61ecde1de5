//! Strangers would like the gateway to fetch what only it can reach: by a URL, a target, a redirect, a name, a head. A
//! canary listens where all of it would lead, and must see no connection.

#[path = "attacks/places.rs"]
mod places;
#[path = "attacks/requests.rs"]
mod requests;
#[path = "attacks/upstream.rs"]
mod upstream;

use std::collections::HashMap;
use std::net::IpAddr;

use dualfetch::SafeMode;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};

use super::wire::{Answer, Canary, Names, Serving, one, run, settings};

use places::{HOSTS, LOCATIONS, TARGETS, URLS};
use upstream::Upstream;

/// Gateway, canary, and the one upstream that may be asked.
struct Lab {
    gateway: Serving,
    canary: Canary,
    upstream: Upstream,
}

impl Lab {
    async fn start() -> Self {
        Self::allowing("127.0.0.2").await
    }

    async fn allowing(network: &str) -> Self {
        let gateway = Serving::start(settings(network)).await;
        Self { gateway, canary: Canary::start().await, upstream: Upstream::start().await }
    }

    fn filled(&self, text: &str) -> String {
        let ports =
            [("{P}", self.canary.port), ("{G}", self.gateway.address.port()), ("{U}", self.upstream.port)];
        ports.iter().fold(text.to_owned(), |text, (word, port)| text.replace(word, &port.to_string()))
    }

    /// Every URL of the lists, and what it comes to.
    fn urls(&self) -> Vec<(String, &'static str)> {
        let of_hosts = HOSTS.iter().map(|(host, code)| (format!("http://{host}:{{P}}/"), *code));
        let whole = URLS.iter().map(|(url, code)| ((*url).to_owned(), *code));
        of_hosts.chain(whole).map(|(url, code)| (self.filled(&url), code)).collect()
    }

    /// Nobody was there, and the upstream was asked so often.
    fn saw_nobody(&self, requests: usize) {
        assert_eq!((self.canary.connections(), self.upstream.requests()), (0, requests));
    }
}

/// Whether the code is among those of the list.
fn is(expected: &str, code: Option<&str>) -> bool {
    code.is_some_and(|code| expected.split(" or ").any(|expected| expected == code))
}

/// The status that goes with a code.
fn status(code: &str) -> u16 {
    match code {
        "denied" => 403,
        "redirect" | "dns" => 502,
        _ => 400,
    }
}

#[test]
fn no_url_that_is_fetched_leads_to_what_is_denied() {
    run(async {
        let lab = Lab::start().await;
        let urls = lab.urls();
        assert!(urls.len() >= 200, "{}", urls.len());
        let mut wrong = Vec::new();
        for (url, expected) in &urls {
            let answer = lab.gateway.fetch(url).await;
            let code = answer.code();
            let right =
                is(expected, code.as_deref()) && code.is_some_and(|code| status(&code) == answer.status);
            if !right {
                wrong.push(format!("{url:?} should be {expected}: {} {}", answer.status, answer.text()));
            }
        }
        assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), urls.len(), wrong.join("\n"));
        lab.saw_nobody(0);
    });
}

#[test]
fn every_method_is_held_to_it() {
    run(async {
        let lab = Lab::start().await;
        let host = lab.gateway.address;
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "QUERY", "PROPFIND"] {
            for place in
                ["http://127.0.0.1:{P}/", "http://[::1]:{P}/", "http://2130706433:{P}/", "file:///etc/passwd"]
            {
                let target = lab.filled(&format!("/fetch?url={place}"));
                let request = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
                let request = request + "Content-Length: 2\r\n\r\nhi";
                // A HEAD's answer has no body, so its code is in the head alone.
                let answer = match method {
                    "HEAD" => head_of(&lab.gateway, &request).await,
                    _ => one(&request, lab.gateway.says(&request).await),
                };
                let status = answer.status;
                assert!(matches!(status, 400 | 403 | 405), "{method} {place}: {answer:?}");
                assert!(answer.field("dualfetch-error").is_some(), "{method} {place}: {answer:?}");
            }
        }
        lab.saw_nobody(0);
    });
}

async fn head_of(gateway: &Serving, request: &str) -> Answer {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(gateway.address).await.expect("a connection");
    stream.write_all(request.as_bytes()).await.expect("it is sent");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.expect("an answer");
    let text = String::from_utf8(bytes).expect("ASCII");
    assert!(text.ends_with("\r\n\r\n"), "a HEAD's answer has no body: {text:?}");
    let fields = text.split("\r\n").skip(1).filter_map(|line| line.split_once(": "));
    Answer {
        status: text[9..12].parse().expect("a status"),
        fields: fields.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect(),
        ..Answer::default()
    }
}

#[test]
fn no_spelling_of_a_target_leads_past_it() {
    run(async {
        let lab = Lab::start().await;
        let mut wrong = Vec::new();
        for (target, status, expected) in TARGETS {
            let target = lab.filled(target);
            let answer = lab.gateway.get(&target).await;
            if !is(expected, answer.code().as_deref())
                || (!expected.contains(" or ") && answer.status != *status)
            {
                wrong.push(format!(
                    "{target:?} should be {status} {expected}: {} {}",
                    answer.status,
                    answer.text()
                ));
            }
        }
        assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), TARGETS.len(), wrong.join("\n"));
        lab.saw_nobody(0);
    });
}

#[test]
fn no_redirect_leads_to_what_is_denied() {
    run(async {
        let lab = Lab::start().await;
        let of_lists = lab.urls().into_iter().map(|(url, code)| {
            // What cannot be asked at all is then the redirect's fault.
            let code = match code {
                code if code.contains("denied") => "denied or redirect or invalid_url",
                code if code.contains("dns") => "redirect or dns",
                _ => "redirect",
            };
            (url, code)
        });
        let of_redirects = LOCATIONS.iter().map(|(place, code)| (lab.filled(place), *code));
        // No field can hold these; to the upstream these are paths of its own, and followed to it.
        let own = |url: &str| !url.starts_with(['/', '?', '#']) && !url.is_empty() && url.trim() != "";
        let usable =
            |url: &str| !url.chars().any(|each| each < ' ' && each != '\t') && own(url) && !is_path(url);
        let places: Vec<_> = of_lists.filter(|(url, _)| usable(url)).chain(of_redirects).collect();
        assert!(places.len() >= 200, "{}", places.len());
        let (mut wrong, mut asked) = (Vec::new(), 0);
        for (place, expected) in &places {
            let answer = lab.gateway.fetch(&lab.upstream.sends_to(place)).await;
            asked += 1;
            if !is(expected, answer.code().as_deref()) {
                wrong.push(format!("{place:?} should be {expected}: {} {}", answer.status, answer.text()));
            }
        }
        assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), places.len(), wrong.join("\n"));
        lab.saw_nobody(asked);
    });
}

/// What is relative to a URL of the same scheme.
fn is_path(url: &str) -> bool {
    let rest =
        url.split_once(':').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("http")).map(|(_, rest)| rest);
    let Some(rest) = rest else {
        return !url.contains(':') || url.starts_with(['1', '\\', ':', '\u{a0}', '\u{feff}']);
    };
    rest.is_empty()
        || !rest.starts_with("//")
            && !rest.starts_with("\\\\")
            && !rest.starts_with("/\\")
            && !rest.starts_with("\\/")
}

#[test]
fn what_a_page_names_is_not_fetched() {
    run(async {
        let lab = Lab::start().await;
        let there = format!("http://127.0.0.1:{}/", lab.canary.port);
        let answer = lab.gateway.fetch(&lab.upstream.names(&there)).await;
        assert_eq!((answer.status, answer.field("refresh")), (200, None));
        for target in ["/titles", "/titles?metadata=head", "/titles?metadata=page"] {
            let rows = titles(&lab, target, &[lab.upstream.names(&there)]).await;
            assert_eq!(
                (rows.len(), &rows[0]["title"], &rows[0]["error"]),
                (1, &json!("named"), &Value::Null)
            );
        }
        lab.saw_nobody(4);
    });
}

#[test]
fn no_url_of_a_list_leads_to_what_is_denied() {
    run(async {
        let lab = Lab::start().await;
        let urls = lab.urls();
        let asked: Vec<_> = urls.iter().map(|(url, _)| url.clone()).collect();
        let rows = titles(&lab, "/titles", &asked).await;
        judge(&urls, &rows);
        lab.saw_nobody(0);
    });
}

async fn titles(lab: &Lab, target: &str, urls: &[String]) -> Vec<Value> {
    let (body, host) = (json!(urls).to_string(), lab.gateway.address);
    let fields = format!("Host: {host}\r\nConnection: close\r\nContent-Type: application/json");
    let request =
        format!("POST {target} HTTP/1.1\r\n{fields}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let answer = one(&request, lab.gateway.says(&request).await);
    assert_eq!((answer.status, answer.whole), (200, true), "{}", answer.text());
    answer.text().lines().map(|line| serde_json::from_str(line).expect("a row")).collect()
}

/// One row for each, of the right code.
fn judge(urls: &[(String, &str)], rows: &[Value]) {
    let by_index: HashMap<_, _> = rows.iter().map(|row| (row["index"].as_u64(), row)).collect();
    assert_eq!((rows.len(), by_index.len()), (urls.len(), urls.len()));
    let mut wrong = Vec::new();
    for (index, (url, expected)) in urls.iter().enumerate() {
        let row = by_index[&Some(index as u64)];
        if !is(expected, row["error"]["code"].as_str()) || !row["status"].is_null() {
            wrong.push(format!("{url:?} should be {expected}: {row}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), urls.len(), wrong.join("\n"));
}

#[test]
fn no_url_that_comes_by_a_websocket_leads_to_what_is_denied() {
    run(async {
        use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest};
        let lab = Lab::start().await;
        let urls = lab.urls();
        let mut request =
            format!("ws://{}/ws", lab.gateway.address).into_client_request().expect("a request");
        request.headers_mut().insert("sec-websocket-protocol", "dualfetch.v1".parse().expect("a value"));
        let stream = tokio::net::TcpStream::connect(lab.gateway.address).await.expect("a connection");
        let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.expect("a WebSocket");
        let start = json!({ "type": "start", "id": "a", "urls": urls.iter().map(|(url, _)| url).collect::<Vec<_>>() });
        socket.send(Message::text(start.to_string())).await.expect("it is sent");
        let (mut rows, mut end) = (Vec::new(), Value::Null);
        while end.is_null() {
            let message = socket.next().await.expect("a message").expect("a message");
            let Ok(text) = message.to_text() else { continue };
            let told: Value = serde_json::from_str(text).expect("JSON");
            match told["type"].as_str() {
                Some("row") => rows.push(told["row"].clone()),
                Some("end") => end = told,
                Some("progress") => {}
                _ => panic!("{told}"),
            }
        }
        judge(&urls, &rows);
        lab.saw_nobody(0);
    });
}

#[test]
fn no_name_leads_to_what_is_denied() {
    run(async {
        let addresses: Vec<IpAddr> =
            HOSTS.iter().filter_map(|(host, _)| host.trim_matches(['[', ']']).parse().ok()).collect();
        assert!(addresses.len() >= 50, "{}", addresses.len());
        let mut names: HashMap<_, _> = addresses
            .iter()
            .enumerate()
            .map(|(nth, address)| (format!("a{nth}.test"), vec![*address]))
            .collect();
        names.insert("all.test".to_owned(), addresses.clone());
        // One that is allowed among many that are not: the allowed one is asked, and no other.
        let mixed = [addresses.as_slice(), &[[127, 0, 0, 2].into()], &addresses].concat();
        names.insert("mixed.test".to_owned(), mixed);
        let cloud =
            ["metadata.google.internal", "kubernetes.default.svc", "instance-data", "host.docker.internal"];
        names.extend(cloud.map(|name| (name.to_owned(), vec![[169, 254, 169, 254].into()])));
        let mut lab = Lab::start().await;
        let asked: Vec<_> = names.keys().filter(|name| *name != "mixed.test").cloned().collect();
        let mut settings = settings("127.0.0.2");
        settings.config = settings.config.clone().resolver(Names(names));
        lab.gateway = Serving::start(settings).await;
        for name in &asked {
            for url in [
                format!("http://{name}:{}/", lab.canary.port),
                format!("https://{name}.:{}/", lab.canary.port),
            ] {
                let answer = lab.gateway.fetch(&url).await;
                assert_eq!(
                    (answer.code().as_deref(), answer.status),
                    (Some("denied"), 403),
                    "{url}: {}",
                    answer.text()
                );
            }
            let away = lab.upstream.sends_to(&format!("http://{name}:{}/", lab.canary.port));
            assert_eq!(lab.gateway.fetch(&away).await.code().as_deref(), Some("denied"), "{name}");
        }
        lab.saw_nobody(asked.len());
        let answer = lab.gateway.fetch(&format!("http://mixed.test:{}/page", lab.upstream.port)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        lab.saw_nobody(asked.len() + 1);
    });
}

#[test]
fn ports_of_other_services_are_not_asked() {
    run(async {
        let mut lab = Lab::start().await;
        let mut settings = settings("127.0.0.2");
        settings.safe_mode = SafeMode::new().allow_network("127.0.0.2").expect("a network");
        lab.gateway = Serving::start(settings).await;
        let ports = [
            1, 7, 21, 22, 23, 25, 53, 81, 110, 111, 135, 139, 143, 389, 445, 465, 587, 873, 993, 2049, 2375,
            2379,
        ];
        let more = [
            3000, 3128, 3306, 4444, 5000, 5432, 5672, 5900, 6379, 6443, 8000, 8080, 8443, 8500, 9000, 9200,
            9300,
        ];
        let last = [10250, 10255, 11211, 15672, 27017, 50070, 61616, 65535, lab.upstream.port];
        for port in ports.iter().chain(&more).chain(&last) {
            let answer = lab.gateway.fetch(&format!("http://127.0.0.2:{port}/")).await;
            assert_eq!((answer.code().as_deref(), answer.status), (Some("denied"), 403), "{port}");
        }
        lab.saw_nobody(0);
    });
}

/// The same lists, where all of it is allowed: otherwise the canary could as well be deaf.
#[test]
fn the_canary_sees_who_is_let_through() {
    run(async {
        let mut lab = Lab::start().await;
        let mut settings = settings("127.0.0.0/8");
        let safe_mode = settings
            .safe_mode
            .allow_network("::1")
            .and_then(|safe| safe.allow_network("::ffff:127.0.0.0/104"));
        settings.safe_mode = safe_mode.expect("networks");
        lab.gateway = Serving::start(settings).await;
        let mut reached = 0;
        for (url, _) in lab.urls() {
            let before = lab.canary.connections();
            let answer = lab.gateway.fetch(&url).await;
            if answer.text() == "reached" {
                assert_eq!((answer.status, lab.canary.connections()), (200, before + 1), "{url}");
                assert!(answer.field("dualfetch-url").is_some() && answer.code().is_none());
                reached += 1;
            }
        }
        assert!(reached >= 40, "{reached} of the list");
        let there = format!("http://127.0.0.1:{}/", lab.canary.port);
        assert_eq!(lab.gateway.fetch(&lab.upstream.sends_to(&there)).await.text(), "reached");
        let rows = titles(&lab, "/titles", &[there]).await;
        assert_eq!((rows.len(), &rows[0]["status"]), (1, &json!(200)));
        assert!(lab.canary.connections() >= reached + 2);
    });
}
