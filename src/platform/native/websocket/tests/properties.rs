//! Whatever is said, in whatever pieces.

use std::io::{self, Read, Write};

use proptest::collection::vec;
use proptest::prelude::*;
use tungstenite::Message;
use tungstenite::protocol::{Role, WebSocket};

use super::*;
use crate::platform::native::websocket::deflate::{Agreed, Deflater};

/// A message, and where it is cut into fragments.
type Said = (Result<String, Vec<u8>>, Vec<prop::sample::Index>, bool);

fn said() -> impl Strategy<Value = Vec<Said>> {
    let content = prop_oneof![
        "\\PC{0,40}".prop_map(Ok),
        vec(any::<u8>(), 0..300).prop_map(Err),
        (0..70_000_usize, any::<u8>()).prop_map(|(length, byte)| Err(vec![byte; length])),
    ];
    vec((content, vec(any::<prop::sample::Index>(), 0..4), any::<bool>()), 0..8)
}

fn event(content: &Result<String, Vec<u8>>) -> Event {
    match content {
        Ok(content) => text(content),
        Err(content) => Event::Binary(content.clone().into()),
    }
}

/// As a server would send it, with pings in between.
fn sent(said: &[Said], mut deflater: Option<Deflater>) -> Vec<u8> {
    let mut out = Vec::new();
    for (content, cuts, with_pings) in said {
        let (opcode, data) = match content {
            Ok(content) => (TEXT, content.as_bytes()),
            Err(content) => (BINARY, &content[..]),
        };
        let compressed = deflater.as_mut().and_then(|deflater| deflater.deflate(data));
        let (mut first, data) = match &compressed {
            Some(compressed) => (COMPRESSED | opcode, &compressed[..]),
            None => (opcode, data),
        };
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(data.len() + 1)).collect();
        cuts.sort_unstable();
        let mut from = 0;
        for cut in cuts {
            out.extend(frame(first, &data[from..cut]));
            if *with_pings {
                out.extend(frame(FINAL | PING, b"?"));
            }
            (first, from) = (CONTINUED, cut);
        }
        out.extend(frame(FINAL | first, &data[from..]));
    }
    out
}

fn agreed() -> impl Strategy<Value = Option<Agreed>> {
    let agreed =
        any::<(bool, bool)>().prop_map(|(client_no_context_takeover, server_no_context_takeover)| Agreed {
            client_no_context_takeover,
            server_no_context_takeover,
        });
    prop::option::of(agreed)
}

/// A server, of which a compressor is made by what it would have as a client.
fn turned(agreed: Agreed) -> Agreed {
    Agreed {
        client_no_context_takeover: agreed.server_no_context_takeover,
        server_no_context_takeover: agreed.client_no_context_takeover,
    }
}

/// Bytes that were sent by a client, for a server that somebody else wrote.
struct Sent<'a>(&'a [u8]);

impl Read for Sent<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Sent<'_> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_sent_is_heard(said in said(), sizes in vec(1..5000_usize, 1..6), agreed in agreed()) {
        let bytes = sent(&said, agreed.map(turned).map(Deflater::new));
        let mut conversation = Conversation::new(&Terms { compression: agreed, ..terms() });
        let heard = hear(&mut conversation, &bytes, &sizes);
        let expected: Vec<_> = said.iter().map(|(content, ..)| event(content)).collect();
        prop_assert!(heard == Ok(expected));
    }

    #[test]
    fn what_is_said_is_read_by_others(said in said(), write in 1..100_000_usize, close in any::<bool>()) {
        let mut conversation = Conversation::new(&terms());
        let mut bytes = Vec::new();
        for (content, _, with_ping) in &said {
            if *with_ping {
                conversation.control(true, "?".into()).expect("chance");
            }
            let (is_text, data) = match content {
                Ok(content) => (true, content.clone().into_bytes()),
                Err(content) => (false, content.clone()),
            };
            conversation.say(is_text, data.into()).expect("chance");
            let unsent = conversation.unsent().expect("chance");
            let count = unsent.len().min(write);
            bytes.extend_from_slice(&unsent[..count]);
            conversation.wrote(count);
        }
        if close {
            conversation.close(Some(1000), "bye");
        }
        bytes.extend(written(&mut conversation));
        let mut server = WebSocket::from_raw_socket(Sent(&bytes), Role::Server, None);
        for (content, _, with_ping) in said {
            if with_ping {
                prop_assert_eq!(server.read().expect("a ping"), Message::Ping("?".into()));
            }
            let read = server.read().expect("a message");
            prop_assert!(read == content.map_or_else(Message::from, Message::from));
        }
        if close {
            let Message::Close(Some(close)) = server.read().expect("a close") else { panic!("no close") };
            prop_assert_eq!((u16::from(close.code), close.reason.as_str()), (1000, "bye"));
        }
        prop_assert!(server.read().is_err());
    }

    #[test]
    fn nothing_that_comes_makes_it_panic(
        bytes in vec(any::<u8>(), 0..200),
        begin in prop::sample::select(vec![&b""[..], b"\x81\x05Hello", b"\x41", b"\xc2\x7e\x01\x00", b"\x02\x7f"]),
        size in 1..50_usize,
        agreed in agreed(),
    ) {
        let terms = Terms { compression: agreed, max_message_size: Some(1000), ..terms() };
        let mut conversation = Conversation::new(&terms);
        let _ = hear(&mut conversation, &[begin, &bytes].concat(), &[size]);
        frames(&written(&mut conversation));
    }
}
