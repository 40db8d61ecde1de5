//! Downloads from servers that misbehave by chance: the file comes to be the right one, or there is none.

use std::sync::Mutex;

use dualfetch::platform::scripted::{Reply, Scripted};
use dualfetch::{Client, Config, ErrorKind, Request, SessionExt};

use crate::folder::Folder;

use super::shelf::{Shelf, URL, content};

/// Numbers by chance, the same ones each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

#[test]
fn whatever_a_server_does_the_file_is_the_right_one_or_none() {
    let (mut whole, mut failed, mut resumed) = (0, 0, 0);
    for seed in 0..60 {
        let mut chance = Chance(seed);
        let folder = Folder::new();
        let length = 1 + chance.below(5_000_000) as usize;
        let (old, new) = (content(length), content(length).iter().map(|byte| !byte).collect());
        let versions = [Shelf::new(old), Shelf::new(new).tagged("\"2\"")];
        // Calls, until one comes to an end.
        for call in 0..30 {
            let platform = Scripted::new(seed * 100 + call);
            let session = Client::with_backend(Config::new(), platform.clone()).expect("a session");
            let (shelves, dice) = (versions.clone(), Mutex::new(Chance(seed << 32 | call)));
            platform.on_every(move |request: &Request| {
                answer(&shelves, request, &mut dice.lock().expect("no panic"))
            });
            let parallel = 1 + chance.below(4) as u32;
            let download = session
                .download(URL, folder.at("file"))
                .parallel(parallel)
                .attempts(1 + chance.below(2) as u32);
            let ended = platform.run(download.into_future());
            assert_eq!(platform.open(), 0, "seed {seed}: something is left under way");
            match ended {
                Ok(saved) => {
                    let found = std::fs::read(folder.at("file")).expect("the file");
                    let is_one = versions.iter().any(|shelf| shelf.content == found);
                    assert!(is_one, "seed {seed}: {saved:?} is no version of the file");
                    assert_eq!(folder.names(), ["file"], "seed {seed}");
                    whole += 1;
                    resumed += u32::from(saved.resumed > 0);
                    break;
                }
                Err(error) => {
                    assert!(!folder.at("file").exists(), "seed {seed}: {error:?}");
                    failed += 1;
                }
            }
        }
    }
    assert!(whole > 50 && failed > 50 && resumed > 10, "{whole} whole, {failed} failed, {resumed} resumed");
}

/// Mostly what is asked for, in part.
fn answer(shelves: &[Shelf; 2], request: &Request, chance: &mut Chance) -> Reply {
    let shelf = &shelves[usize::from(chance.below(20) == 0)];
    let shelf = match chance.below(12) {
        0 => shelf.clone().without_ranges(),
        1 => shelf.clone().at_most(1 + chance.below(100_000) as usize),
        2 => return Reply::error(ErrorKind::Connect),
        3 => return Reply::status(503),
        4 => return Reply::status(416),
        _ => shelf.clone(),
    };
    let cut = match chance.below(3) {
        0 => usize::MAX,
        _ => chance.below(1 + shelf.content.len() as u64) as usize,
    };
    shelf.cut_after([cut]).server()(request)
}
