//! examples/completion.rs: a completion, token by token.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use dualfetch::ErrorKind;

use crate::support::{Gate, RawServer, Script};

#[path = "../../examples/completion.rs"]
#[allow(dead_code, reason = "its main is not run here")]
mod example;

const START: &str = "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\n\n\
    data: {\"choices\":[{\"delta\":{\"content\":\"Be\"}}]}\n\n";
const END: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"cause\"},\"finish_reason\":\"stop\"}]}\n\n\
    data: [DONE]\n\n";
const TYPE: (&str, &str) = ("Content-Type", "text/event-stream; charset=utf-8");

/// What has been written; the gate is opened by the first of it.
#[derive(Clone)]
struct Screen {
    shown: Arc<Mutex<Vec<u8>>>,
    gate: Gate,
}

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.shown.lock().expect("whole").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.shown.lock().expect("whole").is_empty() {
            self.gate.open();
        }
        Ok(())
    }
}

#[tokio::test]
async fn tokens_are_shown_as_they_come_and_the_rest_only_once_they_are() {
    let gate = Gate::new();
    let length = (START.len() + END.len()).to_string();
    let answer = Script::new().read_head().send_head("200 OK", &[TYPE, ("Content-Length", &length)]);
    let server = RawServer::start(answer.send(START).pause(&gate).send(END)).await;
    let screen = Screen { shown: Arc::default(), gate };
    let url = server.url("/v1/chat/completions");
    let done = example::complete([&url, "m", "Why?"], "secret", screen.clone()).await;
    done.expect("an answer");
    assert_eq!(*screen.shown.lock().expect("whole"), b"Because");
    let head = format!("{:?}", server.head(0).await);
    assert!(head.contains("Bearer secret") && head.contains("POST"), "{head}");
}

#[tokio::test]
async fn what_the_api_has_against_it_is_told() {
    let why = "{\"error\":{\"message\":\"no such model\"}}";
    let fields = [("Content-Type", "application/json"), ("Content-Length", "37")];
    assert_eq!(why.len(), 37);
    let server =
        RawServer::start(Script::new().read_head().send_head("404 Not Found", &fields).send(why)).await;
    let error =
        example::complete([&server.url("/"), "m", "Why?"], "", io::sink()).await.expect_err("a refusal");
    assert!(matches!(error.kind(), ErrorKind::Status(status) if status.as_u16() == 404));
    assert!(error.to_string().contains("no such model"), "{error}");
}
