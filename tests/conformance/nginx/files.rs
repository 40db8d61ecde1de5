//! Files up and down: what was cut off is gone on with by ranges, in one version, and in parts at once.

use dualfetch::{Body, Session, SessionExt};

use crate::support::Folder;

use super::super::help::session;
use super::Ports;

/// By HTTP/1.1 or HTTP/2, as the server has it.
pub(super) async fn up_and_down(nginx: &Ports, server: &str) {
    let (folder, session) = (Folder::new(), session());
    let content = content(3_000_000, 1);
    let (path, url) = (folder.file("up", &content), nginx.url(server, "/upload/file-up-and-down.bin"));
    let put = session.put(&*url).body(Body::file(&path)).await.expect("a head");
    assert_eq!(put.status(), 201);
    let saved = session.get(&*url).await.expect("a head").save_in(folder.path()).await.expect("it is saved");
    assert_eq!((saved.path.as_path(), saved.bytes), (folder.at("file-up-and-down.bin").as_path(), 3_000_000));
    assert!(std::fs::read(&saved.path).expect("the file") == content);
}

pub async fn sent_and_saved(nginx: &Ports) {
    up_and_down(nginx, "plain").await;
}

/// Ends the first call with a part of the file, and goes on with it by a second.
pub(super) async fn in_two_calls(nginx: &Ports, server: &str) {
    for parallel in [1, 4] {
        let folder = Folder::new();
        let content = content(5_000_000, 2);
        let url = nginx.url(server, &format!("/upload/in-two-calls-{parallel}.bin"));
        put(&url, &content).await;
        begin(&url, &folder).await;
        let session = session();
        let again = session.get(&*url).download(folder.at("file")).parallel(parallel);
        let saved = again.sha256(sha256(&content)).await.expect("it is saved");
        assert_eq!(saved.bytes, 5_000_000);
        assert!(saved.resumed > 0 && saved.resumed < 5_000_000, "{} were there", saved.resumed);
        assert_eq!(folder.names(), ["file"]);
    }
}

pub async fn gone_on_with_by_a_range(nginx: &Ports) {
    in_two_calls(nginx, "plain").await;
}

pub async fn begun_anew_where_the_file_has_changed(nginx: &Ports) {
    let folder = Folder::new();
    let url = nginx.url("plain", "/upload/changed.bin");
    put(&url, &content(5_000_000, 3)).await;
    begin(&url, &folder).await;
    let changed = content(4_999_999, 4);
    put(&url, &changed).await;
    let session = session();
    let saved = session.download(&*url, folder.at("file")).sha256(sha256(&changed)).await;
    let saved = saved.expect("it is saved");
    assert_eq!((saved.bytes, saved.resumed, folder.names()), (4_999_999, 0, vec!["file".to_owned()]));
}

pub async fn in_parts_at_once(nginx: &Ports) {
    in_parts(nginx, "plain").await;
}

pub(super) async fn in_parts(nginx: &Ports, server: &str) {
    let (folder, session) = (Folder::new(), session());
    let content = content(5_000_000, 5);
    let url = nginx.url(server, "/upload/in-parts.bin");
    put(&url, &content).await;
    let download = session.download(&*url, folder.at("file")).parallel(4).sha256(sha256(&content));
    assert_eq!(download.await.expect("it is saved").bytes, 5_000_000);
}

pub async fn compressed_as_it_is_asked_not_to_be(nginx: &Ports) {
    let (folder, session) = (Folder::new(), session());
    let saved = session.download(nginx.url("plain", "/page.html"), folder.at("page")).await;
    assert_eq!(saved.expect("it is saved").bytes, super::page().len() as u64);
}

/// Takes a part of it: the server is slow enough for it not to be all.
async fn begin(url: &str, folder: &Folder) {
    let session = session();
    let (told, mut some) = tokio::sync::mpsc::unbounded_channel();
    let download = session.get(url).header("slowly", "1").download(folder.at("file"));
    let download = download.on_progress(move |progress| {
        if progress.received > 0 {
            let _ = told.send(());
        }
    });
    tokio::select! {
        saved = download.into_future() => panic!("it came at once: {saved:?}"),
        _ = some.recv() => {}
    }
    assert_eq!(folder.names(), ["file.part", "file.part.state"]);
}

async fn put(url: &str, content: &[u8]) {
    let put = session().put(url).body(content.to_vec()).await.expect("a head");
    assert!(put.status().is_success(), "{}", put.status());
}

fn content(length: u32, seed: u32) -> Vec<u8> {
    (0..length).map(|at| (at.wrapping_add(seed).wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
