//! Standard input, a line at a time.

use std::io::{self, BufRead, BufReader, Read};

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::Stop;

/// A longer line is no message.
const LONGEST: usize = 64 * 1024 * 1024;

/// In bytes: what is asked for at once. Lines that came together are sent together.
const AT_ONCE: usize = 16 * 1024;

/// The lines, without their ends. Reading blocks, so a thread does it; it waits while what it has read is not sent. So
/// there are at most two of these ahead: one here and one with the thread.
pub(super) fn of_standard_input() -> mpsc::Receiver<Vec<Result<Bytes, Stop>>> {
    let (sender, receiver) = mpsc::channel(1);
    std::thread::spawn(move || {
        let mut input = BufReader::with_capacity(AT_ONCE, io::stdin().lock());
        loop {
            let lines = together(&mut input);
            let is_over = lines.last().is_none_or(Result::is_err);
            if lines.is_empty() || sender.blocking_send(lines).is_err() || is_over {
                return;
            }
        }
    });
    receiver
}

/// The next line, and those that are there with it; none at the end. An error comes last.
fn together(input: &mut BufReader<impl Read>) -> Vec<Result<Bytes, Stop>> {
    let mut lines = Vec::new();
    while let Some(line) = next(input).transpose() {
        let is_over = line.is_err();
        lines.push(line);
        if is_over || !input.buffer().contains(&b'\n') {
            break;
        }
    }
    lines
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

    #[test]
    fn no_more_is_read_ahead_than_is_there() {
        let text = format!("a\nbc\n\n{}\nd\nlast", "x".repeat(100));
        let mut input = BufReader::with_capacity(8, text.as_bytes());
        let mut all = Vec::new();
        loop {
            let lines = together(&mut input);
            if lines.is_empty() {
                break;
            }
            all.push(lines.into_iter().map(|line| line.expect("it can be read").len()).collect::<Vec<_>>());
        }
        assert_eq!(all.concat(), [1, 2, 0, 100, 1, 4]);
        assert_eq!(all[0], [1, 2, 0]);
        // A long one brings along what the buffer has behind it, and no more.
        assert!(all[1..].iter().all(|lines| lines.len() <= 2), "{all:?}");
    }
}
