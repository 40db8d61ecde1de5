//! The resume file: one JSON object.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::survey::Survey;
use super::{Done, Task};
use crate::Stop;
use crate::args::Reach;
use crate::output::Format;

/// The version of its form.
const VERSION: u64 = 1;

/// No such file is larger: a bit for each of a billion lines.
const LARGEST: u64 = 256 << 20;

/// What the file says.
#[derive(Debug)]
pub(super) struct Saved {
    task: Task,
    pub(super) done: Done,
    pub(super) failed: u64,
    /// Of the output, in whole rows.
    pub(super) length: u64,
    /// The hash of the output's last bytes up to there.
    pub(super) tail: String,
}

impl Saved {
    pub(super) fn new(task: Task) -> Self {
        Self { task, done: Done::default(), failed: 0, length: 0, tail: String::new() }
    }

    /// Reads the file; `None` when there is none.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, Stop> {
        let name = path.display();
        let text = match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Ok(about) if !about.is_file() || about.len() > LARGEST => Ok(String::new()),
            _ => fs::read_to_string(path),
        };
        match text {
            Ok(text) => Self::parse(&text).map(Some).ok_or_else(|| {
                Stop::Fault(format!(
                    "{name} is no resume file of this version: name another, which will be made"
                ))
            }),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                Err(Stop::Fault(format!("{name} is no resume file: name another, which will be made")))
            }
            Err(error) => Err(Stop::Fault(format!("cannot read {name}: {error}"))),
        }
    }

    /// Refuses to go on with something else than was begun.
    pub(super) fn go_on_with(&mut self, task: &Task, path: &Path) -> Result<(), Stop> {
        let Task { survey, format, metadata, ordered } = &self.task;
        let name = path.display();
        let anew = format!("start anew with another --resume FILE and -o FILE than {name}");
        let why = match () {
            () if *survey != task.survey => format!(
                "the URLs are not those that {name} was begun with ({} then, {} now): restore the input, or {anew}",
                survey.lines, task.survey.lines
            ),
            () if *format != task.format => format!(
                "the rows until now are {format}, not {}: go on with --format {format}, or {anew}",
                task.format
            ),
            () if *metadata != task.metadata => {
                let begun = metadata.map_or_else(
                    || "without --metadata".to_owned(),
                    |reach| format!("with --metadata={reach}"),
                );
                format!("the rows until now are {begun}: go on {begun}, or {anew}")
            }
            () if task.ordered && !ordered => {
                format!("the rows until now are in no order: go on without --ordered, or {anew}")
            }
            () => {
                self.task.ordered &= task.ordered;
                return Ok(());
            }
        };
        Err(Stop::Fault(why))
    }

    /// Writes a new file and puts it in the place of the old one, which until then stays whole.
    pub(super) fn replace(&self, path: &Path) -> io::Result<()> {
        let mut fresh = path.as_os_str().to_owned();
        fresh.push(".new");
        let fresh = PathBuf::from(fresh);
        let written = File::create(&fresh).and_then(|mut file| {
            file.write_all(self.to_text().as_bytes())?;
            file.sync_data()
        });
        let replaced = written.and_then(|()| fs::rename(&fresh, path));
        if replaced.is_err() {
            // Half a file is of no use; that it stays is no further harm.
            let _ = fs::remove_file(&fresh);
        }
        replaced
    }

    fn to_text(&self) -> String {
        let Task { survey, format, metadata, ordered } = &self.task;
        let value = json!({
            "dualfetch_resume": VERSION,
            "input": survey.hash,
            "lines": survey.lines,
            "format": format.to_string(),
            "metadata": metadata.map(|reach| reach.to_string()),
            "ordered": ordered,
            "rows": self.done.count(),
            "failed": self.failed,
            "output_length": self.length,
            "output_tail": self.tail,
            "done_below": self.done.start(),
            "done_from_there": STANDARD.encode(self.done.bytes()),
        });
        format!("{value}\n")
    }

    fn parse(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        let number = |name: &str| value[name].as_u64();
        let string = |name: &str| value[name].as_str();
        if number("dualfetch_resume")? != VERSION {
            return None;
        }
        let lines = usize::try_from(number("lines")?).ok()?;
        let bits = STANDARD.decode(string("done_from_there")?).ok()?;
        let done = Done::from_parts(usize::try_from(number("done_below")?).ok()?, &bits)?;
        let survey = Survey { hash: string("input")?.to_owned(), lines };
        let format = <Format as clap::ValueEnum>::from_str(string("format")?, false).ok()?;
        // Files of before there was metadata say nothing of it.
        let metadata = match &value["metadata"] {
            Value::Null => None,
            reach => Some(<Reach as clap::ValueEnum>::from_str(reach.as_str()?, false).ok()?),
        };
        let task = Task { survey, format, metadata, ordered: value["ordered"].as_bool()? };
        Some(Self {
            task,
            failed: number("failed")?,
            length: number("output_length")?,
            tail: string("output_tail")?.to_owned(),
            done,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved() -> Saved {
        let survey = Survey { hash: "ab".to_owned(), lines: 200 };
        let mut saved =
            Saved::new(Task { survey, format: Format::Csv, metadata: Some(Reach::Head), ordered: true });
        for index in (0..100).chain([150]) {
            saved.done.insert(index);
        }
        (saved.failed, saved.length, saved.tail) = (7, 12_345, "cd".to_owned());
        saved
    }

    #[test]
    fn what_is_written_is_read() {
        let read = Saved::parse(&saved().to_text()).expect("a resume file");
        let Saved { task, done, failed, length, tail } = saved();
        assert_eq!((read.task, read.done), (task, done));
        assert_eq!((read.failed, read.length, read.tail), (failed, length, tail));
    }

    #[test]
    fn anything_else_is_refused_and_nothing_panics() {
        let text = saved().to_text();
        for end in 0..text.len() - 2 {
            assert!(Saved::parse(&text[..end]).is_none(), "{end}");
        }
        for (from, to) in [
            ("\"dualfetch_resume\":1", "\"dualfetch_resume\":2"),
            ("csv", "xml"),
            ("64", "63"),
            ("\"lines\":200", "\"lines\":-1"),
        ] {
            assert!(text.contains(from), "{from}: {text}");
            assert!(Saved::parse(&text.replace(from, to)).is_none(), "{from}");
        }
    }

    #[test]
    fn another_task_is_told_what_to_do() {
        let path = Path::new("state");
        let told = |change: fn(&mut Task)| {
            let mut task = saved().task;
            change(&mut task);
            match saved().go_on_with(&task, path) {
                Err(Stop::Fault(why)) => why,
                _ => String::new(),
            }
        };
        assert_eq!(told(|_| {}), "");
        assert_eq!(told(|task| task.ordered = true), "");
        assert!(told(|task| task.survey.hash.push('c')).contains("restore the input"));
        assert!(told(|task| task.format = Format::Tsv).contains("--format csv"));
        assert!(told(|task| task.metadata = None).contains("go on with --metadata=head"));
    }
}
