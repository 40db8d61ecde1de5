//! Downloads to files: what is asked for, what is made of the answer, and what is left on the disk. In virtual time.

mod answers;
mod chance;
mod dropped;
mod left;
mod parallel;
mod shelf;

use std::sync::{Arc, Mutex};

use dualfetch::platform::scripted::Reply;
use dualfetch::{Config, ErrorKind, Phase, Retry, Session, SessionExt, Timeout};

use crate::folder::Folder;
use crate::{secs, session};

use shelf::{Shelf, URL, content, sha256};

#[test]
fn what_is_cut_off_is_gone_on_with_in_the_same_version() {
    let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
    let shelf = Shelf::new(content(1_000)).cut_after([300, 1, 0, 200]);
    platform.on_every(shelf.server());
    let told = Arc::<Mutex<Vec<_>>>::default();
    let watch = Arc::clone(&told);
    let download = session
        .download(URL, folder.at("file"))
        .sha256(sha256(&shelf.content))
        .on_progress(move |progress| watch.lock().expect("no panic").push(progress));
    let saved = platform.run(download.into_future()).expect("it is saved");
    assert_eq!((saved.bytes, saved.resumed, saved.path), (1_000, 0, folder.at("file")));
    assert!(std::fs::read(folder.at("file")).expect("the file") == shelf.content);
    assert_eq!(folder.names(), ["file"]);
    let asked = |name: &str| {
        let values = platform.calls().into_iter().map(|call| call.headers.get(name).cloned());
        values.map(|value| value.map(|value| value.to_str().expect("text").to_owned())).collect::<Vec<_>>()
    };
    let range = |from: u64| Some(format!("bytes={from}-"));
    assert_eq!(asked("range"), [None, range(300), range(301), range(301), range(501)]);
    assert_eq!(asked("if-range")[1..], vec![Some("\"1\"".to_owned()); 4]);
    assert_eq!(asked("accept-encoding"), vec![Some("identity".to_owned()); 5]);
    assert!(platform.elapsed() > secs(0), "no pause");
    let told = told.lock().expect("no panic").clone();
    assert!(told.iter().is_sorted_by_key(|progress| progress.received), "{told:?}");
    assert!(told.iter().all(|progress| progress.total == Some(1_000)), "{told:?}");
    assert_eq!(told.last().expect("it was told").received, 1_000);
}

#[test]
fn a_later_call_goes_on_where_an_earlier_one_was_ended() {
    let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
    let shelf = Shelf::new(content(1_000)).cut_after([400]);
    platform.on_every(shelf.server());
    let error = platform.run(session.download(URL, folder.at("file")).attempts(1).into_future());
    assert_eq!(*error.expect_err("it was cut off").kind(), ErrorKind::Disconnected);
    assert_eq!(folder.names(), ["file.part", "file.part.state"]);

    let again = session.download(URL, folder.at("file")).sha256(sha256(&shelf.content));
    let saved = platform.run(again.into_future()).expect("it is saved");
    assert_eq!((saved.bytes, saved.resumed), (1_000, 400));
    assert!(std::fs::read(folder.at("file")).expect("the file") == shelf.content);
    assert_eq!(folder.names(), ["file"]);
    assert_eq!(shelf.ranges(), [None, Some((400, None))]);
}

#[test]
fn a_part_is_left_and_gone_on_with_only_where_that_is_wanted() {
    let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
    let shelf = Shelf::new(content(1_000)).cut_after([400, 400]);
    platform.on_every(shelf.server());
    let download = || session.download(URL, folder.at("file")).attempts(1);
    platform.run(download().resume(false).into_future()).expect_err("it was cut off");
    assert!(folder.names().is_empty());
    platform.run(download().into_future()).expect_err("it was cut off");
    assert_eq!(folder.names().len(), 2);
    let saved = platform.run(download().resume(false).into_future()).expect("it is saved");
    assert_eq!((saved.resumed, shelf.ranges()), (0, vec![None, None, None]));
    assert_eq!(folder.names(), ["file"], "what the other has left");
}

#[test]
fn another_version_is_begun_anew_and_never_mixed_with_the_first() {
    for by_status in [false, true] {
        let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
        let (old, new) =
            (Shelf::new(content(1_000)), Shelf::new(content(700).iter().map(|byte| !byte).collect()));
        let (old, new) = (old.cut_after([400]), new.tagged("\"2\""));
        let (serve_old, serve_new) = (old.server(), new.server());
        let calls = Mutex::new(0);
        platform.on_every(move |request: &dualfetch::Request| {
            let mut calls = calls.lock().expect("no panic");
            *calls += 1;
            match *calls {
                1 => serve_old(request),
                // A server that does not know If-Range, and gives a part of the new one.
                2 if by_status => {
                    let part = new.content.slice(400..);
                    let reply = Reply::status(206).header("etag", "\"2\"").then(part);
                    reply.header("content-range", "bytes 400-699/700")
                }
                _ => serve_new(request),
            }
        });
        let expected: Vec<u8> = content(700).iter().map(|byte| !byte).collect();
        let download = session.download(URL, folder.at("file")).sha256(sha256(&expected));
        let saved = platform.run(download.into_future()).expect("it is saved");
        assert_eq!((saved.bytes, saved.resumed), (700, 0));
        assert!(std::fs::read(folder.at("file")).expect("the file") == expected);
        assert_eq!(folder.names(), ["file"]);
    }
}

#[test]
fn a_file_without_a_validator_or_compressed_is_begun_anew_and_leaves_no_part() {
    for fields in [
        vec![("etag", "W/\"1\"")],
        vec![],
        vec![("last-modified", "Wed, 21 Oct 2015 07:28:00 GMT"), ("date", "Wed, 21 Oct 2015 07:28:00 GMT")],
        vec![("etag", "\"1\""), ("content-encoding", "unknown")],
    ] {
        let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
        let shelf = Shelf::new(content(1_000)).with(&fields).cut_after([400, 500, 700]);
        platform.on_every(shelf.server());
        let error = platform.run(session.download(URL, folder.at("file")).attempts(1).into_future());
        assert_eq!(*error.expect_err("it was cut off").kind(), ErrorKind::Disconnected, "{fields:?}");
        assert!(folder.names().is_empty(), "{fields:?}: {:?}", folder.names());
        let saved =
            platform.run(session.download(URL, folder.at("file")).into_future()).expect("it is saved");
        assert_eq!((saved.bytes, shelf.ranges()), (1_000, vec![None; 4]), "{fields:?}");
        assert!(std::fs::read(folder.at("file")).expect("the file") == shelf.content);
    }
}

#[test]
fn a_date_is_a_validator_where_it_is_a_strong_one() {
    let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
    let modified = "Wed, 21 Oct 2015 07:28:00 GMT";
    let fields = [("last-modified", modified), ("date", "Wed, 21 Oct 2015 07:28:01 GMT")];
    let shelf = Shelf::new(content(1_000)).with(&fields).cut_after([400]);
    platform.on_every(shelf.server());
    platform.run(session.download(URL, folder.at("file")).into_future()).expect("it is saved");
    assert_eq!(platform.calls()[1].headers["if-range"], modified);
    assert!(std::fs::read(folder.at("file")).expect("the file") == shelf.content);
}

#[test]
fn a_server_that_knows_no_ranges_gives_it_all_again() {
    let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
    let shelf = Shelf::new(content(1_000)).without_ranges().cut_after([400, 300]);
    platform.on_every(shelf.server());
    let saved = platform.run(session.download(URL, folder.at("file")).into_future()).expect("it is saved");
    assert_eq!((saved.bytes, shelf.ranges().len()), (1_000, 3));
    assert!(std::fs::read(folder.at("file")).expect("the file") == shelf.content);
}

#[test]
fn parts_that_are_shorter_than_asked_for_are_asked_on_from_as_often_as_needed() {
    let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
    let shelf = Shelf::new(content(1_000)).cut_after([100]).at_most(50);
    platform.on_every(shelf.server());
    let download = session.download(URL, folder.at("file")).sha256(sha256(&shelf.content));
    assert_eq!(platform.run(download.into_future()).expect("it is saved").bytes, 1_000);
    assert_eq!(shelf.ranges().len(), 19);
}

#[test]
fn a_part_that_is_not_the_one_asked_for_is_an_error_and_what_was_there_stays() {
    for range in [
        "bytes 399-999/1000",
        "bytes 401-999/1000",
        "bytes 400-1000/1000",
        "bytes 0-1/",
        "chars 400-999/1000",
    ] {
        let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
        let shelf = Shelf::new(content(1_000)).cut_after([400]);
        platform.on_every(shelf.server());
        platform
            .run(session.download(URL, folder.at("file")).attempts(1).into_future())
            .expect_err("cut off");
        let part =
            Reply::status(206).header("content-range", range).header("etag", "\"1\"").then(content(600));
        platform.on(URL, part);
        let error = platform.run(session.download(URL, folder.at("file")).into_future()).expect_err(range);
        assert_eq!(*error.kind(), ErrorKind::Protocol, "{error:?}");
        assert!(error.url().is_some());
        assert_eq!(std::fs::read(folder.at("file.part")).expect("the part"), shelf.content[..400]);
    }
    // None was asked for.
    let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
    platform.on(URL, Reply::status(206).header("content-range", "bytes 0-1/2").then("ab"));
    let error = platform.run(session.download(URL, folder.at("file")).into_future()).expect_err("a part");
    assert_eq!((error.kind(), folder.names().len()), (&ErrorKind::Protocol, 0));
}

#[test]
fn a_part_that_turns_out_to_be_whole_is_whole_and_one_that_is_too_long_is_begun_anew() {
    for (length, resumed, ranges) in [(400, 400, 1), (300, 0, 2)] {
        let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
        // Of unknown length, and cut off after its last byte.
        let reply = Reply::ok(content(400)).header("etag", "\"1\"").chunked().fail(ErrorKind::Disconnected);
        platform.on(URL, reply);
        platform
            .run(session.download(URL, folder.at("file")).attempts(1).into_future())
            .expect_err("cut off");
        let shelf = Shelf::new(content(length));
        let (platform, session) = crate::session(Config::new());
        platform.on_every(shelf.server());
        let download = session.download(URL, folder.at("file")).sha256(sha256(&shelf.content));
        let saved = platform.run(download.into_future()).expect("it is saved");
        assert_eq!((saved.bytes, saved.resumed), (length as u64, resumed));
        assert_eq!(shelf.ranges().iter().flatten().count(), 1);
        assert_eq!(shelf.ranges().len(), ranges);
        assert_eq!(folder.names(), ["file"]);
    }
}

#[test]
fn it_ends_after_so_many_failures_in_a_row_and_progress_counts_anew() {
    let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
    let shelf = Shelf::new(content(1_000)).cut_after([100, 0, 1, 0, 0, 0, 0]);
    platform.on_every(shelf.server());
    let error = platform.run(session.download(URL, folder.at("file")).attempts(3).into_future());
    assert_eq!(*error.expect_err("it gives up").kind(), ErrorKind::Disconnected);
    // Something new, nothing; something new, nothing, nothing.
    assert_eq!(shelf.ranges().len(), 5);
}

#[test]
fn before_it_has_begun_failures_are_for_the_retry_policy() {
    for (retry, calls) in [(None, 1), (Some(Retry::standard().attempts(3)), 3)] {
        let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
        platform.on(URL, Reply::error(ErrorKind::Connect));
        let download = session.get(URL).retry(retry).download(folder.at("file"));
        let error = platform.run(download.into_future()).expect_err("nobody is there");
        assert_eq!((error.kind(), platform.calls().len()), (&ErrorKind::Connect, calls));
        assert!(folder.names().is_empty());
    }
}

#[test]
fn a_status_that_brings_no_file_is_an_error_with_its_page() {
    for (status, config) in [(404, Config::new()), (500, Config::new().raise_for_status(true))] {
        let (folder, (platform, session)) = (Folder::new(), session(config));
        platform.on(URL, Reply::status(status).then("a page"));
        let error =
            platform.run(session.download(URL, folder.at("file")).into_future()).expect_err("no file");
        assert!(matches!(error.kind(), ErrorKind::Status(code) if code.as_u16() == status), "{error:?}");
        assert_eq!((error.body(), platform.calls().len()), (Some("a page"), 1));
        assert!(folder.names().is_empty());
    }
    // In between it may pass, and a status that raise_for_status would make an error of is understood.
    let (folder, (platform, session)) = (Folder::new(), session(Config::new().raise_for_status(true)));
    let shelf = Shelf::new(content(1_000)).cut_after([400]);
    let server = shelf.server();
    let calls = Mutex::new(0);
    platform.on_every(move |request: &dualfetch::Request| {
        let mut calls = calls.lock().expect("no panic");
        *calls += 1;
        if *calls == 2 { Reply::status(503) } else { server(request) }
    });
    assert_eq!(
        platform.run(session.download(URL, folder.at("file")).into_future()).expect("a file").bytes,
        1_000
    );
}

#[test]
fn each_request_has_clocks_of_its_own_and_the_wall_clock_ends_the_download() {
    let slow = || {
        let shelf = Shelf::new(content(1_000));
        let server = shelf.server();
        let calls = Mutex::new(0);
        move |request: &dualfetch::Request| {
            let mut calls = calls.lock().expect("no panic");
            *calls += 1;
            match *calls {
                1 => Reply::ok(content(400)).header("etag", "\"1\"").header("content-length", "1000").stall(),
                2 => Reply::hangs(),
                _ => server(request),
            }
        }
    };
    for timeout in [Timeout::new().total(secs(9)), Timeout::new().read(secs(9)).headers(secs(9))] {
        let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
        platform.on_every(slow());
        let download = session.get(URL).timeout(timeout).download(folder.at("file"));
        let saved = platform.run(download.into_future()).expect("it is saved");
        assert_eq!((saved.bytes, platform.calls().len()), (1_000, 3), "{timeout:?}");
    }
    let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
    platform.on_every(slow());
    let download = session.get(URL).timeout(Timeout::new().wall(secs(9))).download(folder.at("file"));
    let error = platform.run(download.into_future()).expect_err("it is too slow");
    assert_eq!((error.phase(), platform.calls().len()), (Some(Phase::Wall), 1));
    assert_eq!(folder.names(), ["file.part", "file.part.state"]);
}

#[test]
fn a_session_whose_type_is_not_told_downloads_and_pauses_as_well() {
    let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
    let shelf = Shelf::new(content(1_000)).cut_after([400, 0, 0]);
    platform.on_every(shelf.server());
    let session = dualfetch::DynSession::from(session);
    let saved = platform.run(session.download(URL, folder.at("file")).into_future()).expect("it is saved");
    assert_eq!((saved.bytes, shelf.ranges().len()), (1_000, 4));
    assert!(platform.elapsed() > secs(0), "no pause");
}

#[test]
fn the_total_ends_a_download_that_would_have_to_be_begun_anew() {
    let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
    platform.on(URL, Reply::ok(content(400)).header("content-length", "1000").stall());
    let download = session.get(URL).timeout(Timeout::new().total(secs(9))).download(folder.at("file"));
    let error = platform.run(download.into_future()).expect_err("it is too slow");
    assert_eq!((error.phase(), platform.calls().len()), (Some(Phase::Total), 1));
    assert!(folder.names().is_empty());
}

#[test]
fn a_part_that_somebody_else_changes_meanwhile_is_an_error_and_no_file() {
    let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
    let shelf = Shelf::new(content(1_000));
    platform.on_every(shelf.server());
    let part = folder.at("file.part");
    let download = session.download(URL, folder.at("file")).on_progress(move |progress| {
        if progress.received == 1_000 {
            std::fs::write(&part, "other").expect("it is there");
        }
    });
    let error = platform.run(download.into_future()).expect_err("it was changed");
    assert!(error.to_string().contains("somebody else has changed it"), "{error}");
    assert!(!folder.at("file").exists());
}

#[test]
fn dropping_a_download_leaves_the_part_and_a_second_one_of_a_path_is_refused_meanwhile() {
    let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
    let whole = || Reply::ok(content(100_000)).header("etag", "\"1\"").header("content-length", "200000");
    platform.on(URL, whole().stall());
    platform.run(async {
        let mut first = session.download(URL, folder.at("file")).into_future();
        assert!(crate::once(&mut first).await, "it stalls");
        let second = session.download(URL, folder.at("file")).await.expect_err("it is being written");
        assert_eq!(*second.kind(), ErrorKind::File, "{second:?}");
        assert!(second.to_string().contains("another download"), "{second}");
    });
    assert_eq!(folder.names(), ["file.part", "file.part.state"]);
    assert_eq!(std::fs::metadata(folder.at("file.part")).expect("the part").len(), 100_000);
    platform.run(async {
        let mut again = session.download(URL, folder.at("file")).into_future();
        assert!(crate::once(&mut again).await, "the path is free again");
    });
}

#[test]
fn a_name_that_the_server_gives_is_gone_on_with_too() {
    let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
    let disposition = ("content-disposition", "attachment; filename=\"../given.bin\"");
    let shelf = Shelf::new(content(1_000)).with(&[("etag", "\"1\""), disposition]).cut_after([400]);
    platform.on_every(shelf.server());
    let download = || session.get(URL).download_in(folder.path());
    platform.run(download().attempts(1).into_future()).expect_err("it was cut off");
    assert_eq!(folder.names(), ["given.bin.part", "given.bin.part.state"]);
    let saved = platform.run(download().into_future()).expect("it is saved");
    assert_eq!((saved.path, saved.resumed), (folder.at("given.bin"), 400));
    assert_eq!(shelf.ranges(), [None, None, Some((400, None))]);
    assert!(std::fs::read(folder.at("given.bin")).expect("the file") == shelf.content);
    let error = platform.run(download().into_future()).expect_err("it is there");
    assert_eq!((error.kind(), folder.names().len()), (&ErrorKind::File, 1));
    platform.run(download().overwrite(true).into_future()).expect("it is replaced");
}

#[test]
fn another_checksum_than_the_expected_one_leaves_nothing() {
    let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
    let shelf = Shelf::new(content(1_000)).cut_after([400]);
    platform.on_every(shelf.server());
    let path = folder.file("file", "old");
    let download = session.download(URL, &path).sha256(sha256(b"other"));
    let error = platform.run(download.into_future()).expect_err("another one");
    assert_eq!(*error.kind(), ErrorKind::Checksum, "{error:?}");
    assert_eq!(
        (folder.names(), std::fs::read(&path).expect("the file")),
        (vec!["file".into()], b"old".into())
    );
    let download = session.download(URL, &path).sha256("no hash");
    let error = platform.run(download.into_future()).expect_err("no hash");
    assert_eq!(*error.kind(), ErrorKind::InvalidOption { option: "checksum" });
}

#[test]
fn what_is_not_a_get_is_asked_once_and_ranges_are_not_the_caller_s_to_set() {
    let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
    let shelf = Shelf::new(content(1_000)).cut_after([400]);
    platform.on_every(shelf.server());
    let post = || session.post(URL).body("query").download(folder.at("file"));
    platform.run(post().into_future()).expect_err("it was cut off");
    assert!(folder.names().is_empty());
    assert_eq!(platform.run(post().into_future()).expect("it is saved").bytes, 1_000);
    assert_eq!(shelf.ranges(), [None, None]);
    for name in ["range", "if-range"] {
        let download = session.get(URL).header(name, "bytes=0-1").download(folder.at("file"));
        let error = platform.run(download.into_future()).expect_err(name);
        assert_eq!(*error.kind(), ErrorKind::InvalidHeader);
    }
}

#[test]
fn a_part_that_somebody_else_has_put_there_is_not_gone_on_with_and_a_link_not_written_to() {
    let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
    let shelf = Shelf::new(content(1_000));
    platform.on_every(shelf.server());
    folder.file("file.part", "something else");
    folder.file("file.part.state", "dualfetch part 1\nfrom 0 0\ntag \"1\"\ntotal 1000\n");
    platform.run(session.download(URL, folder.at("file")).into_future()).expect("it is saved");
    assert_eq!((folder.names(), shelf.ranges()), (vec!["file".to_owned()], vec![None]));
    #[cfg(unix)]
    {
        let target = folder.file("target", "untouched");
        std::os::unix::fs::symlink(&target, folder.at("file.part")).expect("a link");
        let error = platform.run(session.download(URL, folder.at("file")).into_future()).expect_err("a link");
        assert_eq!(*error.kind(), ErrorKind::File, "{error:?}");
        assert_eq!(std::fs::read(target).expect("the file"), b"untouched");
        assert!(folder.at("file.part").is_symlink(), "it is not the download's to remove");
    }
}
