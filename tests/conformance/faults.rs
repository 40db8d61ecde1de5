//! What no well-behaved server sends, by scripts on bare sockets: rows that tests/native does not have.

mod codings;
mod framing;
mod locations;
mod meanings;
mod stripping;
mod uploads;

use dualfetch::{Response, Result, Session};

use crate::support::{RawServer, Script};

use super::help::{named, run_on_two, session};
use super::table::{self, cases};

#[test]
fn every_behaviour() {
    run_on_two(async {
        let cases = cases![();
            codings: damaged_in_their_middle, damaged_at_their_start, cut_short, whole_in_any_spelling, followed_by_other_bytes;
            framing: odd_but_understood, refused, bodies_by_their_framing, no_body_whatever_they_say,
                after_an_error_nothing_more_comes, after_the_end_nothing_more_comes;
            locations: read_as_a_browser_does, that_lead_nowhere, statuses_that_are_followed_and_those_that_are_not;
            meanings: types_that_are_json, types_that_are_none, json_in_any_unicode, charsets_unknown_and_lying;
            stripping: every_field_of_a_credential_s_name, credentials_in_a_url_go_to_its_origin_alone;
            uploads: an_early_answer_and_a_closed_connection, an_early_answer_and_a_reset,
                a_connection_ended_without_an_answer,
                refused_over_http_2_before_it_was_looked_at;
        ];
        table::run("faults", &(), cases).await;
    });
}

/// Each script's outcome: `200: ` and the start of the body, or an error's code. All that are not as expected are named.
async fn rows(rows: Vec<(&str, Script, &str)>) {
    let (session, mut wrong) = (session(), Vec::new());
    for (name, script, expected) in rows {
        let server = RawServer::start(script).await;
        let seen = told(session.get(server.url("/")).await).await;
        if seen != expected {
            wrong.push(format!("{name}: {seen:?} instead of {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn told(response: Result<Response>) -> String {
    let read = async {
        let response = response?;
        let status = response.status().as_u16();
        Ok::<_, dualfetch::Error>(format!("{status}: {}", response.text().await?))
    };
    read.await.unwrap_or_else(|error| named(&error)).chars().take(60).collect()
}

/// These bytes in answer to a request, and then the end of the connection.
fn answer(bytes: impl Into<bytes::Bytes>) -> Script {
    Script::new().read_head().send(bytes).close()
}
