//! permessage-deflate (RFC 7692): what was agreed upon, and the two directions of it.

use bytes::Bytes;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::fault::Fault;

/// What ends the data of a compressed message, and is not sent. (RFC 7692, section 7.2.1.)
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// The room that decompression begins with, and how much of it is added at once.
const LEAST_ROOM: usize = 4 * 1024;
const MOST_ROOM: usize = 1024 * 1024;

/// What was agreed upon. Windows are of any size that the format knows for what comes; ours is of 32 KiB, and nobody is
/// told that it could be smaller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Agreed {
    /// Each message from here is compressed on its own.
    pub(super) client_no_context_takeover: bool,
    /// Each message from there is.
    pub(super) server_no_context_takeover: bool,
}

impl Agreed {
    /// What is offered.
    pub(super) const OFFER: &'static str = "permessage-deflate";

    /// What a server took of the offer: the value of its `Sec-WebSocket-Extensions`. (RFC 7692, section 7.1.)
    pub(super) fn parse(value: &str) -> Result<Self, String> {
        let mut parts = value.split(';').map(|part| part.trim_matches([' ', '\t']));
        let name = parts.next().unwrap_or_default();
        if !name.eq_ignore_ascii_case(Self::OFFER) {
            return Err(format!("{name:?} was not offered"));
        }
        let mut agreed = Self::default();
        let mut has_window = false;
        for part in parts {
            let (name, value) = match part.split_once('=') {
                Some((name, value)) => (name.trim_end(), Some(unquoted(value.trim_start()))),
                None => (part, None),
            };
            let is_new = match (name.to_ascii_lowercase().as_str(), value) {
                ("client_no_context_takeover", None) => {
                    !std::mem::replace(&mut agreed.client_no_context_takeover, true)
                }
                ("server_no_context_takeover", None) => {
                    !std::mem::replace(&mut agreed.server_no_context_takeover, true)
                }
                ("server_max_window_bits", Some("8" | "9" | "10" | "11" | "12" | "13" | "14" | "15")) => {
                    !std::mem::replace(&mut has_window, true)
                }
                _ => return Err(format!("the parameter {part:?} was not offered")),
            };
            if !is_new {
                return Err(format!("the parameter {part:?} comes twice"));
            }
        }
        Ok(agreed)
    }
}

fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value)
}

/// Decompresses what comes. It takes about 45 KB, from the first compressed message on.
pub(super) struct Inflater {
    forgets: bool,
    stream: Option<Box<Decompress>>,
}

impl Inflater {
    pub(super) fn new(agreed: Agreed) -> Self {
        Self { forgets: agreed.server_no_context_takeover, stream: None }
    }

    /// Decompresses a part of a message, which may become this long.
    pub(super) fn inflate(&mut self, mut data: &[u8], out: &mut Vec<u8>, most: usize) -> Result<(), Fault> {
        let stream = self.stream.get_or_insert_with(|| Box::new(Decompress::new(false)));
        loop {
            if out.len() == out.capacity() {
                let room = most.saturating_sub(out.len()).saturating_add(1);
                out.reserve_exact(out.len().clamp(LEAST_ROOM, MOST_ROOM).min(room));
            }
            let (before_in, before_out) = (stream.total_in(), stream.total_out());
            let status = stream.decompress_vec(data, out, FlushDecompress::Sync).map_err(|_| garbage())?;
            let taken = stream.total_in() - before_in;
            data = data.get(usize::try_from(taken).unwrap_or(usize::MAX)..).unwrap_or_default();
            if out.len() > most {
                return Err(Fault::size(format!("a message is longer than {most} bytes once decompressed")));
            }
            let stands_still = taken == 0 && stream.total_out() == before_out;
            match status {
                // A block may say that it is the last one, and another follow. (RFC 7692, section 7.2.3.4.)
                Status::StreamEnd => stream.reset(false),
                _ if stands_still && !data.is_empty() && out.len() < out.capacity() => return Err(garbage()),
                _ => {}
            }
            if data.is_empty() && out.len() < out.capacity() {
                return Ok(());
            }
        }
    }

    /// A message has ended.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>, most: usize) -> Result<(), Fault> {
        self.inflate(&TAIL, out, most)?;
        if self.forgets
            && let Some(stream) = &mut self.stream
        {
            stream.reset(false);
        }
        Ok(())
    }
}

fn garbage() -> Fault {
    Fault::data("a message cannot be decompressed")
}

/// Compresses what goes. It takes about 400 KB, from the first message on.
pub(super) struct Deflater {
    forgets: bool,
    stream: Option<Box<Compress>>,
}

impl Deflater {
    pub(super) fn new(agreed: Agreed) -> Self {
        Self { forgets: agreed.client_no_context_takeover, stream: None }
    }

    /// A message, compressed. None if it has to be sent as it is.
    pub(super) fn deflate(&mut self, mut data: &[u8]) -> Option<Bytes> {
        // Two flushes without a byte in between are one, and have no tail each.
        if data.is_empty() {
            return None;
        }
        let stream =
            self.stream.get_or_insert_with(|| Box::new(Compress::new(Compression::default(), false)));
        let mut out = Vec::with_capacity(data.len() / 2 + 64);
        loop {
            let before = stream.total_in();
            stream.compress_vec(data, &mut out, FlushCompress::Sync).ok()?;
            let taken = usize::try_from(stream.total_in() - before).unwrap_or(usize::MAX);
            data = data.get(taken..).unwrap_or_default();
            if data.is_empty() && out.len() < out.capacity() {
                break;
            }
            out.reserve(out.len().max(64));
        }
        debug_assert!(out.ends_with(&TAIL), "a flush ends so");
        out.truncate(out.len().saturating_sub(TAIL.len()));
        if self.forgets {
            stream.reset();
        }
        Some(out.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_offered_is_agreed_upon() {
        let both = Agreed { client_no_context_takeover: true, server_no_context_takeover: true };
        for (value, agreed) in [
            ("permessage-deflate", Agreed::default()),
            ("Permessage-Deflate; server_max_window_bits=12", Agreed::default()),
            ("permessage-deflate ;server_max_window_bits = \"15\"", Agreed::default()),
            ("permessage-deflate; server_no_context_takeover; client_no_context_takeover", both),
        ] {
            assert_eq!(Agreed::parse(value).as_ref(), Ok(&agreed), "{value}");
        }
        for value in [
            "",
            "permessage-bzip2",
            "permessage-deflate, permessage-deflate",
            "permessage-deflate; client_max_window_bits=15",
            "permessage-deflate; client_no_context_takeover=1",
            "permessage-deflate; server_max_window_bits",
            "permessage-deflate; server_max_window_bits=16",
            "permessage-deflate; server_max_window_bits=08",
            "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
            "permessage-deflate; server_max_window_bits=9; server_max_window_bits=9",
            "permessage-deflate; x",
            "permessage-deflate;",
        ] {
            assert!(Agreed::parse(value).is_err(), "{value}");
        }
    }

    fn back(inflater: &mut Inflater, data: &[u8], pieces: usize) -> Result<Vec<u8>, Fault> {
        let mut out = Vec::new();
        for piece in data.chunks(pieces.max(1)) {
            inflater.inflate(piece, &mut out, usize::MAX)?;
        }
        inflater.finish(&mut out, usize::MAX)?;
        Ok(out)
    }

    #[test]
    fn what_is_compressed_comes_back_in_any_pieces() {
        for forgets in [false, true] {
            let agreed = Agreed { client_no_context_takeover: forgets, server_no_context_takeover: forgets };
            let (mut deflater, mut inflater) = (Deflater::new(agreed), Inflater::new(agreed));
            let texts =
                ["Hello".to_owned(), "x".repeat(70_000), "Hello".to_owned(), "ab".repeat(40_000), "z".into()];
            for (pieces, text) in [1, 2, 3, 1000, 7].into_iter().zip(texts) {
                let data = deflater.deflate(text.as_bytes()).expect("it is not empty");
                assert_eq!(back(&mut inflater, &data, pieces), Ok(text.into_bytes()));
            }
        }
    }

    #[test]
    fn the_examples_of_the_standard_are_read() {
        // RFC 7692, sections 7.2.3.1 to 7.2.3.5.
        let mut inflater = Inflater::new(Agreed::default());
        for data in [
            &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00][..],
            &[0xf2, 0x00, 0x11, 0x00, 0x00],
            &[0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00],
            &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00],
            &[0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00],
        ] {
            for pieces in 1..=data.len() {
                // The second is compressed by what the first one left.
                if data.len() == 5 && pieces < data.len() {
                    continue;
                }
                assert_eq!(back(&mut inflater, data, pieces), Ok(b"Hello".to_vec()), "{data:x?}");
            }
        }
        assert_eq!(back(&mut inflater, &[0x00], 1), Ok(Vec::new()));
    }

    #[test]
    fn a_bomb_is_found_out_before_it_is_large() {
        let data = Deflater::new(Agreed::default()).deflate(&vec![0; 10_000_000]).expect("it is not empty");
        let mut out = Vec::new();
        let failed = Inflater::new(Agreed::default()).inflate(&data, &mut out, 100_000);
        assert_eq!(failed.expect_err("too long").code, 1009);
        assert!(out.capacity() <= 101_000, "{}", out.capacity());
    }

    #[test]
    fn garbage_is_told() {
        for data in [&[0x06_u8][..], &[0xff; 100], b"Hello, this is not compressed at all"] {
            let failed = back(&mut Inflater::new(Agreed::default()), data, data.len());
            assert_eq!(failed.expect_err("garbage").code, 1007, "{data:x?}");
        }
    }
}
