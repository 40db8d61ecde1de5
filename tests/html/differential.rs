//! The streaming scanner against the full parse.

use dualfetch::html::{
    Extent, MAX_TITLE, MAX_VALUE, Metadata, Progress, Sourced, Title, TitleScanner, TitleSource, metadata,
    title,
};

use super::chance::{Chance, boundary};
use super::generator;
use super::oracle;

/// How a page went on which all answers agree.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Agreed {
    pub(crate) source: TitleSource,
    /// The title was final before the page's end.
    pub(crate) is_early: bool,
}

/// Compares all answers on `page`, cut into pieces as `seed` has it. An error says which differ.
pub(crate) fn compare(page: &str, seed: u64) -> Result<Agreed, String> {
    let mut full = oracle::read(page);
    full.title = full.title.map(cut);
    let expected = answer(&full);
    equal("title()", &title(page), &full.title)?;

    let (found, read) = scan(TitleScanner::new(), page, &mut Chance::new(seed, 1));
    equal("the scanner", &found, &expected)?;
    if read < page.len() {
        after(&page[..read], &found, &mut Chance::new(seed, 2))?;
    }
    let (guessed, _) = scan(TitleScanner::new().with_guessed_encoding(), page, &mut Chance::new(seed, 3));
    equal("the scanner under a guessed encoding", &guessed, &expected)?;
    // A longer value is none.
    if page.len() <= MAX_VALUE {
        compare_metadata(page, &full, &expected, seed)?;
    }
    Ok(Agreed { source: found.source, is_early: read < page.len() })
}

/// A title that was final after `start` must be that of a page that goes on in any other way, too.
fn after(start: &str, found: &Title, chance: &mut Chance) -> Result<(), String> {
    let other = format!("{start}{}", generator::tail(chance));
    let mut full = oracle::read(&other);
    full.title = full.title.map(cut);
    equal(&format!("a final title, going on as in {other:?}"), found, &answer(&full))
}

/// As the scanner cuts a title that is too long.
fn cut(mut title: String) -> String {
    title.truncate(boundary(&title, MAX_TITLE));
    title.truncate(title.trim_end_matches(' ').len());
    title
}

fn compare_metadata(page: &str, full: &oracle::Page, expected: &Title, seed: u64) -> Result<(), String> {
    let whole = metadata(page);
    let value = |sourced: &Option<Sourced>| sourced.as_ref().map(|sourced| sourced.value.clone());
    equal("the base", &whole.base, &full.base)?;
    equal("the canonical URL", &value(&whole.canonical), &full.canonical)?;
    equal("the description", &value(&whole.description), &full.description)?;
    equal("the language", &value(&whole.language), &full.language)?;

    let (found, split) = gathered(Extent::Page, page, &mut Chance::new(seed, 4));
    equal("the scanner that gathers from the page", &found, expected)?;
    equal("the metadata of the page in pieces", &split, &whole)?;
    let mut chance = Chance::new(seed, 5);
    if !chance.once_in(8) {
        // It parses at every piece, so it costs more than all the rest.
        return Ok(());
    }
    let (found, _) = gathered(Extent::Head, page, &mut chance);
    equal("the scanner that gathers from the head", &found, expected)
}

fn answer(full: &oracle::Page) -> Title {
    // A `Title` cannot be made outside of its crate.
    let mut answer = TitleScanner::new().finish(false);
    answer.source = match &full.title {
        None => TitleSource::Missing,
        Some(_) if full.in_head => TitleSource::Head,
        Some(_) => TitleSource::Body,
    };
    answer.text = full.title.clone();
    answer
}

fn gathered(extent: Extent, page: &str, chance: &mut Chance) -> (Title, Metadata) {
    let mut scanner = TitleScanner::new().with_metadata(extent);
    feed(&mut scanner, page, chance);
    scanner.end(false);
    let metadata = scanner.take_metadata().unwrap_or_default();
    (scanner.finish(false), metadata)
}

/// The answer, and how much of the page it took.
fn scan(mut scanner: TitleScanner, page: &str, chance: &mut Chance) -> (Title, usize) {
    let read = feed(&mut scanner, page, chance);
    (scanner.finish(false), read)
}

/// Feeds a page in pieces of chance until the answer is final.
fn feed(scanner: &mut TitleScanner, page: &str, chance: &mut Chance) -> usize {
    let most = chance.pick(&[1, 4, 16, 64, 512, 8_192, usize::MAX / 2]);
    let mut read = 0;
    while read < page.len() {
        let next = page.len().min(read + 1 + chance.below(most));
        // A character is a piece, however long.
        let end = boundary(page, next).max(read + page[read..].chars().next().map_or(0, char::len_utf8));
        let progress = scanner.feed(&page[read..end]);
        read = end;
        if progress == Progress::Final {
            break;
        }
    }
    read
}

fn equal<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, expected: &T) -> Result<(), String> {
    if found == expected {
        Ok(())
    } else {
        Err(format!("{what}: {found:?}, and by the full parse {expected:?}"))
    }
}
