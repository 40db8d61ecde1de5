//! Where rows go, and the thread that takes them there.
//!
//! Writing may block: on a slow disk, or on a reader who has stopped to think (`| less`). Were the requests to wait for
//! it, they would run into timeouts that are nobody's fault. So a thread writes. Nothing piles up before it: each URL
//! takes a permit when it is read, and its row gives the permit back when it is written.

use std::fs::{self, File};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender, TryRecvError};

use tokio::sync::{Semaphore, oneshot};

use super::Render;
use super::table::Look;
use crate::Stop;
use crate::progress::Progress;
use crate::row::Row;

/// Where rows go.
pub(crate) struct Target {
    name: String,
    out: Out,
}

enum Out {
    /// Its length in whole rows, where it is a file that can be cut to that.
    File(File, Option<u64>),
    Stdout(io::Stdout),
}

impl Target {
    /// Opens the file and empties it; none, or `-`, is standard output. `input` must not be the same file.
    pub(crate) fn open(path: Option<&Path>, input: Option<&Path>) -> Result<Self, Stop> {
        let Some(path) = path.filter(|path| path.as_os_str() != "-") else {
            return Ok(Self { name: "standard output".to_owned(), out: Out::Stdout(io::stdout()) });
        };
        let name = path.display().to_string();
        let real = |path: &Path| -> Option<PathBuf> { fs::canonicalize(path).ok() };
        if let (Some(output), Some(input)) = (real(path), input.and_then(real))
            && output == input
            && output.is_file()
        {
            return Err(Stop::Fault(format!("{name} is the input as well: writing would empty it")));
        }
        let file = File::create(path).map_err(|error| Stop::writing(&name, &error))?;
        let regular = file.metadata().is_ok_and(|about| about.is_file());
        Ok(Self { name, out: Out::File(file, regular.then_some(0)) })
    }

    /// What it can show.
    pub(crate) fn look(&self) -> Look {
        /// For a terminal that does not tell its width.
        const USUAL: usize = 80;
        if !self.is_terminal() {
            return Look::default();
        }
        let terminal = console::Term::stdout();
        let columns = terminal.size_checked().map_or(USUAL, |(_, columns)| usize::from(columns));
        Look { columns: Some(columns), colour: terminal.features().colors_supported() }
    }

    fn is_terminal(&self) -> bool {
        matches!(&self.out, Out::Stdout(stdout) if stdout.is_terminal())
    }

    /// Writes whole rows, which end at `ends`. When that fails in the middle of a row, a file loses the half of it.
    fn write(&mut self, bytes: &[u8], ends: &[usize]) -> io::Result<()> {
        match &mut self.out {
            Out::Stdout(stdout) => {
                stdout.write_all(bytes)?;
                stdout.flush()
            }
            Out::File(file, whole) => {
                let mut written = 0;
                let ended = loop {
                    match file.write(&bytes[written..]) {
                        _ if written == bytes.len() => break Ok(()),
                        Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
                        Ok(count) => written += count,
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                        Err(error) => break Err(error),
                    }
                };
                if let Some(whole) = whole {
                    *whole += ends.iter().rfind(|end| **end <= written).copied().unwrap_or(0) as u64;
                    if ended.is_err() {
                        // If this fails too, there is nothing more that could be done.
                        let _ = file.set_len(*whole);
                    }
                }
                ended
            }
        }
    }
}

/// Takes rows and has them written.
pub(crate) struct Writer {
    name: String,
    rows: Sender<Row>,
    ended: oneshot::Receiver<io::Result<()>>,
}

impl Writer {
    /// Starts the thread. `room` gets a permit back for each row written.
    pub(crate) fn start(
        target: Target,
        render: Box<dyn Render>,
        room: Arc<Semaphore>,
        progress: Progress,
    ) -> Self {
        let (rows, queue) = mpsc::channel();
        let (end, ended) = oneshot::channel();
        let name = target.name.clone();
        std::thread::spawn(move || {
            // Who waits for this may have gone.
            let _ = end.send(Job { target, render, room, progress }.run(&queue));
        });
        Self { name, rows, ended }
    }

    /// Hands a row over. Never blocks.
    pub(crate) fn row(&self, row: Row) {
        // A thread that has ended says why in `failed`.
        let _ = self.rows.send(row);
    }

    /// Ends when writing fails, and not otherwise.
    pub(crate) async fn failed(&mut self) -> Stop {
        let ended = (&mut self.ended).await;
        stop(&self.name, ended).err().unwrap_or(Stop::Quiet)
    }

    /// Waits until all rows are written.
    pub(crate) async fn finish(self) -> Result<(), Stop> {
        let Self { name, rows, ended } = self;
        drop(rows);
        stop(&name, ended.await)
    }
}

fn stop(name: &str, ended: Result<io::Result<()>, oneshot::error::RecvError>) -> Result<(), Stop> {
    match ended {
        Ok(written) => written.map_err(|error| Stop::writing(&name, &error)),
        Err(_) => Err(Stop::Fault(format!("cannot write to {name}: its thread has ended"))),
    }
}

/// What the thread does.
struct Job {
    target: Target,
    render: Box<dyn Render>,
    room: Arc<Semaphore>,
    progress: Progress,
}

impl Job {
    fn run(mut self, queue: &Receiver<Row>) -> io::Result<()> {
        /// As much as is written at once, roughly.
        const FULL: usize = 32 * 1024;
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        self.render.begin(&mut bytes);
        self.write(&bytes, &[bytes.len()])?;
        bytes.clear();
        loop {
            // Rows that are there already go together; a row that comes alone goes at once.
            let row = match queue.try_recv() {
                Ok(row) if bytes.len() < FULL => Some(row),
                Err(TryRecvError::Disconnected) if bytes.is_empty() => return Ok(()),
                other => {
                    self.flush(&mut bytes, &mut ends)?;
                    other.ok().or_else(|| queue.recv().ok())
                }
            };
            if let Some(row) = row {
                self.render.row(&row, &mut bytes);
                ends.push(bytes.len());
            }
        }
    }

    fn flush(&mut self, bytes: &mut Vec<u8>, ends: &mut Vec<usize>) -> io::Result<()> {
        self.write(bytes, ends)?;
        self.room.add_permits(ends.len());
        bytes.clear();
        ends.clear();
        Ok(())
    }

    fn write(&mut self, bytes: &[u8], ends: &[usize]) -> io::Result<()> {
        let Self { target, progress, .. } = self;
        match target.is_terminal() {
            _ if bytes.is_empty() => Ok(()),
            true => progress.hidden_while(|| target.write(bytes, ends)),
            false => target.write(bytes, ends),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_written_is_told_by_name() {
        let Err(Stop::Fault(message)) = Target::open(Some(Path::new("/no/such/folder/rows")), None) else {
            panic!("there is no such folder")
        };
        assert!(message.starts_with("cannot write to /no/such/folder/rows: "), "{message}");
    }
}
