//! The cookies of a run: read from files before it, kept while it lasts, written to a file after it.

use std::path::{Path, PathBuf};

use dualfetch::cookies::{CookieJar, LoadError};

use crate::Stop;

/// A jar, and where it is written to.
#[derive(Debug)]
pub(crate) struct Cookies {
    jar: CookieJar,
    file: Option<PathBuf>,
}

impl Cookies {
    /// Reads these files. The one that is written to in the end need not be there yet.
    pub(crate) fn open<'a>(
        files: impl Iterator<Item = &'a str>,
        written: Option<&Path>,
    ) -> Result<Self, Stop> {
        // Who asks an address knows whom they ask.
        let jar = CookieJar::new().allow_ip_hosts(true);
        for file in files {
            match jar.load(file) {
                Err(LoadError::Io(error))
                    if error.kind() == std::io::ErrorKind::NotFound && written == Some(Path::new(file)) => {}
                Err(LoadError::Io(error)) => return Err(Stop::Fault(format!("cannot read {file}: {error}"))),
                Err(error) => return Err(Stop::Fault(format!("{file} is no cookies.txt: {error}"))),
                Ok(_) => {}
            }
        }
        if let Some(file) = written {
            let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
            if file.is_dir() || !folder.is_none_or(Path::is_dir) {
                return Err(Stop::Fault(format!("cannot write to {}: no such folder", file.display())));
            }
        }
        Ok(Self { jar, file: written.map(Path::to_owned) })
    }

    /// The jar, for a session.
    pub(crate) fn jar(&self) -> CookieJar {
        self.jar.clone()
    }

    /// The file that is written in the end must not be one that is read or written otherwise.
    pub(crate) fn apart_from(&self, option: &str, other: Option<&Path>) -> Result<(), Stop> {
        let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        match (&self.file, other) {
            (Some(file), Some(other)) if real(file) == real(other) => {
                Err(Stop::Fault(format!("{} stands for both {option} and --cookie-jar", file.display())))
            }
            _ => Ok(()),
        }
    }

    /// Writes the file, if there is to be one.
    pub(crate) fn save(&self) -> Result<(), Stop> {
        let Some(file) = &self.file else { return Ok(()) };
        self.jar.save_netscape(file).map_err(|error| Stop::writing(&file.display(), &error))
    }
}
