//! Settings of a session that decide what is asked, of whom, and what of the answer is an error.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use dualfetch::platform::Capabilities;
use dualfetch::platform::scripted::{Reply, Scripted};
use dualfetch::{
    Client, Config, Error, ErrorKind, RaiseForStatus, RedirectAction, RedirectPolicy, Request, Session,
};

use crate::session;

const URL: &str = "https://a.example/";

fn refused(config: Config) -> Error {
    Client::with_backend(config, Scripted::new(1)).expect_err("refused")
}

#[test]
fn relative_urls_are_joined_to_the_base_as_rfc_3986_says() {
    let (platform, session) = session(Config::new().base_url("https://a.example/v1/"));
    platform.on_every(|_: &Request| Reply::ok("x"));
    for (asked, url) in [
        ("users", "https://a.example/v1/users"),
        ("users?q=1", "https://a.example/v1/users?q=1"),
        ("/users", "https://a.example/users"),
        ("../users", "https://a.example/users"),
        ("?q", "https://a.example/v1/?q"),
        ("", "https://a.example/v1/"),
        ("//b.example/x", "https://b.example/x"),
        ("https://b.example/x", "https://b.example/x"),
    ] {
        let response = platform.run(session.get(asked).send()).expect(asked);
        assert_eq!(response.url().as_str(), url, "{asked}");
    }
    let any = dualfetch::DynSession::from(session);
    assert_eq!(platform.run(any.get("users").send()).expect("an answer").url().path(), "/v1/users");
}

#[test]
fn a_base_that_would_lose_something_is_refused() {
    for base in
        ["https://a.example/v1", "https://a.example/v1/?q", "https://a.example/v1/#f", "ftp://a.example/"]
    {
        let error = refused(Config::new().base_url(base));
        assert_eq!(error.kind(), &ErrorKind::InvalidOption { option: "base_url" }, "{base}");
    }
    assert_eq!(*refused(Config::new().base_url("v1/")).kind(), ErrorKind::InvalidUrl);
}

#[test]
fn with_a_base_the_session_s_credentials_go_to_its_origin_alone() {
    let config = Config::new().base_url("https://a.example/").bearer_auth("t0ken").header("x-id", "7");
    let (platform, session) = session(config);
    platform.on_every(|_: &Request| Reply::ok("x"));
    for url in ["x", "https://b.example/x", "http://a.example/x"] {
        platform.run(session.get(url).send()).expect("an answer");
    }
    platform.run(session.get("https://b.example/").bearer_auth("own").send()).expect("an answer");
    let sent: Vec<_> =
        platform.calls().iter().map(|call| call.headers.get("authorization").cloned()).collect();
    assert_eq!(
        sent,
        [Some("Bearer t0ken"), None, None, Some("Bearer own")]
            .map(|value| { value.map(|value| value.parse().expect("a value")) })
    );
    assert!(platform.calls().iter().all(|call| call.headers["x-id"] == "7"));
}

#[test]
fn duplicates_of_the_session_s_fields_are_kept_and_replaced_together() {
    let (platform, session) = session(Config::new().append_header("x-a", "1").append_header("x-a", "2"));
    platform.on_every(|_: &Request| Reply::ok("x"));
    platform.run(session.get(URL).send()).expect("an answer");
    platform.run(session.get(URL).header("x-a", "3").send()).expect("an answer");
    let all: Vec<Vec<_>> =
        platform.calls().iter().map(|call| call.headers.get_all("x-a").iter().cloned().collect()).collect();
    assert_eq!(all, [vec!["1", "2"], vec!["3"]]);
}

#[test]
fn automatic_fields_are_left_out_where_nobody_sets_them() {
    let (platform, session) = session(Config::new().skip_auto_headers(["User-Agent", "accept"]));
    platform.on_every(|_: &Request| Reply::ok("x"));
    platform.run(session.get(URL).send()).expect("an answer");
    platform.run(session.get(URL).user_agent("me/1").send()).expect("an answer");
    platform.run(session.get(URL).skip_auto_headers(["accept"]).send()).expect("an answer");
    let sent: Vec<_> = platform
        .calls()
        .iter()
        .map(|call| ["user-agent", "accept"].map(|name| call.headers.contains_key(name)))
        .collect();
    assert_eq!(sent, [[false, false], [true, false], [true, false]]);
    assert_eq!(*refused(Config::new().skip_auto_headers(["no name"])).kind(), ErrorKind::InvalidHeader);
}

#[test]
fn a_field_that_was_set_for_the_session_is_not_automatic() {
    let config = Config::new().user_agent("me/1").skip_auto_headers(["user-agent"]);
    let (platform, session) = session(config);
    platform.on_every(|_: &Request| Reply::ok("x"));
    platform.run(session.get(URL).send()).expect("an answer");
    assert_eq!(platform.calls()[0].headers["user-agent"], "me/1");
}

#[test]
fn credentials_by_hand_win_over_those_in_the_url_and_are_never_shown() {
    let config = Config::new().basic_auth("me", "hunter2");
    assert!(!format!("{config:?}").contains("aHVudGVyMg"), "{config:?}");
    let (platform, session) = session(config);
    platform.on_every(|_: &Request| Reply::ok("x"));
    platform.run(session.get(URL).send()).expect("an answer");
    platform.run(session.get("https://u:p@a.example/").send()).expect("an answer");
    platform.run(session.get("https://u:p@a.example/").basic_auth("me", "").send()).expect("an answer");
    let sent: Vec<_> = platform.calls().iter().map(|call| call.headers["authorization"].clone()).collect();
    assert_eq!(sent, ["Basic bWU6aHVudGVyMg==", "Basic dTpw", "Basic bWU6"]);
    assert!(sent.iter().all(dualfetch::HeaderValue::is_sensitive));
    assert_eq!(
        *refused(Config::new().basic_auth("a:b", "c")).kind(),
        ErrorKind::InvalidOption { option: "basic_auth" }
    );
    let error = platform.run(session.get(URL).bearer_auth("a\nb").send()).expect_err("refused");
    assert_eq!((error.code(), error.to_string().contains("a\nb")), ("invalid_header", false));
}

#[test]
fn params_are_appended_once_and_raw_ones_as_they_are() {
    let (platform, session) = session(Config::new());
    platform.on("https://a.example/?a=1&b=x+y&b=%C3%BC&raw=%2f", Reply::redirect(302, "/next"));
    platform.on("https://a.example/next", Reply::ok("x"));
    let get = session.get("https://a.example/?a=1").params([("b", "x y"), ("b", "ü")]).raw_params("raw=%2f");
    assert_eq!(platform.run(get.send()).expect("an answer").url().as_str(), "https://a.example/next");
    let none: [(&str, &str); 0] = [];
    let request = session.get("https://a.example/#f").params(none).build().expect("a request");
    assert_eq!(request.url().as_str(), "https://a.example/#f");
    let request = session.get("https://a.example/?#f").raw_params("a#b").build().expect("a request");
    assert_eq!(request.url().as_str(), "https://a.example/?a%23b#f");
}

#[test]
fn a_function_of_one_s_own_says_which_heads_are_errors() {
    let but_404 = RaiseForStatus::by(|head| match head.status.as_u16() {
        404 | ..400 => Ok(()),
        _ => Err(ErrorKind::Status(head.status).into()),
    });
    let (platform, session) = session(Config::new().raise_for_status(but_404));
    platform.on("https://a.example/404", Reply::status(404));
    platform.on("https://a.example/500", Reply::status(500));
    let send = |path: &str, request_s: Option<bool>| {
        let get = session.get(format!("{URL}{path}"));
        let get = match request_s {
            Some(raise) => get.raise_for_status(raise),
            None => get,
        };
        platform.run(get.send()).map(|_| ()).map_err(|error| error.code())
    };
    assert_eq!([send("404", None), send("500", None)], [Ok(()), Err("status")]);
    assert_eq!([send("404", Some(true)), send("500", Some(false))], [Err("status"), Ok(())]);

    let own = RaiseForStatus::by(|_| Err(Error::new(ErrorKind::ContentType).with_message("not ours")));
    let error =
        platform.run(session.get(format!("{URL}404")).raise_for_status(own).send()).expect_err("ours");
    assert_eq!((error.code(), error.message()), ("content_type", Some("not ours")));
    assert_eq!(error.url().map(|url| url.path()), Some("/404"));
}

#[test]
fn an_error_that_was_raised_has_the_start_of_the_body_and_the_way_to_it() {
    let (platform, session) = session(Config::new().raise_for_status(true).limit(1));
    platform.on(URL, Reply::redirect(302, "/why"));
    platform.on(
        "https://a.example/why",
        Reply::status(422).then("name is ").then("missing").then(vec![b'x'; 9_000]),
    );
    let error = platform.run(session.get(URL).send()).expect_err("422");
    assert_eq!((error.code(), error.history().len(), error.attempts()), ("status", 1, 1));
    assert!(error.body().is_some_and(|body| body.starts_with("name is missing") && body.len() == 1024));
    assert!(error.to_string().contains("name is missing"), "{error}");
    assert_eq!((platform.open(), session.figures().in_flight), (0, 0));

    platform.on("https://a.example/slow", Reply::status(500).then("some").stall());
    let error = platform.run(session.get("https://a.example/slow").send()).expect_err("500");
    assert_eq!((error.code(), error.body()), ("status", Some("some")));
    assert_eq!(platform.elapsed(), std::time::Duration::from_secs(2), "no longer than that");
}

#[test]
fn a_status_is_told_before_a_body_that_is_too_large() {
    let (platform, session) = session(Config::new().raise_for_status(true).max_body(10));
    platform.on(URL, Reply::status(500).then(vec![0; 100_000]));
    assert_eq!(platform.run(session.get(URL).send()).expect_err("500").code(), "status");
}

#[test]
fn the_redirect_policy_follows_stops_or_refuses() {
    let policies = [
        RedirectPolicy::follow(),
        RedirectPolicy::stop(),
        RedirectPolicy::refuse(),
        RedirectPolicy::same_origin(),
        RedirectPolicy::by(|redirect| match (redirect.to.path(), redirect.history.len()) {
            ("/end", 0) => RedirectAction::Stop,
            ("/end", _) => RedirectAction::Refuse,
            _ => RedirectAction::Follow,
        }),
    ];
    let (platform, session) = session(Config::new());
    platform.on("https://a.example/near", Reply::redirect(302, "/end"));
    platform.on("https://a.example/far", Reply::redirect(302, "https://b.example/near"));
    platform.on("https://b.example/near", Reply::redirect(302, "/end"));
    platform.on("https://a.example/end", Reply::ok("x"));
    platform.on("https://b.example/end", Reply::ok("x"));
    let seen = policies.map(|policy| {
        ["near", "far"].map(|path| {
            let get = session.get(format!("{URL}{path}")).redirect_policy(policy.clone());
            match platform.run(get.send()) {
                Ok(response) => format!("{} {}", response.status().as_u16(), response.history().len()),
                Err(error) => format!("{} {}", error.code(), error.history().len()),
            }
        })
    });
    assert_eq!(seen[0], ["200 1", "200 2"]);
    assert_eq!(seen[1], ["302 0", "302 0"]);
    assert_eq!(seen[2], ["redirect 1", "redirect 1"]);
    assert_eq!(seen[3], ["200 1", "redirect 1"]);
    assert_eq!(seen[4], ["302 0", "redirect 2"]);
}

#[test]
fn a_refused_redirect_names_its_target_without_the_password() {
    let (platform, session) = session(Config::new().redirect_policy(RedirectPolicy::refuse()));
    platform.on(URL, Reply::redirect(302, "https://me:hunter2@b.example/x"));
    let error = platform.run(session.get(URL).send()).expect_err("refused").to_string();
    assert!(error.contains("b.example/x") && !error.contains("hunter2"), "{error}");
}

#[test]
fn a_platform_that_follows_by_itself_takes_no_other_policy() {
    let mut capabilities = Capabilities::all("browser");
    capabilities.redirects = false;
    for (policy, feature) in [
        (RedirectPolicy::stop(), "follow_redirects"),
        (RedirectPolicy::refuse(), "redirect_policy"),
        (RedirectPolicy::by(|_| RedirectAction::Follow), "redirect_policy"),
    ] {
        let platform = Scripted::with_capabilities(1, capabilities.clone());
        let built = Client::with_backend(Config::new().redirect_policy(policy), platform);
        assert_eq!(
            *built.expect_err("refused").kind(),
            ErrorKind::Unsupported { feature, platform: "browser" }
        );
    }
    let follow = Config::new().redirect_policy(RedirectPolicy::follow());
    assert!(Client::with_backend(follow, Scripted::with_capabilities(1, capabilities)).is_ok());
}

#[test]
fn header_fields_are_bounded_in_number_and_size() {
    let (platform, session) = session(Config::new().max_headers(3));
    platform.on(URL, Reply::ok("x").header("a", "1").header("b", &"x".repeat(9_000)));
    assert!(platform.run(session.get(URL).send()).is_ok());
    let few = platform.run(session.get(URL).max_headers(2).send()).expect_err("3 with content-length");
    assert_eq!((few.code(), few.message()), ("headers_too_large", Some("3 fields; max_headers is 2")));
    let small = platform.run(session.get(URL).max_header_bytes(8_192).send()).expect_err("9 kB");
    assert_eq!(small.code(), "headers_too_large");
    assert!(platform.run(session.get(URL).max_header_bytes(10_000).send()).is_ok());
    assert_eq!(platform.open(), 0);
    for (config, option) in [
        (Config::new().max_headers(0), "max_headers"),
        (Config::new().max_header_bytes(10), "max_header_bytes"),
    ] {
        assert_eq!(*refused(config).kind(), ErrorKind::InvalidOption { option });
    }
}

#[test]
fn more_header_fields_than_a_map_holds_are_an_error_and_no_panic() {
    let (platform, session) = session(Config::new());
    let mut request = session.get(URL);
    for n in 0..33_000 {
        request = request.append_header(format!("x-{n}"), "1");
    }
    assert_eq!(platform.run(request.send()).expect_err("too many").code(), "invalid_header");
    let mut request = session.get(URL);
    for n in 0..20_000 {
        request = request.header(format!("x-{n}"), "1");
    }
    assert_eq!(platform.run(request.send()).expect_err("too many").code(), "invalid_header");
    let mut config = Config::new();
    for n in 0..33_000 {
        config = config.append_header(format!("x-{n}"), "1");
    }
    assert_eq!(refused(config).code(), "invalid_header");
    assert_eq!(refused(Config::new().max_headers(50_000)).code(), "invalid_option");
}

#[test]
fn fields_that_would_frame_or_route_a_message_twice_are_refused() {
    let (platform, session) = session(Config::new());
    let twice = session.get(URL).append_header("host", "a.example").append_header("host", "b.example");
    assert_eq!(platform.run(twice.send()).expect_err("two hosts").code(), "invalid_header");
    for name in ["content-length", "transfer-encoding", "expect"] {
        assert_eq!(refused(Config::new().header(name, "1")).code(), "invalid_header", "{name}");
    }
}
