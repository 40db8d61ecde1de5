//! What every backend keeps, one async function for each behaviour. A new backend gets them all by a [`Lab`] and one
//! call of [`every_case`].
//!
//! The servers behind a lab answer as `tests/support/routes.rs` says, at two origins; WebSockets are those of
//! `tests/support/websocket.rs`.

pub mod bodies;
pub mod events;
pub mod limits;
pub mod multipart;
pub mod pages;
pub mod redirects;
pub mod requests;
pub mod responses;
pub mod timeouts;
pub mod titles;
pub mod websocket;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use dualfetch::{Config, Error, Figures, Session};

/// A backend and the servers it can reach.
pub trait Lab {
    type Session: Session;

    /// A session with these settings over the backend under test.
    fn session(&self, config: Config) -> Self::Session;

    /// What is under way in a session, and what waits.
    fn figures(&self, session: &Self::Session) -> Figures;

    /// A path (with its query) at the first origin.
    fn url(&self, path: &str) -> String;

    /// The same at another origin.
    fn elsewhere(&self, path: &str) -> String;

    /// A path at the server of WebSockets, its scheme http.
    fn socket(&self, path: &str) -> String;

    /// Whether the backend tells why a WebSocket was not opened, or has ended, and ends one without a word. A page does
    /// not.
    fn tells_why(&self) -> bool {
        true
    }

    /// Whether the backend shows redirects. A page does not: its browser follows them, and a loop is a failure of the
    /// network.
    fn shows_redirects(&self) -> bool {
        true
    }
}

/// `ok`, or the error's code and, for a timeout, its phase.
pub fn outcome<T>(result: &Result<T, Error>) -> String {
    match result {
        Ok(_) => "ok".to_owned(),
        Err(error) => match error.phase() {
            Some(phase) => format!("{} {phase}", error.code()),
            None => error.code().to_owned(),
        },
    }
}

/// Polls a future once: whether it has still to wait.
pub async fn is_pending(future: &mut (impl Future + Unpin)) -> bool {
    poll_fn(|cx| Poll::Ready(Pin::new(&mut *future).poll(cx).is_pending())).await
}

/// The value of a header field in an `/echo`; empty when it was not sent.
pub fn echoed(echo: &str, name: &str) -> String {
    let start = format!("{name}: ");
    echo.lines().find_map(|line| line.strip_prefix(&start)).unwrap_or_default().to_owned()
}

/// Gives every case to a macro, as `module: case, case;`. Those of `redirects` are for
/// backends that show them ([`Lab::shows_redirects`]).
macro_rules! every_case {
    ($run:ident) => {
        $run! {
            bodies: pieces_are_the_body, the_whole_body_in_one, text_by_label, json, json_of_another_type,
                answers_without_a_body, max_body, a_status_is_no_error;
            events: of_a_response_in_pieces, another_type_is_none,
                a_source_goes_on_behind_the_last_event_until_it_is_told_to_stop, json_lines;
            limits: one_permit_is_enough_for_all, many_unread_bodies_at_a_small_limit,
                a_dropped_response_frees_its_permit, a_dropped_send_frees_its_permit;
            multipart: a_form_comes_back_as_it_was_sent, parts_in_parts_and_those_nobody_reads, what_is_no_multipart;
            pages: metadata_is_absolute_and_names_its_sources, metadata_to_the_end_or_of_the_head,
                nothing_that_was_not_asked_for, the_whole_text, rows_with_metadata;
            redirects: followed_with_their_history, relative_ones, another_origin_gets_no_credentials,
                the_same_origin_keeps_them, see_other_becomes_get, found_turns_post_into_get,
                temporary_keeps_method_and_body, head_stays_head, a_loop_ends_with_its_history,
                the_limit_is_exact, not_followed_when_not_wanted, a_location_of_another_scheme,
                userinfo_of_a_location_is_dropped, at_limit_one;
            requests: session_headers_and_their_replacement, methods_and_bodies, userinfo_is_basic,
                a_header_with_a_newline, an_unknown_scheme, a_malformed_url, a_zero_timeout,
                raise_for_status_by_session_and_request;
            responses: fields_that_describe_the_body, lines, blocks, up_to_a_separator, what_is_left_ahead_is_read_by_others,
                text_in_a_given_encoding, json_of_any_type, a_status_with_the_start_of_its_body, no_trailers;
            timeouts: headers, read, total_over_the_body, wall_counts_the_queue, queue, a_request_over_its_session;
            titles: of_one_page, of_many_in_order, as_completed_each_url_once, failures_are_rows,
                an_error_page_has_one, other_types_are_not_read, an_endless_input;
            websocket: opens_by_http_and_by_ws, whatever_is_sent_comes_back,
                many_small_messages_come_whole_and_in_order, a_subprotocol_is_chosen,
                one_that_nobody_offered_is_no_handshake, the_server_closes, we_close,
                an_end_without_a_closing_handshake, a_refused_handshake, a_handshake_that_is_given_up,
                a_message_that_is_too_large, receive_timeout_leaves_it_open, a_close_that_nobody_answers,
                a_half_is_enough_to_keep_it_open, dropped_it_leaves_nothing, it_counts_until_it_is_closed,
                what_cannot_be_asked_for_is_refused_by_name, a_peer_that_breaks_the_protocol;
        }
    };
}
pub(crate) use every_case;
