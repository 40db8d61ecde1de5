//! Statuses, and the fields around them.

use dualfetch::{Config, Error, ErrorKind, RaiseForStatus, Session};

use super::super::help::{outcome, session};
use super::Httpbin;

pub async fn each_as_it_is(httpbin: &Httpbin) {
    let session = session();
    for status in [200, 201, 202, 203, 204, 206, 304, 400, 401, 402, 404, 406, 418, 429, 500, 503, 599] {
        let response = httpbin.get(&session, &format!("/status/{status}")).await;
        assert_eq!((response.status().as_u16(), response.ok()), (status, status < 400));
        response.bytes().await.expect("whatever body");
    }
}

pub async fn raised_where_asked_for(httpbin: &Httpbin) {
    for (by_session, by_request, status, expected) in [
        (None, None, 404, "ok"),
        (Some(true), None, 404, "status"),
        (Some(true), Some(false), 404, "ok"),
        (Some(false), Some(true), 500, "status"),
        (Some(true), None, 304, "ok"),
        (Some(true), None, 200, "ok"),
    ] {
        let config = match by_session {
            Some(raise) => Config::new().raise_for_status(raise),
            None => Config::new(),
        };
        let session = config.build().expect("a session");
        let request = session.get(httpbin.url(&format!("/status/{status}")));
        let request = match by_request {
            Some(raise) => request.raise_for_status(raise),
            None => request,
        };
        assert_eq!(outcome(&request.await), expected, "{by_session:?} {by_request:?} {status}");
    }
    let response = httpbin.get(&session(), "/status/418").await;
    assert_eq!(outcome(&response.raise_for_status()), "status");
}

pub async fn fields_of_the_server_s_choice(httpbin: &Httpbin) {
    let path = "/response-headers?X-Two=1&X-Two=2&X-Empty=&x-lower=%20padded%20";
    let response = httpbin.get(&session(), path).await;
    let values: Vec<_> = response.headers().get_all("x-two").iter().collect();
    assert_eq!(values, ["1", "2"]);
    assert_eq!(super::field(&response, "X-Empty"), Some(""));
    assert_eq!(super::field(&response, "X-Lower"), Some("padded"));
}

pub async fn raised_by_a_function(httpbin: &Httpbin) {
    let only_teapots = RaiseForStatus::by(|head| match head.status.as_u16() {
        418 => Err(Error::new(ErrorKind::Status(head.status)).with_message("a teapot")),
        _ => Ok(()),
    });
    let session = Config::new().raise_for_status(only_teapots).build().expect("a session");
    for (status, expected) in [(418, "status"), (404, "ok"), (500, "ok")] {
        let url = httpbin.url(&format!("/status/{status}"));
        assert_eq!(outcome(&session.get(&*url).await), expected, "{status}");
        assert_eq!(outcome(&session.get(&*url).raise_for_status(false).await), "ok", "{status}");
    }
}
