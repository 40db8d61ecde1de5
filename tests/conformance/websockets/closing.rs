use dualfetch::CloseCode;
use dualfetch::websocket::ClosedBy;

use super::{Lab, text};

pub async fn by_the_server(lab: &Lab) {
    for (code, reason) in [(1000, "bye"), (1001, ""), (1011, "it broke"), (3000, "früh"), (4999, "own")] {
        let mut socket = lab.opened(&format!("/close/{code}/{reason}")).await;
        assert!(socket.next().await.is_none());
        let close = socket.closed().expect("it is closed");
        assert_eq!((u16::from(close.code), &*close.reason, close.by), (code, reason, ClosedBy::Server));
    }
}

pub async fn by_the_client(lab: &Lab) {
    for (code, reason) in [(1000, "bye"), (1001, ""), (3001, "früh"), (4000, "own")] {
        let name = format!("{}-{code}", lab.name.replace(' ', "-"));
        let mut socket = lab.opened(&format!("/echo/{name}")).await;
        let close = socket.close(CloseCode::new(code), reason).await.expect("it is closed");
        assert_eq!(close.by, ClosedBy::Client);
        // aiohttp answers every code with this one.
        let answered = if lab.library == "aiohttp" { 1000 } else { code };
        assert_eq!(u16::from(close.code), answered);
        // The server notes it after it has answered.
        let mut told = String::from("null");
        while told == "null" {
            told = text(&mut lab.opened(&format!("/closed/{name}")).await).await;
        }
        let told: (u16, String) = serde_json::from_str(&told).expect("a code and a reason");
        assert_eq!(told, (code, reason.to_owned()));
    }
}

pub async fn without_a_code(lab: &Lab) {
    let mut socket = lab.opened("/close").await;
    assert!(socket.next().await.is_none());
    let close = socket.closed().expect("it is closed");
    assert_eq!((close.code, &*close.reason, close.by), (CloseCode::NO_STATUS, "", ClosedBy::Server));
}

pub async fn by_nobody(lab: &Lab) {
    // Whom a session's drop leaves behind sees an end without a close frame, and goes on serving others.
    drop(lab.opened("/echo").await);
    let mut socket = lab.opened("/echo").await;
    socket.send("still").await.expect("it is open");
    assert_eq!(text(&mut socket).await, "still");
}
