//! WebSockets in virtual time: the handshake as a request, the heartbeat, timeouts, closing, and the permit.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use std::time::Duration;

use dualfetch::maybe::BoxFuture;
use dualfetch::middleware::from_fn;
use dualfetch::platform::scripted::{Reply, Scripted};
use dualfetch::websocket::{ClosedBy, WebSocketBuilder};
use dualfetch::{
    Client, CloseCode, Config, DynSession, ErrorKind, Message, Next, Phase, Request, Response, Retry,
    Session, SessionExt, Timeout, WebSocket,
};
use futures_util::future::join;
use futures_util::{SinkExt, StreamExt};

use crate::{once, secs, session};

const ROOM: &str = "wss://chat.example/room";
const ASKED: &str = "https://chat.example/room";

type Builder<'a> = WebSocketBuilder<'a, Client<Scripted>>;

/// Opens a socket at a server that does as told, and lets `with` use it.
fn opened<T>(
    reply: Reply,
    build: impl FnOnce(Builder<'_>) -> Builder<'_>,
    with: impl AsyncFnOnce(&mut WebSocket) -> T,
) -> (Scripted, T) {
    let (platform, session) = session(Config::new());
    platform.on(ASKED, reply);
    let outcome = platform.run(async {
        let mut socket = build(session.websocket(ROOM)).await.expect("it opens");
        with(&mut socket).await
    });
    assert_eq!((session.figures().in_flight, platform.open()), (0, 0), "nothing is left");
    (platform, outcome)
}

fn as_it_is(builder: Builder<'_>) -> Builder<'_> {
    builder
}

async fn text(socket: &mut WebSocket) -> String {
    let message = socket.next().await.expect("a message").expect("sound");
    message.as_text().expect("text").to_owned()
}

#[test]
fn a_handshake_is_a_get_with_all_that_the_session_adds() {
    let (platform, session) = session(Config::new().header("x-key", "7"));
    platform.on("http://chat.example/room?a=b", Reply::websocket().header("sec-websocket-protocol", "v2"));
    platform.run(async {
        let socket = session.websocket("ws://chat.example:80/room").params([("a", "b")]).bearer_auth("t");
        let socket = socket.protocols(["v2", "v1"]).origin("https://app.example").await.expect("it opens");
        assert_eq!(socket.url().as_str(), "ws://chat.example/room?a=b");
        assert_eq!((socket.protocol(), socket.closed()), (Some("v2"), None));
    });
    let call = &platform.calls()[0];
    assert_eq!(call.method, "GET");
    assert_eq!(call.headers["x-key"], "7");
    assert_eq!(call.headers["authorization"], "Bearer t");
    assert_eq!(call.headers["origin"], "https://app.example");
}

#[test]
fn a_url_may_be_relative_to_the_base_and_of_four_schemes_alone() {
    let (platform, session) = session(Config::new().base_url("https://chat.example/"));
    platform.on(ASKED, Reply::websocket());
    platform.run(async {
        for url in ["room", ASKED, ROOM] {
            assert_eq!(session.websocket(url).await.expect("it opens").url().as_str(), ROOM);
        }
        let error = session.websocket("ftp://chat.example/").await.unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::UnsupportedScheme);
        assert_eq!(
            session.websocket("http//typo").header("a\n", "").await.unwrap_err().code(),
            "invalid_header"
        );
    });
}

#[test]
fn what_comes_before_a_close_is_received_and_then_how_it_was_closed() {
    let code = CloseCode::new(4001);
    let reply = Reply::websocket().sends("one").sends(b"two".as_slice()).closes(code, "enough");
    let (platform, ()) = opened(reply, as_it_is, async |socket| {
        assert_eq!(socket.next().await.unwrap().unwrap(), Message::from("one"));
        assert_eq!(socket.next().await.unwrap().unwrap(), Message::from(b"two".as_slice()));
        assert!(socket.next().await.is_none() && socket.next().await.is_none());
        let close = socket.closed().expect("closed");
        assert_eq!((close.code, &*close.reason, close.by), (code, "enough", ClosedBy::Server));
        assert!(close.is_clean());
        assert_eq!(socket.close(CloseCode::NORMAL, "").await.expect("told again"), close);
    });
    assert_eq!(platform.calls()[0].close, None, "nothing was left to close");
}

#[test]
fn a_close_frame_without_a_code_is_1005() {
    opened(Reply::websocket().closes(None, ""), as_it_is, async |socket| {
        assert!(socket.next().await.is_none());
        assert_eq!(socket.closed().expect("closed").code, CloseCode::NO_STATUS);
    });
}

#[test]
fn closing_waits_for_the_answer_and_drops_what_comes_before_it() {
    let (platform, close) = opened(Reply::websocket().sends("late"), as_it_is, async |socket| {
        socket.close(CloseCode::GOING_AWAY, "bye").await.expect("answered")
    });
    assert_eq!((close.code, &*close.reason, close.by), (CloseCode::GOING_AWAY, "bye", ClosedBy::Client));
    assert_eq!(platform.calls()[0].close, Some((Some(CloseCode::GOING_AWAY), "bye".into())));
}

#[test]
fn a_close_that_nobody_answers_is_given_up_in_time() {
    let (platform, ()) = opened(Reply::websocket().silent(), as_it_is, async |socket| {
        let error = socket.close(CloseCode::NORMAL, "").await.unwrap_err();
        assert_eq!(error.phase(), Some(Phase::Close));
        let close = socket.closed().expect("given up");
        assert_eq!((close.code, close.by), (CloseCode::ABNORMAL, ClosedBy::Neither));
        assert!(socket.next().await.is_none());
    });
    assert_eq!(platform.elapsed(), secs(10));

    let (platform, ()) = opened(
        Reply::websocket().silent(),
        |it| it.close_timeout(secs(3)),
        async |socket| {
            assert_eq!(socket.close(CloseCode::NORMAL, "").await.unwrap_err().phase(), Some(Phase::Close));
        },
    );
    assert_eq!(platform.elapsed(), secs(3));
}

#[test]
fn a_peer_that_closes_and_stays_is_left_after_a_second() {
    let reply = Reply::websocket().silent().closes(CloseCode::NORMAL, "");
    let (platform, ()) = opened(reply, as_it_is, async |socket| {
        assert!(socket.next().await.is_none());
        assert!(socket.closed().expect("closed").is_clean());
    });
    assert_eq!(platform.elapsed(), secs(1));
}

#[test]
fn what_a_close_frame_cannot_hold_is_refused_and_nothing_sent() {
    let (platform, ()) = opened(Reply::websocket().echoes(), as_it_is, async |socket| {
        for code in [0, 999, 1004, 1005, 1006, 1015, 2000, 2999, 5000] {
            let error = socket.close(CloseCode::new(code), "").await.unwrap_err();
            assert_eq!(error.kind(), &ErrorKind::InvalidOption { option: "code" }, "{code}");
        }
        // 123 bytes are 61 of these and a half.
        let error = socket.close(CloseCode::NORMAL, "ä".repeat(62)).await.unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::InvalidOption { option: "reason" });
        socket.send("still open").await.expect("sent");
        assert_eq!(text(socket).await, "still open");
        socket.close(CloseCode::new(4999), "x".repeat(123)).await.expect("closed");
    });
    assert_eq!(platform.calls()[0].messages.len(), 1);
}

#[test]
fn nothing_is_sent_after_the_close() {
    opened(Reply::websocket().closes(CloseCode::NORMAL, ""), as_it_is, async |socket| {
        assert!(socket.next().await.is_none());
        let error = socket.send("late").await.unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Closed);
        assert!(error.to_string().contains("1000"), "{error}");
    });
    opened(Reply::websocket(), as_it_is, async |socket| {
        SinkExt::<Message>::close(socket).await.expect("the close frame is sent");
        assert_eq!(socket.send("late").await.unwrap_err().kind(), &ErrorKind::Closed);
        assert!(socket.next().await.is_none());
        assert_eq!(socket.closed().expect("closed").by, ClosedBy::Client);
    });
}

#[test]
fn a_silence_is_pinged_and_ends_it_when_no_pong_comes() {
    let (platform, ()) = opened(
        Reply::websocket().silent(),
        |it| it.heartbeat(secs(20)),
        async |socket| {
            let error = socket.next().await.expect("an error").unwrap_err();
            assert_eq!(error.phase(), Some(Phase::Heartbeat));
            let close = socket.closed().expect("given up");
            assert_eq!((close.code, close.by), (CloseCode::ABNORMAL, ClosedBy::Neither));
            assert!(socket.next().await.is_none());
        },
    );
    assert_eq!(platform.elapsed(), secs(30));
    assert_eq!(platform.calls()[0].messages, [Message::Ping(Default::default())]);
}

#[test]
fn a_peer_that_answers_pings_is_alive() {
    let reply = Reply::websocket().pause(secs(65)).sends("after three pings");
    let (platform, ()) = opened(
        reply,
        |it| it.heartbeat(secs(20)),
        async |socket| {
            assert_eq!(text(socket).await, "after three pings");
        },
    );
    assert_eq!(platform.calls()[0].messages.len(), 3);
}

#[test]
fn a_peer_that_speaks_is_not_pinged() {
    let talk = |reply: Reply, _| reply.pause(secs(15)).sends("x").pause(secs(15)).pongs();
    let reply = (0..10).fold(Reply::websocket().silent(), talk).sends("end");
    let (platform, ()) = opened(
        reply,
        |it| it.heartbeat(secs(20)),
        async |socket| {
            while text(socket).await != "end" {}
        },
    );
    assert_eq!((platform.elapsed(), platform.calls()[0].messages.len()), (secs(300), 0));
}

#[test]
fn a_receive_timeout_leaves_it_open() {
    let reply = Reply::websocket().pause(secs(25)).sends("late").sends("later");
    opened(
        reply,
        |it| it.receive_timeout(secs(10)),
        async |socket| {
            for _ in 0..2 {
                let error = socket.next().await.expect("an error").unwrap_err();
                assert_eq!(error.phase(), Some(Phase::Read));
            }
            assert_eq!(text(socket).await, "late");
            assert_eq!(text(socket).await, "later");
            assert_eq!(socket.next().await.expect("an error").unwrap_err().phase(), Some(Phase::Read));
            assert_eq!(socket.closed(), None);
        },
    );
}

#[test]
fn who_has_sent_something_waits_for_a_message_anew() {
    let (platform, session) = session(Config::new());
    platform.on(ASKED, Reply::websocket().pause(secs(25)).sends("an answer"));
    platform.run(async {
        let mut socket = session.websocket(ROOM).receive_timeout(secs(10)).await.expect("it opens");
        assert!(once(&mut socket.next()).await, "nothing is there");
        platform.sleep(secs(16)).await;
        socket.send("a question").await.expect("sent");
        assert_eq!(text(&mut socket).await, "an answer");
    });
}

#[test]
fn an_error_of_the_connection_ends_it_with_its_code() {
    let fault = ErrorKind::WebSocket { code: 1002 };
    for (kind, code, by) in
        [(fault, 1002, ClosedBy::Client), (ErrorKind::Disconnected, 1006, ClosedBy::Neither)]
    {
        opened(Reply::websocket().sends("one").fail(kind.clone()), as_it_is, async |socket| {
            assert_eq!(text(socket).await, "one");
            let error = socket.next().await.expect("an error").unwrap_err();
            assert_eq!((error.kind(), error.url().expect("its URL").as_str()), (&kind, ROOM));
            assert!(socket.next().await.is_none());
            let close = socket.closed().expect("closed");
            assert_eq!((close.code, close.by), (CloseCode::new(code), by));
            assert!(!close.is_clean());
        });
    }
}

#[test]
fn it_counts_against_the_limits_until_it_is_closed() {
    let (platform, session) = session(Config::new().limit(1));
    platform.on(ASKED, Reply::websocket().echoes());
    platform.on("https://a.example/", Reply::ok("x"));
    platform.run(async {
        let mut socket = session.websocket(ROOM).await.expect("it opens");
        assert_eq!(session.figures().in_flight, 1);
        let limited = session.get("https://a.example/").timeout(Timeout::new().queue(secs(60)));
        assert_eq!(limited.await.unwrap_err().phase(), Some(Phase::Queue));
        let (got, closed) = join(session.get("https://a.example/").send(), async {
            platform.sleep(secs(3600)).await;
            socket.send("an hour later").await.expect("it is open");
            assert_eq!(text(&mut socket).await, "an hour later");
            socket.close(CloseCode::NORMAL, "").await
        })
        .await;
        closed.expect("closed");
        assert_eq!(got.expect("its turn").status(), 200);
        // The socket is still in scope, and holds nothing any more.
        assert_eq!((session.figures().in_flight, socket.closed().is_some()), (0, true));
    });
    assert!(platform.elapsed() >= secs(3600), "no timeout of requests has ended it");
}

#[test]
fn a_socket_that_is_dropped_gives_its_permit_back() {
    let (platform, session) = session(Config::new().limit(1));
    platform.on(ASKED, Reply::websocket());
    platform.run(async {
        for _ in 0..100 {
            let socket = session.websocket(ROOM).await.expect("it opens");
            let (sender, receiver) = socket.split();
            drop(sender);
            assert_eq!(session.figures().in_flight, 1);
            drop(receiver);
            assert_eq!((session.figures().in_flight, platform.open()), (0, 0));
        }
    });
}

#[test]
fn the_handshake_is_bounded_by_the_requests_timeouts() {
    let (platform, session) = session(Config::new().timeout(Timeout::new().headers(secs(7))));
    platform.on(ASKED, Reply::hangs());
    let error = platform.run(async { session.websocket(ROOM).await.unwrap_err() });
    assert_eq!((error.phase(), platform.elapsed()), (Some(Phase::Headers), secs(7)));
    let error = platform.run(async { session.websocket(ROOM).timeout(secs(3)).await.unwrap_err() });
    assert_eq!((error.phase(), platform.elapsed()), (Some(Phase::Total), secs(10)));
    assert_eq!(session.figures().in_flight, 0);
}

#[test]
fn an_answer_that_is_no_handshake_is_an_error_with_what_it_says() {
    let (platform, session) = session(Config::new());
    platform.on(ASKED, Reply::status(403).then("members only"));
    platform.on("https://chat.example/page", Reply::ok("hello"));
    platform.on("https://chat.example/empty", Reply::status(101));
    platform.run(async {
        let error = session.websocket(ROOM).await.unwrap_err();
        let status = dualfetch::StatusCode::FORBIDDEN;
        assert_eq!((error.kind(), error.body()), (&ErrorKind::Handshake { status }, Some("members only")));
        assert!(error.to_string().contains("403") && error.to_string().contains("members only"), "{error}");
        assert_eq!((error.status(), error.url().expect("its URL").as_str()), (Some(status), ROOM));
        for path in ["page", "empty"] {
            let error = session.websocket(format!("wss://chat.example/{path}")).await.unwrap_err();
            assert_eq!(error.code(), "handshake", "{path}");
        }
    });
    assert_eq!((session.figures().in_flight, platform.elapsed()), (0, Duration::ZERO));

    // What it says is not waited for without end.
    platform.on("https://chat.example/slow", Reply::status(403).chunked().then("members").stall());
    platform.run(async {
        let error = session
            .websocket("wss://chat.example/slow")
            .timeout(Timeout::new().total(None))
            .await
            .unwrap_err();
        assert_eq!((error.code(), error.body()), ("handshake", Some("members")));
    });
    assert_eq!((session.figures().in_flight, platform.elapsed()), (0, secs(2)));
}

#[test]
fn redirects_and_retries_are_a_handshakes_too() {
    let (platform, session) = session(Config::new().retry(Retry::standard()));
    platform.on("https://old.example/", Reply::error(ErrorKind::Connect));
    platform.on("https://old.example/", Reply::redirect(307, ASKED));
    platform.on(ASKED, Reply::websocket().sends("here"));
    platform.run(async {
        let mut socket = session.websocket("wss://old.example/").await.expect("it opens");
        assert_eq!(socket.url().as_str(), ROOM);
        assert_eq!(text(&mut socket).await, "here");
    });
    assert_eq!(platform.calls().len(), 3);
}

#[test]
fn middleware_is_around_the_handshake() {
    fn key(mut request: Request, mut next: Next<'_>) -> BoxFuture<'_, dualfetch::Result<Response>> {
        Box::pin(async move {
            request.set_header("x-key", "7")?;
            next.run(request).await
        })
    }
    let config = Config::new().middleware(from_fn(key)).hop_middleware(from_fn(key));
    let (platform, session) = session(config);
    platform.on(ASKED, Reply::websocket().echoes());
    platform.run(async {
        let mut socket = session.websocket(ROOM).await.expect("it opens");
        socket.send("by both").await.expect("sent");
        assert_eq!(text(&mut socket).await, "by both");
        assert_eq!(session.figures().in_flight, 1);
        socket.close(CloseCode::NORMAL, "").await.expect("closed");
    });
    assert_eq!(platform.calls()[0].headers["x-key"], "7");
}

#[test]
fn a_session_that_is_closed_waits_for_it() {
    let (platform, session) = session(Config::new());
    platform.on(ASKED, Reply::websocket().echoes());
    platform.run(async {
        let mut socket = session.websocket(ROOM).await.expect("it opens");
        let closing = session.close();
        assert_eq!(session.websocket(ROOM).await.unwrap_err().kind(), &ErrorKind::Closed);
        join(closing, async {
            socket.send("on").await.expect("under way");
            assert_eq!(text(&mut socket).await, "on");
            socket.close(CloseCode::NORMAL, "").await.expect("closed");
        })
        .await;
    });
}

#[test]
fn the_halves_go_to_two_tasks() {
    let (platform, session) = session(Config::new());
    platform.on(ASKED, Reply::websocket().echoes());
    let received = platform.run(async {
        let (mut sender, receiver) = session.websocket(ROOM).await.expect("it opens").split();
        let sending = async {
            for number in 0..100 {
                sender.send(format!("{number}")).await.expect("sent");
                platform.sleep(Duration::from_millis(1)).await;
            }
            sender.close(CloseCode::NORMAL, "").await.expect("sent");
        };
        let receiving = receiver.map(|message| message.expect("sound")).collect::<Vec<_>>();
        let (received, ()) = join(receiving, sending).await;
        assert_eq!(sender.closed().expect("closed").by, ClosedBy::Client);
        received
    });
    assert_eq!(received, (0..100).map(|number| Message::from(format!("{number}"))).collect::<Vec<_>>());
}

#[test]
fn a_half_that_waits_waits_no_longer_than_the_other_s_close_may_take() {
    let (platform, session) = session(Config::new());
    platform.on(ASKED, Reply::websocket().silent());
    platform.run(async {
        let (mut sender, mut receiver) = session.websocket(ROOM).await.expect("it opens").split();
        let (received, ()) = join(receiver.next(), async {
            platform.sleep(secs(5)).await;
            sender.close(CloseCode::NORMAL, "").await.expect("sent");
        })
        .await;
        assert_eq!(received.expect("an error").unwrap_err().phase(), Some(Phase::Close));
        assert_eq!((session.figures().in_flight, platform.open()), (0, 0));
    });
    assert_eq!(platform.elapsed(), secs(15));
}

#[test]
fn it_is_a_sink_and_a_stream() {
    opened(Reply::websocket().echoes(), as_it_is, async |socket| {
        for text in ["a", "b", "c"] {
            socket.feed(text).await.expect("taken");
        }
        SinkExt::<Message>::flush(socket).await.expect("sent");
        let received: Vec<_> = StreamExt::map(&mut *socket, Result::unwrap).take(3).collect().await;
        assert_eq!(received, ["a", "b", "c"].map(Message::from));
    });
}

#[test]
fn json_goes_as_text_and_comes_as_either() {
    let reply = Reply::websocket().sends(b"[1]".as_slice()).sends("{").echoes();
    opened(reply, as_it_is, async |socket| {
        assert_eq!(socket.receive_json::<Vec<u8>>().await.expect("bytes"), [1]);
        let error = socket.receive_json::<u8>().await.unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Json);
        assert!(error.to_string().contains("starts \"{\""), "{error}");
        socket.send_json(&("pear", 7)).await.expect("sent");
        assert_eq!(socket.next().await.unwrap().unwrap(), Message::from(r#"["pear",7]"#));
        socket.close(CloseCode::NORMAL, "").await.expect("closed");
        let error = socket.receive_json::<u8>().await.unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Closed);
        assert_eq!(error.to_string(), format!("the WebSocket is closed, with code 1000 ({ROOM})"));
    });
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_is_sent() {
    let (platform, session) = session(Config::new());
    platform.run(async {
        let refused = [
            ("protocols", session.websocket(ROOM).protocols(["a b"])),
            ("protocols", session.websocket(ROOM).protocols([""])),
            ("protocols", session.websocket(ROOM).protocols(["a", "b", "a"])),
            ("heartbeat", session.websocket(ROOM).heartbeat(Duration::ZERO)),
            ("method", session.post(ROOM).websocket()),
            ("body", session.get(ROOM).body("x").websocket()),
        ];
        for (option, builder) in refused {
            assert_eq!(builder.await.unwrap_err().kind(), &ErrorKind::InvalidOption { option });
        }
    });
    assert!(platform.calls().is_empty());
    opened(Reply::websocket(), as_it_is, async |socket| {
        socket.ping(vec![0; 125]).await.expect("sent");
        let error = socket.ping(vec![0; 126]).await.unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::InvalidOption { option: "ping" });
        let error = socket.pong(vec![0; 126]).await.unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::InvalidOption { option: "pong" });
    });
}

#[test]
fn any_session_opens_it() {
    let (platform, session) = session(Config::new());
    platform.on(ASKED, Reply::websocket().sends("hello"));
    let any = DynSession::new(session);
    platform.run(async {
        assert_eq!(text(&mut any.websocket(ROOM).await.expect("it opens")).await, "hello");
    });
}
