//! Files as request bodies: what is sent of them, how often they are read, and what their failures become.

use std::io;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use dualfetch::multipart::{Form, Part};
use dualfetch::{Body, Compression, Error, ErrorKind, Retry, Session};

use crate::support::{CountingServer, Event, Folder, RawServer, Script, faults, routes};

use super::help::{run, session};

fn io_kind(error: &Error) -> Option<io::ErrorKind> {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |cause| cause.source());
    causes.filter_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind).last()
}

/// Takes a request with its body and answers with this.
fn taking(status: &str, headers: &[(&str, &str)]) -> Script {
    Script::new().read_head().read_body().send_head(status, headers)
}

fn bodies(server: &RawServer) -> Vec<Bytes> {
    let bodies = server.events().into_iter().filter_map(|observed| match observed.event {
        Event::Body(body) => Some(body),
        _ => None,
    });
    bodies.collect()
}

#[test]
fn a_file_is_sent_with_its_length_and_told_of_piece_by_piece() {
    run(async {
        let session = session();
        let (folder, server) = (Folder::new(), CountingServer::builder().record().start().await);
        for length in [0_u64, 1, 128 * 1024, 1_000_000] {
            let content = routes::pattern(length as usize);
            let body = Body::file(folder.file("sent", &content));
            assert_eq!(body.length(), Some(length));
            let told = Arc::<Mutex<Vec<_>>>::default();
            let watch = Arc::clone(&told);
            let put = session.put(server.url(0, "/echo-body")).on_upload(move |progress| {
                watch.lock().expect("no panic").push((progress.sent, progress.total))
            });
            let echo = put.body(body).await.expect("a head").bytes().await.expect("an echo");
            assert!(echo == content, "{length}: other bytes came");
            let sent = server.records().pop().expect("a record").headers;
            assert_eq!(sent["content-length"], length.to_string());
            assert!(!sent.contains_key("transfer-encoding") && !sent.contains_key("content-type"));
            let told = told.lock().expect("no panic").clone();
            assert_eq!(told.len() as u64, length.div_ceil(128 * 1024), "{told:?}");
            assert!(told.last().is_none_or(|last| *last == (length, Some(length))), "{told:?}");
        }
    });
}

#[test]
fn a_file_is_opened_again_for_a_redirect_and_for_a_retry() {
    run(async {
        let session = session();
        let (folder, content) = (Folder::new(), routes::pattern(300_000));
        let path = folder.file("sent", &content);
        let redirect = taking("307 Temporary Redirect", &[("Location", "/next"), ("Content-Length", "0")]);
        let server =
            RawServer::sequence([redirect.close(), taking("200 OK", &[("Content-Length", "0")])]).await;
        let put = session.put(server.url("/")).body(Body::file(&path)).await.expect("an answer");
        assert_eq!((put.status().as_u16(), put.history().len()), (200, 1));
        assert!(bodies(&server) == [content.clone(), content.clone()], "it was not sent twice");

        let server = RawServer::sequence([
            Script::new().read_head().reset(),
            taking("503 Unavailable", &[("Content-Length", "0")]).close(),
            taking("200 OK", &[("Content-Length", "0")]),
        ])
        .await;
        let retry = Retry::standard().backoff(Default::default(), Default::default());
        let put = session.put(server.url("/")).retry(retry).body(Body::file(&path)).await;
        assert_eq!(put.expect("an answer").attempts(), 3);
        assert!(bodies(&server) == [content.clone(), content], "it was not sent to both that took it");
    });
}

#[test]
fn a_file_that_cannot_be_had_sends_nothing_and_is_named() {
    run(async {
        let session = session();
        let (folder, server) = (Folder::new(), RawServer::start(faults::silent()).await);
        for (path, kind) in [
            (folder.at("missing.bin"), io::ErrorKind::NotFound),
            (folder.path().to_owned(), io::ErrorKind::IsADirectory),
        ] {
            let body = Body::file(&path);
            let error = session.put(server.url("/")).body(body).await.expect_err("there is no such file");
            assert_eq!((error.kind(), io_kind(&error)), (&ErrorKind::RequestBody, Some(kind)), "{error:?}");
            assert!(error.to_string().contains(path.to_str().expect("UTF-8")), "{error}");
        }
        assert_eq!(server.connections(), 0);
    });
}

#[test]
fn a_file_that_changed_its_length_or_is_gone_when_it_is_sent_is_an_error() {
    run(async {
        let session = session();
        let (folder, server) = (Folder::new(), RawServer::start(faults::silent()).await);
        let path = folder.file("changed", "four");
        let body = Body::file(&path);
        for (content, says) in [("longer", "6 bytes now"), ("no", "2 bytes now")] {
            folder.file("changed", content);
            let error = session.put(server.url("/")).body(body.clone()).await.expect_err("it changed");
            assert_eq!(*error.kind(), ErrorKind::RequestBody, "{error:?}");
            assert!(error.to_string().contains(says) && error.to_string().contains("changed"), "{error}");
        }
        std::fs::remove_file(&path).expect("it was there");
        let error = session.put(server.url("/")).body(body).await.expect_err("it is gone");
        assert_eq!(io_kind(&error), Some(io::ErrorKind::NotFound), "{error:?}");
    });
}

#[test]
fn a_file_that_becomes_shorter_while_it_is_sent_is_an_error_and_one_that_grows_is_not() {
    run(async {
        let session = session();
        let (folder, server) = (Folder::new(), CountingServer::start().await);
        let content = routes::pattern(2_000_000);
        let resized = async |name: &str, to: u64| {
            let path = folder.file(name, &content);
            let file = std::fs::OpenOptions::new().write(true).open(&path).expect("the file");
            let put = session
                .put(server.url(0, "/echo-body"))
                .on_upload(move |_| file.set_len(to).expect("it can be resized"))
                .body(Body::file(&path));
            put.await?.bytes().await
        };
        let error = resized("shorter", 1).await.expect_err("it ended early");
        assert_eq!(*error.kind(), ErrorKind::RequestBody, "{error:?}");
        assert!(error.to_string().contains("became shorter"), "{error}");
        assert!(resized("longer", 3_000_000).await.expect("an echo") == content, "other bytes came");
    });
}

#[test]
fn a_file_is_compressed_on_its_way_where_that_is_asked_for() {
    run(async {
        let session = session();
        let (folder, server) = (Folder::new(), CountingServer::builder().record().start().await);
        let body = Body::file(folder.file("text", "compressible, and large ".repeat(50_000)));
        let put = session.put(server.url(0, "/echo-body")).compress(Compression::Gzip).body(body);
        let echo = put.await.expect("a head").bytes().await.expect("an echo");
        assert!(echo.len() < 100_000 && echo.starts_with(&[0x1f, 0x8b]), "{} bytes", echo.len());
        assert_eq!(server.records()[0].headers["content-encoding"], "gzip");
    });
}

#[cfg(unix)]
#[test]
fn a_pipe_is_sent_in_chunks_as_it_comes() {
    use std::io::Write;

    run(async {
        let session = session();
        let (folder, server) = (Folder::new(), CountingServer::builder().record().start().await);
        let path = folder.at("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0)
            .expect("a pipe");
        let body = Body::file(&path);
        assert_eq!(body.length(), None);
        let writer = std::thread::spawn(move || {
            let mut pipe = std::fs::OpenOptions::new().write(true).open(path).expect("the pipe");
            pipe.write_all(b"through a pipe").expect("somebody reads");
        });
        let put = session.put(server.url(0, "/echo-body")).body(body).await.expect("a head");
        assert_eq!(put.text().await.expect("an echo"), "through a pipe");
        assert_eq!(server.records()[0].headers["transfer-encoding"], "chunked");
        writer.join().expect("it has written");
    });
}

/// What a pipe holds that nobody writes to any more: opened once more it is empty.
#[cfg(target_os = "linux")]
struct Pipe(std::io::PipeReader);

#[cfg(target_os = "linux")]
impl Pipe {
    fn of(content: &str) -> Self {
        let (reader, mut writer) = std::io::pipe().expect("a pipe");
        io::Write::write_all(&mut writer, content.as_bytes()).expect("it has room for this");
        Self(reader)
    }

    fn body(&self) -> Body {
        Body::file(format!("/dev/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&self.0)))
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_pipe_is_sent_once_and_never_again_as_nothing() {
    run(async {
        let session = session();
        let redirect = taking("307 Temporary Redirect", &[("Location", "/next"), ("Content-Length", "0")]);
        let taken = || taking("200 OK", &[("Content-Length", "0")]);
        for is_in_a_form in [false, true] {
            let body = |pipe: &Pipe| match is_in_a_form {
                true => Form::new().part("pipe", Part::new(pipe.body())).encode().expect("sound").0,
                false => pipe.body(),
            };
            let pipe = Pipe::of("through a pipe");
            let server = RawServer::sequence([redirect.clone().close(), taken()]).await;
            let put = session.put(server.url("/")).body(body(&pipe));
            let error = put.await.expect_err("it cannot be had again");
            assert_eq!((error.kind(), bodies(&server).len()), (&ErrorKind::BodyConsumed, 1), "{error:?}");

            let pipe = Pipe::of("through a pipe");
            let body = body(&pipe);
            let unavailable = taking("503 Unavailable", &[("Content-Length", "0")]).close();
            let server = RawServer::sequence([Script::new().read_head().reset(), unavailable, taken()]).await;
            let retry = Retry::standard().backoff(Default::default(), Default::default());
            let put = session.put(server.url("/")).retry(retry).body(body.clone()).await;
            assert!(put.is_err() || put.is_ok_and(|put| put.status() == 503), "it was sent again");
            let error = session.put(server.url("/")).body(body).await.expect_err("it is gone");
            assert_eq!(*error.kind(), ErrorKind::BodyConsumed, "{error:?}");
        }
    });
}
