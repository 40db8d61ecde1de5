//! WebSockets over the platform's own, and over a class of the caller's.

use std::sync::Arc;
use std::time::Duration;

use dualfetch::browser_options::{BrowserOptions, Cache};
use dualfetch::platform::browser::Browser;
use dualfetch::websocket::{CloseCode, ClosedBy, Message, WebSocketBuilder, WebSocketOptions};
use dualfetch::{Client, Config, DefaultSession, Error, ErrorKind, Figures, Session, SessionExt, WebSocket};
use futures_util::future::join;
use js_sys::Function;
use serde_json::{Value, json};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::contract::{Lab, is_pending, outcome};

use super::lab::{pause, run};

pub(super) fn unsupported(result: Result<impl Sized, Error>, feature: &str) {
    let Err(error) = result else { panic!("{feature} was taken") };
    let named = matches!(error.kind(), ErrorKind::Unsupported { feature: named, .. } if *named == feature);
    assert!(named && error.code() == "unsupported", "{feature}: {error}");
}

#[wasm_bindgen_test]
async fn where_there_is_none_that_is_said() {
    run(async |lab| {
        // It is looked up at each connection.
        let own = function("const own = globalThis.WebSocket; delete globalThis.WebSocket; return own;");
        let own = own.call0(&JsValue::UNDEFINED).expect("no exception");
        let session = lab.session(Config::new());
        let refused = session.websocket(lab.socket("/ws/echo")).await;
        if !own.is_undefined() {
            js_sys::Reflect::set(&js_sys::global(), &"WebSocket".into(), &own).expect("an object");
        }
        unsupported(refused, "websocket");
        assert_eq!(session.figures(), Figures::default());
    })
    .await;
}

#[wasm_bindgen_test]
async fn what_no_platform_s_websocket_can_do_is_unsupported_by_name() {
    type Change = for<'a> fn(WebSocketBuilder<'a, DefaultSession>) -> WebSocketBuilder<'a, DefaultSession>;
    let refused: [(&str, Change); 10] = [
        ("header", |opening| opening.header("x-own", "1")),
        ("header", |opening| opening.header("accept", "text/html")),
        ("origin", |opening| opening.origin("https://app.example")),
        ("authorization", |opening| opening.basic_auth("user", "password")),
        ("authorization", |opening| opening.bearer_auth("token")),
        ("heartbeat", |opening| opening.heartbeat(Duration::from_secs(1))),
        ("auto_pong", |opening| opening.auto_pong(false)),
        ("max_frame_size", |opening| opening.max_frame_size(1000)),
        ("permessage_deflate", |opening| opening.permessage_deflate(false)),
        ("browser options", |opening| opening.browser(BrowserOptions::new().cache(Cache::NoStore))),
    ];
    run(async |lab| {
        let session = lab.session(Config::new());
        for (feature, change) in refused {
            unsupported(change(session.websocket(lab.socket("/ws/echo"))).await, feature);
        }
        let of_the_session = lab.session(Config::new().header("x-own", "1"));
        unsupported(of_the_session.websocket(lab.socket("/ws/echo")).await, "header");
        for (feature, request) in [
            ("method", session.put(lab.socket("/ws/echo"))),
            ("body", session.get(lab.socket("/ws/echo")).body("x")),
        ] {
            let mut request = request.build().expect("sound");
            request.extensions_mut().insert(Arc::new(WebSocketOptions::default()));
            unsupported(session.send(request).await, feature);
        }
    })
    .await;
}

// --- over a class of the caller's ------------------------------------------------------------------------------------

#[wasm_bindgen]
extern "C" {
    /// A function of this body.
    #[wasm_bindgen(js_name = Function)]
    fn function(body: &str) -> Function;
}

/// A `WebSocket` whose events are the test's.
struct Fake {
    class: JsValue,
    session: Client<Browser>,
}

impl Fake {
    fn new() -> Self {
        let class = function(
            "class Fake {
               static made = [];
               constructor(...args) { Fake.made.push(this); this.readyState = this.bufferedAmount = 0; this.calls = [args.join(' ')]; }
               send(data) { this.calls.push(`send ${data}`); }
               close(...args) { this.calls.push(['close', ...args].join(' ')); this.onclosing?.(); }
               tell(type, fields) {
                 this.readyState = { open: 1, close: 3 }[type] ?? this.readyState;
                 this['on' + type]?.({ type, ...fields });
               }
             }
             return Fake;",
        );
        let class = class.call0(&JsValue::UNDEFINED).expect("a class");
        let backend = Browser::new().with_websocket(class.clone().unchecked_into());
        let session = Client::with_backend(Config::new(), backend).expect("a session");
        Self { class, session }
    }

    /// Opens one.
    async fn open(&self) -> (WebSocket, JsValue) {
        let opening = self.session.websocket("ws://fake.example/").connect();
        let (socket, ()) = join(opening, async { self.tell("open", "{}") }).await;
        (socket.expect("a WebSocket"), self.last())
    }

    fn last(&self) -> JsValue {
        self.js("return this.made.at(-1)")
    }

    /// The last one made has this event.
    fn tell(&self, kind: &str, fields: &str) {
        self.js(&format!("this.made.at(-1).tell('{kind}', {fields})"));
    }

    /// One of the steps of tests/sockets.json, but for what the caller does.
    fn step(&self, step: &Value) {
        let (kind, fields) = step.as_object().and_then(|step| step.iter().next()).expect("one word");
        match kind.as_str() {
            "state" => drop(self.js(&format!("this.made.at(-1).readyState = {fields}"))),
            "message" => self.tell("message", &format!("{{ data: {fields} }}")),
            "close" => self.tell("close", &fields.to_string()),
            _ => self.tell(kind, "{}"),
        }
    }

    /// The same, its connection being over already.
    fn tell_closed(&self, kind: &str, fields: &str) {
        self.js("this.made.at(-1).readyState = 3");
        self.tell(kind, fields);
    }

    /// What was called at the last one made, its constructor first.
    fn calls(&self) -> String {
        self.js("return this.made.at(-1).calls.join(', ')").as_string().expect("text")
    }

    fn js(&self, body: &str) -> JsValue {
        function(body).call0(&self.class).expect("no exception")
    }
}

#[wasm_bindgen_test]
async fn a_class_of_the_caller_s_is_used_as_the_standard_says() {
    run(async |_| {
        let fake = Fake::new();
        let opening = fake.session.websocket("https://fake.example/a?b#c").protocols(["v2", "v1"]).connect();
        let (socket, ()) = join(opening, async {
            fake.js("this.made[0].protocol = 'v1'");
            fake.tell("open", "{}");
        })
        .await;
        let mut socket = socket.expect("a WebSocket");
        assert_eq!((socket.protocol(), socket.url().as_str()), (Some("v1"), "wss://fake.example/a?b#c"));
        socket.send("hello").await.expect("sent");
        socket.send(vec![1, 2]).await.expect("sent");
        fake.tell("message", "{ data: 'é' }");
        fake.tell("message", "{ data: new Uint8Array([1, 2]).buffer }");
        fake.tell("message", "{ data: new Uint8Array([0, 3]).subarray(1) }");
        for expected in [Message::from("é"), vec![1, 2].into(), vec![3].into()] {
            assert_eq!(socket.next().await.expect("it goes on").expect("a message"), expected);
        }
        let (closed, ()) = join(socket.close(3001.into(), "bye"), async {
            fake.tell("close", "{ code: 3001, reason: 'bye', wasClean: true }");
        })
        .await;
        assert_eq!(closed.expect("an answer").by, ClosedBy::Client);
        assert_eq!(fake.calls(), "wss://fake.example/a?b v2,v1, send hello, send 1,2, close 3001 bye, close");
        fake.open().await;
        assert_eq!(fake.calls(), "ws://fake.example/, close");
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_slow_network_slows_the_sender_down() {
    run(async |_| {
        let fake = Fake::new();
        let (mut socket, _) = fake.open().await;
        fake.js("this.made[0].bufferedAmount = 2 ** 20");
        socket.send("as much as may be").await.expect("sent");
        fake.js("this.made[0].bufferedAmount = 2 ** 20 + 1");
        let mut sending = Box::pin(socket.send("too much"));
        for _ in 0..3 {
            assert!(is_pending(&mut sending).await);
            pause(Duration::from_millis(15)).await;
        }
        assert_eq!(fake.calls(), "ws://fake.example/, send as much as may be");
        fake.js("this.made[0].bufferedAmount = 0");
        sending.await.expect("sent");
        fake.js("this.made[0].bufferedAmount = 2 ** 30");
        let (sent, ()) = join(socket.send("never"), async { fake.tell("close", "{ code: 1006 }") }).await;
        assert_eq!(outcome(&sent), "disconnected");
        assert!(fake.calls().ends_with("send too much"), "{}", fake.calls());
    })
    .await;
}

#[wasm_bindgen_test]
async fn no_event_is_heard_once_it_was_dropped() {
    run(async |_| {
        let fake = Fake::new();
        let (socket, _) = fake.open().await;
        // Some classes tell at once what others tell later.
        fake.js("this.made[0].onclosing = () => this.made[0].tell('close', { code: 1005, wasClean: true })");
        drop(socket);
        for kind in ["open", "message", "error", "close"] {
            fake.tell(kind, "{ data: 'late', code: 1000, wasClean: true }");
        }
        // Who is an event emitter of Node's throws an error that nobody listens to.
        assert!(fake.js("return typeof this.made[0].onerror == 'function'").is_truthy());
        assert_eq!(fake.calls(), "ws://fake.example/, close");
        let mut opening = Box::pin(fake.session.websocket("ws://fake.example/").connect());
        assert!(is_pending(&mut opening).await);
        drop(opening);
        fake.tell("open", "{}");
        assert_eq!(fake.calls(), "ws://fake.example/, close");
        assert_eq!(fake.session.figures(), Figures::default());
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_class_that_says_why_it_failed_is_listened_to() {
    run(async |_| {
        let fake = Fake::new();
        let refused = "{ error: Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }) }";
        for (fields, code) in [(refused, "connect"), ("{ message: 'Received network error' }", "network")] {
            let opening = fake.session.websocket("ws://fake.example/").connect();
            let (failed, ()) = join(opening, async {
                fake.tell("error", fields);
                fake.tell("close", "{ code: 1006, wasClean: false }");
            })
            .await;
            let error = failed.expect_err("it failed");
            assert_eq!(error.code(), code, "{error}");
            assert!(fields.contains("Received") == error.to_string().contains("Received"), "{error}");
        }
        let (mut socket, _) = fake.open().await;
        fake.tell("message", "{ data: 'before' }");
        fake.tell("error", "{ error: new Error('RSV1 must be clear') }");
        fake.tell("close", "{ code: 1006, wasClean: false }");
        assert_eq!(socket.next().await.expect("it goes on").expect("a message").as_text(), Some("before"));
        let error = socket.next().await.expect("it goes on").expect_err("it failed");
        assert_eq!(error.code(), "disconnected");
        assert!(error.message().is_some_and(|message| message.contains("RSV1")), "{error}");
        // The close frame came, and then the connection was cut.
        let (mut socket, _) = fake.open().await;
        fake.tell("close", "{ code: 1001, reason: 'going', wasClean: false }");
        assert!(socket.next().await.is_none());
        let close = socket.closed().expect("it is closed");
        assert_eq!((close.code, &*close.reason), (CloseCode::GOING_AWAY, "going"));
        // What is open may have closed again before anybody looks.
        let opening = fake.session.websocket("ws://fake.example/").connect();
        let (socket, ()) = join(opening, async {
            fake.tell("open", "{}");
            fake.tell("message", "{ data: 'quick' }");
            fake.tell("close", "{ code: 1006 }");
        })
        .await;
        let mut socket = socket.expect("a WebSocket");
        assert_eq!(socket.next().await.expect("it goes on").expect("a message").as_text(), Some("quick"));
        assert_eq!(outcome(&socket.next().await.expect("it goes on")), "disconnected");
    })
    .await;
}

#[wasm_bindgen_test]
async fn an_end_that_no_event_tells_of_is_told_by_the_error() {
    run(async |_| {
        let fake = Fake::new();
        let opening = fake.session.websocket("ws://fake.example/").connect();
        let (failed, ()) = join(opening, async {
            fake.tell_closed("error", "{ message: 'not today' }");
        })
        .await;
        let error = failed.expect_err("it failed");
        assert_eq!(error.code(), "network");
        assert!(error.message().is_some_and(|message| message.contains("not today")), "{error}");
        // A handshake that fails need not even say that it has ended.
        let opening = fake.session.websocket("ws://fake.example/").connect();
        let (failed, ()) = join(opening, async {
            fake.tell("error", "{ message: 'no handshake' }");
        })
        .await;
        let error = failed.expect_err("it failed");
        assert_eq!(error.code(), "network");
        assert!(error.message().is_some_and(|message| message.contains("no handshake")), "{error}");
        let (mut socket, _) = fake.open().await;
        fake.tell("message", "{ data: 'before' }");
        fake.tell_closed("error", "{ error: new Error('it is lost') }");
        assert_eq!(socket.next().await.expect("it goes on").expect("a message").as_text(), Some("before"));
        let error = socket.next().await.expect("it goes on").expect_err("it failed");
        assert_eq!(error.code(), "disconnected");
        assert!(error.message().is_some_and(|message| message.contains("it is lost")), "{error}");
        // Where one follows, it says more.
        let (mut socket, _) = fake.open().await;
        fake.tell_closed("error", "{}");
        fake.tell("close", "{ code: 1001, wasClean: false }");
        assert!(socket.next().await.is_none());
        assert_eq!(socket.closed().expect("it is closed").code, CloseCode::GOING_AWAY);
        let (socket, _) = fake.open().await;
        fake.tell_closed("error", "{}");
        drop(socket);
        assert_eq!(fake.session.figures(), Figures::default());
    })
    .await;
}

#[wasm_bindgen_test]
async fn an_end_of_code_0_is_one_without_a_close_frame() {
    run(async |_| {
        let fake = Fake::new();
        let (mut socket, _) = fake.open().await;
        fake.tell("close", "{ code: 0, reason: '', wasClean: false }");
        assert_eq!(outcome(&socket.next().await.expect("it goes on")), "disconnected");
        let close = socket.closed().expect("it is closed");
        assert_eq!((close.code, close.by), (CloseCode::ABNORMAL, ClosedBy::Neither));
    })
    .await;
}

#[wasm_bindgen_test]
async fn who_closes_what_the_server_is_closing_has_not_closed_it() {
    run(async |_| {
        let fake = Fake::new();
        let (mut socket, _) = fake.open().await;
        fake.js("this.made.at(-1).readyState = 2");
        let (closed, ()) = join(socket.close(4000.into(), "mine"), async {
            fake.tell("close", "{ code: 4001, reason: 'its own', wasClean: true }");
        })
        .await;
        let close = closed.expect("it is closed");
        assert_eq!((u16::from(close.code), &*close.reason, close.by), (4001, "its own", ClosedBy::Server));
        assert_eq!(fake.calls(), "ws://fake.example/, close");
        // Where that does not come to its end, it is waited for no longer than for an answer.
        let opening = fake.session.websocket("ws://fake.example/").close_timeout(Duration::from_millis(20));
        let (socket, ()) = join(opening.connect(), async { fake.tell("open", "{}") }).await;
        let mut socket = socket.expect("a WebSocket");
        fake.js("this.made.at(-1).readyState = 2");
        assert_eq!(outcome(&socket.close(CloseCode::NORMAL, "").await), "timeout close");
        // Once closing it has begun here, it is ours.
        let (mut socket, _) = fake.open().await;
        fake.js("this.made.at(-1).onclosing = () => this.made.at(-1).readyState = 2");
        let (closed, ()) = join(socket.close(CloseCode::NORMAL, ""), async {
            fake.tell("close", "{ code: 1000, wasClean: true }");
        })
        .await;
        assert_eq!(closed.expect("it is closed").by, ClosedBy::Client);
    })
    .await;
}

/// The npm package's sockets are held to the same table.
#[wasm_bindgen_test]
async fn what_a_platform_s_websocket_tells_comes_to_what_the_table_says() {
    run(async |_| {
        let all: Vec<Value> = serde_json::from_str(include_str!("../sockets.json")).expect("JSON");
        assert!(all.len() >= 13, "{} cases", all.len());
        for case in all {
            let fake = Fake::new();
            let steps = case["steps"].as_array().expect("a list");
            let seen = came_to(&fake, steps).await;
            assert_eq!(seen, case["outcome"], "{}", case["name"]);
            assert_eq!(fake.session.figures(), Figures::default(), "{}", case["name"]);
        }
    })
    .await;
}

/// What these steps come to, as the table has it.
async fn came_to(fake: &Fake, steps: &[Value]) -> Value {
    let opens = steps.iter().position(|step| step.get("open").is_some());
    let (first, rest) = steps.split_at(opens.map_or(steps.len(), |at| at + 1));
    let opening = fake.session.websocket("ws://fake.example/").connect();
    let (socket, ()) = join(opening, async { first.iter().for_each(|step| fake.step(step)) }).await;
    let mut socket = match socket {
        Ok(socket) => socket,
        Err(error) => return json!({ "opening": error.code() }),
    };
    let closes = rest.iter().position(|step| step.get("closing").is_some()).unwrap_or(rest.len());
    rest[..closes].iter().for_each(|step| fake.step(step));
    let mut error = None;
    if let Some(Value::Object(own)) = rest.get(closes).map(|step| &step["closing"]) {
        let code = own["code"].as_u64().and_then(|code| u16::try_from(code).ok()).expect("a code");
        let closing = socket.close(code.into(), own["reason"].as_str().expect("text"));
        let (closed, ()) =
            join(closing, async { rest[closes + 1..].iter().for_each(|step| fake.step(step)) }).await;
        error = closed.err().map(|error| error.code());
    }
    let mut messages = Vec::new();
    while let Some(next) = socket.next().await {
        match next {
            Ok(message) => messages.push(message.as_text().expect("text").to_owned()),
            Err(failure) => {
                error = Some(failure.code());
                break;
            }
        }
    }
    let close = socket.closed().expect("it is closed");
    let by = match close.by {
        ClosedBy::Client => "client",
        ClosedBy::Server => "server",
        _ => "neither",
    };
    json!({ "messages": messages, "error": error, "code": u16::from(close.code), "reason": &*close.reason, "by": by })
}

#[wasm_bindgen_test]
async fn a_class_that_is_none_is_an_error() {
    run(async |_| {
        let open = async |body: &str| {
            let class = function(body).call0(&JsValue::UNDEFINED).expect("a value");
            let backend = Browser::new().with_websocket(class.unchecked_into());
            let session = Client::with_backend(Config::new(), backend).expect("a session");
            session.websocket("ws://fake.example/").await.expect_err("no class")
        };
        let error = open("return class { constructor() { throw new SyntaxError('no such URL'); } }").await;
        assert_eq!(error.code(), "network");
        assert!(error.message().is_some_and(|message| message.contains("no such URL")), "{error}");
        assert_eq!(open("return () => 1").await.code(), "network");
        assert_eq!(open("return 7").await.code(), "network");
        let fake = Fake::new();
        let (mut socket, _) = fake.open().await;
        fake.tell("message", "{ data: { size: 3 } }");
        assert_eq!(outcome(&socket.next().await.expect("it goes on")), "protocol");
        assert!(fake.calls().ends_with("close"), "{}", fake.calls());
    })
    .await;
}
