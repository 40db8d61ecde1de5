//! Where rows go, and the thread that takes them there.
//!
//! Writing may block: on a slow disk, or on a reader who has stopped to think (`| less`). Were the requests to wait for
//! it, they would run into timeouts that are nobody's fault. So a thread writes. Nothing piles up before it: each URL
//! takes a permit when it is read, and its row gives the permit back when it is written.

use std::fs::{self, File};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError};

use tokio::sync::{Semaphore, oneshot};

use super::Render;
use super::table::Look;
use crate::Stop;
use crate::progress::Progress;
use crate::resume::Journal;
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

    /// The file of a run that may be resumed, open after the rows that the journal vouches for.
    pub(crate) fn resumed(path: &Path, file: File, journal: &Journal) -> Self {
        Self { name: path.display().to_string(), out: Out::File(file, Some(journal.length())) }
    }

    /// Whether rows stand there already, and so what comes before all rows.
    fn has_begun(&self) -> bool {
        matches!(self.out, Out::File(_, Some(1..)))
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
    /// Starts the thread. `room` gets a permit back for each row written, and the journal is told of it.
    pub(crate) fn start(
        target: Target,
        render: Box<dyn Render>,
        journal: Option<Journal>,
        room: Arc<Semaphore>,
        progress: Progress,
    ) -> Self {
        let (rows, queue) = mpsc::channel();
        let (end, ended) = oneshot::channel();
        let name = target.name.clone();
        std::thread::spawn(move || {
            // Who waits for this may have gone.
            let _ = end.send(Job { target, render, journal, room, progress }.run(&queue));
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
    journal: Option<Journal>,
    room: Arc<Semaphore>,
    progress: Progress,
}

/// Rows on their way together.
#[derive(Default)]
struct Pending {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// Their places in the input, and whether they failed.
    rows: Vec<(usize, bool)>,
}

impl Job {
    fn run(mut self, queue: &Receiver<Row>) -> io::Result<()> {
        /// As much as is written at once, roughly.
        const FULL: usize = 32 * 1024;
        let mut pending = Pending::default();
        if !self.target.has_begun() {
            self.render.begin(&mut pending.bytes);
            self.write(&pending.bytes, &[pending.bytes.len()])?;
            pending.bytes.clear();
        }
        loop {
            // Rows that are there already go together; a row that comes alone goes at once.
            let row = match queue.try_recv() {
                Ok(row) if pending.bytes.len() < FULL => Some(row),
                Err(TryRecvError::Disconnected) if pending.bytes.is_empty() => return self.save(),
                other => {
                    self.flush(&mut pending)?;
                    match other.ok() {
                        None => self.wait(queue)?,
                        row => row,
                    }
                }
            };
            if let Some(row) = row {
                self.render.row(&row, &mut pending.bytes);
                pending.ends.push(pending.bytes.len());
                pending.rows.push((row.index, row.error.is_some()));
            }
        }
    }

    /// The next row, if one comes before the journal is due.
    fn wait(&mut self, queue: &Receiver<Row>) -> io::Result<Option<Row>> {
        let Some(due) = self.journal.as_ref().and_then(Journal::due_in) else { return Ok(queue.recv().ok()) };
        match queue.recv_timeout(due) {
            Ok(row) => Ok(Some(row)),
            Err(RecvTimeoutError::Disconnected) => Ok(None),
            Err(RecvTimeoutError::Timeout) => self.save().map(|()| None),
        }
    }

    fn flush(&mut self, pending: &mut Pending) -> io::Result<()> {
        self.write(&pending.bytes, &pending.ends)?;
        self.room.add_permits(pending.ends.len());
        pending.bytes.clear();
        pending.ends.clear();
        let rows = pending.rows.drain(..);
        let Some(journal) = &mut self.journal else { return Ok(()) };
        rows.for_each(|(index, failed)| journal.mark(index, failed));
        match journal.due_in() {
            Some(due) if due.is_zero() => self.save(),
            _ => Ok(()),
        }
    }

    /// Has the journal vouch for all that is written.
    fn save(&mut self) -> io::Result<()> {
        let Self { target, journal, .. } = self;
        match (journal, &target.out) {
            (Some(journal), Out::File(file, Some(whole))) => journal.save(file, *whole),
            _ => Ok(()),
        }
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
