//! What pages say of themselves, for links that strangers have posted:
//! `cargo run --example previews -- https://example.com/ http://169.254.169.254/`.
//!
//! Safe mode denies all that is not the public internet, wherever redirects and names lead; the other settings bound what
//! one link may cost. An image's URL is as much a stranger's as the page's: fetch it by the same session.

use std::time::Duration;

use dualfetch::html::{Extent, Sourced};
use dualfetch::{DefaultSession, Result, SafeMode, SessionExt};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let session = DefaultSession::builder()
        .safe_mode(SafeMode::new())
        .limit_per_host(2)
        .max_redirects(5)
        .timeout(Duration::from_secs(10))
        .cookies(false)
        .build()?;
    let urls: Vec<String> = std::env::args().skip(1).collect();
    let mut rows = session.titles(urls).metadata(Extent::Head).max_bytes(1 << 20);
    while let Some(row) = rows.next().await {
        let page = match row.result {
            Ok(page) => page,
            Err(error) => {
                println!("{}: {error}", row.url);
                continue;
            }
        };
        let metadata = page.metadata.unwrap_or_default();
        let said = |said: &Option<Sourced>| said.as_ref().map(|said| said.value.clone()).unwrap_or_default();
        println!("{}: {}", row.url, said(&metadata.best_title));
        println!("  {}\n  {}", said(&metadata.description), said(&metadata.image));
    }
    Ok(())
}
