//! Redirects as nginx gives them.

use dualfetch::{Config, Method, Session};

use super::super::help::session;
use super::{Ports, get, page, text};

pub async fn methods_by_status(nginx: &Ports) {
    let session = session();
    for (method, expected) in [
        (Method::GET, ["GET"; 5]),
        (Method::POST, ["GET", "GET", "GET", "POST", "POST"]),
        (Method::PUT, ["PUT", "PUT", "GET", "PUT", "PUT"]),
        (Method::DELETE, ["DELETE", "DELETE", "GET", "DELETE", "DELETE"]),
    ] {
        for (status, expected) in [301, 302, 303, 307, 308].into_iter().zip(expected) {
            let request = session.request(method.clone(), nginx.url("plain", &format!("/moved/{status}")));
            let request = if method == Method::GET { request } else { request.body("a body") };
            let response = request.await.expect("a head");
            assert_eq!(response.history()[0].status, status);
            assert_eq!(response.text().await.expect("a body"), expected, "{method} {status}");
        }
    }
    let response = session.head(nginx.url("plain", "/moved/302")).await.expect("a head");
    assert_eq!((response.url().path(), response.content_length()), ("/method", Some(4)), "of HEAD");
}

pub async fn by_an_error_page(nginx: &Ports) {
    let response = get(&session(), nginx.url("plain", "/error-page")).await.expect("a head");
    assert_eq!((response.status().as_u16(), response.url().path()), (200, "/method"));
}

pub async fn an_error_page_without_one(nginx: &Ports) {
    let response = get(&session(), nginx.url("plain", "/error-page-inside")).await.expect("a head");
    assert_eq!((response.status().as_u16(), response.history().len()), (200, 0));
    assert_eq!(response.text().await.expect("a page"), page());
}

pub async fn with_the_rest_of_the_path(nginx: &Ports) {
    let url = nginx.url("plain", "/permanent/x%20y/z?q=%2F");
    assert_eq!(text(&session(), url).await, "/raw/moved/x%20y/z?q=%2F");
}

pub async fn relative_and_scheme_relative(nginx: &Ports) {
    let session = session();
    assert_eq!(text(&session, nginx.url("plain", "/here")).await, "/raw/relative?a=b");
    let response = get(&session, nginx.url("plain", "/same-scheme")).await.expect("a head");
    assert_eq!(response.url().as_str(), nginx.url("other", "/method"));
}

pub async fn of_a_folder(nginx: &Ports) {
    let response = get(&session(), nginx.url("plain", "/folder")).await.expect("a head");
    assert_eq!(response.url().path(), "/folder/");
    assert_eq!(response.text().await.expect("a page"), "a folder's page");
}

pub async fn without_a_location(nginx: &Ports) {
    let response = get(&session(), nginx.url("plain", "/error-page-302")).await.expect("a head");
    assert_eq!((response.status().as_u16(), response.history().len()), (302, 0));
    assert_eq!(response.text().await.expect("a body"), "GET");
}

pub async fn without_an_end(nginx: &Ports) {
    let error = get(&session(), nginx.url("plain", "/forever")).await.expect_err("no end");
    assert_eq!((error.code(), error.history().len()), ("too_many_redirects", 11));
}

/// Of several fields of one name, which nginx does not take, see `faults`.
async fn credentials_after(nginx: &Ports, path: &str) -> String {
    let session = Config::new()
        .header("authorization", "Bearer of-the-session")
        .header("cookie", "of=the-session")
        .header("proxy-authorization", "of-the-session")
        .header("x-own", "kept")
        .build()
        .expect("a session");
    let by_session = text(&session, nginx.url("plain", path)).await;
    let request = session
        .get(nginx.url("plain", path))
        .header("authorization", "Bearer one")
        .header("cookie", "a=b")
        .header("proxy-authorization", "one");
    let by_request = request.await.expect("a head").text().await.expect("a body");
    let in_url = nginx.url("plain", path).replacen("://", "://user:secret@", 1);
    let by_url = text(&super::super::help::session(), in_url).await;
    format!("{by_session} {by_request} {by_url}")
}

pub async fn another_port_gets_no_credentials(nginx: &Ports) {
    assert_eq!(credentials_after(nginx, "/elsewhere").await, "|||kept |||kept |||");
    let there = credentials_after(nginx, "/credentials").await;
    assert!(there.starts_with("Bearer of-the-session|of=the-session|of-the-session|kept "), "{there}");
    assert!(there.ends_with(" Basic dXNlcjpzZWNyZXQ=|||"), "{there}");
}

pub async fn another_name_gets_no_credentials(nginx: &Ports) {
    assert_eq!(credentials_after(nginx, "/by-name").await, "|||kept |||kept |||");
}
