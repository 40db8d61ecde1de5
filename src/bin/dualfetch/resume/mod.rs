//! `--resume`: which lines have their rows, so that a run that was ended, by whatever, goes on where it was.
//!
//! The file vouches for the output up to a length and for the lines whose rows are in it. Rows are written first; then
//! the file is replaced as a whole. So whenever the run ends, the file tells of a state that was there, and a resumed
//! run cuts the output back to it: what lies beyond are rows of lines that the file does not know, or halves of rows.

mod done;
mod saved;
mod survey;

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::args::Reach;
use crate::output::Format;
use crate::{Stop, files};

pub(crate) use done::Done;
use saved::Saved;
pub(crate) use survey::{Survey, count};

/// Of the output's end, so much is looked at to tell whether it is the file that was written.
const TAIL: u64 = 1024;

/// What a run is about. Only the same may go on with its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Task {
    pub(crate) survey: Survey,
    pub(crate) format: Format,
    /// As `--metadata` has it.
    pub(crate) metadata: Option<Reach>,
    pub(crate) ordered: bool,
}

/// A run's state on disk.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    saved: Saved,
    is_dirty: bool,
    last: Instant,
    /// From one save to the next.
    pause: Duration,
}

/// Saves are so far apart at least, and take at most a twentieth of the time.
const PAUSE: Duration = Duration::from_millis(250);
const SHARE: u32 = 20;

impl Journal {
    /// Begins a run, or takes up the one that `path` tells of. The output is open at the place where rows go on.
    pub(crate) fn open(path: &Path, output: &Path, task: Task) -> Result<(Self, File), Stop> {
        let saved = Saved::read(path)?;
        let is_new = saved.is_none();
        let saved = match saved {
            Some(mut saved) => {
                saved.go_on_with(&task, path)?;
                saved
            }
            None => Saved::new(task),
        };
        let file = if is_new { begin(path, output)? } else { go_on(path, output, &saved)? };
        let mut journal =
            Self { path: path.to_owned(), saved, is_dirty: is_new, last: Instant::now(), pause: PAUSE };
        let length = journal.saved.length;
        journal.save(&file, length).map_err(|error| Stop::writing(&path.display(), &error))?;
        Ok((journal, file))
    }

    /// The lines that have rows.
    pub(crate) fn done(&self) -> &Done {
        &self.saved.done
    }

    /// How many of these rows are failures.
    pub(crate) fn failed(&self) -> u64 {
        self.saved.failed
    }

    /// The output's length that it vouches for.
    pub(crate) fn length(&self) -> u64 {
        self.saved.length
    }

    /// The row of this line has been written.
    pub(crate) fn mark(&mut self, index: usize, failed: bool) {
        self.is_dirty |= self.saved.done.insert(index);
        self.saved.failed += u64::from(failed);
    }

    /// How long the next save has time; none when there is nothing to save.
    pub(crate) fn due_in(&self) -> Option<Duration> {
        self.is_dirty.then(|| self.pause.saturating_sub(self.last.elapsed()))
    }

    /// Vouches for the output up to `length`, where anything has changed.
    pub(crate) fn save(&mut self, output: &File, length: u64) -> io::Result<()> {
        if !self.is_dirty {
            return Ok(());
        }
        let started = Instant::now();
        // Should the machine stop, no file may vouch for rows that never got to the disk.
        output.sync_data()?;
        self.saved.length = length;
        self.saved.tail = tail(output, length)?;
        let path = &self.path;
        self.saved.replace(path).map_err(|error| {
            io::Error::new(error.kind(), format!("the resume file {}: {error}", path.display()))
        })?;
        self.is_dirty = false;
        self.last = Instant::now();
        self.pause = PAUSE.max(started.elapsed() * SHARE);
        Ok(())
    }
}

/// Each must be a file of its own: one would overwrite the other.
pub(crate) fn distinct(files: [(&str, &PathBuf); 3]) -> Result<(), Stop> {
    let real = |path: &PathBuf| fs::canonicalize(path).unwrap_or_else(|_| path.clone());
    for (at, (option, path)) in files.iter().enumerate() {
        if let Some((other, _)) = files[..at].iter().find(|(_, other)| real(other) == real(path)) {
            return Err(Stop::Fault(format!("{} stands for both {other} and {option}", path.display())));
        }
    }
    Ok(())
}

fn open(output: &Path, create: bool) -> Result<File, Stop> {
    let mut options = File::options();
    options.read(true).write(true).create(create).truncate(false);
    let name = output.display();
    let file = options.open(output).map_err(|error| Stop::writing(&name, &error))?;
    match file.metadata() {
        Ok(about) if about.is_file() && files::lock(&file) => Ok(file),
        Ok(about) if about.is_file() => Err(Stop::Fault(format!(
            "another run is writing to {name}: wait for its end, or give this one files of its own"
        ))),
        _ => Err(Stop::Fault(format!(
            "{name} is not a regular file: --resume cannot cut it back to whole rows"
        ))),
    }
}

/// Rows of another run are not overwritten: that their resume file is not there is likelier to be a slip.
fn begin(path: &Path, output: &Path) -> Result<File, Stop> {
    let file = open(output, true)?;
    match file.metadata() {
        Ok(about) if about.len() == 0 => Ok(file),
        _ => Err(Stop::Fault(format!(
            "{} holds something already, and there is no {} to go on from: remove it to start anew, or name the right \
             file",
            output.display(),
            path.display()
        ))),
    }
}

fn go_on(path: &Path, output: &Path, saved: &Saved) -> Result<File, Stop> {
    let mut file = open(output, false)?;
    let name = output.display();
    let fault = |error: io::Error| Stop::writing(&name, &error);
    let length = file.metadata().map_err(fault)?.len();
    if length < saved.length || tail(&file, saved.length).map_err(fault)? != saved.tail {
        return Err(Stop::Fault(format!(
            "{name} is not what {} tells of: put the right file there, or remove both to start anew",
            path.display()
        )));
    }
    file.set_len(saved.length).map_err(fault)?;
    file.seek(SeekFrom::Start(saved.length)).map_err(fault)?;
    Ok(file)
}

/// A hash of the last bytes before `length`. Leaves the place where it writes at `length`.
fn tail(mut output: &File, length: u64) -> io::Result<String> {
    let from = length.saturating_sub(TAIL);
    let mut bytes = Vec::new();
    output.seek(SeekFrom::Start(from))?;
    output.take(length - from).read_to_end(&mut bytes)?;
    output.seek(SeekFrom::Start(length))?;
    Ok(survey::hex(ring::digest::digest(&ring::digest::SHA256, &bytes).as_ref()))
}
