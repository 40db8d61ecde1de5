//! The Rust side of scripts/bench, which starts one process of it for the server and one for each client's run.
//!
//! ```sh
//! clients server                                      says on standard output where it listens
//! clients ours|reqwest|hyper gets COUNT WARM-UP URL   the page at URL, COUNT times
//! clients ours|reqwest tls|h2 COUNT WARM-UP URL CA   the same of a server that this CA, in PEM, speaks for
//! clients ours options COUNT WARM-UP URL PROXY...     the same, each request with options of its own, one of these proxies among them
//! clients ours titles COUNT WARM-UP URL               the titles of the pages URL0 to URL{COUNT - 1}
//! clients ours|tungstenite echo-32|echo-4k|echo-1m COUNT WARM-UP URL SIZE WINDOW
//!                                                     COUNT messages there and back, some always on their way
//! clients ours hang COUNT WARM-UP URL...              COUNT pages of each of these hosts; the first hangs or does not
//! ```
//!
//! A client works through WARM-UP requests first, then prints what the rest took: a line of JSON.
// Here the clock and the tasks are the machine's own: the seam's ban is for the library.
#![allow(clippy::disallowed_methods)]

mod echo;
mod hyper;
mod measure;
mod ours;
mod pages;
mod reqwest;
mod server;

use std::process::ExitCode;

use echo::Echo;

/// How many requests every client has under way.
const IN_FLIGHT: usize = 100;

fn main() -> ExitCode {
    // `cargo bench` adds an argument of its own, and a bare one runs every bench.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    match words[..] {
        [] => println!("a part of scripts/bench; nothing to do by itself"),
        ["server"] => runtime.block_on(server::run()),
        [client, work, count, warm_up, ref urls @ ..] => {
            let (Ok(count), Ok(warm_up)) = (count.parse(), warm_up.parse()) else { return usage() };
            let measured = match (client, work, urls) {
                ("ours", "gets", [url]) => runtime.block_on(ours::gets(url, count, warm_up)),
                ("ours", "tls" | "h2", [url, ca]) => {
                    runtime.block_on(ours::secure_gets(url, ca, count, warm_up))
                }
                ("reqwest", "tls" | "h2", [url, ca]) => {
                    runtime.block_on(reqwest::secure_gets(url, ca, count, warm_up))
                }
                ("ours", "options", [url, proxies @ ..]) => {
                    runtime.block_on(ours::gets_with_options(url, proxies, count, warm_up))
                }
                ("ours", "titles", [url]) => runtime.block_on(ours::titles(url, count, warm_up)),
                (client, "echo-32" | "echo-4k" | "echo-1m", [url, size, window]) => {
                    let (Ok(size), Ok(window)) = (size.parse(), window.parse()) else { return usage() };
                    let echo = Echo { size, window };
                    match client {
                        "ours" => runtime.block_on(echo::ours(url, echo, count, warm_up)),
                        "tungstenite" => runtime.block_on(echo::tungstenite(url, echo, count, warm_up)),
                        _ => return usage(),
                    }
                }
                ("ours", "hang", urls) => runtime.block_on(ours::hang(urls, count, warm_up)),
                ("reqwest", "gets", [url]) => runtime.block_on(reqwest::gets(url, count, warm_up)),
                ("hyper", "gets", [url]) => runtime.block_on(hyper::gets(url, count, warm_up)),
                _ => return usage(),
            };
            println!("{measured}");
        }
        _ => return usage(),
    }
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    eprintln!("clients: the arguments are those that benches/clients/main.rs names");
    ExitCode::from(2)
}
