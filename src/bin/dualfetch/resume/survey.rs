//! What there is to fetch: counted and hashed before a run that may be resumed.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use ring::digest::SHA256;

use crate::Stop;
use crate::hashing::Hashing;
use crate::input::Lines;

/// The input as a whole: URLs of the command line and those of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Survey {
    /// Of every byte of it.
    pub(crate) hash: String,
    /// How many rows there will be.
    pub(crate) lines: usize,
}

impl Survey {
    /// Reads the whole input, which must be a regular file: anything else cannot be read again.
    pub(crate) fn of(arguments: &[String], input: &Path) -> Result<Self, Stop> {
        let name = input.display();
        let fault = |error: io::Error| Stop::Fault(format!("cannot read {name}: {error}"));
        let file = File::open(input).map_err(fault)?;
        if !file.metadata().is_ok_and(|about| about.is_file()) {
            return Err(Stop::Fault(format!("{name} is not a regular file: --resume has to read it again")));
        }
        let mut hashing = Hashing::new(file, &SHA256);
        for argument in arguments {
            hashing.update(&(argument.len() as u64).to_le_bytes());
            hashing.update(argument.as_bytes());
        }
        let lines = arguments.len() + count_lines(&mut hashing).map_err(fault)?;
        // What reading lines did not look at.
        io::copy(&mut hashing, &mut io::sink()).map_err(fault)?;
        Ok(Self { hash: format!("sha256:{}", hex(hashing.finish().as_ref())), lines })
    }
}

/// How many rows a file will give, where it is a regular one and can be read.
pub(crate) fn count(input: &Path) -> Option<usize> {
    let file = File::open(input).ok()?;
    file.metadata().is_ok_and(|about| about.is_file()).then_some(())?;
    count_lines(file).ok()
}

fn count_lines(reader: impl Read) -> io::Result<usize> {
    let mut lines = Lines::new(BufReader::with_capacity(64 * 1024, reader));
    let mut count = 0;
    loop {
        match lines.next() {
            Ok(Some(_)) => count += 1,
            Ok(None) => return Ok(count),
            // It is told when its rows are fetched, after those that came before.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => return Ok(count),
            Err(error) => return Err(error),
        }
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
