//! Standard input, a line at a time.

use std::io::{self, BufRead, Read};

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::Stop;

/// A longer line is no message.
const LONGEST: usize = 64 * 1024 * 1024;

/// How many lines may be read ahead of what was sent.
const AHEAD: usize = 16;

/// The lines, without their ends. Reading blocks, so a thread does it; it waits while what it has read is not sent.
pub(super) fn of_standard_input() -> mpsc::Receiver<Result<Bytes, Stop>> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    std::thread::spawn(move || {
        let mut input = io::stdin().lock();
        while let Some(line) = next(&mut input).transpose() {
            let is_over = line.is_err();
            if sender.blocking_send(line).is_err() || is_over {
                return;
            }
        }
    });
    receiver
}

fn next(input: &mut impl BufRead) -> Result<Option<Bytes>, Stop> {
    let mut line = Vec::new();
    let read = input.take(LONGEST as u64 + 2).read_until(b'\n', &mut line);
    read.map_err(|error| Stop::Fault(format!("cannot read standard input: {error}")))?;
    if line.is_empty() {
        return Ok(None);
    }
    if line.pop_if(|byte| *byte == b'\n').is_some() {
        line.pop_if(|byte| *byte == b'\r');
    }
    match line.len() > LONGEST {
        true => Err(Stop::Fault(format!("a line of standard input is longer than {LONGEST} bytes"))),
        false => Ok(Some(line.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_what_stands_before_its_end() {
        let mut input = &b"one\r\n\ntwo\rhalf\nlast"[..];
        let mut lines = Vec::new();
        while let Some(line) = next(&mut input).expect("it can be read") {
            lines.push(line);
        }
        assert_eq!(lines, ["one", "", "two\rhalf", "last"]);
    }
}
