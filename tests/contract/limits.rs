//! Permits come back, whatever becomes of a response.

use dualfetch::{Config, Session};
use futures_util::future::join_all;

use super::{Lab, is_pending};

pub async fn one_permit_is_enough_for_all(lab: &impl Lab) {
    let session = lab.session(Config::new().limit(1));
    let texts = join_all((0..20).map(|n| {
        let (session, url) = (&session, lab.url(&format!("/page/{n}")));
        async move { session.get(url).await?.text().await }
    }));
    for (n, text) in texts.await.into_iter().enumerate() {
        assert!(text.expect("a page").contains(&format!("<title>Page {n}</title>")));
    }
}

pub async fn many_unread_bodies_at_a_small_limit(lab: &impl Lab) {
    let session = lab.session(Config::new().limit(3));
    let urls: Vec<_> = (0..50).map(|n| lab.url(&format!("/page/{n}"))).collect();
    let responses = join_all(urls.iter().map(|url| session.get(url).send())).await;
    for (n, response) in responses.into_iter().enumerate() {
        let text = response.expect("a head").text().await.expect("a page");
        assert!(text.contains(&format!("<title>Page {n}</title>")));
    }
}

pub async fn a_dropped_response_frees_its_permit(lab: &impl Lab) {
    let session = lab.session(Config::new().limit(1));
    for _ in 0..3 {
        let mut response = session.get(lab.url("/page/1?size=500000&stall=1")).await.expect("a head");
        response.chunk().await.expect("a piece").expect("some bytes");
    }
    session.get(lab.url("/page/2")).await.expect("a permit");
}

pub async fn a_dropped_send_frees_its_permit(lab: &impl Lab) {
    let session = lab.session(Config::new().limit(1));
    for _ in 0..3 {
        let mut send = Box::pin(session.get(lab.url("/hang")).send());
        assert!(is_pending(&mut send).await);
    }
    session.get(lab.url("/page/2")).await.expect("a permit");
}
