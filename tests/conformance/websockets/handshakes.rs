use dualfetch::{DefaultSession, ErrorKind, SessionExt};
use serde_json::Value;

use super::{Lab, text};

pub async fn a_subprotocol(lab: &Lab) {
    let socket = lab.open("/echo", |builder| builder.protocols(["chat.v2", "chat.v1"])).await;
    assert_eq!(socket.protocol(), Some("chat.v1"));
}

pub async fn none_that_both_know(lab: &Lab) {
    assert_eq!(lab.opened("/echo").await.protocol(), None);
}

pub async fn fields_and_cookies(lab: &Lab) {
    let session = DefaultSession::new().expect("a session");
    for cookie in [Value::Null, "seen=1".into()] {
        let opening = session.websocket(lab.url("/headers")).header("x-own", "7").bearer_auth("token");
        let mut socket = opening.origin("https://app.example").await.expect("an open WebSocket");
        assert!(socket.headers()["x-served"].as_bytes().starts_with(b"by "));
        let told: Value = serde_json::from_str(&text(&mut socket).await).expect("JSON");
        assert_eq!(told["authorization"], "Bearer token");
        assert_eq!(told["origin"], "https://app.example");
        assert_eq!(told["x-own"], "7");
        assert_eq!(told["cookie"], cookie);
    }
}

pub async fn refused(lab: &Lab) {
    let session = DefaultSession::new().expect("a session");
    let error = session.websocket(lab.url("/refused")).await.expect_err("refused");
    assert!(matches!(error.kind(), ErrorKind::Handshake { status } if *status == 403), "{error:?}");
}

pub async fn redirected(lab: &Lab) {
    let mut socket = lab.open("/moved", |builder| builder.header("x-own", "8")).await;
    let told: Value = serde_json::from_str(&text(&mut socket).await).expect("JSON");
    assert_eq!(told["x-own"], "8");
    assert_eq!(socket.url().path(), "/headers");
}
