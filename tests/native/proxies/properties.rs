//! What holds of every text that names a proxy, hosts, or users.

use dualfetch::{Netrc, Proxy, Url};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

fn holds<S: Strategy>(inputs: S, property: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let config = Config { cases: 2_000, failure_persistence: None, ..Config::default() };
    if let Err(why) = TestRunner::new(config).run(&inputs, property) {
        panic!("{why}");
    }
}

/// Made of what means something there, so that many are nearly right.
fn texts(words: &'static [&'static str]) -> impl Strategy<Value = String> {
    let word = prop_oneof![
        proptest::sample::select(words).prop_map(str::to_owned),
        any::<char>().prop_map(String::from)
    ];
    proptest::collection::vec(word, 0..12).prop_map(|words| words.concat())
}

fn percent_encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

#[test]
fn any_text_is_a_proxy_or_an_error() {
    let words =
        &["http", "socks5h", "://", ":", "@", "[", "]", "::1", "%", "/", "proxy", "80", "65536", ".", "10.1"];
    holds(texts(words), |text| {
        if let Ok(proxy) = Proxy::new(&text) {
            let again = Proxy::new(&text).expect("the same text");
            prop_assert_eq!(&again, &proxy);
            prop_assert!(proxy.is_for(&Url::parse("http://a.example/").expect("a URL")));
        }
        let _ = Proxy::direct().no_proxy(&text);
        Ok(())
    });
}

#[test]
fn what_stands_before_the_host_is_never_shown() {
    let secret = "[a-z]{4}q[0-9]{8}[/?#@:%]{0,3}";
    holds((secret, "[a-z]{4}q[0-9]{8}"), |(password, user)| {
        let shown = [
            format!("{:?}", Proxy::new(&format!("http://{user}:{password}@proxy.example:3128"))),
            format!(
                "{:?}",
                Proxy::new(&format!("http://{user}:{}@proxy.example", percent_encoded(&password)))
            ),
            format!(
                "{:?}",
                Proxy::new("http://proxy.example").and_then(|proxy| proxy.basic_auth(&user, &password))
            ),
            format!("{:?}", Proxy::new(&format!("gopher://{user}:{password}@proxy.example"))),
            format!("{:?}", Proxy::new(&format!("http://{user}:{password}@proxy.exa mple"))),
        ];
        for text in shown {
            prop_assert!(!text.contains(&user) && !text.contains(&password[..13]), "{text}");
        }
        Ok(())
    });
}

#[test]
fn a_network_exempts_exactly_the_addresses_in_it() {
    holds((any::<u32>(), any::<u32>(), 0_u32..=32, 0_u32..=32), |(network, other, bits, near)| {
        // One that shares its first bits, often.
        let other = network ^ other.checked_shr(near).unwrap_or(0);
        let [network_text, other_text] = [network, other].map(std::net::Ipv4Addr::from_bits);
        let proxy = Proxy::direct().no_proxy(&format!("{network_text}/{bits}")).expect("a network");
        let is_in = (u64::from(network) >> (32 - bits)) == (u64::from(other) >> (32 - bits));
        for url in [format!("http://{other_text}/"), format!("http://[::ffff:{other_text}]/")] {
            prop_assert_eq!(proxy.is_for(&Url::parse(&url).expect("a URL")), !is_in, "{}", url);
        }
        Ok(())
    });
}

#[test]
fn any_text_is_a_netrc_or_an_error_and_quoted_values_come_back() {
    let words =
        &["machine", "default", "login", "password", "macdef", " ", "\n", "\"", "\\", "#", "a", "\n\n"];
    holds((texts(words), any::<String>()), |(text, password)| {
        if let Err(error) = Netrc::parse(&text) {
            let lines = text.lines().count().max(1);
            let message = error.message().unwrap_or_default().to_owned();
            let line =
                message.strip_prefix("line ").and_then(|rest| rest.split(':').next()?.parse::<usize>().ok());
            prop_assert!(line.is_some_and(|line| (1..=lines).contains(&line)), "{message} of {text:?}");
        }
        let quoted = password.replace('\\', "\\\\").replace('"', "\\\"");
        let netrc =
            Netrc::parse(&format!("machine a login me password \"{quoted}\" account x\nmachine b login y"));
        let netrc = netrc.expect("a netrc");
        prop_assert_eq!(netrc.credentials("a"), Some(("me", password.as_str())));
        prop_assert_eq!(netrc.credentials("b"), Some(("y", "")));
        Ok(())
    });
}
