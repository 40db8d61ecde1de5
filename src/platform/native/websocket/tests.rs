//! The conversation, with a peer made of bytes.

mod faults;
mod properties;

use bytes::Bytes;

use super::conversation::{Conversation, Terms};
use super::fault::Fault;
use super::incoming::Event;
use super::outgoing::{MOST, PIECE};

const FINAL: u8 = 0x80;
const COMPRESSED: u8 = 0x40;
const CONTINUED: u8 = 0x0;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xa;

fn terms() -> Terms {
    Terms { auto_pong: true, ..Terms::default() }
}

/// A server's frame.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![first];
    match payload.len() {
        length @ 0..=125 => out.push(u8::try_from(length).expect("it fits")),
        length @ 126..=0xffff => {
            out.push(126);
            out.extend(u16::try_from(length).expect("it fits").to_be_bytes());
        }
        length => {
            out.push(127);
            out.extend((length as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(payload);
    out
}

fn text(text: &str) -> Event {
    Event::Text(text.into())
}

/// Feeds the bytes in pieces of these sizes, over and over, as a socket does, and gives what was heard.
fn hear(conversation: &mut Conversation, mut bytes: &[u8], sizes: &[usize]) -> Result<Vec<Event>, Fault> {
    let mut events = Vec::new();
    let mut kept = Vec::new();
    for size in sizes.iter().cycle() {
        let mut size = (*size).min(bytes.len());
        if let Some((payload, room)) = conversation.direct().filter(|_| kept.is_empty()) {
            size = size.min(room);
            payload.extend_from_slice(&bytes[..size]);
            conversation.filled(size);
        } else {
            kept.extend_from_slice(&bytes[..size]);
        }
        bytes = &bytes[size..];
        let mut input = &*kept;
        while let Some(event) = conversation.hear(&mut input)? {
            events.push(event);
        }
        kept = input.to_vec();
        if bytes.is_empty() {
            break;
        }
    }
    Ok(events)
}

/// What is to be written, all of it.
fn written(conversation: &mut Conversation) -> Vec<u8> {
    let mut all = Vec::new();
    loop {
        let unsent = conversation.unsent().expect("chance");
        if unsent.is_empty() {
            return all;
        }
        assert!(unsent.len() <= 2 * PIECE, "{}", unsent.len());
        all.extend_from_slice(unsent);
        let count = unsent.len();
        conversation.wrote(count);
    }
}

/// A client's frames: the first byte and the payload of each.
fn frames(mut bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut frames = Vec::new();
    while let [first, second, rest @ ..] = bytes {
        assert!(second & 0x80 != 0, "it is masked");
        let (length, rest) = match second & 0x7f {
            126 => (u64::from(u16::from_be_bytes(*rest.first_chunk().expect("a length"))), &rest[2..]),
            127 => (u64::from_be_bytes(*rest.first_chunk().expect("a length")), &rest[8..]),
            length => (u64::from(length), rest),
        };
        let (key, rest) = rest.split_first_chunk::<4>().expect("a key");
        let (payload, rest) = rest.split_at(usize::try_from(length).expect("it fits"));
        let payload = payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key);
        frames.push((*first, payload.collect()));
        bytes = rest;
    }
    assert!(bytes.is_empty());
    frames
}

#[test]
fn a_conversation_cut_at_every_byte_is_the_same() {
    let mut said = Vec::new();
    said.extend(frame(FINAL | TEXT, "Zürich 🦀".as_bytes()));
    said.extend(frame(TEXT, &"🦀".as_bytes()[..3]));
    said.extend(frame(FINAL | PING, b"are you there"));
    said.extend(frame(CONTINUED, b""));
    said.extend(frame(FINAL | CONTINUED, &"🦀".as_bytes()[3..]));
    said.extend(frame(FINAL | BINARY, &[7; 200]));
    said.extend(frame(FINAL | BINARY, b""));
    said.extend(frame(FINAL | PONG, b"here"));
    said.extend(frame(FINAL | CLOSE, b"\x03\xe8bye"));
    said.extend(frame(FINAL | TEXT, b"nobody hears this"));
    let heard = [
        text("Zürich 🦀"),
        text("🦀"),
        Event::Binary(vec![7; 200].into()),
        Event::Binary(Bytes::new()),
        Event::Close(Some((1000, "bye".into()))),
    ];
    for cut in 0..=said.len() {
        let mut conversation = Conversation::new(&terms());
        let sizes = [cut, said.len()];
        assert_eq!(hear(&mut conversation, &said, &sizes).as_deref(), Ok(&heard[..]), "{cut}");
        let answers = [(FINAL | PONG, b"are you there".to_vec()), (FINAL | CLOSE, b"\x03\xe8".to_vec())];
        assert_eq!(frames(&written(&mut conversation)), answers, "{cut}");
        assert!(conversation.is_closed() && conversation.is_closing());
    }
}

#[test]
fn a_long_message_comes_in_pieces_of_any_size() {
    let payload: Vec<u8> = (0..300_000_u32).map(|at| at.to_be_bytes()[2]).collect();
    let mut said = frame(BINARY, &payload[..200_000]);
    said.extend(frame(FINAL | PING, b"?"));
    said.extend(frame(FINAL | CONTINUED, &payload[200_000..]));
    for size in [1, 1000, 4095, 4096, 65_536, 1_000_000] {
        let heard = hear(&mut Conversation::new(&terms()), &said, &[size]).expect("no fault");
        assert_eq!(heard, [Event::Binary(payload.clone().into())], "{size}");
    }
}

#[test]
fn what_is_announced_takes_no_memory_before_it_comes() {
    let mut conversation = Conversation::new(&terms());
    let announced = b"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff";
    assert_eq!(hear(&mut conversation, announced, &[10]), Ok(Vec::new()));
    assert!(conversation.direct().is_none());
    let mut come = 0;
    for _ in 0..200 {
        assert_eq!(hear(&mut conversation, &[0; 1000], &[1000]), Ok(Vec::new()));
        come += 1000;
        let (payload, _) = conversation.direct().expect("more is to come");
        assert!(payload.capacity() <= 9 * come + 16 * 1024, "{come}: {}", payload.capacity());
    }
}

#[test]
fn of_many_pings_the_last_is_answered_where_the_peer_reads_nothing() {
    let mut conversation = Conversation::new(&terms());
    for at in 0..100_000_u32 {
        let ping = frame(FINAL | PING, &at.to_be_bytes());
        assert_eq!(hear(&mut conversation, &ping, &[100]), Ok(Vec::new()));
        conversation.unsent().expect("chance");
    }
    let answers = frames(&written(&mut conversation));
    assert!(answers.len() < 2 * MOST / 10, "{}", answers.len());
    assert_eq!(answers.last(), Some(&(FINAL | PONG, 99_999_u32.to_be_bytes().to_vec())));
}

#[test]
fn pings_and_pongs_are_handed_out_where_the_caller_answers() {
    let mut conversation = Conversation::new(&Terms { auto_pong: false, ..terms() });
    let said = [frame(FINAL | PING, b"?"), frame(FINAL | PONG, b"!")].concat();
    let heard = hear(&mut conversation, &said, &[9]);
    assert_eq!(heard, Ok(vec![Event::Ping("?".into()), Event::Pong("!".into())]));
    assert_eq!(written(&mut conversation), b"");
}

#[test]
fn control_frames_wait_for_the_end_of_a_long_one() {
    let mut conversation = Conversation::new(&terms());
    let payload: Vec<u8> = (0..3_000_000_u32).map(|at| at.to_be_bytes()[3]).collect();
    conversation.say(false, payload.clone().into()).expect("chance");
    assert!(conversation.is_full());
    let first = conversation.unsent().expect("chance").to_vec();
    conversation.wrote(first.len());
    assert_eq!(hear(&mut conversation, &frame(FINAL | PING, b"?"), &[9]), Ok(Vec::new()));
    assert!(conversation.is_urgent());
    conversation.control(true, "!".into()).expect("chance");
    conversation.close(Some(1001), "gone");
    let all = [first, written(&mut conversation)].concat();
    let expected = [
        (FINAL | BINARY, payload),
        (FINAL | PING, b"!".to_vec()),
        (FINAL | PONG, b"?".to_vec()),
        (FINAL | CLOSE, b"\x03\xe9gone".to_vec()),
    ];
    assert!(frames(&all) == expected);
}

#[test]
fn only_the_first_close_is_sent() {
    let mut conversation = Conversation::new(&terms());
    conversation.close(Some(1000), &"ü".repeat(100));
    conversation.close(Some(1001), "");
    let heard = hear(&mut conversation, &frame(FINAL | CLOSE, b"\x03\xea"), &[9]);
    assert_eq!(heard, Ok(vec![Event::Close(Some((1002, String::new())))]));
    let [(_, payload)] = &*frames(&written(&mut conversation)) else { panic!("one frame") };
    assert_eq!(payload[..], [b"\x03\xe8", "ü".repeat(61).as_bytes()].concat());
}
