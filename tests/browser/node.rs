//! What Node lets us do and a page does not.

use dualfetch::{Config, Session};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::contract::{Lab, echoed};

use super::lab::{Browsing, run};

async fn in_node(test: impl AsyncFnOnce(&Browsing)) {
    run(async |lab| {
        if lab.capabilities.platform == "node" {
            test(lab).await;
        }
    })
    .await;
}

#[wasm_bindgen_test]
async fn it_says_who_we_are() {
    in_node(async |lab| {
        let session = lab.session(Config::new());
        let echo = session.get(lab.url("/echo")).await.expect("a response").text().await.expect("an echo");
        assert!(echoed(&echo, "user-agent").starts_with("dualfetch/"), "{echo}");
        let own = session.get(lab.url("/echo")).header("user-agent", "own").header("cookie", "a=b");
        let echo = own.await.expect("a response").text().await.expect("an echo");
        assert_eq!(["user-agent", "cookie"].map(|name| echoed(&echo, name)), ["own", "a=b"]);
    })
    .await;
}

#[wasm_bindgen_test]
async fn other_origins_need_no_leave() {
    in_node(async |lab| {
        for url in [lab.url("/page/1?cors=no"), lab.faulty("/forbidden")] {
            assert_eq!(lab.outcome(&url).await, "ok");
        }
    })
    .await;
}
