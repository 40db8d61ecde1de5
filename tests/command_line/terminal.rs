//! In a terminal: colours, the progress line, the width, NO_COLOR.

use std::fs::File as StdFile;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use tokio::process::Command;

use super::run::{File, dualfetch};
use crate::support::{CountingServer, WebSocketServer, within};

const COLUMNS: u16 = 90;

/// A pseudo-terminal, and all that was written to it.
struct Terminal {
    slave: OwnedFd,
    text: Arc<Mutex<String>>,
}

impl Terminal {
    fn new() -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
        grantpt(&master).expect("its other end is ours");
        unlockpt(&master).expect("its other end can be opened");
        let name = ptsname(&master, Vec::new()).expect("its other end has a name");
        let slave = open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).expect("its other end");
        let size = Winsize { ws_row: 30, ws_col: COLUMNS, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&slave, size).expect("a size");
        let text = Arc::new(Mutex::new(String::new()));
        let (mut master, read) = (StdFile::from(master), Arc::clone(&text));
        // It ends with an error when nobody holds the other end any more.
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = master.read(&mut bytes) {
                read.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
        });
        Self { slave, text }
    }

    fn stdio(&self) -> Stdio {
        self.slave.try_clone().expect("a handle").into()
    }

    fn text(&self) -> String {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Until this is among what was written.
    async fn wait_for(&self, what: &str) {
        let there = async {
            while !self.text().contains(what) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        within(what, || self.text(), there).await;
    }
}

fn in_terminal(args: &[&str]) -> Command {
    let mut command = dualfetch(args);
    command.env("TERM", "xterm-256color").env_remove("COLORTERM");
    command
}

/// The lines without escape sequences.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        out.push_str(before);
        rest = after.find(|c: char| c.is_ascii_alphabetic()).map_or("", |end| &after[end + 1..]);
    }
    out + rest
}

fn has_colours(text: &str) -> bool {
    let sequences = text.split("\u{1b}[").skip(1);
    sequences.filter_map(|rest| rest.chars().find(char::is_ascii_alphabetic)).any(|end| end == 'm')
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_has_its_width_and_colours_unless_no_color_is_set() {
    let server = CountingServer::builder().start().await;
    let (page, lost) = (server.url(0, "/page/1"), server.url(0, "/status/404"));
    for no_color in [false, true] {
        let terminal = Terminal::new();
        let mut command = in_terminal(&["titles", "--quiet", "--ordered", &page, &lost]);
        if no_color {
            command.env("NO_COLOR", "1");
        }
        let mut child = command.stdout(terminal.stdio()).spawn().expect("it starts");
        terminal.wait_for("Status 404").await;
        assert_eq!(within("the end", String::new, child.wait()).await.expect("it ran").code(), Some(0));
        terminal.wait_for("/status/404").await;
        let text = terminal.text();
        assert_eq!(has_colours(&text), !no_color, "{text:?}");
        let shown = plain(&text);
        let widths: Vec<_> = shown.lines().map(|line| line.trim_end_matches('\r').chars().count()).collect();
        assert!(widths.len() == 3 && widths.iter().all(|width| *width == usize::from(COLUMNS)), "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_tells_how_far_how_fast_and_how_long_and_leaves_nothing_behind() {
    let server = CountingServer::builder().start().await;
    let mut urls = server.urls(30, |n| format!("/page/{n}"));
    urls.extend(server.urls(10, |n| format!("/page/{n}?gate=held")));
    let list = File::new("progress-list", urls.join("\n").as_bytes());
    let terminal = Terminal::new();
    let args = ["titles", "-i", list.path(), "--format", "jsonl", "--limit-per-host", "0"];
    let mut child =
        in_terminal(&args).env("NO_COLOR", "1").stderr(terminal.stdio()).spawn().expect("it starts");
    terminal.wait_for("30 of 40 (75 %)").await;
    terminal.wait_for("/s, ").await;
    terminal.wait_for(" left").await;
    server.gate("held").open();
    assert_eq!(within("the end", String::new, child.wait()).await.expect("it ran").code(), Some(0));
    terminal.wait_for("40 fetched, 0 failed").await;
    let text = terminal.text();
    assert!(!has_colours(&text), "{text:?}");
    // What stands on the last lines when the summary comes is the summary alone.
    let (_, last) = text.rsplit_once("\u{1b}[2K").expect("the line was cleared");
    assert!(plain(last).trim_start().starts_with("40 fetched"), "{text:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_gets_no_progress_and_neither_does_who_asks_for_quiet() {
    let server = CountingServer::builder().start().await;
    let page = server.url(0, "/page/1");
    let terminal = Terminal::new();
    let mut command = in_terminal(&["titles", "--quiet", "--format", "jsonl", &page]);
    let mut child = command.stderr(terminal.stdio()).spawn().expect("it starts");
    assert_eq!(within("the end", String::new, child.wait()).await.expect("it ran").code(), Some(0));
    assert_eq!(terminal.text(), "");
    let output = in_terminal(&["titles", &page]).output().await.expect("it ran");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(!out.contains('\u{1b}') && !err.contains('\u{1b}'), "{out}{err}");
    assert!(err.starts_with("1 fetched"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_takes_a_while_shows_how_far_it_is() {
    let gate = crate::support::Gate::default();
    let head = [("Content-Length", "4000000")];
    let half = || vec![7; 2_000_000];
    let script = crate::support::Script::new().read_head().send_head("200 OK", &head).send(half());
    let server = crate::support::RawServer::start(script.pause(&gate).send(half()).close()).await;
    let (terminal, folder) = (Terminal::new(), crate::support::Folder::new());
    let path = folder.at("file").display().to_string();
    let mut command = in_terminal(&["get", "-o", &path, &server.url("/")]);
    let mut child = command.stderr(terminal.stdio()).spawn().expect("it starts");
    terminal.wait_for("2.0 MB of 4.0 MB (50 %)").await;
    gate.open();
    assert!(child.wait().await.expect("it ran").success());
    assert_eq!(std::fs::metadata(folder.at("file")).expect("the file").len(), 4_000_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn how_to_go_on_is_told_of_events_unless_there_are_no_more() {
    let server = CountingServer::builder().start().await;
    for (args, told) in [
        (&["-n", "1"][..], "1 event; to go on: --last-event-id \"1\""),
        (&["--no-reconnect"], "1 event; to go on: --last-event-id \"1\""),
        (&[], "2 events; there are no more"),
    ] {
        let terminal = Terminal::new();
        let mut command = in_terminal(&[&["events", &server.url(0, "/events/2")], args].concat());
        let mut child = command.stderr(terminal.stdio()).spawn().expect("it starts");
        assert_eq!(within("the end", String::new, child.wait()).await.expect("it ran").code(), Some(0));
        terminal.wait_for(told).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_cannot_command_a_terminal_and_its_close_is_told() {
    let server = WebSocketServer::start().await;
    let terminal = Terminal::new();
    let url = server.url("/ws/echo");
    let args = ["ws", "-m", "red \u{1b}[31m\ttext\nline", "-n", "1", &url];
    let mut command = in_terminal(&args);
    let mut child = command.stdout(terminal.stdio()).stderr(terminal.stdio()).spawn().expect("it starts");
    assert_eq!(within("the end", String::new, child.wait()).await.expect("it ran").code(), Some(0));
    terminal.wait_for("* closed by this side: 1000").await;
    let text = terminal.text();
    let told =
        format!("* connected to {}\r\nred \u{fffd}[31m text\r\nline\r\n", url.replacen("http", "ws", 1));
    assert!(text.starts_with(&told) && !text.contains('\u{1b}'), "{text:?}");
    // What is typed there is told from what comes.
    let terminal = Terminal::new();
    let mut command = in_terminal(&[
        "ws",
        "--protocol",
        "v1",
        "-m",
        "a\nb",
        "-n",
        "1",
        &server.url("/ws/echo?protocol=v1"),
    ]);
    command.stdin(terminal.stdio()).stdout(terminal.stdio()).stderr(terminal.stdio());
    let mut child = command.spawn().expect("it starts");
    assert_eq!(within("the end", String::new, child.wait()).await.expect("it ran").code(), Some(0));
    terminal.wait_for("?protocol=v1 (v1)\r\n< a\r\n  b\r\n* closed by this side").await;
    let terminal = Terminal::new();
    let mut command = in_terminal(&["ws", "--no-input", "-n", "1", &server.url("/ws/sizes/300")]);
    let mut child = command.stdout(terminal.stdio()).spawn().expect("it starts");
    assert_eq!(within("the end", String::new, child.wait()).await.expect("it ran").code(), Some(0));
    terminal.wait_for("<300 bytes>").await;
}
