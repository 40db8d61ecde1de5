//! Responses into files: when a file gets its name, under which name, and what is left after a failure.

use std::io;
use std::sync::{Arc, Mutex};

use dualfetch::files::{Checksum, Hash};
use dualfetch::{Error, ErrorKind, Response, Session};
use sha2::Digest;

use crate::support::{CountingServer, Folder, Gate, RawServer, Script, faults, routes};

use super::help::{run, session};

/// What the causes end in, where that is an `io::Error`.
fn io_kind(error: &Error) -> Option<io::ErrorKind> {
    std::error::Error::source(error)?.downcast_ref::<io::Error>().map(io::Error::kind)
}

async fn get(server: &RawServer) -> Response {
    session().get(server.url("/files/named.txt?x=y")).await.expect("a head")
}

fn answering(headers: &[(&'static str, &str)], body: &'static str) -> Script {
    faults::with_headers(headers, body)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_body_is_saved_in_place_of_what_was_there_and_nothing_is_left_beside_it() {
    run(async {
        let (folder, server) = (Folder::new(), CountingServer::builder().start().await);
        let content = routes::pattern(3_000_000);
        for old in [None, Some("old")] {
            if let Some(old) = old {
                folder.file("saved", old);
            }
            let told = Arc::<Mutex<Vec<_>>>::default();
            let watch = Arc::clone(&told);
            let response = session().get(server.url(0, "/bytes/3000000")).await.expect("a head");
            let saved = response
                .save(folder.at("saved"))
                .durable(true)
                .hash(Hash::Sha512)
                .on_progress(move |progress| {
                    watch.lock().expect("no panic").push((progress.received, progress.total));
                })
                .await
                .expect("it is saved");
            assert_eq!((saved.path, saved.bytes, saved.resumed), (folder.at("saved"), 3_000_000, 0));
            let hex = hex(&sha2::Sha512::digest(&content));
            assert_eq!(saved.checksum, Some(Checksum::sha512(hex).expect("a hash")));
            assert!(std::fs::read(folder.at("saved")).expect("the file") == content, "other bytes");
            assert_eq!(folder.names(), ["saved"]);
            let told = told.lock().expect("no panic").clone();
            assert!(told.is_sorted() && told[0].0 == 0 && told.len() > 2, "{told:?}");
            assert!(told.iter().all(|(_, total)| *total == Some(3_000_000)), "{told:?}");
            assert_eq!(told.last().map(|last| last.0), Some(3_000_000));
        }
    });
}

#[test]
fn a_body_that_is_cut_off_leaves_the_old_file_and_nothing_else() {
    run(async {
        let folder = Folder::new();
        let path = folder.file("saved", "old");
        let server = RawServer::start(faults::short_content_length(1_000, "too short")).await;
        let error = get(&server).await.save(&path).await.expect_err("it is cut off");
        assert_eq!(*error.kind(), ErrorKind::Disconnected, "{error:?}");
        assert!(error.url().is_some());
        assert_eq!(folder.names(), ["saved"]);
        assert_eq!(std::fs::read(&path).expect("the file"), b"old");
    });
}

#[test]
fn dropping_a_save_leaves_the_old_file_and_nothing_else() {
    run(async {
        let (folder, gate) = (Folder::new(), Gate::default());
        let path = folder.file("saved", "old");
        let half = Script::new().read_head().send_head("200 OK", &[("Content-Length", "8")]).send("half");
        let server = RawServer::start(half.pause(&gate)).await;
        let (told, mut began) = tokio::sync::mpsc::unbounded_channel();
        let save = get(&server).await.save(&path).on_progress(move |progress| {
            let _ = told.send(progress.received);
        });
        let mut saving = save.into_future();
        let written = async { while began.recv().await != Some(4) {} };
        tokio::select! {
            saved = &mut saving => panic!("it cannot end: {saved:?}"),
            () = written => {}
        }
        assert_eq!(folder.names().len(), 2, "the half that came");
        drop(saving);
        assert_eq!(folder.names(), ["saved"]);
        assert_eq!(std::fs::read(&path).expect("the file"), b"old");
    });
}

#[test]
fn another_checksum_than_the_expected_one_is_an_error_and_no_file() {
    run(async {
        let (folder, server) = (Folder::new(), RawServer::start(faults::pages("hello")).await);
        let [right, wrong] = ["hello", "other"].map(|text| hex(&sha2::Sha256::digest(text)));
        let error = get(&server).await.save(folder.at("x")).sha256(&wrong).await.expect_err("another one");
        assert_eq!((error.kind(), error.code()), (&ErrorKind::Checksum, "checksum"));
        assert!(error.to_string().contains(&right) && error.to_string().contains(&wrong), "{error}");
        let error = get(&server).await.save(folder.at("x")).sha256("nonsense").await.expect_err("no hash");
        assert_eq!(*error.kind(), ErrorKind::InvalidOption { option: "checksum" });
        assert!(folder.names().is_empty());
        let saved = get(&server).await.save(folder.at("x")).sha256(right.to_uppercase()).await;
        assert_eq!(saved.expect("it is saved").checksum, Some(Checksum::sha256(&right).expect("a hash")));
    });
}

#[test]
fn a_file_that_is_there_can_be_kept() {
    run(async {
        let (folder, server) = (Folder::new(), RawServer::start(faults::pages("new")).await);
        let path = folder.file("saved", "old");
        let error = get(&server).await.save(&path).overwrite(false).await.expect_err("it is there");
        assert_eq!((error.kind(), io_kind(&error)), (&ErrorKind::File, Some(io::ErrorKind::AlreadyExists)));
        assert!(error.to_string().contains("saved"), "{error}");
        assert_eq!(std::fs::read(&path).expect("the file"), b"old");
        get(&server).await.save(folder.at("other")).overwrite(false).await.expect("it is not there yet");
        assert_eq!(folder.names(), ["other", "saved"]);
    });
}

#[test]
fn a_name_given_by_the_server_stays_in_the_folder_and_replaces_nothing() {
    run(async {
        let folder = Folder::new();
        let inner = folder.at("inner");
        std::fs::create_dir(&inner).expect("a folder");
        for (headers, url, name) in [
            (vec![("Content-Disposition", "attachment; filename=\"../../evil.txt\"")], "/a", "evil.txt"),
            (vec![("Content-Disposition", "attachment; filename=..")], "/b/c.txt", "c.txt"),
            (vec![], "/d/%2e%2e%2f%C3%A4.txt?q=/z", "ä.txt"),
            (vec![], "/", "download"),
        ] {
            let server = RawServer::start(answering(&headers, "x")).await;
            let get = async || session().get(server.url(url)).await.expect("a head");
            let saved = get().await.save_in(&inner).await.expect("it is saved");
            assert_eq!(saved.path, inner.join(name));
            let error = get().await.save_in(&inner).await.expect_err("it is there");
            assert_eq!(io_kind(&error), Some(io::ErrorKind::AlreadyExists));
            get().await.save_in(&inner).overwrite(true).await.expect("it is replaced");
        }
        assert_eq!(folder.names(), ["inner"]);
        assert_eq!(std::fs::read_dir(&inner).expect("the folder").count(), 4);
    });
}

#[test]
fn what_cannot_be_written_is_an_error_that_names_it() {
    run(async {
        let (folder, server) = (Folder::new(), RawServer::start(faults::pages("x")).await);
        for (path, kind) in [
            (folder.at("no/such/folder"), io::ErrorKind::NotFound),
            (folder.path().to_owned(), io::ErrorKind::AlreadyExists),
        ] {
            let error = get(&server).await.save(&path).await.expect_err("it cannot be");
            assert_eq!((error.kind(), io_kind(&error)), (&ErrorKind::File, Some(kind)), "{error:?}");
            assert!(error.to_string().contains(path.to_str().expect("UTF-8")), "{error}");
        }
        assert!(folder.names().is_empty());
    });
}

#[cfg(unix)]
#[test]
fn a_link_is_replaced_and_not_followed_and_permissions_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    run(async {
        let (folder, server) = (Folder::new(), RawServer::start(faults::pages("new")).await);
        let target = folder.file("target", "untouched");
        for (name, to) in [("link", target.as_path()), ("broken", &folder.at("nowhere"))] {
            symlink(to, folder.at(name)).expect("a link");
            get(&server).await.save(folder.at(name)).await.expect("it is saved");
            assert!(std::fs::symlink_metadata(folder.at(name)).expect("it is there").is_file());
            assert_eq!(std::fs::read(folder.at(name)).expect("the file"), b"new");
        }
        assert_eq!(std::fs::read(&target).expect("the file"), b"untouched");
        std::fs::set_permissions(&target, std::fs::Permissions::from_mode(0o640)).expect("permissions");
        get(&server).await.save(&target).await.expect("it is saved");
        assert_eq!(std::fs::metadata(&target).expect("the file").permissions().mode() & 0o777, 0o640);
    });
}

#[cfg(unix)]
#[test]
fn a_pipe_or_a_device_is_written_to_and_stays() {
    use std::os::unix::fs::FileTypeExt;

    run(async {
        let (folder, server) = (Folder::new(), RawServer::start(faults::pages("through")).await);
        let path = folder.at("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0)
            .expect("a pipe");
        let read = path.clone();
        let reader = std::thread::spawn(move || std::fs::read_to_string(read).expect("somebody writes"));
        get(&server).await.save(&path).await.expect("it is written");
        assert_eq!(reader.join().expect("it has read"), "through");
        assert!(std::fs::metadata(&path).expect("it is there").file_type().is_fifo());
        assert_eq!(folder.names(), ["pipe"]);
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_of_the_file() {
    run(async {
        let server = RawServer::start(faults::pages("x")).await;
        let error = get(&server).await.save("/dev/full").await.expect_err("it is full");
        assert_eq!((error.kind(), io_kind(&error)), (&ErrorKind::File, Some(io::ErrorKind::StorageFull)));
    });
}
