//! The contract.

use wasm_bindgen_test::wasm_bindgen_test;

use crate::contract::{self, Lab, every_case};

use super::lab::run;

macro_rules! each {
    ($($module:ident: $($case:ident),+;)+) => {
        $(mod $module {
            use super::*;

            $(#[wasm_bindgen_test]
            async fn $case() {
                run(async |lab| {
                    // What a page does instead is in page.rs, what Node does without in sockets.rs.
                    let is_possible = match stringify!($module) {
                        "redirects" => lab.shows_redirects(),
                        "websocket" => lab.has_websocket(),
                        _ => true,
                    };
                    if is_possible {
                        contract::$module::$case(lab).await;
                    }
                })
                .await;
            })+
        })+
    };
}
every_case!(each);
