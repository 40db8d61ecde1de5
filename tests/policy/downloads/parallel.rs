//! Several parts of a file at once.

use dualfetch::platform::scripted::Reply;
use dualfetch::{Config, ErrorKind, Session, SessionExt};

use crate::folder::Folder;
use crate::session;

use super::shelf::{Shelf, URL, content, sha256};

const MIB: usize = 1024 * 1024;

#[test]
fn a_large_file_comes_in_parts_under_the_limits_of_the_session() {
    for (limit, peak) in [(100, 4), (2, 2), (1, 1)] {
        let (folder, (platform, session)) = (Folder::new(), session(Config::new().limit(limit)));
        let shelf = Shelf::new(content(4 * MIB + 3)).slow();
        platform.on_every(shelf.server());
        let download = session.download(URL, folder.at("file")).parallel(4).sha256(sha256(&shelf.content));
        let saved = platform.run(download.into_future()).expect("it is saved");
        assert_eq!(saved.bytes, 4 * MIB as u64 + 3);
        assert!(std::fs::read(folder.at("file")).expect("the file") == shelf.content);
        let at = |part: u64| part * (MIB as u64 + 1);
        let mut ranges = shelf.ranges();
        ranges.sort();
        let asked =
            [Some((at(1), Some(at(2)))), Some((at(2), Some(at(3)))), Some((at(3), Some(4 * MIB as u64 + 3)))];
        assert_eq!(ranges, [&[None], &asked[..]].concat());
        assert!(platform.calls()[1..].iter().all(|call| call.headers["if-range"] == "\"1\""));
        assert_eq!((platform.peak(), folder.names()), (peak, vec!["file".to_owned()]));
    }
}

#[test]
fn a_part_that_fails_is_asked_for_again_on_its_own() {
    let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
    let shelf = Shelf::new(content(3 * MIB)).cut_after([MIB / 2, 100_000, 5, 0]);
    platform.on_every(shelf.server());
    let download = session.download(URL, folder.at("file")).parallel(3).sha256(sha256(&shelf.content));
    platform.run(download.into_future()).expect("it is saved");
    assert_eq!(
        shelf.ranges().len(),
        7,
        "three parts, and one request more for each cut: {:?}",
        shelf.ranges()
    );
    assert!(std::fs::read(folder.at("file")).expect("the file") == shelf.content);
}

#[test]
fn what_is_there_of_all_parts_is_gone_on_with_by_a_later_call() {
    for later in [1, 3] {
        let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
        let shelf = Shelf::new(content(3 * MIB)).cut_after([MIB / 2, MIB / 4, 1_000]);
        platform.on_every(shelf.server());
        let download = || session.download(URL, folder.at("file")).sha256(sha256(&shelf.content));
        let error = platform.run(download().parallel(3).attempts(1).into_future()).expect_err("cut off");
        assert_eq!(*error.kind(), ErrorKind::Disconnected);
        let saved = platform.run(download().parallel(later).into_future()).expect("it is saved");
        let whole = 3 * MIB as u64;
        assert!(saved.resumed > 0 && saved.resumed < whole, "{}", saved.resumed);
        let asked: u64 = shelf.ranges()[3..]
            .iter()
            .map(|range| range.map_or(whole, |(from, to)| to.unwrap_or(whole) - from))
            .sum();
        assert!(asked <= whole - saved.resumed + 2 * MIB as u64, "{:?}", shelf.ranges());
        assert!(std::fs::read(folder.at("file")).expect("the file") == shelf.content);
        assert_eq!(folder.names(), ["file"]);
    }
}

#[test]
fn where_parts_cannot_be_had_the_file_comes_as_one() {
    let whole = || Shelf::new(content(3 * MIB));
    for shelf in
        [whole().without_ranges(), whole().with(&[]), whole().tagged("W/\"1\""), Shelf::new(content(MIB))]
    {
        let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
        platform.on_every(shelf.server());
        let download = session.download(URL, folder.at("file")).parallel(4).sha256(sha256(&shelf.content));
        platform.run(download.into_future()).expect("it is saved");
        assert_eq!(shelf.ranges(), [None]);
    }
    // It says that it gives parts, and does not.
    let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
    let shelf = whole();
    let (file, told) = (shelf.content.clone(), sha256(&shelf.content));
    platform.on_every(move |_: &dualfetch::Request| {
        Reply::ok(file.clone()).header("etag", "\"1\"").header("accept-ranges", "bytes")
    });
    let download = session.download(URL, folder.at("file")).parallel(4).sha256(told);
    platform.run(download.into_future()).expect("it is saved");
    assert_eq!(folder.names(), ["file"]);
}

#[test]
fn a_version_that_changes_between_the_parts_is_never_mixed() {
    let (folder, (platform, session)) = (Folder::new(), session(Config::new()));
    let old = Shelf::new(content(3 * MIB));
    let new = Shelf::new(content(3 * MIB).iter().map(|byte| !byte).collect()).tagged("\"2\"");
    let (serve_old, serve_new) = (old.server(), new.server());
    let calls = std::sync::Mutex::new(0);
    platform.on_every(move |request: &dualfetch::Request| {
        let mut calls = calls.lock().expect("no panic");
        *calls += 1;
        if *calls <= 2 { serve_old(request) } else { serve_new(request) }
    });
    let download = session.get(URL).download(folder.at("file")).parallel(3).sha256(sha256(&new.content));
    assert_eq!(platform.run(download.into_future()).expect("it is saved").resumed, 0);
}
