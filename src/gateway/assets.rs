//! [`Assets`]: the page and the npm package it runs on, as files.

mod kept;

use std::path::{Component, Path, PathBuf};
use std::{env, fs, io};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State as Of};
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_RANGE, LAST_MODIFIED, RANGE, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use tower_http::services::ServeDir;

use crate::error::{Error, ErrorKind, Result};

use super::problem::Failure;
use super::state::State;
use kept::Kept;

/// What no file system here has a longer one of.
const LONGEST_NAME: usize = 255;
const LONGEST_PATH: usize = 1_024;

/// The page in `www` and the npm package in `pkg` of this crate's repository, as files: the page at `/`, the package below
/// `/pkg/`.
///
/// Files are read when they are asked for, so what is edited is seen by reloading. Each has its type, a strong `ETag` and
/// `Last-Modified` and answers to conditions and ranges (RFC 9110); what compresses well is compressed once by Brotli or
/// gzip for who takes it, and kept in memory. `Cache-Control` is `no-cache`: a browser keeps files and asks each time
/// whether they still hold, so that page and package fit together after an update.
///
/// Nothing else in these folders' neighbourhood is served: no hidden file, and no path with more in it than names of
/// letters, digits, `-`, `.` and `_`.
#[derive(Clone, Debug)]
pub struct Assets {
    page: Folder,
    package: Folder,
}

/// A folder and what serves it.
#[derive(Clone, Debug)]
struct Folder {
    path: PathBuf,
    files: ServeDir<tower_http::services::fs::DefaultServeDirFallback, Kept>,
}

impl Assets {
    /// Those in this crate's [repository](Self::repository).
    ///
    /// # Errors
    /// As [`new`](Self::new), and [`File`](ErrorKind::File) where there is no repository.
    pub fn find() -> Result<Self> {
        let root = Self::repository();
        let root = root.ok_or_else(|| missing("the page is in dualfetch's repository: run this in there"))?;
        Self::new(root.join("www"), root.join("pkg"))
    }

    /// The folder of this crate's repository that the current folder is in; in debug builds else the one that the crate was
    /// built in, if it is still there. It is known by its `pkg/package.json` and `www/index.html`; on Unix it has to be of
    /// this user or of root, and writable by no others: whose page it is may ask for keys.
    #[must_use]
    pub fn repository() -> Option<PathBuf> {
        let here = env::current_dir().unwrap_or_default();
        let found = here.ancestors().find(|root| is_repository(root) && is_ours(root));
        let built_in = || cfg!(debug_assertions).then_some(Path::new(env!("CARGO_MANIFEST_DIR")));
        found.or_else(|| built_in().filter(|root| is_repository(root))).map(Path::to_owned)
    }

    /// Those in these folders: the page's, and the npm package's with what `scripts/package` builds.
    ///
    /// # Errors
    /// [`File`](ErrorKind::File) where one of them is not there, or the package is not built.
    pub fn new(page: impl Into<PathBuf>, package: impl Into<PathBuf>) -> Result<Self> {
        let (page, package) = (page.into(), package.into());
        if !page.join("index.html").is_file() {
            return Err(missing(format!("there is no page in {}", page.display())));
        }
        if !package.join("dist/web/index.web.js").is_file() {
            return Err(missing(
                "the page needs the npm package, which is not built yet: run scripts/package, then this again",
            ));
        }
        let kept = Kept::default();
        let folder = |path: PathBuf| Folder {
            files: ServeDir::with_backend(&path, kept.clone())
                .append_index_html_on_directories(false)
                .ignore_multi_range_requests(true)
                .precompressed_br()
                .precompressed_gzip(),
            path,
        };
        Ok(Self { page: folder(page), package: folder(package) })
    }

    /// The files as the fallback of a router, which may have routes of its own and be nested below any path that ends in a
    /// slash. What is not found or not allowed is told by its status in plain text.
    pub fn router<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        let assets = self.clone();
        Router::new().fallback(move |request: Request| {
            let assets = assets.clone();
            async move { in_words(assets.answer(request).await) }
        })
    }

    /// The answer to a request. What is not found or not allowed is a bare status.
    pub(super) async fn answer(&self, request: Request) -> Response {
        let Some((folder, rest)) = self.place(request.uri().path()) else {
            return StatusCode::NOT_FOUND.into_response();
        };
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return match folder.path.join(rest).is_file() {
                true => (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET, HEAD")]).into_response(),
                false => StatusCode::NOT_FOUND.into_response(),
            };
        }
        let content_type = content_type(rest);
        let Ok(uri) = Uri::try_from(format!("/{rest}")) else { return StatusCode::NOT_FOUND.into_response() };
        let mut fields = request.headers().clone();
        if !folder.still_holds(&uri, &fields).await {
            fields.remove(RANGE);
        }
        let mut response = folder.ask(request.method().clone(), uri, fields).await;
        if response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED {
            describe(&mut response, content_type);
        }
        response
    }

    /// The folder a path leads to, and the way in it. None for a path that is not plainly one below the folders.
    fn place<'a>(&self, path: &'a str) -> Option<(&Folder, &'a str)> {
        let (folder, rest) = match path.strip_prefix("/pkg/") {
            Some(rest) => (&self.package, rest),
            None => (&self.page, path.strip_prefix('/')?),
        };
        let rest = if rest.is_empty() { "index.html" } else { rest };
        // Names are never escaped here, and neither hidden files nor what a system takes for more than a name is served.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        let name =
            |name: &str| name.len() <= LONGEST_NAME && !name.starts_with('.') && name.bytes().all(plain);
        let names = rest.len() <= LONGEST_PATH && rest.split('/').all(name);
        let below = Path::new(rest).components().all(|part| matches!(part, Component::Normal(_)));
        // These are how a file is asked for that is kept compressed.
        let is_kept = kept::is_kept(Path::new(rest));
        (names && below && !is_kept).then_some((folder, rest))
    }
}

impl Folder {
    /// Whether a range is still one of the file that the client has the beginning of (RFC 9110, 13.1.5): else it wants all.
    async fn still_holds(&self, uri: &Uri, fields: &HeaderMap) -> bool {
        let Some(held) = fields.get(IF_RANGE) else { return true };
        let mut asked = HeaderMap::new();
        if let Some(encodings) = fields.get(ACCEPT_ENCODING) {
            asked.insert(ACCEPT_ENCODING, encodings.clone());
        }
        let now = self.ask(Method::HEAD, uri.clone(), asked).await;
        // A weak one begins with W and is none of ours; a date has no quotes.
        let field = if held.as_bytes().first() == Some(&b'"') { ETAG } else { LAST_MODIFIED };
        now.headers().get(field) == Some(held)
    }

    async fn ask(&self, method: Method, uri: Uri, fields: HeaderMap) -> Response {
        let mut request = http::Request::new(Body::empty());
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = fields;
        match self.files.clone().try_call(request).await {
            Ok(response) => response.map(Body::new),
            Err(error) => failed(&error).into_response(),
        }
    }
}

/// What cannot be a file is none; what may be one another time (no more open files are allowed, a disk fails) is no fault of
/// the client.
fn failed(error: &io::Error) -> StatusCode {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::InvalidFilename
        | Kind::InvalidInput
        | Kind::IsADirectory
        | Kind::NotADirectory
        | Kind::NotFound
        | Kind::PermissionDenied => StatusCode::NOT_FOUND,
        // Its kind has no name yet.
        _ if error.to_string().contains("symbolic links") => StatusCode::NOT_FOUND,
        _ => {
            tracing::warn!(%error, "a file of the page cannot be read");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

/// Other projects have a `www`, and other packages, too.
fn is_repository(root: &Path) -> bool {
    let package =
        || serde_json::from_slice::<serde_json::Value>(&fs::read(root.join("pkg/package.json")).ok()?).ok();
    root.join("www/index.html").is_file() && package().is_some_and(|package| package["name"] == "dualfetch")
}

/// Whether nobody else can have put it there.
fn is_ours(root: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let user = rustix::process::geteuid().as_raw();
        ["", "www", "www/index.html", "pkg", "pkg/package.json"].iter().all(|name| {
            let metadata = fs::metadata(root.join(name));
            metadata.is_ok_and(|file| (file.uid() == user || file.uid() == 0) && file.mode() & 0o002 == 0)
        })
    }
    #[cfg(not(unix))]
    {
        let _ = root;
        true
    }
}

/// The files that the settings name, for every path that has no route. They need no key: a page that is to ask for one has
/// to be there first.
pub(super) fn routes() -> Router<State> {
    Router::new().fallback(async |Of(state): Of<State>, request: Request| {
        match &state.live().settings.assets {
            Some(assets) => assets.answer(request).await,
            None if request.uri().path() == "/" => {
                Failure::new(StatusCode::NOT_FOUND, "not_found", NO_PAGE).into_response()
            }
            None => StatusCode::NOT_FOUND.into_response(),
        }
    })
}

const NO_PAGE: &str = "there is no page here: its folder is not found, or the npm package that it runs on is not built \
    (scripts/package does); /openapi.json lists what there is";

fn describe(response: &mut Response, content_type: &'static str) {
    let is_page = content_type.starts_with("text/html");
    let has_content = response.status() != StatusCode::NOT_MODIFIED;
    let mut set = |name: HeaderName, value: &'static str| {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    };
    if has_content {
        set(CONTENT_TYPE, content_type);
    }
    // Without it, what is kept of the encoding that one takes would be given to another.
    set(VARY, "accept-encoding");
    set(CACHE_CONTROL, "no-cache");
    set(X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(REFERRER_POLICY, "no-referrer");
    set(CONTENT_SECURITY_POLICY, if is_page { PAGE } else { FILE });
}

/// The page runs its own files and WebAssembly, asks any site that its user names, and is shown in no other page.
const PAGE: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; \
    connect-src 'self' http: https:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A file that is opened by itself does nothing.
const FILE: &str = "default-src 'none'; frame-ancestors 'none'";

fn content_type(file: &str) -> &'static str {
    match Path::new(file).extension().and_then(|extension| extension.to_str()) {
        Some("css") => "text/css; charset=utf-8",
        Some("cjs" | "js" | "mjs") => "text/javascript; charset=utf-8",
        Some("html") => "text/html; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("md") => "text/markdown; charset=utf-8",
        Some("png") => "image/png",
        Some("svg") => "image/svg+xml",
        // TypeScript has no type, and its ending is that of a film's.
        Some("cts" | "mts" | "ts" | "txt") => "text/plain; charset=utf-8",
        Some("wasm") => "application/wasm",
        _ => "application/octet-stream",
    }
}

/// A bare status with its name for who reads it.
fn in_words(answer: Response) -> Response {
    let status = answer.status();
    if !status.is_client_error() && !status.is_server_error() {
        return answer;
    }
    let mut answer = answer.map(|_| Body::from(status.to_string()));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    answer.headers_mut().remove(CONTENT_LENGTH);
    answer
}

fn missing(why: impl Into<String>) -> Error {
    Error::new(ErrorKind::File).with_message(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_plainly_below_the_folders_is_a_file() {
        let folder = |path: &str| Folder {
            path: path.into(),
            files: ServeDir::with_backend(path, Kept::default()).precompressed_br().precompressed_gzip(),
        };
        let assets = Assets { page: folder("www"), package: folder("pkg") };
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
            ("/app.js.br", None),
            ("/app.js.gz", None),
            ("", None),
        ] {
            let placed = assets.place(path).map(|(folder, rest)| folder.path.join(rest));
            assert_eq!(placed, file.map(PathBuf::from), "{path}");
        }
    }
}
