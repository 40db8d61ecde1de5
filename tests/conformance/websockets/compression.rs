use dualfetch::{Message, WebSocket};

use super::Lab;

fn extensions(socket: &WebSocket) -> &str {
    let field = socket.headers().get("sec-websocket-extensions");
    field.map_or("", |value| value.to_str().expect("a text"))
}

pub async fn of_messages_of_every_size(lab: &Lab) {
    let mut socket = lab.open("/echo", |builder| builder.permessage_deflate(true)).await;
    let agreed = extensions(&socket);
    assert!(agreed.contains("permessage-deflate"), "{agreed:?}");
    assert_eq!(agreed.contains("no_context_takeover"), lab.library == "forgetful", "{agreed:?}");
    for round in 0..3 {
        for size in [0, 1, 5, 100, 1000, 40_000, 1_000_000] {
            let words = format!("{round}: words and words, ").repeat(size / 20 + 1);
            let text = Message::from(&words[..size.min(words.len())]);
            let noise = (0..size)
                .map(|at| at.wrapping_mul(at).wrapping_mul(0x9e37_79b9).to_be_bytes()[3])
                .collect::<Vec<_>>();
            for message in [text, Message::from(noise)] {
                socket.send(message.clone()).await.expect("it is open");
                assert!(socket.next().await.expect("a message").expect("a message") == message, "{size}");
            }
        }
    }
}

pub async fn only_where_it_is_offered(lab: &Lab) {
    assert_eq!(extensions(&lab.opened("/echo").await), "");
}
