//! What a server may not send: the code that the connection ends with, and what it is told.

use super::*;
use crate::platform::native::websocket::deflate::{Agreed, Deflater};

/// Hears this and has to find that fault in it, however it is cut.
fn fails(terms: &Terms, said: &[u8], code: u16, what: &str) {
    for cut in 0..=said.len().min(300) {
        let mut conversation = Conversation::new(terms);
        let fault = hear(&mut conversation, said, &[cut, said.len()]).expect_err(what);
        assert_eq!((fault.code, fault.what.contains(what)), (code, true), "{cut}: {fault:?}");
        let frames = frames(&written(&mut conversation));
        let [(first, payload)] = &*frames else { panic!("one frame") };
        assert_eq!(*first, FINAL | CLOSE);
        assert_eq!(payload[..2], code.to_be_bytes());
        assert!(what.is_empty() || std::str::from_utf8(&payload[2..]).is_ok_and(|told| told.contains(what)));
        // Whatever comes now, nobody listens.
        assert_eq!(hear(&mut conversation, &frame(FINAL | TEXT, b"x"), &[9]), Ok(Vec::new()));
    }
}

#[test]
fn reserved_bits_and_opcodes() {
    for bit in [0x10, 0x20] {
        fails(&terms(), &frame(FINAL | bit | TEXT, b"x"), 1002, "reserved bit");
    }
    fails(&terms(), &frame(FINAL | COMPRESSED | TEXT, b"x"), 1002, "compression was not agreed upon");
    for bit in [0x10, 0x20, 0x40] {
        fails(&terms(), &frame(FINAL | bit | PING, b"x"), 1002, "control frame with a reserved bit");
    }
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        fails(&terms(), &frame(FINAL | opcode, b"x"), 1002, &format!("unknown opcode {opcode:#x}"));
    }
}

#[test]
fn a_masked_frame() {
    fails(&terms(), b"\x81\x81\x01\x02\x03\x04x", 1002, "masked");
}

#[test]
fn lengths_that_are_not_written_as_they_have_to_be() {
    for said in [
        &b"\x82\x7e\x00\x7d"[..],
        b"\x82\x7f\x00\x00\x00\x00\x00\x00\xff\xff",
        b"\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00",
        b"\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff",
    ] {
        fails(&terms(), said, 1002, "length");
    }
}

#[test]
fn control_frames_in_fragments_and_too_long() {
    for opcode in [CLOSE, PING, PONG] {
        fails(&terms(), &frame(opcode, b""), 1002, "fragment of a control frame");
        fails(&terms(), &frame(FINAL | opcode, &[b'x'; 126]), 1002, "more than 125");
    }
}

#[test]
fn fragments_out_of_order() {
    fails(&terms(), &frame(FINAL | CONTINUED, b"x"), 1002, "none was begun");
    fails(&terms(), &frame(CONTINUED, b"x"), 1002, "none was begun");
    for opcode in [TEXT, BINARY] {
        let said = [frame(TEXT, b"x"), frame(FINAL | opcode, b"x")].concat();
        fails(&terms(), &said, 1002, "within another");
    }
}

#[test]
fn close_frames() {
    fails(&terms(), &frame(FINAL | CLOSE, b"\x03"), 1002, "half a code");
    let valid = (1000..=1003).chain(1007..=1014).chain(3000..=4999);
    let valid: std::collections::HashSet<u16> = valid.collect();
    for code in 0..=u16::MAX {
        let said = frame(FINAL | CLOSE, &code.to_be_bytes());
        if valid.contains(&code) {
            let heard = hear(&mut Conversation::new(&terms()), &said, &[4]);
            assert_eq!(heard, Ok(vec![Event::Close(Some((code, String::new())))]));
        } else if code < 3010 || code % 997 == 0 {
            fails(&terms(), &said, 1002, &format!("the code {code},"));
        }
    }
    fails(&terms(), &frame(FINAL | CLOSE, b"\x03\xe8\xff"), 1007, "reason");
}

#[test]
fn texts_that_are_none() {
    let bad: [&[u8]; 6] =
        [b"\xff", b"ok\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xce\xba\xe1", b"\x80"];
    for bad in bad {
        fails(&terms(), &frame(FINAL | TEXT, bad), 1007, "UTF-8");
        fails(&terms(), &[frame(TEXT, bad), frame(FINAL | CONTINUED, b"")].concat(), 1007, "UTF-8");
    }
    // Told at the end of the fragment that has it, not at that of the message.
    fails(&terms(), &frame(TEXT, b"\xc3\x28"), 1007, "UTF-8");
    let said = [frame(TEXT, b"x\xf0\x9f"), frame(CONTINUED, b"\x41")].concat();
    fails(&terms(), &said, 1007, "UTF-8");
}

#[test]
fn more_than_is_allowed() {
    let small = Terms { max_message_size: Some(10), ..terms() };
    assert!(hear(&mut Conversation::new(&small), &frame(FINAL | TEXT, b"0123456789"), &[99]).is_ok());
    // By the header alone.
    fails(&small, b"\x81\x0b", 1009, "longer than 10");
    fails(&small, b"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", 1009, "longer than 10");
    let fragments = [frame(TEXT, b"01234"), frame(CONTINUED, b"5678"), frame(CONTINUED, b"9a")].concat();
    fails(&small, &fragments, 1009, "longer than 10");

    let narrow = Terms { max_frame_size: Some(4), ..terms() };
    fails(&narrow, b"\x82\x05", 1009, "a frame of 5 bytes, and 4 are allowed");
    let fragments = [frame(TEXT, b"0123"), frame(FINAL | CONTINUED, b"4567")].concat();
    assert_eq!(hear(&mut Conversation::new(&narrow), &fragments, &[99]), Ok(vec![text("01234567")]));
    // It is for data. A control frame has its own.
    assert!(hear(&mut Conversation::new(&narrow), &frame(FINAL | PONG, b"0123456789"), &[99]).is_ok());
}

#[test]
fn compressed_data() {
    let terms = Terms { compression: Some(Agreed::default()), max_message_size: Some(100_000), ..terms() };
    fails(&terms, &frame(FINAL | COMPRESSED | TEXT, b"\xff\xff\xff"), 1007, "decompressed");
    let said = [frame(COMPRESSED | TEXT, b""), frame(FINAL | COMPRESSED | CONTINUED, b"")].concat();
    fails(&terms, &said, 1002, "reserved bit");
    let bomb = Deflater::new(Agreed::default()).deflate(&vec![b'x'; 1_000_000]).expect("not empty");
    assert!(bomb.len() < 2000, "{}", bomb.len());
    fails(&terms, &frame(FINAL | COMPRESSED | TEXT, &bomb), 1009, "100000");
    let not_utf8 = Deflater::new(Agreed::default()).deflate(b"\xff\xff\xff\xff").expect("not empty");
    fails(&terms, &frame(FINAL | COMPRESSED | TEXT, &not_utf8), 1007, "UTF-8");
}

#[test]
fn a_compressed_message_that_never_comes_to_anything() {
    let compressed = Terms { compression: Some(Agreed::default()), max_message_size: Some(1000), ..terms() };
    // Empty blocks, one after the other: each is nothing, and takes time.
    let nothing = [0, 0, 0, 0xff, 0xff].repeat(20);
    let mut said = frame(COMPRESSED | BINARY, &nothing);
    for _ in 0..30 {
        said.extend(frame(CONTINUED, &nothing));
    }
    fails(&compressed, &said, 1009, "more than 1000 bytes");
}
