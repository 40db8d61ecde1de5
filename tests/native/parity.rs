//! What tests/parity compares with Node and Chromium: its fixtures, natively.

use std::io::Write;
use std::time::Duration;

use dualfetch::{Config, Error, Session, SessionExt, Timeout};
use serde_json::{Value, json};

use crate::contract::outcome;

/// Prints a row of JSON for each URL of a variable, one to a line. Node starts this with the server it has made.
#[tokio::test]
#[ignore = "tests/parity runs it"]
async fn rows_of_the_fixtures() {
    let urls = std::env::var("DUALFETCH_PARITY_URLS").expect("the URLs, one to a line");
    let timeout = Timeout::new().headers(Duration::from_secs(3));
    let config = Config::new().limit(8).limit_per_host(4).timeout(timeout);
    let session = config.clone().build().expect("a session");
    // Rows under way keep their permits while nobody asks for the next one.
    let texts = config.build().expect("another");
    let mut rows = session.titles(urls.lines()).ordered(true);
    while let Some(row) = rows.next().await {
        let text = async { texts.get(&row.url).await?.text().await }.await;
        let page = row.result.as_ref().ok();
        let line = json!({
            "status": page.map(|page| page.status.as_u16()),
            "title": page.and_then(|page| page.title.as_deref()),
            "titleSource": page.map(|page| page.title_source.as_str()),
            "encoding": page.and_then(|page| page.encoding),
            "encodingSource": page.and_then(|page| page.encoding_source).map(|source| source.as_str()),
            "error": error(&row.result),
            "text": text.as_ref().ok(),
            "textError": error(&text),
        });
        writeln!(std::io::stdout(), "{line}").expect("someone to read it");
    }
}

fn error<T>(result: &Result<T, Error>) -> Value {
    match result {
        Ok(_) => Value::Null,
        Err(_) => outcome(result).into(),
    }
}
