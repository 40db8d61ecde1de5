//! What the fuzz targets hold for any bytes, held here for their seeds, past findings among them.

#![cfg(all(feature = "charset", feature = "html", not(target_arch = "wasm32")))]

#[path = "../fuzz/src/lib.rs"]
#[allow(unreachable_pub, reason = "the fuzz targets reach it")]
mod properties;

use std::fs;
use std::path::PathBuf;

#[test]
fn titles_of_the_seeds() {
    over_seeds(properties::title::hold);
}

#[test]
fn encodings_of_the_seeds() {
    over_seeds(properties::charset::hold);
}

#[test]
fn events_of_the_seeds() {
    over_seeds(properties::events::hold);
}

#[test]
fn metadata_of_the_seeds() {
    over_seeds(properties::metadata::hold);
}

/// For each seed; with all seeds, every choice that a target has comes up.
const PLANS: u16 = 16;

/// Each as it is, and with many a plan behind it.
fn over_seeds(hold: fn(&[u8])) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    let mut seeds = 0;
    let mut plans = 0_u16;
    let entries = fs::read_dir(&folder).expect("the folder of seeds");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    for path in paths {
        let mut data = fs::read(&path).expect("a seed");
        println!("{}", path.display());
        hold(&data);
        data.extend([0; 8]);
        let plan = data.len() - 8;
        for _ in 0..PLANS {
            let [low, high] = plans.wrapping_mul(251).to_le_bytes();
            data[plan..].copy_from_slice(&[high, 0, low, 0, low, low / 3, low, high]);
            hold(&data);
            plans += 1;
        }
        seeds += 1;
    }
    assert!(seeds >= 30, "{seeds} seeds in {}", folder.display());
}
