//! A chat completion, token by token: `API_KEY=… cargo run --example completion -- URL MODEL QUESTION`.

use dualfetch::{DefaultSession, Result, Session, Timeout};
use std::io::Write;

#[derive(serde::Deserialize)]
struct Chunk {
    choices: Vec<Choice>,
}

#[derive(serde::Deserialize)]
struct Choice {
    delta: Delta,
}

#[derive(serde::Deserialize)]
struct Delta {
    content: Option<String>,
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
            let _ = write!(out, "{}", choice.delta.content.unwrap_or_default()).and_then(|()| out.flush());
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
