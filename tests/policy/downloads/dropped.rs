//! Downloads that are dropped at each step of theirs, with work on the disk that has begun or waits for a thread.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::mpsc;
use std::task::Poll;

use bytes::Bytes;
use dualfetch::files::Saved;
use dualfetch::platform::scripted::Scripted;
use dualfetch::{Client, Config, Result, Session, SessionExt};

use crate::folder::Folder;
use crate::session;

use super::shelf::{Shelf, URL, content};

/// A runtime whose only thread for the disk does one thing at a time, and only when it is let.
struct Pool {
    /// Before the runtime, which waits for its threads when it is dropped.
    held: mpsc::Sender<()>,
    runtime: tokio::runtime::Runtime,
}

impl Pool {
    fn new() -> Self {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.max_blocking_threads(1).build().expect("a runtime");
        let (held, _) = mpsc::channel();
        let mut pool = Self { held, runtime };
        pool.step();
        pool
    }

    /// Lets through what waits now.
    fn step(&mut self) {
        let (reached, is_reached) = mpsc::channel();
        let (held, is_held) = mpsc::channel();
        self.runtime.spawn_blocking(move || {
            reached.send(()).expect("it is waited for");
            let _ = is_held.recv();
        });
        self.held = held;
        is_reached.recv().expect("it is reached");
    }
}

type Saving = Pin<Box<dyn Future<Output = Result<Saved>>>>;

/// Polls it until it waits for the disk, or has ended.
async fn poll(saving: &mut Saving) -> Option<Result<Saved>> {
    for _ in 0..20 {
        if let Poll::Ready(saved) = poll_fn(|cx| Poll::Ready(saving.as_mut().poll(cx))).await {
            return Some(saved);
        }
        let mut has_waited = false;
        poll_fn(|cx| {
            cx.waker().wake_by_ref();
            if std::mem::replace(&mut has_waited, true) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
    None
}

/// Whether it came to its end within so many steps. It is dropped before the last thing that it waits for is done.
async fn ends_within(steps: usize, pool: &mut Pool, mut saving: Saving) -> Option<Result<Saved>> {
    for step in 0..=steps {
        if let Some(saved) = poll(&mut saving).await {
            return Some(saved);
        }
        if step < steps {
            pool.step();
        }
    }
    None
}

/// Drops it after each of its steps, and shows what is then on the disk to the last one.
fn at_each_step(
    prepared: impl Fn(&Folder),
    saving: impl Fn(&Client<Scripted>, &Folder) -> Saving,
    shelf: &Shelf,
    seen: impl AsyncFn(&Folder, &mut Pool, usize),
) {
    for steps in 0.. {
        let (folder, mut pool) = (Folder::new(), Pool::new());
        prepared(&folder);
        let (platform, session) = session(Config::new());
        platform.on_every(shelf.server());
        let handle = pool.runtime.handle().clone();
        let _runtime = handle.enter();
        let ended = platform.run(async {
            let ended = ends_within(steps, &mut pool, saving(&session, &folder)).await;
            seen(&folder, &mut pool, steps).await;
            ended
        });
        if let Some(saved) = ended {
            saved.expect("it is saved");
            assert!(steps > 5, "{steps}: it waits for the disk");
            return;
        }
    }
}

fn download(session: &Client<Scripted>, folder: &Folder, parallel: u32) -> Saving {
    let (session, path) = (session.clone(), folder.at("file"));
    Box::pin(async move { session.download(URL, path).parallel(parallel).await })
}

/// What is left is either nothing, or a start of the file that can be gone on with, or all of it.
fn is_sound(folder: &Folder, whole: &Bytes, steps: usize) {
    let names = folder.names();
    match names.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => {}
        ["file"] => assert!(std::fs::read(folder.at("file")).expect("the file") == *whole, "{steps}"),
        ["file.part", "file.part.state"] => {
            let part = std::fs::read(folder.at("file.part")).expect("the part");
            assert!(!part.is_empty() && whole.starts_with(&part), "{steps}: {}", part.len());
        }
        _ => panic!("{steps}: {names:?} is left"),
    }
}

#[test]
fn a_save_leaves_nothing_wherever_it_is_dropped() {
    let shelf = Shelf::new(content(1_500_000));
    let save = |session: &Client<Scripted>, folder: &Folder| -> Saving {
        let (session, path) = (session.clone(), folder.at("file"));
        Box::pin(async move { session.get(URL).await?.save(path).await })
    };
    at_each_step(
        |_| (),
        save,
        &shelf,
        async |folder, pool, steps| {
            pool.step();
            let names = folder.names();
            assert!(names.is_empty() || names == ["file"], "{steps}: {names:?}");
        },
    );
}

#[test]
fn a_download_leaves_a_sound_part_or_nothing_wherever_it_is_dropped() {
    let shelf = Shelf::new(content(1_500_000));
    let begun = |session: &Client<Scripted>, folder: &Folder| download(session, folder, 1);
    at_each_step(
        |_| (),
        begun,
        &shelf,
        async |folder, pool, steps| {
            pool.step();
            is_sound(folder, &shelf.content, steps);
        },
    );
}

#[test]
fn what_an_earlier_call_has_left_is_there_wherever_a_later_one_is_dropped() {
    let shelf = Shelf::new(content(1_500_000));
    let left = |folder: &Folder| {
        let (platform, session) = session(Config::new());
        platform.on_every(shelf.clone().cut_after([700_000]).server());
        let download = session.download(URL, folder.at("file")).attempts(1);
        platform.run(download.into_future()).expect_err("it is cut off");
    };
    let again = |session: &Client<Scripted>, folder: &Folder| download(session, folder, 1);
    at_each_step(left, again, &shelf, async |folder, pool, steps| {
        pool.step();
        is_sound(folder, &shelf.content, steps);
        let length = |name| std::fs::metadata(folder.at(name)).map_or(0, |meta| meta.len());
        assert!(length("file") + length("file.part") >= 700_000, "{steps}: {:?}", folder.names());
    });
}

#[test]
fn a_later_call_gets_one_version_wherever_the_earlier_one_is_dropped() {
    const MIB: usize = 1024 * 1024;
    let other: Bytes = content(2 * MIB + 5).iter().map(|byte| !byte).collect();
    for (parallel, tag) in [(1, "\"2\""), (3, "\"2\""), (1, "\"1\""), (3, "\"1\"")] {
        let old = Shelf::new(content(3 * MIB)).cut_after(if parallel > 1 { vec![MIB / 2] } else { vec![] });
        let new =
            if tag == "\"1\"" { Shelf::new(content(3 * MIB)) } else { Shelf::new(other.clone()).tagged(tag) };
        let begun = |session: &Client<Scripted>, folder: &Folder| download(session, folder, parallel);
        at_each_step(
            |_| (),
            begun,
            &old,
            async |folder, pool, steps| {
                let (platform, session) = session(Config::new());
                platform.on_every(new.server());
                let saved = ends_within(1_000, pool, download(&session, folder, parallel)).await;
                saved.expect("it ends").expect("it is saved");
                let found = std::fs::read(folder.at("file")).expect("the file");
                assert!(found == new.content, "{parallel} {tag} {steps}: it is no version of the file");
                assert_eq!(folder.names(), ["file"], "{parallel} {tag} {steps}");
            },
        );
    }
}
