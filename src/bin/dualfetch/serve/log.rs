//! The log: lines that are written by a thread of its own, as far as they can be. Nobody waits for it, and nothing that
//! it meets (a full disk, a pipe that nobody reads) reaches the server; what is left out is counted and told later.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt;

use super::configuration::LogFormat;

/// Lines that wait to be written; the next ones are left out. As many of the longest ones as come are some megabytes.
const WAITING: usize = 8_192;
/// A line that is longer is cut: what strangers send must not fill the queue.
const LONGEST: usize = 16 << 10;

/// Where lines are handed in. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Log {
    lines: SyncSender<Message>,
    lost: Arc<AtomicU64>,
}

#[derive(Debug)]
enum Message {
    Line(Vec<u8>),
    Reopen,
    /// Answered once what came before is written.
    Flush(SyncSender<()>),
}

impl Log {
    /// Opens the file, which shows whether it can be written, and takes all that is told from now on.
    pub(super) fn start(path: Option<&Path>, format: LogFormat, level: LevelFilter) -> io::Result<Self> {
        let target = Target { file: path.map(open).transpose()?, path: path.map(Path::to_owned), format };
        let (lines, messages) = sync_channel(WAITING);
        let log = Self { lines, lost: Arc::default() };
        let lost = Arc::clone(&log.lost);
        thread::Builder::new().name("log".to_owned()).spawn(move || target.write_all(&messages, &lost))?;
        let subscriber =
            tracing_subscriber::fmt().with_max_level(level).with_ansi(false).with_writer(log.clone());
        // Nobody else sets one in this program.
        let _ = match format {
            LogFormat::Json => subscriber.json().flatten_event(true).finish().try_init(),
            LogFormat::Text => subscriber.with_target(false).finish().try_init(),
        };
        Ok(log)
    }

    /// Opens the file anew: the one that was open may have been moved away.
    pub(super) fn reopen(&self) {
        let _ = self.lines.try_send(Message::Reopen);
    }

    /// Waits until all is written, where that takes no time.
    pub(super) fn end(&self) {
        let until = Instant::now() + Duration::from_millis(500);
        let (done, written) = sync_channel(1);
        while self.lines.try_send(Message::Flush(done.clone())).is_err() {
            if Instant::now() >= until {
                return;
            }
            thread::sleep(Duration::from_millis(5));
        }
        let _ = written.recv_timeout(until.saturating_duration_since(Instant::now()));
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

/// Each write is a line. It never fails: there is nobody who could see to it.
impl Write for &Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut text = line[..line.len().min(LONGEST)].to_vec();
        if line.len() > LONGEST {
            text.push(b'\n');
        }
        if self.lines.try_send(Message::Line(text)).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Where lines end up.
struct Target {
    /// None is standard error.
    file: Option<File>,
    path: Option<PathBuf>,
    format: LogFormat,
}

impl Target {
    fn write_all(mut self, messages: &Receiver<Message>, lost: &AtomicU64) {
        while let Ok(message) = messages.recv() {
            match message {
                Message::Line(line) => {
                    let missing = lost.swap(0, Ordering::Relaxed);
                    let is_told = missing == 0
                        || self.write(self.line(&format!("{missing} lines of the log were lost")).as_bytes());
                    if !is_told {
                        lost.fetch_add(missing, Ordering::Relaxed);
                    }
                    if !self.write(&line) {
                        lost.fetch_add(1, Ordering::Relaxed);
                    }
                }
                Message::Reopen => match self.path.as_deref().map(open) {
                    Some(Ok(file)) => self.file = Some(file),
                    // The old one is still there.
                    Some(Err(error)) => {
                        self.write(self.line(&format!("the log cannot be opened anew: {error}")).as_bytes());
                    }
                    None => {}
                },
                Message::Flush(done) => {
                    let _ = done.try_send(());
                }
            }
        }
    }

    fn write(&mut self, line: &[u8]) -> bool {
        match &mut self.file {
            Some(file) => file.write_all(line).is_ok(),
            None => io::stderr().write_all(line).is_ok(),
        }
    }

    /// A line of the log's own.
    fn line(&self, message: &str) -> String {
        match self.format {
            LogFormat::Json => format!("{}\n", serde_json::json!({ "level": "WARN", "message": message })),
            LogFormat::Text => format!(" WARN {message}\n"),
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}
