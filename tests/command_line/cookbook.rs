//! The programs for the shell in docs/cookbook.md.

use std::path::Path;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{Response, StatusCode};
use tokio::process::Command;

use super::run::{output, told};
use crate::support::{CountingServer, RawServer, faults};

const PAGE: &str = include_str!("../../docs/cookbook.md");

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
    for (number, recipe) in recipes().into_iter().enumerate() {
        let folder = std::env::temp_dir().join(format!("dualfetch-cookbook-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let program = recipe
            .program
            .replace("https://shop.example/cut", &cutting.url("/"))
            .replace("https://shop.example", &server.url(0, ""))
            .replace("https://api.example", &server.url(0, ""))
            .replace("https://files.example", &server.url(0, ""));
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
}

fn recipes() -> Vec<Recipe> {
    let mut recipes = Vec::new();
    for section in PAGE.split("\n### ").skip(1) {
        let title = section.lines().next().unwrap_or_default();
        let block = |from: &'static str, fence: &str| -> Option<(&'static str, &'static str)> {
            from.split_once(&format!("\n```{fence}\n"))?.1.split_once("\n```\n")
        };
        let Some((program, rest)) = block(section, "sh") else { continue };
        let prints = block(rest, "text").map_or("", |(prints, _)| prints);
        recipes.push(Recipe { title, program, prints });
    }
    recipes
}

async fn kitchen(request: Request) -> Response<Body> {
    let pears =
        "<title>Pears</title><ul><li class=pear><a href=/1>Anjou</a><li class=pear><a href=/2>Bosc</a></ul>";
    let (status, kind, body) = match (request.method().as_str(), request.uri().path()) {
        (_, "/1") => (StatusCode::OK, "text/html", "<title>Pear 1</title>"),
        (_, "/2") => (StatusCode::OK, "text/html", "<title>Pear 2</title>"),
        (_, "/pears") => (StatusCode::OK, "text/html", pears),
        ("POST", "/v1/pears") if request.headers().contains_key("x-request-id") => {
            (StatusCode::CREATED, "application/json", "{\"id\":7,\"name\":\"Conference\"}")
        }
        _ => (StatusCode::NOT_FOUND, "text/html", ""),
    };
    Response::builder()
        .status(status)
        .header("content-type", kind)
        .body(Body::from(body))
        .expect("a response")
}
