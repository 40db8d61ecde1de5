//! Jars from and to files.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::cookies::{CookieJar, LoadError};

/// Files: native alone.
impl CookieJar {
    /// Puts in the cookies of a file, of either kind: JSON (with the crate feature `json`) or a cookies.txt. Those that
    /// have ended are left out. How many that were.
    ///
    /// # Errors
    /// [`LoadError::Io`], also of kind `NotFound`; [`LoadError::Malformed`] with the line. The jar is then as it was.
    ///
    /// ```
    /// use dualfetch::CookieJar;
    /// # let path = std::env::temp_dir().join(format!("dualfetch-doc-{}", std::process::id()));
    ///
    /// let jar = CookieJar::new();
    /// jar.save_netscape(&path)?;
    /// assert_eq!(jar.load(&path)?, 0);
    /// # std::fs::remove_file(&path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn load(&self, path: impl AsRef<Path>) -> Result<usize, LoadError> {
        let bytes = fs::read(path)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        #[cfg(feature = "json")]
        if bytes.trim_ascii_start().starts_with(b"{") {
            let text = std::str::from_utf8(&bytes).map_err(|error| {
                let line = 1 + bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
                LoadError::Malformed { line, reason: "it is not UTF-8".to_owned() }
            })?;
            return self.load_json(text, now);
        }
        self.load_netscape(bytes, now)
    }

    /// Writes [`to_json`](Self::to_json) to a file, which then is this or, after a failure, what it was; nothing in
    /// between. On Unix nobody but its owner may read it. Blocks until it is on the disk.
    ///
    /// # Errors
    /// As those of writing files.
    #[cfg(feature = "json")]
    pub fn save_json(&self, path: impl AsRef<Path>) -> io::Result<()> {
        replace(path.as_ref(), self.to_json().as_bytes())
    }

    /// The same with [`to_netscape`](Self::to_netscape).
    ///
    /// # Errors
    /// As those of writing files.
    pub fn save_netscape(&self, path: impl AsRef<Path>) -> io::Result<()> {
        replace(path.as_ref(), &self.to_netscape())
    }
}

/// A new file is written beside it and takes its name. A link stays, and what it leads to is replaced; a device or a pipe
/// is written to.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if fs::metadata(&path).is_ok_and(|meta| !meta.is_file()) {
        return OpenOptions::new().write(true).open(&path)?.write_all(content);
    }
    let (temporary, mut file) = beside(&path)?;
    let written =
        file.write_all(content).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&temporary, &path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
        return written;
    }
    // The name is on the disk when its folder is. Not every system can say so of a folder.
    if cfg!(unix)
        && let Ok(folder) = File::open(folder(&path))
    {
        let _ = folder.sync_all();
    }
    Ok(())
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// A new file in the same folder, which nobody else has or may read.
fn beside(path: &Path) -> io::Result<(PathBuf, File)> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let Some(name) = path.file_name() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path names no file"));
    };
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    loop {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let mut own = std::ffi::OsString::from(".");
        own.push(name);
        own.push(format!(".{}-{count}.tmp", std::process::id()));
        let temporary = folder(path).join(own);
        match options.open(&temporary) {
            Ok(file) => return Ok((temporary, file)),
            // Left by a process of the same number that did not come to its end.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::url::Url;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("dualfetch-cookies-{}-{name}", std::process::id()));
            fs::create_dir_all(&path).expect("a folder");
            Self(path)
        }

        fn names(&self) -> Vec<String> {
            let mut names: Vec<_> = fs::read_dir(&self.0)
                .expect("the folder")
                .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
                .collect();
            names.sort();
            names
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn jar() -> CookieJar {
        let jar = CookieJar::new();
        let url = Url::parse("https://a.example/").expect("a URL");
        jar.insert(&url, "id=\"7\"; Secure; HttpOnly", Duration::ZERO).expect("a cookie");
        jar.insert(&url, "old=1; Expires=Tue, 01 Jan 2013 00:00:00 GMT", Duration::ZERO).expect("a cookie");
        jar
    }

    #[cfg(feature = "json")]
    #[test]
    fn a_file_of_either_kind_comes_back_without_what_has_ended() {
        let folder = Folder::new("either");
        let (jar, path) = (jar(), folder.0.join("jar"));
        type Save = fn(&CookieJar, &Path) -> io::Result<()>;
        let saves: &[Save] = &[|jar, path| jar.save_netscape(path), |jar, path| jar.save_json(path)];
        for save in saves {
            save(&jar, &path).expect("it is saved");
            let loaded = CookieJar::new();
            assert_eq!(loaded.load(&path).expect("it is loaded"), 1);
            assert_eq!(loaded.cookies(), jar.cookies()[..1]);
        }
        assert_eq!(folder.names(), ["jar"], "nothing is left beside it");
    }

    #[cfg(feature = "json")]
    #[test]
    fn what_cannot_be_loaded_names_the_line_and_leaves_the_jar_alone() {
        let folder = Folder::new("broken");
        let path = folder.0.join("jar");
        for (content, line) in [
            (&b"# comment\n\na.example\tFALSE\t/\tFALSE\t0\ta\t1\nno cookie\n"[..], 4),
            (b"{\"version\":1,\"cookies\":[\n{\"name\":\"a\"}\n]}", 2),
            (b"{\"version\":1,\n\"x\":\"\xff\"}", 2),
        ] {
            fs::write(&path, content).expect("a file");
            let jar = jar();
            assert_eq!(jar.load(&path).expect_err("malformed").line(), Some(line));
            assert_eq!(jar.len(), 2);
        }
        assert!(matches!(jar().load(folder.0.join("none")), Err(LoadError::Io(_))));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_is_its_owner_s_alone_whatever_it_was_before_and_a_link_stays_one() {
        use std::os::unix::fs::{PermissionsExt, symlink};

        let folder = Folder::new("private");
        let (path, link) = (folder.0.join("jar"), folder.0.join("link"));
        fs::write(&path, "longer than what is written to it, by far, so that it would show").expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("permissions");
        symlink(&path, &link).expect("a link");
        CookieJar::new().save_netscape(&link).expect("it is saved");
        assert_eq!(fs::metadata(&path).expect("the file").permissions().mode() & 0o777, 0o600);
        assert!(fs::symlink_metadata(&link).expect("the link").is_symlink());
        assert_eq!(fs::read(&path).expect("the file"), CookieJar::new().to_netscape());
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_not_replaced_by_one() {
        use std::os::unix::{fs::FileTypeExt, net::UnixListener};

        let folder = Folder::new("special");
        let path = folder.0.join("socket");
        let _listener = UnixListener::bind(&path).expect("a socket");
        jar().save_netscape(&path).expect_err("a socket cannot be written to");
        assert!(fs::metadata(&path).expect("it is there").file_type().is_socket());
        assert_eq!(folder.names(), ["socket"]);
    }

    #[test]
    fn a_failure_leaves_nothing_behind() {
        let folder = Folder::new("failure");
        jar().save_netscape(folder.0.join("no/such/jar")).expect_err("there is no such folder");
        jar().save_netscape(&folder.0).expect_err("it is a folder");
        assert!(folder.names().is_empty());
    }
}
