//! The gateway against what reads its description: openapi-spec-validator, and schemathesis, which makes requests of what
//! the description allows and of what it does not.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};
use std::time::Duration;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{Html, Redirect};
use axum::routing::any;
use dualfetch::dns::{Addresses, BoxError, Resolve};
use dualfetch::gateway::{Gateway, Keys, Settings};
use dualfetch::maybe::BoxFuture;

use super::served::{Folder, installed};

/// How many requests schemathesis makes up for each operation; by `DUALFETCH_SCHEMATHESIS_EXAMPLES` more, for a longer run.
const EXAMPLES: &str = "60";

#[test]
fn the_description_is_one_and_the_gateway_answers_as_it_says() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let key = Keys::generate().expect("a key");
    let (address, gateway) = runtime.block_on(serve(&key.hash));
    let python = installed("DUALFETCH_SCHEMATHESIS");
    let folder = Folder::new("schemathesis");
    let description = runtime.block_on(async {
        let url = format!("http://{address}/openapi.json");
        dualfetch::Session::get(&dualfetch::DefaultSession::new()?, url).await?.bytes().await
    });
    folder.write("openapi.json", description.expect("a description"));
    said(Command::new(&python).args(["-m", "openapi_spec_validator", "openapi.json"]), &folder);

    let examples = std::env::var("DUALFETCH_SCHEMATHESIS_EXAMPLES");
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conformance/gateway/schemathesis.toml");
    let mut program = Command::new(&python);
    program.args(["-m", "schemathesis.cli", "--config-file", config, "run", "openapi.json", "--no-color"]);
    program.args(["--url", &format!("http://{address}"), "--checks", "all", "--mode", "all"]);
    // With more than one worker, Python 3.11 loses count of how deep its own parser is.
    program.args(["--phases", "examples,coverage,fuzzing,stateful", "--workers", "1"]);
    program.args(["--generation-deterministic", "--continue-on-failure", "--request-timeout", "20"]);
    program.args(["--max-examples", examples.as_deref().unwrap_or(EXAMPLES)]);
    program.args(["--header", &format!("Authorization: Bearer {}", key.secret)]);
    println!("{}", said(&mut program, &folder));
    let metrics = gateway.metrics();
    assert!(metrics.contains("dualfetch_failures_total{code=\"denied\"}"), "failures are counted: {metrics}");
    assert!(!metrics.contains("code=\"internal\""), "{metrics}");
}

/// Runs a program to its end, which has to be a good one, and gives what it said.
fn said(program: &mut Command, folder: &Folder) -> String {
    let output = program.current_dir(folder.path()).stdin(Stdio::null()).output().expect("it runs");
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(output.status.success(), "{program:?} ended with {}:\n{said}", output.status);
    said
}

/// A gateway to which every name is this machine's, and one of them a server's that answers.
async fn serve(hash: &str) -> (SocketAddr, Gateway) {
    let upstream = Router::new()
        .route("/redirect", any(|| async { Redirect::temporary("/") }))
        .route("/loop", any(|| async { Redirect::temporary("/loop") }))
        .route("/missing", any(|| async { (StatusCode::NOT_FOUND, "not here") }))
        // No status that the gateway has of its own.
        .route("/fails", any(|| async { StatusCode::from_u16(599).expect("a status") }))
        .route("/empty", any(|| async { ([(header::SET_COOKIE, "a=b")], StatusCode::NO_CONTENT) }))
        .fallback(|| async { Html("<title>Up</title>") });
    let upstream = listen(upstream).await;
    let mut settings = Settings::new();
    settings.keys = settings.keys.add("schemathesis", hash).expect("a hash");
    settings.safe_mode = settings.safe_mode.allow_network("127.0.0.1").expect("a network").allow_any_port();
    settings.retries = 0;
    settings.timeout = settings.timeout.total(Duration::from_secs(5));
    settings.config = settings.config.resolver(Here).resolve("up.example", [upstream]);
    let gateway = Gateway::new(settings).expect("a gateway");
    (listen(gateway.router()).await, gateway)
}

async fn listen(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}

/// No name leaves this machine.
struct Here;

impl Resolve for Here {
    fn resolve(&self, _: &str) -> BoxFuture<'static, Result<Addresses, BoxError>> {
        Box::pin(async { Ok(Addresses::new([Ipv4Addr::LOCALHOST])) })
    }
}
