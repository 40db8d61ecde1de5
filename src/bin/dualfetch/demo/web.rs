//! `dualfetch demo --web`: the demo page, the npm package it runs on and the embedded sites, for a browser.

use std::io::ErrorKind;
use std::process::ExitCode;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use dualfetch::gateway::Assets;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use serde_json::json;
use tokio::net::TcpListener;

use super::pages::{self, Page};
use super::sites::Sites;
use super::{cannot_serve, say};
use crate::Stop;

/// Serves until Ctrl-C. Port 0 is a free one.
pub(crate) async fn serve(port: u16) -> Result<ExitCode, Stop> {
    let assets =
        Assets::find().map_err(|error| Stop::Fault(error.message().unwrap_or_default().to_owned()))?;
    let pages: Vec<_> = pages::all().await.into_iter().enumerate().map(unhurried).collect();
    let sites = Sites::start(&pages).await.map_err(|error| cannot_serve(&error))?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => {
            Stop::Fault(format!("port {port} is taken: give another, or leave out --port"))
        }
        _ => cannot_serve(&error),
    })?;
    let address = listener.local_addr().map_err(|error| cannot_serve(&error))?;
    let list = list(&pages, &sites);
    let listed = get(async move || ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-cache")], list));
    let router: Router = Router::new().route("/demo.json", listed).merge(assets.router());
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
