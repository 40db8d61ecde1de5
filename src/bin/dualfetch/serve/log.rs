//! The log: lines that are written by a thread of its own, as far as they can be. Nobody waits for it, and nothing that
//! it meets (a full disk, a pipe that nobody reads) reaches the server; what is left out is counted and told later.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt;

use super::configuration::LogFormat;

/// Lines that wait to be written, and their bytes; the next ones are left out. Strangers can have lines written.
const WAITING: usize = 8_192;
const WAITING_BYTES: usize = 8 << 20;
/// Of a line that is longer the texts are cut to this.
const LONGEST: usize = 16 << 10;
const LONGEST_TEXT: usize = 1 << 10;

/// Where lines are handed in. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Log {
    lines: SyncSender<Message>,
    format: LogFormat,
    figures: Arc<Figures>,
}

#[derive(Debug, Default)]
struct Figures {
    waiting: AtomicUsize,
    lost: AtomicU64,
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
        let log = Self { lines, format, figures: Arc::default() };
        let figures = Arc::clone(&log.figures);
        thread::Builder::new().name("log".to_owned()).spawn(move || target.write_all(&messages, &figures))?;
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
        let text = if line.len() > LONGEST { shortened(line, self.format) } else { line.to_vec() };
        let (bytes, Figures { waiting, lost }) = (text.len(), &*self.figures);
        let has_room = waiting.fetch_add(bytes, Ordering::Relaxed) + bytes <= WAITING_BYTES;
        if !has_room || self.lines.try_send(Message::Line(text)).is_err() {
            waiting.fetch_sub(bytes, Ordering::Relaxed);
            lost.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A line that is too long as one that is not, and is of its format still.
fn shortened(line: &[u8], format: LogFormat) -> Vec<u8> {
    let mut text = match (format, serde_json::from_slice(line)) {
        (LogFormat::Json, Ok(mut fields)) => {
            shorten(&mut fields);
            let text = fields.to_string();
            match text.len() < LONGEST {
                true => text,
                // It has very many of them.
                false => json!({ "level": fields["level"], "message": "a line of the log was too long" })
                    .to_string(),
            }
        }
        _ => cut(&String::from_utf8_lossy(line), LONGEST).to_owned(),
    };
    text.push('\n');
    text.into_bytes()
}

fn shorten(value: &mut Value) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(shorten),
        Value::Object(fields) => fields.values_mut().for_each(shorten),
        Value::String(text) if text.len() > LONGEST_TEXT => {
            *text = format!("{}\u{2026}", cut(text, LONGEST_TEXT));
        }
        _ => {}
    }
}

fn cut(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or(0)]
}

/// Where lines end up.
struct Target {
    /// None is standard error.
    file: Option<File>,
    path: Option<PathBuf>,
    format: LogFormat,
}

impl Target {
    fn write_all(mut self, messages: &Receiver<Message>, figures: &Figures) {
        let Figures { waiting, lost } = figures;
        while let Ok(message) = messages.recv() {
            match message {
                Message::Line(line) => {
                    waiting.fetch_sub(line.len(), Ordering::Relaxed);
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
            LogFormat::Json => format!("{}\n", json!({ "level": "WARN", "message": message })),
            LogFormat::Text => format!(" WARN {message}\n"),
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_too_long_is_cut_and_is_of_its_format_still() {
        let long = "\u{e9}\"".repeat(20_000);
        let line = json!({ "level": "INFO", "message": "answered", "spans": [{ "path": long }] }).to_string();
        let told = shortened(line.as_bytes(), LogFormat::Json);
        assert!(told.len() <= LONGEST && told.ends_with(b"\n"));
        let told: Value = serde_json::from_slice(&told).expect("JSON");
        assert_eq!(told["message"], "answered");
        assert!(told["spans"][0]["path"].as_str().is_some_and(|path| path.starts_with("\u{e9}\"\u{e9}")));

        let many: Vec<u32> = (0..10_000).collect();
        let told =
            shortened(json!({ "level": "INFO", "many": many }).to_string().as_bytes(), LogFormat::Json);
        let told: Value = serde_json::from_slice(&told).expect("JSON");
        assert_eq!(told["level"], "INFO");

        let told = shortened(format!("INFO{long}").as_bytes(), LogFormat::Text);
        assert!(told.len() <= LONGEST + 1 && told.ends_with(b"\n") && std::str::from_utf8(&told).is_ok());
    }

    #[test]
    fn what_waits_is_bounded_in_bytes_and_what_is_written_waits_no_more() {
        let (lines, messages) = sync_channel(WAITING);
        let log = Log { lines, format: LogFormat::Text, figures: Arc::default() };
        let line = [b'a'; LONGEST];
        for _ in 0..WAITING {
            assert_eq!((&log).write(&line).expect("it never fails"), LONGEST);
        }
        let lost = log.figures.lost.load(Ordering::Relaxed);
        assert_eq!(lost, (WAITING - WAITING_BYTES / LONGEST) as u64);
        assert_eq!(log.figures.waiting.load(Ordering::Relaxed), WAITING_BYTES);

        let Log { lines, figures, .. } = log;
        drop(lines);
        let file = OpenOptions::new().write(true).open(if cfg!(windows) { "NUL" } else { "/dev/null" });
        let target = Target { file: Some(file.expect("it is there")), path: None, format: LogFormat::Text };
        target.write_all(&messages, &figures);
        assert_eq!(figures.waiting.load(Ordering::Relaxed), 0);
    }
}
