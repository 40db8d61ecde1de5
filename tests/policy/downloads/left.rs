//! What is on the disk before, during and after a download, and whose it is.

use dualfetch::platform::scripted::Reply;
use dualfetch::{Config, ErrorKind, Session, SessionExt};

use crate::folder::Folder;
use crate::session;

use super::shelf::{Shelf, URL, content, sha256};

/// A part of it, and what tells about it.
fn leave(folder: &Folder, url: &str, shelf: &Shelf, bytes: usize) {
    let (platform, session) = session(Config::new());
    platform.on_every(shelf.clone().cut_after([bytes]).server());
    let download = session.download(url, folder.at("file")).attempts(1);
    platform.run(download.into_future()).expect_err("it is cut off");
    assert_eq!(folder.names(), ["file.part", "file.part.state"]);
}

fn read(folder: &Folder, name: &str) -> Vec<u8> {
    std::fs::read(folder.at(name)).expect(name)
}

#[test]
fn what_fails_before_the_file_comes_leaves_what_was_there() {
    for reply in [|| Reply::status(404), || Reply::error(ErrorKind::Connect)] {
        for resume in [true, false] {
            let folder = Folder::new();
            leave(&folder, "https://files.example/other", &Shelf::new(content(1_000)), 400);
            let (platform, session) = session(Config::new());
            platform.on(URL, reply());
            let download = session.download(URL, folder.at("file")).resume(resume);
            platform.run(download.into_future()).expect_err("no file");
            assert_eq!(folder.names(), ["file.part", "file.part.state"]);
            assert_eq!(read(&folder, "file.part"), content(400));
        }
    }
    // Nor is there anything to tell of whom it is.
    let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
    folder.file("file.part", "the user's own");
    platform.on(URL, Reply::status(404));
    platform.run(session.download(URL, folder.at("file")).into_future()).expect_err("no file");
    assert_eq!(read(&folder, "file.part"), b"the user's own");
}

#[test]
fn a_part_is_of_its_whole_url_but_for_what_signs_it() {
    const SIGNED: &str = "https://files.example/a?b=1&X-Amz-Date=1&x-goog-signature=2#top";
    for (url, is_same) in [
        ("https://files.example/a?b=1", true),
        ("https://files.example/a?X-Goog-Signature=5&b=1&X-AMZ-Date=7", true),
        ("https://files.example/a?b=2&X-Amz-Date=1", false),
        ("https://files.example/a", false),
        ("https://other.example/a?b=1", false),
    ] {
        let modified = "Wed, 21 Oct 2015 07:28:00 GMT";
        let dated = [("last-modified", modified), ("date", "Wed, 21 Oct 2015 07:28:01 GMT")];
        for shelf in [Shelf::new(content(1_000)), Shelf::new(content(1_000)).with(&dated)] {
            let folder = Folder::new();
            leave(&folder, SIGNED, &shelf, 400);
            let (platform, session) = session(Config::new());
            platform.on_every(shelf.server());
            let saved = platform.run(session.download(url, folder.at("file")).into_future());
            assert_eq!(saved.expect("it is saved").resumed, if is_same { 400 } else { 0 }, "{url}");
        }
    }
}

#[test]
fn however_a_path_is_spelled_one_download_has_it() {
    let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
    std::fs::create_dir(folder.at("inner")).expect("a folder");
    platform.on(URL, Reply::ok(content(100)).header("etag", "\"1\"").header("content-length", "200").stall());
    let mut others = vec![folder.at("inner/../file"), folder.at("./file")];
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(folder.path(), folder.at("inner/link")).expect("a link");
        others.push(folder.at("inner/link/file"));
    }
    platform.run(async {
        let mut first = session.download(URL, folder.at("file")).into_future();
        assert!(crate::once(&mut first).await, "it stalls");
        for other in others {
            let error = session.download(URL, &other).await.expect_err("it is being written");
            assert!(error.to_string().contains("another download"), "{error}");
        }
    });
}

#[test]
fn a_part_that_was_replaced_meanwhile_is_not_taken_for_the_file() {
    let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
    let shelf = Shelf::new(content(1_000));
    platform.on_every(shelf.server());
    let (part, other) = (folder.at("file.part"), folder.file("other", content(1_000).to_ascii_lowercase()));
    let download = session.download(URL, folder.at("file")).on_progress(move |progress| {
        if progress.received == 1_000 {
            // As long, and under its name.
            std::fs::rename(&other, &part).expect("it is there");
        }
    });
    let error = platform.run(download.into_future()).expect_err("it is another one");
    assert!(error.to_string().contains("somebody else has changed it"), "{error}");
    assert_eq!(folder.names(), ["file.part"]);
}

#[test]
fn what_goes_on_as_one_can_be_gone_on_with_if_the_process_is_killed() {
    const MIB: usize = 1024 * 1024;
    let folder = Folder::new();
    let shelf = Shelf::new(content(6 * MIB));
    let (platform, session) = session(Config::new());
    platform.on_every(shelf.clone().cut_after([MIB, MIB / 2, MIB / 2]).server());
    let download = session.download(URL, folder.at("file")).parallel(3).attempts(1);
    platform.run(download.into_future()).expect_err("cut off");

    // What a kill would leave.
    let killed = Folder::new();
    let (from, to) = (folder.path().to_owned(), killed.path().to_owned());
    let (platform, session) = crate::session(Config::new());
    platform.on_every(shelf.server());
    let download = session.download(URL, folder.at("file")).on_progress(move |progress| {
        if progress.received < 5 * MIB as u64 {
            for name in ["file.part", "file.part.state"] {
                std::fs::copy(from.join(name), to.join(name)).expect("it is there");
            }
        }
    });
    platform.run(download.into_future()).expect("it is saved");
    let again = session.download(URL, killed.at("file")).sha256(sha256(&shelf.content));
    let saved = platform.run(again.into_future()).expect("it is saved");
    assert!(saved.resumed >= 4 * MIB as u64, "{}", saved.resumed);
}

#[test]
fn an_error_of_a_file_names_the_one_that_was_asked_for() {
    let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
    platform.on(URL, Reply::ok("x"));
    let path = folder.at("none/file");
    let download = session.post(URL).body("x").download(&path);
    let error = platform.run(download.into_future()).expect_err("there is no folder");
    assert!(error.to_string().contains(path.to_str().expect("UTF-8")), "{error}");
    assert!(!error.to_string().contains(".dualfetch-"), "{error}");
}

/// There the folder's name says nothing of what its files are.
#[cfg(target_os = "linux")]
#[test]
fn files_in_a_folder_of_devices_are_files() {
    let shared = std::path::Path::new("/dev/shm");
    if !shared.is_dir() {
        return;
    }
    let (folder, (platform, session)) = (Folder::below(shared), session(Config::new()));
    let shelf = Shelf::new(content(1_000));
    platform.on_every(shelf.server());
    for save in [true, false] {
        let path = folder.file("file", content(3_000));
        let saved = match save {
            true => platform.run(async { session.get(URL).await?.save(&path).await }),
            false => platform.run(session.download(URL, &path).into_future()),
        };
        assert_eq!(saved.expect("it is saved").bytes, 1_000);
        assert_eq!((read(&folder, "file"), folder.names()), (content(1_000).to_vec(), vec!["file".into()]));
    }
    let error = platform.run(session.download(URL, folder.at("file")).overwrite(false).into_future());
    assert_eq!(*error.expect_err("it is there").kind(), ErrorKind::File);
    // What is a device is written to, where that is not kept from being replaced.
    let null = || session.download(URL, "/dev/null");
    platform.run(null().into_future()).expect("it is written");
    platform.run(null().overwrite(false).into_future()).expect_err("it is there");
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    use std::path::Path;
    use std::sync::{Arc, Mutex};

    use rustix::fs::{CWD, FileType, FlockOperation, flock, mknodat};

    use super::*;

    fn pipe(path: &Path) {
        mknodat(CWD, path, FileType::Fifo, 0o600.into(), 0).expect("a pipe");
    }

    fn mode(path: impl AsRef<Path>) -> u32 {
        std::fs::symlink_metadata(path).expect("it is there").permissions().mode() & 0o777
    }

    #[test]
    fn a_pipe_in_a_part_s_place_is_not_waited_for() {
        let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
        platform.on_every(Shelf::new(content(1_000)).server());
        pipe(&folder.at("file.part.state"));
        platform.run(session.download(URL, folder.at("file")).into_future()).expect("it is saved");
        assert_eq!(folder.names(), ["file"]);
        let (other, kept) = (Folder::new(), folder.at("again"));
        leave(&other, URL, &Shelf::new(content(1_000)), 400);
        std::fs::rename(other.at("file.part.state"), folder.at("again.part.state")).expect("a state");
        pipe(&folder.at("again.part"));
        let error = platform.run(session.download(URL, kept).into_future()).expect_err("a pipe");
        assert!(error.to_string().contains("remove it first"), "{error}");
        assert_eq!(folder.names(), ["again.part", "again.part.state", "file"]);
    }

    #[test]
    fn a_part_with_another_name_is_left_to_that_one() {
        let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
        let shelf = Shelf::new(content(1_000));
        leave(&folder, URL, &shelf, 400);
        std::fs::hard_link(folder.at("file.part"), folder.at("mine")).expect("a second name");
        platform.on_every(shelf.server());
        let saved = platform.run(session.download(URL, folder.at("file")).into_future());
        assert_eq!(saved.expect("it is saved").resumed, 0);
        assert_eq!((read(&folder, "mine"), read(&folder, "file").len()), (content(400).to_vec(), 1_000));
    }

    #[test]
    fn a_state_that_is_a_link_is_neither_read_nor_written_through() {
        let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
        let shelf = Shelf::new(content(1_000));
        leave(&folder, URL, &shelf, 400);
        std::fs::rename(folder.at("file.part.state"), folder.at("real")).expect("a state");
        symlink(folder.at("real"), folder.at("file.part.state")).expect("a link");
        let told = read(&folder, "real");
        platform.on_every(shelf.clone().cut_after([500]).server());
        let download = session.download(URL, folder.at("file")).attempts(1);
        platform.run(download.into_future()).expect_err("it is cut off");
        assert_eq!((shelf.ranges().pop(), read(&folder, "real")), (Some(None), told));
        assert!(!folder.at("file.part.state").is_symlink());
    }

    #[test]
    fn another_process_s_part_is_left_to_it() {
        for known in [true, false] {
            let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
            let shelf = Shelf::new(content(1_000));
            leave(&folder, URL, &shelf, 400);
            if !known {
                std::fs::remove_file(folder.at("file.part.state")).expect("it is there");
            }
            let theirs = std::fs::File::open(folder.at("file.part")).expect("the part");
            flock(&theirs, FlockOperation::LockExclusive).expect("a lock");
            platform.on_every(shelf.server());
            let download = || session.download(URL, folder.at("file")).into_future();
            let error = platform.run(download()).expect_err("it is being written");
            assert!(error.to_string().contains("another download is writing it"), "{error}");
            assert_eq!(
                (read(&folder, "file.part"), folder.at("file").exists()),
                (content(400).to_vec(), false)
            );
            drop(theirs);
            let saved = platform.run(download()).expect("it is saved");
            assert_eq!(saved.resumed, if known { 400 } else { 0 });
        }
    }

    #[test]
    fn what_was_private_is_private_all_the_time() {
        for (old, whole) in [(0o600, 0o600), (0o640, 0o640), (0o4755, 0o755)] {
            for save in [true, false] {
                let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
                platform.on_every(Shelf::new(content(1_000)).server());
                let path = folder.file("file", "old");
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(old)).expect("permissions");
                let seen = Arc::<Mutex<Vec<u32>>>::default();
                let (modes, inside) = (Arc::clone(&seen), folder.path().to_owned());
                let watch = move |_| {
                    let others =
                        std::fs::read_dir(&inside).expect("the folder").map(|entry| entry.expect("one"));
                    let others = others.filter(|entry| entry.file_name() != "file");
                    modes.lock().expect("no panic").extend(others.map(|entry| mode(entry.path())));
                };
                let saved = match save {
                    true => {
                        platform.run(async { session.get(URL).await?.save(&path).on_progress(watch).await })
                    }
                    false => platform.run(session.download(URL, &path).on_progress(watch).into_future()),
                };
                saved.expect("it is saved");
                let seen = seen.lock().expect("no panic").clone();
                assert!(!seen.is_empty() && seen.iter().all(|mode| *mode == 0o600), "{seen:?}");
                let all = std::fs::metadata(&path).expect("the file").mode() & 0o7777;
                assert_eq!((all, read(&folder, "file").len()), (whole, 1_000));
            }
        }
    }

    #[test]
    fn what_tells_about_a_part_is_for_its_owner_and_names_no_secret() {
        let folder = Folder::new();
        let url = "https://files.example/secret?token=abc";
        leave(&folder, url, &Shelf::new(content(1_000)), 400);
        assert_eq!(mode(folder.at("file.part.state")), 0o600);
        let state = String::from_utf8(read(&folder, "file.part.state")).expect("text");
        assert!(!state.contains("secret") && !state.contains("abc"), "{state}");
        let hash = &sha256(url)[..32];
        assert_eq!(state, format!("dualfetch part 1\nfrom {hash}\ntag \"1\"\ntotal 1000\n"));
    }
}
