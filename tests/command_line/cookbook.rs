//! The programs for the shell in docs/cookbook.md.

use std::path::Path;
use std::sync::LazyLock;

use axum::body::Body;
use axum::extract::Request;
use axum::http::response::Builder;
use axum::http::{Response, StatusCode};
use tokio::process::Command;

use super::run::{output, told};
use crate::strict::Strict;
use crate::support::{CountingServer, RawServer, faults};

const PAGE: &str = include_str!("../../docs/cookbook.md");

/// Gives its answer to who proves to know the password without sending it.
static VAULT: LazyLock<Strict> =
    LazyLock::new(|| Strict { user: "me", password: "secret", ..Strict::new("SHA-256", "auth") });

/// A program, the heading it stands under, and what it prints.
struct Recipe {
    title: &'static str,
    program: &'static str,
    prints: &'static str,
}

#[tokio::test(flavor = "multi_thread")]
async fn every_program_of_the_cookbook_for_the_shell_prints_what_stands_below_it() {
    let server = CountingServer::builder().handler(kitchen).start().await;
    let cutting = RawServer::start(faults::close_before_head()).await;
    let path = Path::new(env!("CARGO_BIN_EXE_dualfetch")).parent().expect("a folder");
    let path = format!("{}:{}", path.display(), std::env::var("PATH").unwrap_or_default());
    let mut ran = 0;
    for (number, recipe) in recipes(PAGE).into_iter().enumerate() {
        let folder = std::env::temp_dir().join(format!("dualfetch-cookbook-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let program = recipe
            .program
            .replace("https://shop.example/cut", &cutting.url("/"))
            .replace("https://shop.example", &server.url(0, ""))
            .replace("https://api.example", &server.url(0, ""))
            .replace("https://files.example", &server.url(0, ""))
            .replace("https://vault.example", &server.url(0, ""));
        assert!(!program.contains(".example/"), "{}: it would leave this machine\n{program}", recipe.title);
        let mut bash = Command::new("bash");
        bash.args(["-euo", "pipefail", "-c", &program])
            .env("PATH", &path)
            .current_dir(&folder)
            .kill_on_drop(true);
        let (code, out, err) = told(output(bash).await);
        let _ = std::fs::remove_dir_all(&folder);
        assert_eq!((code, out.trim()), (Some(0), recipe.prints.trim()), "{}\n{program}\n{err}", recipe.title);
        ran += 1;
    }
    assert!(ran >= 5, "{ran}");
    assert_eq!((VAULT.taken().len(), VAULT.refused()), (1, Vec::new()));
}

#[test]
#[should_panic(expected = "A: there are 2 programs")]
fn no_program_for_the_shell_stands_unread_behind_another_one() {
    recipes("\n### A\n```sh\n1\n```\n```text\n1\n```\n```sh\n2\n```\n");
}

#[test]
#[should_panic(expected = "A: there are 2 texts")]
fn nothing_that_a_program_for_the_shell_prints_stands_unread_behind_another_text() {
    recipes("\n### A\n```sh\n1\n```\n```text\n1\n```\n```text\n2\n```\n");
}

fn recipes(page: &'static str) -> Vec<Recipe> {
    let mut recipes = Vec::new();
    for section in page.split("\n### ").skip(1) {
        let title = section.lines().next().unwrap_or_default();
        let block = |from: &'static str, fence: &str| -> Option<(&'static str, &'static str)> {
            from.split_once(&format!("\n```{fence}\n"))?.1.split_once("\n```\n")
        };
        let Some((program, rest)) = block(section, "sh") else { continue };
        let count = |fence: &str| section.matches(&format!("\n```{fence}\n")).count();
        assert_eq!(count("sh"), 1, "{title}: there are {} programs", count("sh"));
        assert!(count("text") <= 1, "{title}: there are {} texts", count("text"));
        let prints = block(rest, "text").map_or("", |(prints, _)| prints);
        recipes.push(Recipe { title, program, prints });
    }
    recipes
}

async fn kitchen(request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let sent = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
    let asked = format!("{} {}", head.method, head.uri.path());
    let has = |name: &str| head.headers.contains_key(name);
    let answer = Response::builder();
    match asked.as_str() {
        "GET /1" => html(answer, "<title>Pear 1</title>"),
        "GET /2" => html(answer, "<title>Pear 2</title>"),
        "GET /pears" => {
            html(answer, "<ul><li class=pear><a href=/1>Anjou</a><li class=pear><a href=/2>Bosc</a></ul>")
        }
        "GET /orchard.txt" => text(answer.header("etag", "\"1\""), "pear\n".repeat(1000)),
        "GET /answer" => {
            let given = head.headers.get("authorization").and_then(|given| given.to_str().ok());
            let verdict = VAULT.judge("GET", "/answer", given, b"");
            let page = if verdict.status == 200 { "42" } else { "" };
            let answer = answer.status(verdict.status);
            text(
                verdict.headers.iter().fold(answer, |answer, (name, value)| answer.header(*name, value)),
                page,
            )
        }
        "GET /v1/harvest" => match head.headers.get("last-event-id").and_then(|id| id.to_str().ok()) {
            None => events(answer, "retry: 10\nid: 1\ndata: Anjou\n\n"),
            Some("1") => events(answer, "id: 2\ndata: Bosc\n\n"),
            Some(_) => events(answer.status(StatusCode::NO_CONTENT), ""),
        },
        "POST /v1/chat/completions" => events(
            answer,
            "data: {\"choices\":[{\"delta\":{\"content\":\"Anjou, of \"}}]}\n\n\
             data: {\"choices\":[{\"delta\":{\"content\":\"course\"}}]}\n\ndata: [DONE]\n\n",
        ),
        "PUT /incoming/pears.csv" => text(answer, format!("{} bytes", sent.len())),
        "POST /v1/photos" => {
            let parts = String::from_utf8_lossy(&sent).matches("Content-Disposition").count();
            text(answer, format!("{parts} parts"))
        }
        "POST /v1/pears" if has("x-request-id") => text(answer, "{\"id\":7,\"name\":\"Conference\"}"),
        _ => html(answer.status(StatusCode::NOT_FOUND), ""),
    }
}

fn html(answer: Builder, page: &'static str) -> Response<Body> {
    answer.header("content-type", "text/html").body(Body::from(page)).expect("a response")
}

fn events(answer: Builder, stream: &'static str) -> Response<Body> {
    answer.header("content-type", "text/event-stream").body(Body::from(stream)).expect("a response")
}

fn text(answer: Builder, text: impl Into<Body>) -> Response<Body> {
    answer.header("content-type", "text/plain").body(text.into()).expect("a response")
}
