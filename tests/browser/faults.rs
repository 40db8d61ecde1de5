//! What servers and networks do wrong, and the error that each of it becomes. A page is told no more than that it
//! failed; Node says why.

use std::time::Duration;

use dualfetch::{Config, Figures, Session, SessionExt, Timeout};
use futures_util::StreamExt;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::contract::{Lab, outcome};
use crate::visits;

use super::lab::run;

/// What is to be expected of the servers of tests/native/matrix.rs.
const IN_PAGE: Option<&str> = option_env!("DUALFETCH_PAGE_VISITS");
const IN_NODE: Option<&str> = option_env!("DUALFETCH_NODE_VISITS");

#[wasm_bindgen_test]
async fn every_fault_of_the_matrix_is_told_as_well_as_the_platform_knows() {
    run(async |lab| {
        let visits = if lab.is_page() { IN_PAGE } else { IN_NODE };
        let session = lab.session(Config::new());
        let mut wrong = Vec::new();
        for visit in visits::all(visits.expect("servers: run scripts/browser-tests")) {
            let seen = visit.outcome(&session, async || ()).await;
            if !visit.is_expected(&seen) {
                wrong.push(format!("{}: {seen} instead of {}", visit.name, visit.expected));
            }
            assert_eq!(session.figures(), Figures::default(), "{} left something behind", visit.name);
        }
        assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    })
    .await;
}

/// An error knows where it happened.
#[wasm_bindgen_test]
async fn an_error_has_its_url_and_how_often_that_was_tried() {
    run(async |lab| {
        let url = lab.faulty("/closed");
        let error = lab.session(Config::new()).get(&url).send().await.expect_err("closed");
        assert_eq!(error.url().map(|url| url.as_str()), Some(&url[..]), "{error:?}");
        assert_eq!((error.attempts(), error.history().len()), (1, 0), "{error:?}");
    })
    .await;
}

/// Both platforms are lenient where a content length agrees with what came: a body that is cut is taken for the whole
/// of it, and Chromium does not compare the checksum.
#[wasm_bindgen_test]
async fn what_cannot_be_decompressed() {
    run(async |lab| {
        // Node's own fetch now and then never ends such a body: there only a timeout is certain.
        if !lab.is_page() {
            return;
        }
        for (path, expected) in [("/no-gzip", "network"), ("/corrupt-gzip", "ok"), ("/cut-gzip", "ok")] {
            assert_eq!(lab.outcome(&lab.faulty(path)).await, expected, "{path}");
        }
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_refused_connection() {
    run(async |lab| {
        let expected = if lab.is_page() { "network" } else { "connect" };
        assert_eq!(lab.outcome(&lab.refusing()).await, expected);
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_server_that_never_answers_or_stops() {
    run(async |lab| {
        let (soon, late) = (Duration::from_millis(100), Duration::from_secs(20));
        for (path, timeout, expected) in [
            ("/silent", Timeout::new().headers(soon).total(late), "timeout headers"),
            ("/silent", Timeout::new().total(soon).headers(None), "timeout total"),
            ("/stalled", Timeout::new().read(soon).headers(late).total(late), "timeout read"),
        ] {
            let session = lab.session(Config::new().timeout(timeout));
            let result = async { session.get(lab.faulty(path)).await?.bytes().await }.await;
            assert_eq!(outcome(&result), expected, "{path}");
            assert_eq!(session.figures(), Figures::default(), "{path} left something behind");
        }
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_body_past_max_body_ends_its_transfer() {
    run(async |lab| {
        let session = lab.session(Config::new().max_body(100_000));
        for path in ["/endless", "/page/1?size=2000000", "/page/1?size=2000000&chunked=1"] {
            let result = async { session.get(lab.url(path)).await?.bytes().await }.await;
            assert_eq!(outcome(&result), "body_too_large", "{path}");
        }
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_page_needs_nothing_after_its_title() {
    run(async |lab| {
        let session = lab.session(Config::new());
        let page = session.page(lab.faulty("/stalled")).await.expect("the title is all that is waited for");
        assert_eq!(page.title.as_deref(), Some("Half"));
        // A stream that fails forgets what it has not yet given (WHATWG Streams), so what is lost here is for the
        // moment of the failure to say.
        match session.page(lab.faulty("/short")).await {
            Ok(page) => assert_eq!(page.title.as_deref(), Some("Half")),
            Err(error) => assert!(["network", "disconnected"].contains(&error.code()), "{error:?}"),
        }
    })
    .await;
}

#[wasm_bindgen_test]
async fn every_fault_is_a_row_of_a_batch_with_its_code() {
    run(async |lab| {
        let session = lab.session(Config::new());
        let urls = [lab.url("/page/1"), lab.faulty("/closed"), lab.refusing(), "http//typo".to_owned()];
        let rows: Vec<_> = session.titles(urls.clone()).ordered(true).collect().await;
        let seen: Vec<_> = rows.iter().map(|row| (row.url.clone(), outcome(&row.result))).collect();
        let codes = match lab.is_page() {
            true => ["ok", "network", "network", "invalid_url"],
            false => ["ok", "disconnected", "connect", "invalid_url"],
        };
        assert_eq!(seen, urls.into_iter().zip(codes.map(str::to_owned)).collect::<Vec<_>>());
    })
    .await;
}
