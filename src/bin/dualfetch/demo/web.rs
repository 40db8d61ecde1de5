//! `dualfetch demo --web`: the demo page, the npm package it runs on and the embedded sites, for a browser.

use std::env;
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode};
use serde_json::json;
use tokio::net::TcpListener;

use super::pages::{self, Page};
use super::sites::Sites;
use super::{cannot_serve, say};
use crate::Stop;

/// Serves until Ctrl-C. Port 0 is a free one.
pub(crate) async fn serve(port: u16) -> Result<ExitCode, Stop> {
    let folders = Folders::find()?;
    let pages: Vec<_> = pages::all().await.into_iter().enumerate().map(unhurried).collect();
    let sites = Sites::start(&pages).await.map_err(|error| cannot_serve(&error))?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => {
            Stop::Fault(format!("port {port} is taken: give another, or leave out --port"))
        }
        _ => cannot_serve(&error),
    })?;
    let address = listener.local_addr().map_err(|error| cannot_serve(&error))?;
    let served = Arc::new(Served { folders, list: list(&pages, &sites) });
    let router = Router::new().fallback(move |request: Request| {
        let served = Arc::clone(&served);
        async move { served.answer(&request) }
    });
    say(&format!("The demo page: http://{address}/\nCtrl-C ends it."))?;
    tokio::select! {
        ended = axum::serve(listener, router) => ended.map_err(|error| cannot_serve(&error))?,
        _ = tokio::signal::ctrl_c() => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// On one machine everything is there at once, and there would be little to see.
fn unhurried((index, page): (usize, Page)) -> Page {
    // No two neighbours alike.
    let ms = |step: u64, most: u64| Duration::from_millis(80 + index as u64 * step % most);
    page.slowed(ms(137, 260), ms(89, 150))
}

/// What the page is prefilled with.
fn list(pages: &[Page], sites: &Sites) -> String {
    let entries = pages.iter().map(|page| json!({ "url": sites.url(page), "what": page.what }));
    json!(entries.collect::<Vec<_>>()).to_string()
}

/// Where the files are, in the repository.
#[derive(Debug)]
struct Folders {
    page: PathBuf,
    package: PathBuf,
}

impl Folders {
    /// The first that has a demo page: the current folder, those above it, the one this program was built in.
    fn find() -> Result<Self, Stop> {
        let here = env::current_dir().unwrap_or_default();
        let built_in = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = here.ancestors().chain([built_in]).find(|root| root.join("www/index.html").is_file());
        let Some(root) = root else {
            let hint = "the demo page is in dualfetch's repository: run this in there";
            return Err(Stop::Fault(hint.to_owned()));
        };
        let folders = Self { page: root.join("www"), package: root.join("pkg") };
        if !folders.package.join("dist/web/index.web.js").is_file() {
            let hint = "the demo page needs the npm package, which is not built yet: run scripts/package, then this again";
            return Err(Stop::Fault(hint.to_owned()));
        }
        Ok(folders)
    }

    /// The file at a URL's path. None for a path that is not plainly one below the folders.
    fn file(&self, path: &str) -> Option<PathBuf> {
        let (folder, rest) = match path.strip_prefix("/pkg/") {
            Some(rest) => (&self.package, rest),
            None => (&self.page, path.strip_prefix('/')?),
        };
        let rest = if rest.is_empty() { "index.html" } else { rest };
        // Names are never escaped here, and neither hidden files nor what a system takes for more than a name is served.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        let names = rest.split('/').all(|name| !name.starts_with('.') && name.bytes().all(plain));
        let below = Path::new(rest).components().all(|part| matches!(part, Component::Normal(_)));
        (names && below).then(|| folder.join(rest))
    }
}

struct Served {
    folders: Folders,
    list: String,
}

impl Served {
    fn answer(&self, request: &Request) -> Response {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut response = plain(StatusCode::METHOD_NOT_ALLOWED);
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        let path = request.uri().path();
        if path == "/demo.json" {
            return found("application/json", self.list.clone());
        }
        let Some(file) = self.folders.file(path) else { return plain(StatusCode::NOT_FOUND) };
        // A few small files of this machine's: reading them takes no longer than handing them to another thread.
        match std::fs::read(&file) {
            Ok(content) => found(content_type(&file), content),
            Err(error) => plain(status_of(&error)),
        }
    }
}

fn found(content_type: &'static str, content: impl Into<Body>) -> Response {
    let mut response = Response::new(content.into());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    // Who edits a file sees it by reloading.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// A status and nothing else but its name.
fn plain(status: StatusCode) -> Response {
    let mut response = found("text/plain; charset=utf-8", status.to_string());
    *response.status_mut() = status;
    response
}

fn status_of(error: &io::Error) -> StatusCode {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::IsADirectory | ErrorKind::NotADirectory => StatusCode::NOT_FOUND,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn content_type(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("css") => "text/css; charset=utf-8",
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("wasm") => "application/wasm",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_plainly_below_the_folders_is_a_file() {
        let folders = Folders { page: "www".into(), package: "pkg".into() };
        for (path, file) in [
            ("/", Some("www/index.html")),
            ("/app.js", Some("www/app.js")),
            ("/pkg/wasm/dualfetch/a_bg.wasm", Some("pkg/wasm/dualfetch/a_bg.wasm")),
            ("/../Cargo.toml", None),
            ("/pkg/../Cargo.toml", None),
            ("/pkg/%2e%2e/Cargo.toml", None),
            ("/pkg//etc/passwd", None),
            ("//etc/passwd", None),
            ("/.hidden", None),
            ("/a\\..\\b", None),
            ("/c:/x", None),
            ("", None),
        ] {
            assert_eq!(folders.file(path), file.map(PathBuf::from), "{path}");
        }
    }
}
