//! How much a stranger may have kept.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::super::CookieJar;
use super::super::shelf::{LEFT, LEFT_OF_A_SITE, MOST, MOST_OF_A_SITE};
use super::{NOW, after, sent, sent_at, set, url};

fn fill(jar: &CookieJar, host: &str, from: usize, count: usize, attributes: &str) {
    let url = url(&format!("https://{host}/"));
    for n in from..from + count {
        jar.insert(&url, format!("n{n}={n}{attributes}"), NOW).expect("a cookie");
    }
}

fn has(jar: &CookieJar, name: &str) -> bool {
    jar.cookies().iter().any(|cookie| cookie.name() == name)
}

#[test]
fn a_site_keeps_what_it_used_last_however_many_hosts_it_has() {
    let jar = CookieJar::new();
    set(&jar, "https://bystander.example/", &["kept=1"]);
    set(&jar, "https://evil.example/", &["used=1; Domain=evil.example"]);
    for host in 0..MOST_OF_A_SITE - 1 {
        fill(&jar, &format!("h{host}.evil.example"), host, 1, "");
    }
    assert_eq!(jar.len(), 1 + MOST_OF_A_SITE, "so many it may have");
    assert_eq!(sent(&jar, "https://x.evil.example/"), "used=1");
    fill(&jar, "one-more.evil.example", MOST_OF_A_SITE, 1, "");
    assert_eq!(jar.len(), 1 + LEFT_OF_A_SITE);
    assert!(has(&jar, "used") && has(&jar, "kept"));
    assert!(!has(&jar, "n0") && has(&jar, &format!("n{MOST_OF_A_SITE}")));
}

#[test]
fn of_a_site_those_go_first_that_have_ended_and_then_those_that_are_not_secure() {
    let jar = CookieJar::new();
    fill(&jar, "a.example", 0, 40, "; Max-Age=60");
    fill(&jar, "a.example", 40, 100, "; Secure");
    fill(&jar, "a.example", 140, 40, "");
    jar.insert(&url("https://a.example/"), "new=1; Secure", after(60)).expect("a cookie");
    assert_eq!(jar.len(), 141, "those that have ended were enough");
    fill(&jar, "a.example", 200, 40, "");
    assert_eq!(jar.len(), LEFT_OF_A_SITE);
    assert_eq!(jar.cookies().iter().filter(|cookie| cookie.secure()).count(), 101);
    assert!(!has(&jar, "n140") && has(&jar, "n239"));
}

#[test]
fn of_all_those_go_that_were_not_used_for_longest() {
    let jar = CookieJar::new();
    for host in 0..MOST {
        fill(&jar, &format!("host{host}.example"), host, 1, "");
    }
    assert_eq!(jar.len(), MOST);
    assert_eq!(sent(&jar, "https://host0.example/"), "n0=0");
    fill(&jar, "one-more.example", MOST, 1, "");
    assert_eq!(jar.len(), LEFT);
    assert!(has(&jar, "n0") && !has(&jar, "n1") && !has(&jar, "n299") && has(&jar, "n2999"));
    assert_eq!(jar.cookies().len(), LEFT);
}

#[test]
fn of_all_those_that_have_ended_make_room_first() {
    let jar = CookieJar::new();
    for host in 0..MOST {
        fill(&jar, &format!("host{host}.example"), host, 1, if host % 2 == 0 { "" } else { "; Max-Age=5" });
    }
    jar.insert(&url("https://one-more.example/"), "new=1", after(5)).expect("a cookie");
    assert_eq!(jar.len(), MOST / 2 + 1);
    assert_eq!(sent_at(&jar, "https://host0.example/", after(5)), "n0=0");
}
