//! HTTP/2: over TLS, and natively by prior knowledge too.

use std::time::Duration;

use crate::support::h2::{
    self, CANCEL, CONTINUATION, DATA, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, HEADERS, HTTP_1_1_REQUIRED,
    INTERNAL_ERROR, NO_ERROR, PING, PROTOCOL_ERROR, PUSH_PROMISE, REFUSED_STREAM, SETTINGS, THIS,
    WINDOW_UPDATE, data, frame, goaway, page_head, reset, settings,
};
use crate::support::{Pace, Script, Step};
use crate::visits::{Act, Bound};

use super::{Row, Server, Stage};

/// A hundred thousand frames a second at most, so that other tests can run beside.
const FLOOD: Pace = Pace::Gap(Duration::from_millis(1));

const PAGE: &str = "<title>A page</title>";

pub(super) fn head() -> Vec<Row> {
    let row = |name, script| Row::new(Stage::Head, name, Server::H2(vec![each(script)]));
    let lost = |name, script| row(name, script).natively("disconnected").page("network");
    let bad = |name, script| row(name, script).natively("protocol").page("network");
    let block = |fields: &[(&str, &str)]| h2::block(fields);
    let greeting = |name, script| Row::new(Stage::Head, name, Server::H2(vec![script]));
    // What was not looked at may be sent again, whatever its method: over another connection, or the same.
    let page = || asked().send_frames([h2::page(PAGE), reset(NO_ERROR)].concat());
    let then_served = |name, scripts: Vec<Script>| {
        let scripts = scripts.into_iter().map(each).collect();
        Row::new(Stage::Head, name, Server::H2(scripts)).natively("ok").page("ok")
    };
    let refused = || asked().send_frames(reset(REFUSED_STREAM)).then(page());
    vec![
        // What comes before the first stream. A request not yet sent when hyper reads it is told no more than that the
        // connection is closed.
        greeting("closed after the client's preface", Script::new().step(Step::ReadPreface).close())
            .natively("disconnected"),
        greeting("reset after the client's preface", Script::new().step(Step::ReadPreface).reset())
            .natively("disconnected"),
        greeting(
            "HTTP/1.1 for a greeting",
            Script::new().step(Step::ReadPreface).send("HTTP/1.1 400 Bad Request\r\n\r\n").expect_close(),
        )
        .natively("protocol/disconnected")
        .page("network"),
        greeting(
            "SETTINGS of five bytes",
            Script::new().step(Step::ReadPreface).send(frame(SETTINGS, 0, 0, &[0; 5])).expect_close(),
        )
        .natively("protocol/disconnected")
        .page("network"),
        greeting(
            "SETTINGS with a window past 2^31",
            Script::new().greets_h2(&[(4, u32::MAX)]).expect_close(),
        )
        .natively("protocol/disconnected"),
        // The stream is refused.
        lost("GOAWAY without a reason before the stream was seen", asked().send(goaway(0, NO_ERROR))),
        lost("GOAWAY that wants calm", asked().send(goaway(0, ENHANCE_YOUR_CALM))),
        bad("GOAWAY that blames the client's protocol", asked().send(goaway(0, PROTOCOL_ERROR))),
        lost("RST_STREAM, refused", asked().send_frames(reset(REFUSED_STREAM))),
        then_served(
            "GOAWAY before the stream was seen, then served",
            vec![asked().send(goaway(0, NO_ERROR)), page()],
        ),
        then_served("RST_STREAM, refused, then served", vec![refused()]),
        then_served("an upload refused by RST_STREAM, then taken", vec![refused()]).act(Act::Upload),
        lost("RST_STREAM, an internal error", asked().send_frames(reset(INTERNAL_ERROR))),
        lost("RST_STREAM, cancelled", asked().send_frames(reset(CANCEL))),
        lost("RST_STREAM without a reason", asked().send_frames(reset(NO_ERROR))),
        bad("RST_STREAM that blames the client's protocol", asked().send_frames(reset(PROTOCOL_ERROR))),
        row("RST_STREAM that wants HTTP/1.1", asked().send_frames(reset(HTTP_1_1_REQUIRED)))
            .natively("protocol"),
        lost("closed before the head", asked().close()),
        lost("reset before the head", asked().reset()),
        row("silent before the head", asked())
            .natively_bound(Bound::Headers, "timeout headers")
            .page("timeout headers"),
        lost("closed inside a frame", asked().send(page_head(&[]).slice(..12)).close()),
        // The head is none.
        bad(
            "HPACK with an index of nothing",
            asked().send_frames(frame(HEADERS, END_HEADERS, THIS, &[0x80])),
        ),
        bad("HPACK cut short", asked().send_frames(frame(HEADERS, END_HEADERS, THIS, &[0x88, 0, 10, b'x']))),
        bad(
            "no status",
            asked().send_frames(frame(HEADERS, END_HEADERS, THIS, &block(&[("content-type", "text/html")]))),
        ),
        bad(
            "a status that is no number",
            asked().send_frames(frame(HEADERS, END_HEADERS, THIS, &block(&[(":status", "fine")]))),
        ),
        bad(
            "a field of the connection's",
            asked().send_frames(page_head(&[("transfer-encoding", "chunked")])),
        ),
        bad(
            "a field name in upper case",
            asked().send_frames(frame(
                HEADERS,
                END_HEADERS,
                THIS,
                &[&[0x88, 0, 1, b'X', 1][..], b"y"].concat(),
            )),
        ),
        bad("a frame of 16 MB", asked().send(&[0xff, 0xff, 0xff, HEADERS, END_HEADERS, 0, 0, 0, 1][..])),
        bad("DATA before HEADERS", asked().send_frames(data(END_STREAM, b"early"))),
        bad("DATA on no stream", asked().send(frame(DATA, 0, 0, b"stray"))),
        row("HEADERS on a stream that nobody opened", asked().send(frame(HEADERS, END_HEADERS, 77, &[0x88])))
            .natively("protocol"),
        bad(
            "a push that was not allowed",
            asked().send_frames(frame(PUSH_PROMISE, END_HEADERS, THIS, &[0, 0, 0, 2, 0x82])),
        ),
        bad("CONTINUATION of nothing", asked().send_frames(frame(CONTINUATION, END_HEADERS, THIS, &[0x88]))),
        bad("a window opened past 2^31", asked().send(frame(WINDOW_UPDATE, 0, 0, &[0x7f, 0xff, 0xff, 0xff]))),
        row("a window opened by nothing", asked().send(frame(WINDOW_UPDATE, 0, 0, &[0; 4])))
            .natively("protocol"),
        row(
            "CONTINUATION without end",
            asked().send_frames(frame(HEADERS, 0, THIS, &[0x88])).endless(continuation(), Pace::AtOnce),
        )
        .natively("protocol"),
        row("header fields of a megabyte", asked().send_frames(long_head())).natively("protocol"),
        // Floods of what must be answered. The client goes on answering: its bounds end it.
        row("PING without end", asked().endless(frame(PING, 0, 0, b"12345678").repeat(20), FLOOD))
            .natively_bound(Bound::Headers, "timeout headers"),
        row("SETTINGS without end", asked().endless(settings(&[(3, 100)]).repeat(20), FLOOD))
            .natively_bound(Bound::Headers, "timeout headers"),
        greeting(
            "a window that never opens for an upload",
            Script::new().greets_h2(&[(4, 0)]).forever(asked()),
        )
        .act(Act::Upload)
        .natively_bound(Bound::Headers, "timeout headers"),
        row("an upload refused by RST_STREAM", asked().send_frames(reset(REFUSED_STREAM)))
            .act(Act::Upload)
            .natively("disconnected"),
        row(
            "answered within an upload, the rest not wanted",
            asked().send_frames([h2::page(PAGE), reset(NO_ERROR)].concat()),
        )
        .act(Act::Upload)
        .natively("ok"),
    ]
}

pub(super) fn between() -> Vec<Row> {
    let row = |name, script| Row::new(Stage::Between, name, Server::H2(vec![each(script)]));
    let lost = |name, script| row(name, script).natively("disconnected").page("network");
    let answered = || asked().send_frames(page_head(&[]));
    vec![
        lost("RST_STREAM after the head", answered().send_frames(reset(INTERNAL_ERROR)).expect_close()),
        // Chromium takes it for the whole.
        row(
            "RST_STREAM without a reason after the head",
            answered().send_frames(reset(NO_ERROR)).expect_close(),
        )
        .natively("disconnected")
        .page("ok"),
        lost("RST_STREAM after the head, cancelled", answered().send_frames(reset(CANCEL)).expect_close()),
        lost("closed after the head", answered().close()),
        lost("reset after the head", answered().reset()),
        row("silent after the head", answered().expect_close())
            .natively_bound(Bound::Read, "timeout read")
            .page("timeout read"),
        row("a second head", answered().send_frames(page_head(&[])).expect_close()).natively("protocol"),
    ]
}

pub(super) fn body() -> Vec<Row> {
    let row = |name, script| Row::new(Stage::Body, name, Server::H2(vec![each(script)]));
    let lost = |name, script| row(name, script).natively("disconnected").page("network");
    let half = || asked().send_frames([page_head(&[]), data(0, b"<title>Half")].concat());
    vec![
        lost("RST_STREAM within the body", half().send_frames(reset(INTERNAL_ERROR)).expect_close()),
        lost("RST_STREAM within the body, cancelled", half().send_frames(reset(CANCEL)).expect_close()),
        // Chromium takes it for the whole.
        row(
            "RST_STREAM without a reason within the body",
            half().send_frames(reset(NO_ERROR)).expect_close(),
        )
        .natively("disconnected")
        .page("ok"),
        lost("GOAWAY within the body, and closed", half().send(goaway(0x7fff_ffff, NO_ERROR)).close()),
        lost(
            "GOAWAY that gives the stream up within the body",
            half().send(goaway(0, INTERNAL_ERROR)).expect_close(),
        ),
        lost("closed within the body", half().close()),
        lost("reset within the body", half().reset()),
        row("silent within the body", half().expect_close())
            .natively_bound(Bound::Read, "timeout read")
            .page("timeout read"),
        row(
            "DATA past the declared length",
            asked()
                .send_frames([page_head(&[("content-length", "3")]), data(0, b"four")].concat())
                .expect_close(),
        )
        .natively("protocol"),
        row("empty DATA without end", half().endless(frame(DATA, 0, 1, b"").repeat(200), Pace::AtOnce))
            .natively("protocol"),
        row(
            "padding longer than its frame",
            half().send_frames(frame(DATA, 8, THIS, &[200, 1, 2])).expect_close(),
        )
        .natively("protocol")
        .page("network"),
    ]
}

pub(super) fn end() -> Vec<Row> {
    let row = |name, script| Row::new(Stage::End, name, Server::H2(vec![each(script)]));
    let with = |frames: &[bytes::Bytes]| asked().send_frames(frames.concat()).expect_close();
    let length = |length: &str| page_head(&[("content-length", length)]);
    vec![
        row("all sent but the end of the stream", with(&[page_head(&[]), data(0, PAGE.as_bytes())]))
            .natively_bound(Bound::Read, "timeout read"),
        row("ended before the declared length", with(&[length("1000"), data(END_STREAM, b"short")]))
            .natively("protocol"),
        row(
            "ended with no body where one was declared",
            with(&[h2::headers(END_STREAM, &[("content-length", "5")])]),
        )
        .natively("protocol"),
        row(
            "RST_STREAM without a reason before the declared length",
            with(&[length("1000"), data(0, b"short"), reset(NO_ERROR)]),
        )
        .natively("disconnected"),
        row("RST_STREAM without a reason after the end", with(&[h2::page(PAGE), reset(NO_ERROR)]))
            .natively("ok")
            .page("ok"),
        row(
            "GOAWAY before the body, which is ended",
            with(&[page_head(&[]), goaway(0x7fff_ffff, NO_ERROR), data(END_STREAM, b"all")]),
        )
        .natively("ok")
        .page("ok"),
        row("closed after the end", asked().send_frames(h2::page(PAGE)).close()).natively("ok").page("ok"),
        row(
            "trailers that do not end the stream",
            with(&[
                page_head(&[]),
                data(0, b"all"),
                frame(HEADERS, END_HEADERS, THIS, &h2::block(&[("x", "y")])),
            ]),
        )
        .natively("protocol"),
    ]
}

pub(super) fn idle() -> Vec<Row> {
    let fine = || Script::new().serves_h2(PAGE);
    let twice = |name, first: Script| {
        Row::new(Stage::Idle, name, Server::H2(vec![first, fine()]))
            .act(Act::AfterIdle)
            .natively("ok")
            .page("ok")
    };
    let answered = || asked().send_frames(h2::page(PAGE));
    let once = || Script::new().asked_h2().send_frames(h2::page(PAGE));
    vec![
        twice("GOAWAY while idle", once().send_frames(goaway(0x7fff_ffff, NO_ERROR)).half_close()),
        twice(
            "GOAWAY that wants calm, while idle",
            once().send_frames(goaway(0x7fff_ffff, ENHANCE_YOUR_CALM)).half_close(),
        ),
        twice("closed while idle", once().half_close()),
        twice("garbage while idle", once().send("HTTP/1.1 408 Request Timeout\r\n\r\n").half_close()),
        Row::new(
            Stage::Idle,
            "closed at the second request",
            Server::H2(vec![each(answered().then(asked()).close())]),
        )
        .act(Act::Again)
        .natively("disconnected"),
        Row::new(
            Stage::Idle,
            "silent at the second request",
            Server::H2(vec![each(answered().then(asked()))]),
        )
        .act(Act::Again)
        .natively_bound(Bound::Headers, "timeout headers")
        .page("timeout headers"),
    ]
}

/// One request.
fn asked() -> Script {
    Script::new().read_frame(HEADERS)
}

/// Each request of a connection meets this, for as long as it stands.
fn each(mut script: Script) -> Script {
    if matches!(script.0.last(), Some(Step::ExpectClose)) {
        script.0.pop();
    }
    Script::new().greets_h2(&[]).forever(script)
}

/// Many at once: each fits in a frame, none ends the head.
fn continuation() -> bytes::Bytes {
    let block = h2::block(&[("x-filler", &"f".repeat(1000))]);
    // The first stream of a connection is 1.
    frame(CONTINUATION, 0, 1, &block).repeat(16).into()
}

/// A megabyte of fields, whole.
fn long_head() -> Vec<u8> {
    let block = h2::block(&[("x-long", &"l".repeat(15_000))]);
    let mut frames = frame(HEADERS, 0, THIS, &[&[0x88], &block[..]].concat()).to_vec();
    for _ in 0..70 {
        frames.extend_from_slice(&frame(CONTINUATION, 0, THIS, &block));
    }
    frames.extend_from_slice(&frame(CONTINUATION, END_HEADERS, THIS, &h2::block(&[("x-last", "1")])));
    frames
}
