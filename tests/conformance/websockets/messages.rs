use dualfetch::{CloseCode, ErrorKind, Message};
use futures_util::SinkExt;

use super::{Lab, text};

pub async fn texts_and_bytes(lab: &Lab) {
    let mut socket = lab.opened("/echo").await;
    let texts = ["", "x", "Zürich 🦀", "\0"];
    for message in texts.iter().map(|text| Message::from(*text)) {
        socket.send(message.clone()).await.expect("it is open");
        assert_eq!(socket.next().await.expect("a message").expect("a message"), message);
    }
    for size in [0_usize, 1, 125, 126, 127, 65_535, 65_536, 65_537] {
        let message = Message::from(vec![size.to_le_bytes()[0]; size]);
        socket.send(message.clone()).await.expect("it is open");
        assert!(socket.next().await.expect("a message").expect("a message") == message, "{size}");
    }
}

pub async fn of_a_megabyte(lab: &Lab) {
    let mut socket = lab.opened("/echo").await;
    let long = "Zürich ".repeat(150_000);
    socket.send(long.as_str()).await.expect("it is open");
    assert!(text(&mut socket).await == long);
    let bytes: Vec<u8> = (0..1_000_000_u32).map(|at| at.to_le_bytes()[1]).collect();
    socket.send(bytes.clone()).await.expect("it is open");
    assert!(socket.next().await.expect("a message").expect("a message") == Message::from(bytes));
}

pub async fn in_fragments(lab: &Lab) {
    let mut socket = lab.opened("/fragments").await;
    assert_eq!(text(&mut socket).await, "Zürich 🦀");
    let bytes = socket.next().await.expect("a message").expect("a message");
    assert!(bytes == Message::from(vec![0; 100_001]));
}

pub async fn pings_of_the_server(lab: &Lab) {
    let mut socket = lab.opened("/ping").await;
    assert_eq!(text(&mut socket).await, "it is");
}

pub async fn pings_of_the_client(lab: &Lab) {
    let mut socket = lab.open("/echo", |builder| builder.auto_pong(false)).await;
    socket.ping("are you there").await.expect("it is open");
    let pong = socket.next().await.expect("a pong").expect("a pong");
    assert_eq!(pong, Message::Pong("are you there".into()));
}

pub async fn many_at_once(lab: &Lab) {
    let mut socket = lab.opened("/count/10000").await;
    for number in 0..10_000 {
        assert_eq!(text(&mut socket).await, number.to_string());
    }
    let (mut sender, mut receiver) = socket.split();
    let sending = async {
        for number in 0..10_000 {
            sender.feed(number.to_string()).await.expect("it is open");
        }
        SinkExt::<Message>::flush(&mut sender).await.expect("it is open");
    };
    let receiving = async {
        for number in 0..10_000 {
            let message = receiver.next().await.expect("a message").expect("a message");
            assert_eq!(message.as_text(), Some(&*number.to_string()));
        }
    };
    tokio::join!(sending, receiving);
}

pub async fn more_than_is_allowed(lab: &Lab) {
    let mut socket = lab.open("/echo/too-much", |builder| builder.max_message_size(1000)).await;
    socket.send("x".repeat(1001)).await.expect("it is open");
    let error = socket.next().await.expect("an error").expect_err("an error");
    assert_eq!(error.kind(), &ErrorKind::WebSocket { code: 1009 });
    assert_eq!(socket.closed().map(|close| close.code), Some(CloseCode::MESSAGE_TOO_BIG));
}
