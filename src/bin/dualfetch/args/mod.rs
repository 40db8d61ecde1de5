//! The arguments, and the help that explains them.

use std::fmt;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use dualfetch::files::Checksum;
use dualfetch::html::Extent;

use crate::output::Format;
use crate::saving;
use crate::units::{self, Rate};

mod connection;
mod events;
mod help;
mod request;
mod serve;
mod ws;

pub(crate) use events::{EventFormat, EventsArgs};
use help::{AFTER, AFTER_GET, AFTER_PAGE, AFTER_TITLES};
pub(crate) use request::RequestArgs;
pub(crate) use serve::ServeArgs;
pub(crate) use ws::WsArgs;

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

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Completions(CompletionsArgs),
    Demo(DemoArgs),
    Events(Box<EventsArgs>),
    Get(Box<GetArgs>),
    Man(ManArgs),
    Page(Box<PageArgs>),
    Serve(Box<ServeArgs>),
    Titles(Box<TitlesArgs>),
    Ws(Box<WsArgs>),
}

/// Print completions for a shell: bash, elvish, fish, powershell or zsh
///
/// For bash: dualfetch completions bash > ~/.local/share/bash-completion/completions/dualfetch
/// For fish: dualfetch completions fish > ~/.config/fish/completions/dualfetch.fish
/// For zsh, in a folder of $fpath: dualfetch completions zsh > _dualfetch
#[derive(Args, Debug)]
#[command(verbatim_doc_comment)]
pub(crate) struct CompletionsArgs {
    #[arg(value_name = "SHELL")]
    pub(crate) shell: Shell,
}

/// Print a page of the manual, to be read with `man -l`
///
/// To read one: dualfetch man titles | man -l -
/// To install one: dualfetch man > ~/.local/share/man/man1/dualfetch.1
#[derive(Args, Debug)]
#[command(verbatim_doc_comment)]
pub(crate) struct ManArgs {
    /// The command that the page is about; without it, all of them in short
    #[arg(value_name = "COMMAND")]
    pub(crate) command: Option<String>,
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

/// Send one request, or a file, and write the body of the response to standard output or a file
///
/// The body is decompressed and otherwise as it came: any bytes. A host without a scheme is asked over https and, where
/// nobody takes the connection, over http.
#[derive(Args, Debug)]
#[command(after_long_help = AFTER_GET)]
pub(crate) struct GetArgs {
    /// Such as https://example.com/
    #[arg(value_name = "URL")]
    pub(crate) url: String,

    /// Write the body to FILE in place of what is there, once all of it has come; `-` is standard output
    ///
    /// Until then, and after a failure, FILE is what it was.
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub(crate) output: Option<PathBuf>,

    /// Write the body to a file in this folder, under the name that the answer gives, or else the URL
    ///
    /// The name is made harmless, and leads to no other folder. A file that is there is not replaced.
    #[arg(short = 'O', long, conflicts_with = "output", help_heading = "Output")]
    pub(crate) remote_name: bool,

    /// Go on with a file that was not written to its end, now and when the same command is given again
    ///
    /// What has come is kept in FILE.part, and what it is a part of in FILE.part.state. The rest is asked for as long as
    /// the file is the same by its ETag or date; else it is begun anew. --retries says how many failures in a row without
    /// anything new end it. A status of 400 or more is a failure. Only for GET. With --sha256 a FILE that is whole already
    /// is not asked for.
    #[arg(short = 'C', long = "continue", alias = "resume", help_heading = "Output")]
    pub(crate) resume: bool,

    /// Fetch a large file in up to N parts at once, where the server gives parts
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64), allow_negative_numbers = true, help_heading = "Output")]
    pub(crate) parallel: Option<u32>,

    /// The SHA-256 that the file must have, in hexadecimal, or sha512:HEX; with another one there is no file
    #[arg(long, value_name = "HEX", value_parser = saving::checksum, help_heading = "Output")]
    pub(crate) sha256: Option<Checksum>,

    /// Send FILE as the body, as it is, by PUT unless -X says otherwise; `-` is standard input
    ///
    /// It is read as it is sent, however large, and read again where it has to be sent again.
    #[arg(short = 'T', long, alias = "upload-file", value_name = "FILE", conflicts_with_all = ["data", "form", "json"], help_heading = "Request")]
    pub(crate) upload: Option<PathBuf>,

    /// A status of 400 or more is a failure, and its body is not written
    #[arg(long, help_heading = "Output")]
    pub(crate) fail: bool,

    /// No progress on standard error
    #[arg(short, long, help_heading = "Output")]
    pub(crate) quiet: bool,

    /// Show request and response on standard error, as far as they are known; passwords and cookies are hidden
    #[arg(short, long, help_heading = "Output")]
    pub(crate) verbose: bool,

    #[command(flatten)]
    pub(crate) request: RequestArgs,
}

/// Print what one page says about itself: titles, description, links, icons, feeds, Open Graph and more
///
/// The page is read to its end, unless --max-bytes cuts it. Each value is shown with what said so. A host without a
/// scheme is asked over https and, where nobody takes the connection, over http.
#[derive(Args, Debug)]
#[command(after_long_help = AFTER_PAGE)]
pub(crate) struct PageArgs {
    /// Such as https://example.com/
    #[arg(value_name = "URL")]
    pub(crate) url: String,

    /// How it is written
    #[arg(long, value_enum, default_value_t = PageFormat::Text, help_heading = "Output")]
    pub(crate) format: PageFormat,

    /// Print the text of the elements that this CSS selector picks instead; may be given several times
    ///
    /// An element a line, in the order of the page; its text is that of scripts in it, too, with ASCII white space
    /// collapsed. With --format json a list with all of each element: name, attributes, text and HTML. What lies more than
    /// 512 elements deep is not picked.
    #[arg(short, long, value_name = "CSS", help_heading = "Output")]
    pub(crate) select: Vec<String>,

    /// Print this attribute of the selected elements instead of their text; those without it are left out
    #[arg(long, value_name = "NAME", requires = "select", help_heading = "Output")]
    pub(crate) attribute: Option<String>,

    /// A status of 400 or more is a failure, and nothing is printed
    #[arg(long, help_heading = "Output")]
    pub(crate) fail: bool,

    /// How much of the page is read, after decompression
    #[arg(long, value_name = "SIZE", default_value = "8MiB", value_parser = units::size, allow_negative_numbers = true, help_heading = "Output")]
    pub(crate) max_bytes: u64,

    #[command(flatten)]
    pub(crate) request: RequestArgs,
}

/// How `page` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PageFormat {
    /// For people: a value a line, with its source
    Text,
    /// One JSON object: the row of `titles --metadata=page --format jsonl`
    Json,
}

/// How far to read for metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Reach {
    /// To the end of the head
    Head,
    /// To the end of the page
    Page,
}

impl Reach {
    pub(crate) fn extent(self) -> Extent {
        match self {
            Self::Head => Extent::Head,
            Self::Page => Extent::Page,
        }
    }
}

impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.to_possible_value().as_ref().map_or("", |value| value.get_name()))
    }
}

/// Print the title of every URL, or why there is none
///
/// Every URL gets exactly one row, as soon as it is known. A page is read only as far as its title needs. A page of
/// status 404 is a page, with its status and its title; a row fails when there is no answer to show. A host without a
/// scheme is asked over https and, where nobody takes the connection, over http.
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

    /// How many requests may start in how much time, such as 10/s or 30/m; retries and redirects count as well
    ///
    /// They are spaced evenly. Waiting for it is not counted by timeouts.
    #[arg(long, value_name = "N/TIME", value_parser = units::rate, help_heading = "Limits")]
    pub(crate) rate: Option<Rate>,

    /// How much of a page is searched for its title, after decompression
    ///
    /// A page cut there has the title source `truncated`.
    #[arg(long, value_name = "SIZE", default_value = "8MiB", value_parser = units::size, allow_negative_numbers = true, help_heading = "Limits")]
    pub(crate) max_bytes: u64,

    /// Read the page's metadata, too: description, canonical URL, language, icons, feeds, Open Graph and more
    ///
    /// It takes reading to the end of the head or, with `--metadata=page`, of the page, where some have JSON-LD. jsonl has
    /// all of it, csv and tsv the most asked for, and the table shows descriptions.
    #[arg(long, value_name = "HOW FAR", value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "head", help_heading = "Output")]
    pub(crate) metadata: Option<Reach>,

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

    #[command(flatten)]
    pub(crate) request: RequestArgs,
}

fn limit(text: &str) -> Result<usize, String> {
    /// More than this no machine keeps open.
    const MOST: usize = 100_000;
    match text.parse() {
        Ok(limit) if limit <= MOST => Ok(limit),
        _ => Err(format!("write a whole number up to {MOST}; 0 is no limit")),
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
