//! Which phase runs out.

use std::time::Duration;

use dualfetch::{Config, Session, Timeout};

use super::{Lab, outcome};

fn soon() -> Duration {
    Duration::from_millis(100)
}

fn late() -> Duration {
    Duration::from_secs(20)
}

/// The outcome of this path, body included, under these timeouts.
async fn under(lab: &impl Lab, timeout: Timeout, path: &str) -> String {
    let session = lab.session(Config::new().timeout(timeout));
    outcome(&async { session.get(lab.url(path)).await?.bytes().await }.await)
}

pub async fn headers(lab: &impl Lab) {
    assert_eq!(under(lab, Timeout::new().headers(soon()).total(late()), "/hang").await, "timeout headers");
    assert_eq!(under(lab, Timeout::new().headers(late()), "/page/1").await, "ok");
}

pub async fn read(lab: &impl Lab) {
    let timeout = Timeout::new().headers(late());
    assert_eq!(under(lab, timeout.read(soon()), "/page/1?size=300000&stall=1").await, "timeout read");
    // A busy machine may take longer than `soon` over any piece.
    assert_eq!(under(lab, timeout.read(late()), "/page/1").await, "ok");
}

pub async fn total_over_the_body(lab: &impl Lab) {
    let timeout = Timeout::new().total(soon()).read(late());
    assert_eq!(under(lab, timeout, "/page/1?size=300000&stall=1").await, "timeout total");
    assert_eq!(under(lab, timeout, "/hang").await, "timeout total");
}

pub async fn wall_counts_the_queue(lab: &impl Lab) {
    let session = lab.session(Config::new().limit(1));
    let held = session.get(lab.url("/page/1?size=300000&stall=1")).await.expect("a head");
    let get = session.get(lab.url("/page/2")).timeout(Timeout::new().wall(soon()).total(None));
    assert_eq!(outcome(&get.await), "timeout wall");
    drop(held);
}

pub async fn queue(lab: &impl Lab) {
    let session = lab.session(Config::new().limit(1));
    let held = session.get(lab.url("/page/1?size=300000&stall=1")).await.expect("a head");
    // The total is shorter and stands still in the queue.
    let get = || session.get(lab.url("/page/2")).timeout(Timeout::new().queue(soon() * 2).total(soon()));
    assert_eq!(outcome(&get().await), "timeout queue");
    drop(held);
    assert_eq!(outcome(&get().timeout(Timeout::new().queue(late()).total(late())).await), "ok");
}

pub async fn a_request_over_its_session(lab: &impl Lab) {
    let session = lab.session(Config::new().timeout(Timeout::new().headers(soon()).total(late())));
    let own = Timeout::new().headers(None).total(soon());
    assert_eq!(outcome(&session.get(lab.url("/hang")).timeout(own).await), "timeout total");
    assert_eq!(outcome(&session.get(lab.url("/hang")).await), "timeout headers");
}
