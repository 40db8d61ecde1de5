//! `dualfetch demo`: the embedded sites, fetched under a small limit, and every row checked.

mod pages;
mod sites;
mod web;

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use dualfetch::{Config, SessionExt, Timeout};

use crate::args::DemoArgs;
use crate::input::Taken;
use crate::output::table::{Look, Style};
use crate::output::{Table, Target};
use crate::row::Row;
use crate::summary::Summary;
use crate::units::{Bytes, Took};
use crate::{Stop, block_on};

use pages::{Expected, Page};
use sites::Sites;

const LIMIT: usize = 4;
const LIMIT_PER_HOST: usize = 2;
const TIMEOUT: Duration = Duration::from_secs(2);

/// Runs the command.
pub(crate) fn run(args: &DemoArgs) -> Result<ExitCode, Stop> {
    if args.web {
        return block_on(web::serve(args.port))?;
    }
    block_on(async {
        let pages = pages::all().await;
        let sites = Sites::start(&pages).await.map_err(|error| cannot_serve(&error))?;
        let look = Target::open(None, None)?.look();
        Show { look, table: table(look), pages, sites }.run().await
    })?
}

/// The table leaves room for a mark at the end of each line.
fn table(look: Look) -> Table {
    const MARK: usize = 3;
    const PAGE: usize = 24;
    let columns = look.columns.map_or(80, |columns| columns.min(100)).saturating_sub(MARK);
    Table::new(Look { columns: Some(columns), ..look }, "PAGE").with_third_of(PAGE)
}

struct Show {
    look: Look,
    table: Table,
    pages: Vec<Page>,
    sites: Sites,
}

impl Show {
    async fn run(self) -> Result<ExitCode, Stop> {
        let session = Config::new()
            .limit(LIMIT)
            .limit_per_host(LIMIT_PER_HOST)
            .timeout(Timeout::new().headers(TIMEOUT))
            .build()
            .map_err(|error| Stop::Fault(error.to_string()))?;
        self.heading()?;
        let (mut summary, mut wrong) = (Summary::default(), 0);
        let started = Instant::now();
        let urls: Vec<String> = self.pages.iter().map(|page| self.sites.url(page)).collect();
        let mut rows = session.titles(urls).ordered(true);
        while let Some(row) = rows.next().await {
            let Some(page) = self.pages.get(row.index) else { break };
            let row = Row::new(row, Taken::default(), false);
            summary.add(&row);
            wrong += usize::from(!self.row(page, &row)?);
        }
        summary.elapsed = started.elapsed();
        self.ending(&summary, wrong)?;
        Ok(ExitCode::from(u8::from(wrong > 0)))
    }

    fn heading(&self) -> Result<(), Stop> {
        let (pages, hosts) = (self.pages.len(), self.sites.hosts());
        say(&format!(
            "{pages} pages on {hosts} hosts, all on this machine: {LIMIT} at once, {LIMIT_PER_HOST} at one host.\n"
        ))?;
        let mut line = String::new();
        self.table.heading(&mut line);
        say(&line)
    }

    /// Prints a row. Whether it is right.
    fn row(&self, page: &Page, row: &Row) -> Result<bool, Stop> {
        let right = page.expected.is_met_by(row);
        let mut line = String::new();
        self.table.row_with(row, &page.what, &mut line);
        let mark = if right { (Style::Good, "✓") } else { (Style::Bad, "✗") };
        say(&format!("{line}  {}", self.look.paint(mark.0, mark.1)))?;
        if !right {
            say(&format!("        expected {:?}, got {row:?}", page.expected))?;
        }
        Ok(right)
    }

    fn ending(&self, summary: &Summary, wrong: usize) -> Result<(), Stop> {
        let Summary { rows, failed, read, left, .. } = *summary;
        let took = Took(summary.elapsed);
        let verdict = match wrong {
            0 => self.look.paint(Style::Good, &format!("All {rows} rows as expected")),
            _ => self.look.paint(Style::Bad, &format!("{wrong} of {rows} rows NOT as expected")),
        };
        say(&format!("\n{verdict}: {} pages and {failed} errors, in {took}.", rows - failed))?;
        let all = read + left;
        let share = (left * 100).checked_div(all).unwrap_or(0);
        say(&format!(
            "Reading stops at the title: {} read of {}, {share} % left on the server.",
            Bytes(read),
            Bytes(all)
        ))
    }
}

impl Expected {
    fn is_met_by(&self, row: &Row) -> bool {
        let got = match &row.error {
            Some(error) => return *self == Self::Error(error.code, error.phase),
            None => (row.status, row.title.as_deref(), row.encoding, row.encoding_source),
        };
        matches!(self, Self::Page(status, title, encoding, source)
            if got == (Some(*status), *title, Some(*encoding), Some(*source)))
    }
}

fn cannot_serve(error: &io::Error) -> Stop {
    Stop::Fault(format!("cannot serve on this machine: {error}"))
}

fn say(line: &str) -> Result<(), Stop> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(format!("{line}\n").as_bytes()).and_then(|()| stdout.flush());
    written.map_err(|error| Stop::writing(&"standard output", &error))
}
