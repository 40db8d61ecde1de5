//! What answers bring a file, and what is asked next.

use std::sync::Mutex;

use dualfetch::files::Hash;
use dualfetch::platform::scripted::Reply;
use dualfetch::{Config, ErrorKind, Request, Retry, Session, SessionExt};

use crate::folder::Folder;
use crate::{secs, session};

use super::shelf::{Shelf, URL, content, sha256};

/// The first answer is by one, the second by the other, all after it by the first one again.
fn second_by(
    first: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    second: impl Fn(&Request) -> Reply + Send + Sync + 'static,
) -> impl Fn(&Request) -> Reply + Send + Sync + 'static {
    let calls = Mutex::new(0);
    move |request| {
        let mut calls = calls.lock().expect("no panic");
        *calls += 1;
        if *calls == 2 { second(request) } else { first(request) }
    }
}

#[test]
fn a_part_without_the_tag_that_was_asked_for_is_not_put_to_what_is_there() {
    let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
    let shelf = Shelf::new(content(1_000)).cut_after([400]);
    let other = |_: &Request| {
        let part = Reply::status(206).header("content-range", "bytes 400-999/1000");
        part.then(content(600).iter().map(|byte| !byte).collect::<Vec<_>>())
    };
    platform.on_every(second_by(shelf.server(), other));
    let saved = platform.run(session.download(URL, folder.at("file")).into_future()).expect("it is saved");
    assert_eq!((saved.bytes, shelf.ranges()), (1_000, vec![None, None]));
    assert!(std::fs::read(folder.at("file")).expect("the file") == shelf.content);
}

#[test]
fn a_success_that_brings_no_file_is_an_error_before_and_in_between() {
    for status in [201, 202, 204, 205] {
        let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
        platform.on(URL, Reply::status(status));
        let error = platform.run(session.download(URL, folder.at("file")).into_future()).expect_err("none");
        assert!(matches!(error.kind(), ErrorKind::Status(code) if code.as_u16() == status), "{error:?}");
        assert!(folder.names().is_empty());

        let (platform, session) = crate::session(Config::new());
        let shelf = Shelf::new(content(1_000)).cut_after([400]);
        platform.on_every(second_by(shelf.server(), move |_: &Request| Reply::status(status)));
        let error = platform.run(session.download(URL, folder.at("file")).into_future()).expect_err("none");
        assert!(matches!(error.kind(), ErrorKind::Status(code) if code.as_u16() == status), "{error:?}");
        assert_eq!(folder.names(), ["file.part", "file.part.state"]);
    }
    let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
    platform.on(URL, Reply::status(203).then("by a proxy"));
    platform.run(session.download(URL, folder.at("file")).into_future()).expect("it is saved");
}

#[test]
fn once_it_has_begun_the_session_does_not_try_again_as_well() {
    let config = Config::new().retry(Retry::standard().attempts(3));
    let (folder, (platform, session)) = (Folder::new(), session(config));
    let shelf = Shelf::new(content(1_000)).cut_after([400]);
    let server = shelf.server();
    platform.on_every(move |request: &Request| match request.headers().contains_key("range") {
        true => Reply::status(503),
        false => server(request),
    });
    platform
        .run(session.download(URL, folder.at("file")).attempts(3).into_future())
        .expect_err("it is not there");
    assert_eq!(platform.calls().len(), 3, "the one that brought something, and two more");
}

#[test]
fn a_pause_is_as_long_as_the_server_asks() {
    for (fields, parallel) in [
        (vec![("retry-after", "17")], 1),
        (vec![("retry-after", "17")], 3),
        (
            vec![("retry-after", "Wed, 21 Oct 2015 07:28:17 GMT"), ("date", "Wed, 21 Oct 2015 07:28:00 GMT")],
            1,
        ),
    ] {
        let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
        let shelf = Shelf::new(content(3 * 1024 * 1024)).cut_after([400]);
        let busy = move |_: &Request| {
            fields.iter().fold(Reply::status(503), |reply, (name, value)| reply.header(name, value))
        };
        platform.on_every(second_by(shelf.server(), busy));
        let download = session.download(URL, folder.at("file")).parallel(parallel);
        platform.run(download.into_future()).expect("it is saved");
        let elapsed = platform.elapsed();
        assert!(elapsed >= secs(17) && elapsed < secs(27), "{elapsed:?}");
    }
}

#[test]
fn a_short_first_part_of_several_is_no_failure() {
    const MIB: usize = 1024 * 1024;
    let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
    let shelf = Shelf::new(content(4 * MIB)).cut_after([MIB]).at_most(MIB / 2);
    platform.on_every(shelf.server());
    let download = || session.download(URL, folder.at("file")).attempts(1);
    platform.run(download().into_future()).expect_err("it was cut off");
    let saved = platform.run(download().parallel(3).sha256(sha256(&shelf.content)).into_future());
    assert_eq!(saved.expect("it is saved").resumed, MIB as u64);
    assert_eq!(platform.elapsed(), secs(0), "nothing failed");
}

#[test]
fn a_file_is_hashed_by_one_function() {
    let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
    let shelf = Shelf::new(content(10));
    platform.on_every(shelf.server());
    let download = || session.download(URL, folder.at("file")).sha256(sha256(&shelf.content));
    let error = platform.run(download().hash(Hash::Sha512).into_future()).expect_err("two functions");
    assert_eq!(*error.kind(), ErrorKind::InvalidOption { option: "hash" });
    let saved = platform.run(async {
        session.get(URL).await?.save(folder.at("file")).hash(Hash::Sha512).sha256(sha256("")).await
    });
    assert_eq!(*saved.expect_err("two functions").kind(), ErrorKind::InvalidOption { option: "hash" });
    assert!(folder.names().is_empty());
    platform.run(download().hash(Hash::Sha256).into_future()).expect("one function");
}

#[test]
fn names_that_servers_give_are_none_of_parts() {
    for (given, name) in [
        ("x.part", "x.part_"),
        ("x.PART", "x.PART_"),
        ("x.part.state", "x.part.state_"),
        ("x.parts", "x.parts"),
    ] {
        let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
        let reply = || Reply::ok("x").header("content-disposition", &format!("attachment; filename={given}"));
        for _ in 0..2 {
            platform.on(URL, reply());
        }
        let saved = platform.run(async { session.get(URL).await?.save_in(folder.path()).await });
        assert_eq!(saved.expect("it is saved").path, folder.at(name));
        std::fs::remove_file(folder.at(name)).expect("it is there");
        let saved = platform.run(session.get(URL).download_in(folder.path()).into_future());
        assert_eq!(saved.expect("it is saved").path, folder.at(name));
    }
}
