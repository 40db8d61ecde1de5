//! The loop that one writes with reqwest: the yardstick.

use std::time::Duration;

use futures_util::{StreamExt, stream};

use crate::IN_FLIGHT;
use crate::measure::{Measured, Start};
use crate::pages::SMALL;

pub(crate) async fn gets(url: &str, count: usize, warm_up: usize) -> Measured {
    by(builder().build().expect("a client"), url, count, warm_up).await
}

/// Of a server for which this CA alone speaks.
pub(crate) async fn secure_gets(url: &str, ca: &str, count: usize, warm_up: usize) -> Measured {
    let ca = ::reqwest::Certificate::from_pem(ca.as_bytes()).expect("a certificate");
    by(builder().tls_certs_only([ca]).build().expect("a client"), url, count, warm_up).await
}

fn builder() -> ::reqwest::ClientBuilder {
    rustls::crypto::ring::default_provider().install_default().expect("the first provider");
    ::reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(300))
}

async fn by(client: ::reqwest::Client, url: &str, count: usize, warm_up: usize) -> Measured {
    some(&client, url, warm_up).await;
    let start = Start::now();
    some(&client, url, count).await;
    start.taken()
}

async fn some(client: &::reqwest::Client, url: &str, count: usize) {
    stream::iter(0..count)
        .map(|_| async move { client.get(url).send().await?.bytes().await })
        .buffer_unordered(IN_FLIGHT)
        .for_each(async |body| assert_eq!(body.expect("a body").len(), SMALL))
        .await;
}
