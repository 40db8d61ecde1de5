//! `dualfetch page`: what one page says about itself.

use std::io::{self, Write};
use std::process::ExitCode;

use dualfetch::html::{Document, Element, Extent};
use dualfetch::row::write;
use dualfetch::{DefaultSession, Error, Method, Page, PageOptions, Request, SessionExt, Url};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::args::{PageArgs, PageFormat};
use crate::asking::{Asking, bare};
use crate::failing::failed;
use crate::metadata::{describe, line};
use crate::output::plain;
use crate::row::{Row, explain};
use crate::units::Bound;
use crate::{Stop, block_on, say};

/// Runs the command.
pub(crate) fn run(args: &PageArgs) -> Result<ExitCode, Stop> {
    let question = args.request.question()?;
    let cookies = args.request.cookies()?;
    let config = args.request.config(Bound(None), &cookies)?.raise_for_status(args.fail);
    let css = args.select.join(", ");
    if !args.select.is_empty() {
        Document::check(&css).map_err(|error| Stop::Fault(error.to_string()))?;
    }
    let session = args.request.session(config)?;
    let url = Url::parse(bare(&args.url).as_deref().unwrap_or(&args.url))
        .map_err(|error| Stop::Fault(explain(&args.url, &error).message))?;
    let read = block_on(fetch(&Asking::new(session, question), url, args))?;
    cookies.save()?;
    match read.and_then(|page| written(args, page, &css)) {
        Ok(Written { text, missing }) => {
            print(&text)?;
            Ok(match missing {
                Some(why) => {
                    say(&format!("nothing is selected{why}"));
                    ExitCode::from(1)
                }
                None => ExitCode::SUCCESS,
            })
        }
        Err(error) => Ok(failed(&args.url, &error)),
    }
}

async fn fetch(session: &Asking<DefaultSession>, url: Url, args: &PageArgs) -> Result<Page, Error> {
    let options = PageOptions::new().max_bytes(args.max_bytes);
    let options = match args.select.is_empty() {
        true => options.metadata(Extent::Page),
        false => options.html(true),
    };
    session.page_with(Request::new(Method::GET, url), options).await
}

struct Written {
    text: Vec<u8>,
    /// Nothing was selected, and what may be the reason.
    missing: Option<String>,
}

fn written(args: &PageArgs, page: Page, css: &str) -> Result<Written, Error> {
    if page.truncated {
        say(&format!("the page was cut after {} bytes: --max-bytes reads more of it", args.max_bytes));
    }
    if args.select.is_empty() {
        return Ok(Written { text: whole(args, page), missing: None });
    }
    let picked = page.select(css)?;
    let missing = picked.is_empty().then(|| match page.status.as_u16() {
        _ if page.encoding.is_none() => ": it is not HTML".to_owned(),
        status @ 400.. => format!(": the page has the status {status}"),
        _ => String::new(),
    });
    Ok(Written { text: selected(args, &picked), missing })
}

/// All that is known.
fn whole(args: &PageArgs, page: Page) -> Vec<u8> {
    let row = Row::page(args.url.clone(), page, false);
    let mut out = Vec::new();
    match args.format {
        PageFormat::Json => {
            write(&row.json(true), &mut out);
            out.push(b'\n');
        }
        PageFormat::Text => out.extend_from_slice(text(&row).as_bytes()),
    }
    out
}

fn text(row: &Row) -> String {
    let mut out = String::new();
    line(&mut out, "url", row.final_url.as_deref().unwrap_or(&row.url), "");
    line(&mut out, "status", &row.status.map(|status| status.to_string()).unwrap_or_default(), "");
    let source = row.title_source.unwrap_or_default();
    match &row.title {
        Some(title) => line(&mut out, "title", title, source),
        None => line(&mut out, "title", "none", source),
    }
    if let Some(encoding) = row.encoding {
        line(&mut out, "encoding", encoding, row.encoding_source.unwrap_or_default());
    }
    if let Some(metadata) = &row.metadata {
        describe(metadata, &mut out);
    }
    out
}

fn selected(args: &PageArgs, picked: &[Element]) -> Vec<u8> {
    let mut out = Vec::new();
    let values = picked.iter().filter_map(|element| match &args.attribute {
        Some(name) => element.attribute(&name.to_ascii_lowercase()),
        None => Some(element.text.as_str()),
    });
    match args.format {
        PageFormat::Json if args.attribute.is_some() => write(&values.collect::<Vec<_>>(), &mut out),
        PageFormat::Json => write(&picked.iter().map(Picked).collect::<Vec<_>>(), &mut out),
        PageFormat::Text => {
            for value in values {
                out.extend_from_slice(plain(value).as_bytes());
                out.push(b'\n');
            }
            return out;
        }
    }
    out.push(b'\n');
    out
}

struct Picked<'a>(&'a Element);

impl Serialize for Picked<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("name", &self.0.name)?;
        map.serialize_entry("attributes", &Attributes(&self.0.attributes))?;
        map.serialize_entry("text", &self.0.text)?;
        map.serialize_entry("html", &self.0.html)?;
        map.end()
    }
}

struct Attributes<'a>(&'a [(String, String)]);

impl Serialize for Attributes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

fn print(bytes: &[u8]) -> Result<(), Stop> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(bytes).and_then(|()| stdout.flush());
    written.map_err(|error| Stop::writing(&"standard output", &error))
}
