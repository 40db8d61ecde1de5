//! Prints the titles of the URLs on the command line: `cargo run --example titles https://example.com/ …`

use dualfetch::{DefaultSession, SessionExt};

#[tokio::main]
async fn main() -> dualfetch::Result<()> {
    let session = DefaultSession::builder().limit(100).limit_per_host(10).build()?;
    let urls: Vec<String> = std::env::args().skip(1).collect();
    let mut rows = session.titles(urls);
    while let Some(row) = rows.next().await {
        println!("{}: {:?}", row.url, row.result.map(|page| page.title));
    }
    Ok(())
}
