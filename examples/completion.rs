//! A chat completion, token by token: `API_KEY=… cargo run --example completion -- URL MODEL QUESTION`.

use dualfetch::{DefaultSession, Result, Session, Timeout};
use serde_json::Value;
use std::io::Write;

/// What a server sends for each token, as far as it is looked at.
#[derive(serde::Deserialize)]
struct Chunk {
    choices: Vec<Value>,
}

pub(crate) async fn complete(
    [url, model, question]: [&str; 3],
    key: &str,
    mut out: impl Write,
) -> Result<()> {
    let asked = serde_json::json!({"model": model, "stream": true, "messages": [{"role": "user", "content": question}]});
    let session = DefaultSession::new()?;
    let request = session.post(url).bearer_auth(key).json(&asked).timeout(Timeout::new().total(None));
    let mut events = request.await?.error_for_status().await?.events();
    while let Some(event) = events.next().await.transpose()?.filter(|event| event.data != "[DONE]") {
        for choice in event.json::<Chunk>()?.choices {
            let token = choice["delta"]["content"].as_str().unwrap_or_default();
            let _ = write!(out, "{token}").and_then(|()| out.flush());
        }
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let [url, model, question] = [1, 2, 3].map(|at| std::env::args().nth(at).unwrap_or_default());
    complete([&url, &model, &question], &std::env::var("API_KEY").unwrap_or_default(), std::io::stdout())
        .await
}
