//! The loop that one writes with what this crate stands on: what the session itself costs shows beside it.

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::IN_FLIGHT;
use crate::measure::{Measured, Start};
use crate::pages::SMALL;

type Plain = Client<HttpConnector, Empty<Bytes>>;

pub(crate) async fn gets(url: &str, count: usize, warm_up: usize) -> Measured {
    let mut tcp = HttpConnector::new();
    tcp.set_nodelay(true);
    let client = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(tcp);
    some(&client, url, warm_up).await;
    let start = Start::now();
    some(&client, url, count).await;
    start.taken()
}

async fn some(client: &Plain, url: &str, count: usize) {
    stream::iter(0..count)
        .map(|_| async move {
            let response = client.get(url.parse().expect("a URI")).await.expect("a head");
            response.into_body().collect().await.expect("a body").to_bytes()
        })
        .buffer_unordered(IN_FLIGHT)
        .for_each(async |body| assert_eq!(body.len(), SMALL))
        .await;
}
