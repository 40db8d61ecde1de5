//! Files that are larger than memory: downloads and uploads of one take next to none, however often they are cut off, and
//! come to the right checksum. 48 MB by default; with `DUALFETCH_FULL=1`, as scripts/check-files runs it, 2 GB.
// The peak of a process's memory is Linux's to tell.
#![cfg(all(target_os = "linux", not(target_arch = "wasm32")))]
// Servers and children on a real machine: the seam's ban on real clocks and threads is not for them.
#![allow(clippy::disallowed_methods, missing_docs, missing_debug_implementations, unreachable_pub)]

#[path = "large/child.rs"]
mod child;
#[path = "support/folder.rs"]
mod folder;
#[path = "large/server.rs"]
mod server;

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use folder::Folder;
use server::{Chance, Server};

const MIB: u64 = 1024 * 1024;

/// The most that a process may hold that moves such a file.
const MOST_KB: u64 = 32 * 1024;

/// In how many places each transfer is cut off.
const CUTS: usize = 20;

fn is_full() -> bool {
    std::env::var_os("DUALFETCH_FULL").is_some_and(|value| value == "1")
}

fn length() -> u64 {
    if is_full() { 2048 * MIB + 12_345 } else { 48 * MIB + 12_345 }
}

/// A file that is mostly holes, with something in it that tells where it is.
fn sparse(folder: &Folder) -> std::path::PathBuf {
    let (path, mut chance) = (folder.at("file"), Chance::new(1));
    let file = File::create(&path).expect("a file");
    file.set_len(length()).expect("it may be that long");
    for _ in 0..2_000 {
        let at = chance.below(length() - 8);
        file.write_all_at(&at.to_le_bytes(), at).expect("it can be written");
    }
    path
}

fn sha256(path: &Path) -> String {
    server::sha256_of(File::open(path).expect("the file"), u64::MAX).1
}

/// Says what was seen, for who reads along.
fn report(what: &str, peak_kb: u64, requests: usize, seconds: f64) {
    let size = length() / MIB;
    println!("{what}: {size} MiB, {requests} requests, {peak_kb} kB at most, {seconds:.1} s");
    assert!(peak_kb <= MOST_KB, "{what}: {peak_kb} kB were resident, more than {MOST_KB}");
}

#[test]
fn a_download_that_is_cut_off_in_twenty_places_is_whole_and_takes_no_memory() {
    for parallel in [1, 4] {
        let folder = Folder::new();
        let source = sparse(&folder);
        let hash = sha256(&source);
        let server = Server::start(&source, CUTS, 7 + parallel);
        let target = folder.at("copy");
        let arguments = [("PARALLEL", parallel.to_string()), ("SHA256", hash.clone())];
        let done =
            child::run("download", &server.url("/file"), &target, &arguments).expect("it comes to its end");
        assert_eq!(sha256(&target), hash);
        assert_eq!(folder.names(), ["copy", "file"]);
        assert_eq!(server.cuts_left(), 0, "it was not cut off as often as it should have been");
        report(&format!("download by {parallel}"), done.peak_kb, server.requests(), done.seconds);
    }
}

#[test]
fn a_download_whose_process_is_killed_again_and_again_goes_on_and_is_whole() {
    for parallel in [1, 4] {
        let folder = Folder::new();
        let source = sparse(&folder);
        let hash = sha256(&source);
        let server = Server::start(&source, 0, 0);
        let target = folder.at("copy");
        for kill in 1..=5 {
            let at = length() / 8 * kill + 4_321;
            let arguments = [("PARALLEL", parallel.to_string()), ("ABORT_AT", at.to_string())];
            let killed = child::run("download", &server.url("/file"), &target, &arguments);
            assert!(killed.is_none(), "it was to be killed at {at}");
            assert!(!target.exists());
        }
        let arguments = [("PARALLEL", parallel.to_string()), ("SHA256", hash.clone())];
        let done =
            child::run("download", &server.url("/file"), &target, &arguments).expect("it comes to its end");
        assert!(done.resumed > length() / 4, "only {} bytes were gone on with", done.resumed);
        assert_eq!(sha256(&target), hash);
        report(&format!("killed download by {parallel}"), done.peak_kb, server.requests(), done.seconds);
    }
}

#[test]
fn an_upload_is_sent_again_after_a_redirect_and_after_cuts_and_takes_no_memory() {
    let folder = Folder::new();
    let source = sparse(&folder);
    let hash = sha256(&source);
    let server = Server::start(&source, 2, 3);
    let done = child::run("upload", &server.url("/moved"), &source, &[]).expect("it comes to its end");
    assert_eq!(server.uploaded(), [hash], "once whole, and right");
    // Redirected, cut off, cut off, taken.
    assert_eq!((server.requests(), server.cuts_left()), (4, 0));
    report("upload", done.peak_kb, server.requests(), done.seconds);
}
