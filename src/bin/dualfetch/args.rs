//! The arguments, and the help that explains them.

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::output::Format;
use crate::units::{self, Bound};

/// Fetches many URLs concurrently, under limits and timeouts, and prints their titles.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, after_help = AFTER)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl TitlesArgs {
    /// Ends the program when there is nothing to fetch.
    pub(crate) fn require_urls(&self) {
        if self.urls.is_empty() && self.input.is_none() {
            let mut cli = Cli::command();
            cli.build();
            let hint = "no URL: give some, or a list of them by `-i FILE` (`-i -` for standard input)";
            let command = cli.find_subcommand_mut("titles");
            if let Some(titles) = command {
                titles.error(ErrorKind::MissingRequiredArgument, hint).exit()
            }
        }
    }
}

const AFTER: &str = "\
Try `dualfetch demo`: it needs no network. `dualfetch titles --help` explains every option.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(DemoArgs),
    Titles(Box<TitlesArgs>),
}

/// Fetch a set of embedded sites on this machine and check what comes out; needs no network
///
/// The sites show what the web is like: pages in four encodings with and without a label, compressed ones, a
/// redirect, slow, hanging, broken and huge pages. They are served on loopback ports and fetched as `titles` would
/// fetch them. Exit status: 0 when every row came out as it should, 1 when not.
#[derive(Args, Debug)]
pub(crate) struct DemoArgs {
    /// Serve the sites and a page that fetches them in a browser, until Ctrl-C
    ///
    /// The page shows each request as it waits for its turn, for its head and for its body. Needs the repository, and
    /// the npm package built in it by scripts/package.
    #[arg(long)]
    pub(crate) web: bool,

    /// The port of the page, on 127.0.0.1; 0 for a free one
    #[arg(long, value_name = "N", default_value_t = 0, requires = "web", allow_negative_numbers = true)]
    pub(crate) port: u16,
}

/// Print the title of every URL, or why there is none
///
/// Every URL gets exactly one row, as soon as it is known. A page is read only as far as its title needs. A page of
/// status 404 is a page, with its status and its title; a row fails when there is no answer to show.
#[derive(Args, Debug)]
#[command(after_long_help = AFTER_TITLES)]
pub(crate) struct TitlesArgs {
    /// URLs, such as https://example.com/; those of -i come after them
    #[arg(value_name = "URL")]
    pub(crate) urls: Vec<String>,

    /// Read URLs from FILE, one a line; `-` is standard input
    ///
    /// UTF-8; white space around a URL, blank lines and lines that start with # are skipped. The file is read as
    /// rows are written, so it may have any length, and standard input may be a live one.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) input: Option<PathBuf>,

    /// How many requests may be under way at once; 0 for no limit
    #[arg(long, value_name = "N", default_value = "100", value_parser = limit, allow_negative_numbers = true, help_heading = "Limits")]
    pub(crate) limit: usize,

    /// How many of them at one host (scheme, name and port); 0 for no limit
    #[arg(long, value_name = "N", default_value = "10", value_parser = limit, allow_negative_numbers = true, help_heading = "Limits")]
    pub(crate) limit_per_host: usize,

    /// Longest wait for the head of a response, and then for each piece of its body
    ///
    /// Connecting is not counted. A row that fails by it says `timeout (headers)` or `timeout (read)`.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = units::bound, allow_negative_numbers = true, help_heading = "Timeouts (500ms, 60s, 5m, 1h or none)")]
    pub(crate) timeout: Bound,

    /// Longest time for one URL, redirects included; waiting for its turn is not counted
    ///
    /// A row that fails by it says `timeout (total)`.
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = units::bound, allow_negative_numbers = true, help_heading = "Timeouts (500ms, 60s, 5m, 1h or none)")]
    pub(crate) total_timeout: Bound,

    /// Longest time to connect: name look-up, TCP and TLS
    ///
    /// A row that fails by it says `timeout (connect)`.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = units::bound, allow_negative_numbers = true, help_heading = "Timeouts (500ms, 60s, 5m, 1h or none)")]
    pub(crate) connect_timeout: Bound,

    /// How much of a page is searched for its title, after decompression
    ///
    /// A page cut there has the title source `truncated`.
    #[arg(long, value_name = "SIZE", default_value = "8MiB", value_parser = units::size, allow_negative_numbers = true, help_heading = "Limits")]
    pub(crate) max_bytes: u64,

    /// How many redirects are followed; one more is an error
    #[arg(long, value_name = "N", default_value = "10", value_parser = clap::value_parser!(u32).range(..=1_000), allow_negative_numbers = true, help_heading = "Limits")]
    pub(crate) max_redirects: u32,

    /// How often a URL is tried again after a failure that may pass
    ///
    /// Such as: no connection, a connection that ended early, a wait for the head that took too long, the statuses
    /// 408, 425, 429, 500, 502, 503 and 504. Between tries it waits, as long as Retry-After says or at random, longer
    /// each time.
    #[arg(long, value_name = "N", default_value = "2", value_parser = clap::value_parser!(u32).range(..=100), allow_negative_numbers = true)]
    pub(crate) retries: u32,

    /// The User-Agent to send; by default dualfetch and its version
    #[arg(short = 'A', long, value_name = "TEXT", value_parser = header_value)]
    pub(crate) user_agent: Option<String>,

    /// Rows in the order of the URLs instead of as they are done
    ///
    /// A slow URL holds back the rows after it, and from 4 times --limit rows on the fetching, too.
    #[arg(long, help_heading = "Output")]
    pub(crate) ordered: bool,

    /// Count a status of 400 or more as a failure
    ///
    /// The row keeps its status and title and gets the error `status`.
    #[arg(long, help_heading = "Output")]
    pub(crate) fail: bool,

    /// How rows are written
    #[arg(long, value_enum, default_value_t = Format::Table, help_heading = "Output")]
    pub(crate) format: Format,

    /// Write rows to FILE, replacing what is in it; `-` is standard output
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub(crate) output: Option<PathBuf>,

    /// Keep in FILE which URLs have their rows, and go on from there if it exists
    ///
    /// For long lists: end a run in any way, kill -9 included, and the same command goes on where it was. Every line of
    /// the input gets exactly one row in the end, duplicates one each. Rows of failed URLs are rows: they are not
    /// fetched again. The input must stay as it is, a regular file, and so must the format; the output is appended to,
    /// after what an interrupted run left half done has been cut off.
    #[arg(long, value_name = "FILE", requires = "input", requires = "output", help_heading = "Output")]
    pub(crate) resume: Option<PathBuf>,

    /// No progress and no summary on standard error
    #[arg(short, long, help_heading = "Output")]
    pub(crate) quiet: bool,
}

const AFTER_TITLES: &str = "\
Rows:
  jsonl, csv and tsv have the same fields:
    url              as it was given
    final_url        the one that answered, after redirects
    status           the HTTP status
    title            the page's title, white space collapsed; it may be empty
    title_source     head, body, truncated (cut at --max-bytes), missing (there is none) or
                     content-type (not HTML, so not read)
    encoding         what the page was read in, such as UTF-8 or Shift_JIS
    encoding_source  what said so: bom, content-type, meta, xml, utf-8 (nothing did, and it is
                     UTF-8) or detected
    bytes            how much of the body was read, as it came over the wire
    elapsed_ms       from taking up the URL to its row, waiting for its turn included
    attempts         how many requests the last hop took
    error            null, or its code, phase (of a timeout) and message
  jsonl writes null for what is not there; csv and tsv leave the field empty and have
  error_code, error_phase and error_message for error. A title is a stranger's text: no format
  lets its control characters through to a terminal. In tsv a tab is \\t, a line end \\n or
  \\r, a backslash \\\\, another control character \\u001b and the like; in csv these are a space or
  U+FFFD. csv does not keep a spreadsheet from taking a title for a formula.
  The table is for people: it is cut to the width of the terminal (elsewhere it is not) and
  may change from version to version.

Exit status:
  0  every URL was fetched, or nobody read the rows any more (as after `| head`)
  1  some URLs failed
  2  the command line is wrong, or a file cannot be read or written
  130, 143  ended by Ctrl-C or SIGTERM before all was done: what was under way is finished, its
     rows and the summary are written; a second Ctrl-C does not wait for that
  With --resume the rows of earlier runs count as well.

Examples:
  dualfetch titles https://example.com/ https://example.org/
  dualfetch titles -i urls.txt --limit 200 --limit-per-host 4 --format jsonl -o titles.jsonl
  dualfetch titles -i urls.txt --format jsonl | jq -r 'select(.error) | .url'
  grep -o 'https://[^\"]*' page.html | dualfetch titles -i - --timeout 10s --ordered";

fn limit(text: &str) -> Result<usize, String> {
    /// More than this no machine keeps open.
    const MOST: usize = 100_000;
    match text.parse() {
        Ok(limit) if limit <= MOST => Ok(limit),
        _ => Err(format!("write a whole number up to {MOST}; 0 is no limit")),
    }
}

fn header_value(text: &str) -> Result<String, String> {
    match http::HeaderValue::from_str(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err("a header value has no line ends and no control characters".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }
}
