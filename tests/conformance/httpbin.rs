//! Against httpbin.

mod authentication;
mod bodies;
mod conditions;
mod cookies;
mod readers;
mod redirects;
mod requests;
mod statuses;
mod waiting;

use std::process::Command;

use dualfetch::{DefaultSession, Response, Session};
use serde_json::Value;

use super::help::run_on_two;
use super::served::{Folder, Port, Served, installed};
use super::table::{self, cases};

#[test]
fn every_behaviour() {
    run_on_two(async {
        let httpbin = Httpbin::start();
        let cases = cases![Httpbin;
            authentication: basic_by_header_and_by_url, basic_that_is_hidden, bearer, digest_is_asked_for, digest, digest_of_a_body, digest_that_goes_stale, of_the_whole_session;
            bodies: gzip, deflate, brotli, utf_8_of_many_scripts, json_and_what_is_none, lines_as_they_come,
                bytes_in_chunks, images_by_what_is_accepted, base64_of_a_path, none_of_head;
            conditions: etags, dates, ranges, freshness;
            cookies: set_on_the_way_and_sent_at_its_end, deleted_by_expiry, of_one_host_alone,
                of_an_address_where_that_is_allowed, of_one_request, none_where_they_are_switched_off;
            readers: line_by_line, block_by_block, an_error_with_its_page, links_and_file_names,
                cookies_of_the_answer;
            redirects: one_after_the_other, more_than_are_followed, absolute_and_relative, by_each_status,
                to_another_host_of_the_same_server, cookies_set_by_hand, of_a_stream, by_policy;
            requests: a_query, json, text, bytes, a_form_by_hand, no_body, every_method, header_fields, params, a_form, text_with_its_type, a_stream, compressed, relative_to_a_base;
            statuses: each_as_it_is, raised_where_asked_for, fields_of_the_server_s_choice, raised_by_a_function;
            waiting: for_the_head, for_the_body, drop_by_drop;
        ];
        table::run("httpbin", &httpbin, cases).await;
    });
}

/// httpbin, as long as this lives.
struct Httpbin {
    port: u16,
    _served: Served,
}

impl Httpbin {
    fn start() -> Self {
        let port = Port::new();
        let mut program = Command::new(installed("DUALFETCH_HTTPBIN"));
        program.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conformance/httpbin/serve.py"));
        program.arg(port.descriptor().to_string());
        let served = Served::start(&mut program, Folder::new("httpbin"));
        Self { _served: served.answers(port.number()), port: port.number() }
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// The same server by another name.
    fn named_url(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.port)
    }

    async fn get(&self, session: &DefaultSession, path: &str) -> Response {
        session.get(self.url(path)).await.expect("a head")
    }

    /// The JSON that httpbin answers most requests with.
    async fn json(&self, session: &DefaultSession, path: &str) -> Value {
        self.get(session, path).await.json().await.expect("JSON")
    }
}

fn field<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name).and_then(|value| value.to_str().ok())
}
