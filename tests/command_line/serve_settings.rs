//! The settings of `serve`: where they come from, what counts, and what is told of wrong ones.

use tokio::net::TcpListener;

use super::run::{File, dualfetch, output, run, told};
use super::served::Served;
use crate::support::Folder;

const HASH: &str = "sha256:f4b4bc31cabbb43779d9cca16f5516caac083a67453d31d861b17d869f7388a2";

/// Its exit code, standard output and standard error.
async fn serve(args: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let mut command = dualfetch(&["serve"]);
    command.args(args).envs(variables.iter().copied());
    told(output(command).await)
}

/// The settings without where they come from.
fn plain(printed: &str) -> String {
    let lines = printed.lines().map(|line| line.split(" # ").next().unwrap_or_default());
    lines.filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flag_counts_before_the_environment_that_before_the_file_and_that_before_the_default() {
    let file = File::new(
        "order.toml",
        b"retries = 3\n\norigin = ['https://file.example', 'https://other.example']\nlimit_per_host = 11\nlimit = 10\n",
    );
    let key = format!("a={HASH}");
    let variables = [
        ("DUALFETCH_LIMIT_PER_HOST", "21"),
        ("DUALFETCH_LIMIT", "20"),
        ("DUALFETCH_ORIGIN", ""),
        ("DUALFETCH_HOST", "a.example,b.example"),
        ("DUALFETCH_KEY", &key),
    ];
    let (code, out, err) = serve(
        &["--config", file.path(), "--limit", "30", "--host", "c.example", "--print-config"],
        &variables,
    )
    .await;
    assert_eq!(code, Some(0), "{err}");
    for line in [
        "limit = 30 # from the command line, --limit".to_owned(),
        "limit_per_host = 21 # from the environment, DUALFETCH_LIMIT_PER_HOST".to_owned(),
        format!("retries = 3 # from {}, line 1", file.path()),
        "max_redirects = 10 # default".to_owned(),
        format!(
            "origin = [\"https://file.example\", \"https://other.example\"] # from {}, line 3",
            file.path()
        ),
        "host = [\"c.example\"] # from the command line, --host".to_owned(),
    ] {
        assert!(out.lines().any(|printed| printed == line), "{line}\n{out}");
    }

    let variables = [
        ("DUALFETCH_CONFIG", file.path()),
        ("DUALFETCH_KEY", &key),
        ("DUALFETCH_HOST", "a.example,b.example"),
        ("DUALFETCH_ALLOW_ANY_PORT", "true"),
    ];
    let (_, out, _) = serve(&["--print-config"], &variables).await;
    assert!(out.contains("limit = 10 # from"), "the file may be named by the environment: {out}");
    assert!(
        out.contains("host = [\"a.example\", \"b.example\"]") && out.contains("allow_any_port = true"),
        "{out}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_printed_is_read_again_as_the_same() {
    let key = format!("alice={HASH},b.o-b={HASH}");
    let args = [
        "--listen",
        "127.0.0.1:0",
        "--listen",
        "[::1]:8080",
        "--listen",
        "unix:/tmp/a \"socket\"",
        "--stop-timeout",
        "1.5s",
        "--header-timeout",
        "250ms",
        "--timeout",
        "none",
        "--rate",
        "300/m",
        "--burst",
        "7",
        "--max-upload",
        "1000",
        "--max-response",
        "3GiB",
        "--allow-port",
        "8080",
        "--allow-port",
        "8443",
        "--user-agent",
        "a \\ b \u{e9}'\"#",
        "--log",
        "/tmp/lo\\g # \"x\"",
        "--log-format",
        "json",
        "--log-level",
        "debug",
        "--key",
        &key,
        "--origin",
        "*",
        "--deny-network",
        "203.0.113.0/24",
        "--trusted-proxy",
        "10.0.0.0/8,2001:db8::1",
        "--page",
        "none",
        "--print-config",
    ];
    let (code, first, err) = serve(&args, &[]).await;
    assert_eq!(code, Some(0), "{err}");
    let file = File::new("printed.toml", first.as_bytes());
    let (code, again, err) = serve(&["--config", file.path(), "--print-config"], &[]).await;
    assert_eq!(code, Some(0), "{err}");
    assert_eq!(plain(&first), plain(&again));
    assert!(first.contains(HASH) && !again.contains("# default"), "the file says all of it: {again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_in_a_file_is_told_with_its_place_its_name_and_what_it_should_be() {
    for (text, line, words) in [
        ("limit = 5\nlimt = 3\n", 2, vec!["limt: there is no such setting", "limit is one"]),
        (
            "nonsense = 3\n",
            1,
            vec!["nonsense: there is no such setting", "listen, socket_mode, max_connections"],
        ),
        ("limit-per-host = 3\n", 1, vec!["limit_per_host is one"]),
        ("\nlimit = \"many\"\n", 2, vec!["limit: it must be a whole number from 1 to 1000000, not \"many\""]),
        ("limit = 0\n", 1, vec!["limit: it must be a whole number from 1"]),
        ("limit = 1.5\n", 1, vec!["limit: it cannot be of the type float"]),
        ("limit = 99999999999999999999\n", 1, vec!["limit: the number is too large"]),
        ("limit = 3\nlimit = 4\n", 2, vec!["limit: duplicate key"]),
        ("limit = \n", 1, vec!["limit: "]),
        ("idle_timeout = 30\n", 1, vec!["idle_timeout: it must be a duration such as \"30s\", not 30"]),
        ("idle_timeout = \"30\"\n", 1, vec!["idle_timeout: \"30\" has no unit"]),
        ("idle_timeout = \"none\"\n", 1, vec!["idle_timeout: it must be a duration"]),
        ("allow_any_port = \"yes\"\n", 1, vec!["allow_any_port: it must be true or false"]),
        ("allow_port = [80, 70000]\n", 1, vec!["allow_port: \"70000\" is no port"]),
        ("allow_network = [\"10.0.0.1/8\"]\n", 1, vec!["allow_network", "10.0.0.1/8"]),
        (
            "origin = \"https://a.example/page\"\n",
            1,
            vec!["origin: \"https://a.example/page\" is no origin", "https://app.example"],
        ),
        ("origin = \"ftp://a.example\"\n", 1, vec!["origin: \"ftp://a.example\" is no origin"]),
        (
            "host = \"Gateway.example\"\n",
            1,
            vec!["host: \"Gateway.example\" is no name of a host in lower case"],
        ),
        ("host = \"gateway.example\"\n", 1, vec!["host: ", "without a key", "--new-key"]),
        (
            "trusted_proxy = \"127.0.0.1\"\n",
            1,
            vec!["trusted_proxy: ", "127.0.0.1", "without a key", "--new-key"],
        ),
        (
            "trusted_proxy = \"10.0.0.1/8\"\n",
            1,
            vec!["trusted_proxy: \"10.0.0.1/8\" is", "beyond its prefix"],
        ),
        ("socket_mode = \"rw\"\n", 1, vec!["socket_mode: \"rw\" is no mode of a file", "0660"]),
        ("socket_mode = 660\n", 1, vec!["socket_mode: it must be a text"]),
        ("host = [[1]]\n", 1, vec!["host: what is in the list must be a text"]),
        ("rate = \"50\"\n", 1, vec!["rate: \"50\": write a whole number and a time"]),
        ("burst = 5\n", 1, vec!["burst: it says how many", "there is no rate"]),
        ("log_format = \"xml\"\n", 1, vec!["log_format: it must be one of text, json"]),
        ("listen = \"everywhere\"\n", 1, vec!["listen: \"everywhere\" is no address and port"]),
        ("[key]\nalice = 3\n", 1, vec!["key: alice: it must be a text"]),
        ("max_upload = \"8 bits\"\n", 1, vec!["max_upload: \"8 bits\""]),
        ("user_agent = \"a\\nb\"\n", 1, vec!["user_agent: it must have no control characters"]),
    ] {
        let file = File::new("wrong.toml", text.as_bytes());
        let (code, out, err) = serve(&["--config", file.path()], &[]).await;
        assert_eq!((code, out.as_str()), (Some(2), ""), "{text}: {err}");
        assert!(err.contains(&format!("{}, line {line}: ", file.path())), "{text}: {err}");
        for word in words {
            assert!(err.contains(word), "{text}: no {word:?} in {err}");
        }
    }
    for (content, word) in [(&b"limit = '\xff'"[..], "UTF-8"), (b"[key", "line 1")] {
        let file = File::new("broken.toml", content);
        let (code, _, err) = serve(&["--config", file.path()], &[]).await;
        assert!(code == Some(2) && err.contains(word) && err.contains(file.path()), "{err}");
    }
    let (code, _, err) = serve(&["--config", "/nowhere/gateway.toml"], &[]).await;
    assert!(code == Some(2) && err.contains("/nowhere/gateway.toml: "), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_variable_or_flag_is_told_by_its_name() {
    let (code, _, err) = serve(&["--limit", "3"], &[("DUALFETCH_LIMIT_PER_HOST", "few")]).await;
    assert_eq!(code, Some(2));
    assert!(
        err.contains("DUALFETCH_LIMIT_PER_HOST: it must be a whole number") && err.contains("\"few\""),
        "{err}"
    );
    let (code, _, err) = serve(&["--limit", "-1"], &[]).await;
    assert!(
        code == Some(2) && err.contains("--limit: it must be a whole number") && err.contains("-1"),
        "{err}"
    );
    let (_, _, err) = serve(&[], &[("DUALFETCH_LISTEN", "0.0.0.0:0")]).await;
    assert!(err.contains("DUALFETCH_LISTEN: 0.0.0.0:0 can be reached"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_place_of_its_hash_is_refused_and_not_repeated() {
    let file = File::new("secret.toml", b"[key]\nalice = \"df_very-secret\"\n");
    let bare = File::new("bare.toml", b"[key]\nalice = df_very-secret\n");
    let alone = File::new("alone.toml", b"[key]\ndf_very-secret\n");
    for (args, variables) in [
        (vec!["--config", file.path()], vec![]),
        (vec!["--config", bare.path()], vec![]),
        (vec!["--config", alone.path()], vec![]),
        (vec!["--key", "alice=df_very-secret"], vec![]),
        (vec!["--key", "df_very-secret"], vec![]),
        (vec![], vec![("DUALFETCH_KEY", "alice=df_very-secret")]),
        (vec![], vec![("DUALFETCH_KEY", "df_very-secret")]),
    ] {
        let (code, _, err) = serve(&args, &variables).await;
        assert_eq!(code, Some(2), "{args:?}");
        assert!(!err.contains("very-secret"), "{args:?}: {err}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_others_reach_needs_a_key() {
    for listen in ["0.0.0.0:0", "[::]:0", "192.0.2.1:80", "[::ffff:192.0.2.1]:80"] {
        let (code, out, err) = serve(&["--listen", "127.0.0.1:0", "--listen", listen], &[]).await;
        assert_eq!((code, out.as_str()), (Some(2), ""), "{listen}");
        assert!(err.contains(listen) && err.contains("without a key") && err.contains("--new-key"), "{err}");
    }
    let (code, made, said) = run(&["serve", "--new-key", "alice"]).await;
    assert_eq!(code, Some(0), "{said}");
    let (secret, line) = made.trim_end().split_once('\n').expect("two lines");
    assert!(secret.starts_with("df_") && !line.contains(secret) && !said.contains(secret), "{made}{said}");
    let file = File::new("keys.toml", format!("[key]\n{line}\n").as_bytes());
    let mut server = Served::start(&["--config", file.path(), "--listen", "0.0.0.0:0"]).await;
    server.address.set_ip([127, 0, 0, 1].into());
    assert_eq!(server.get("/metrics").await.0, 401);
    assert_eq!(server.get_with("/metrics", &format!("Authorization: Bearer {secret}\r\n")).await.0, 200);
    assert_eq!(server.get("/healthz").await.0, 200);
    assert!(!server.log().contains(&secret[3..]), "{}", server.log());
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_socket_has_its_mode_and_one_that_all_may_connect_to_needs_a_key() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new();
    let path = folder.at("socket");
    let listen = format!("unix:{}", path.display());
    let (code, out, err) = serve(&["--listen", &listen, "--socket-mode", "0666"], &[]).await;
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(
        err.contains("--socket-mode: 0666") && err.contains("--new-key") && err.contains(&listen),
        "{err}"
    );
    let key = format!("a={HASH}");
    for (args, mode) in [
        (vec![], 0o660),
        (vec!["--socket-mode", "0600"], 0o600),
        (vec!["--socket-mode", "0666", "--key", &key], 0o666),
    ] {
        let server =
            Served::start(&[&["--listen", "127.0.0.1:0", "--listen", &listen][..], &args].concat()).await;
        // The first line of standard output says that the first one is there; both are by then.
        let metadata = std::fs::metadata(&path).expect("a socket");
        assert_eq!(metadata.permissions().mode() & 0o777, mode, "{args:?}");
        server.signal(rustix::process::Signal::TERM);
        assert_eq!(server.end().await.0, Some(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_that_is_found_by_itself_is_this_repositorys_and_nobody_elses() {
    let folder = Folder::new();
    let write = |path: &str, text: &str| {
        let path = folder.at(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    };
    write("www/index.html", "the page");
    write("pkg/package.json", "{ \"name\": \"dualfetch\" }");
    write("pkg/dist/web/index.web.js", "");
    // Another page, and another project.
    write("below/www/index.html", "foreign");
    write("other/www/index.html", "foreign");
    write("other/pkg/package.json", "{ \"name\": \"other\" }");
    write("other/pkg/dist/web/index.web.js", "");
    let page = async |at: &str| {
        let server = Served::start_at(&folder.at(at), &["--page", "auto", "--package", "auto"]).await;
        server.get("/").await.1
    };
    for at in ["", "below", "other"] {
        assert_eq!(page(at).await, "the page", "{at}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let all = std::fs::Permissions::from_mode(0o777);
        std::fs::set_permissions(folder.at("www"), all).expect("it is ours");
        assert_ne!(page("").await, "the page", "anyone may have put it there");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_to_be_used_is_told_at_the_start() {
    let taken = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = taken.local_addr().expect("its address").to_string();
    let (code, out, err) = serve(&["--listen", &address], &[]).await;
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(err.contains(&format!("{address} is taken")) && err.contains("--listen"), "{err}");

    for args in
        [["--page", "/nowhere/at/all"], ["--package", "/nowhere/at/all"], ["--log", "/nowhere/at/all"]]
    {
        let (code, _, err) = serve(&args, &[]).await;
        assert!(code == Some(2) && err.contains("/nowhere/at/all") && err.contains(&args[0][2..]), "{err}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_and_the_package_are_served_from_the_folders_that_are_named() {
    let folder = Folder::new();
    let page = Folder::below(folder.path());
    page.file("index.html", "<title>The page</title>");
    let web = folder.at("dist/web");
    std::fs::create_dir_all(&web).expect("a folder");
    std::fs::write(web.join("index.web.js"), "export const built = true;").expect("a file");
    let (page, package) = (page.path().to_str().expect("UTF-8"), folder.path().to_str().expect("UTF-8"));
    let server = Served::start(&["--page", page, "--package", package]).await;
    let (status, text) = server.get("/").await;
    assert!(status == 200 && text.contains("The page"), "{status} {text}");
    let (status, text) = server.get("/pkg/dist/web/index.web.js").await;
    assert!(status == 200 && text.contains("built"), "{status} {text}");
    assert!(server.log().contains(&format!("the page: http://{}/", server.address)), "{}", server.log());
    assert_eq!(Served::start(&[]).await.get("/").await.0, 404, "none is none");
    let (code, _, err) = serve(&["--page", page, "--package", "none"], &[]).await;
    assert!(code == Some(2) && err.contains("page: it needs the npm package"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_connections_than_open_files_are_refused_where_they_were_asked_for_and_else_fewer() {
    let limited = |rest: &str| {
        let line = format!("ulimit -n 3000 && exec \"$0\" serve --listen 127.0.0.1:0 {rest}");
        let mut command = tokio::process::Command::new("sh");
        command.args(["-c", &line, env!("CARGO_BIN_EXE_dualfetch")]).kill_on_drop(true);
        command
    };
    let (code, _, err) = told(output(limited("--max-connections 5000")).await);
    assert_eq!(code, Some(2));
    assert!(
        err.contains("max_connections") && err.contains("3000 are allowed") && err.contains("ulimit -n"),
        "{err}"
    );
    let (code, out, err) = told(output(limited("--limit 100 --max-connections 2000 --print-config")).await);
    assert!(code == Some(0) && out.contains("max_connections = 2000"), "{err}");
    // It starts: the port that it cannot have is what ends it.
    let (code, _, err) = told(output(limited("--listen 192.0.2.1:1 --key a=df")).await);
    assert!(code == Some(2) && !err.contains("open files"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_says_the_defaults_of_everything() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/deploy/gateway.toml");
    let (code, said, err) = serve(&["--config", example, "--print-config"], &[]).await;
    assert_eq!(code, Some(0), "{err}");
    let (_, defaults, _) = serve(&["--print-config"], &[]).await;
    assert_eq!(plain(&said), plain(&defaults));
    assert!(!said.contains("# default"), "a setting is missing in the example: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_containers_file_listens_for_others_once_there_is_a_key() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/deploy/container.toml");
    let (code, _, err) = serve(&["--config", file], &[]).await;
    assert!(code == Some(2) && err.contains("listen: 0.0.0.0:8080 can be reached"), "{err}");
    let key = format!("alice={HASH}");
    let (code, out, err) = serve(&["--config", file, "--print-config"], &[("DUALFETCH_KEY", &key)]).await;
    assert_eq!(code, Some(0), "{err}");
    for line in
        ["listen = [\"0.0.0.0:8080\"]", "log_format = \"json\"", "page = \"none\"", "package = \"none\""]
    {
        assert!(plain(&out).lines().any(|printed| printed == line), "{line}\n{out}");
    }
    // A variable would count before a file that is mounted in its place.
    let dockerfile = include_str!("../../examples/deploy/Dockerfile");
    let variables: Vec<_> =
        dockerfile.lines().filter(|line| line.contains("DUALFETCH_") && !line.starts_with('#')).collect();
    assert_eq!(variables, ["ENV DUALFETCH_CONFIG=/etc/dualfetch/gateway.toml"]);
    assert!(dockerfile.contains("COPY examples/deploy/container.toml /etc/dualfetch/gateway.toml"));
}

#[tokio::test(flavor = "multi_thread")]
async fn help_tells_each_setting_its_variable_and_its_default() {
    let (_, help, _) = run(&["serve", "--help"]).await;
    let (_, printed, _) = run(&["serve", "--print-config"]).await;
    let words =
        printed.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" = "));
    let mut count = 0;
    for (word, _) in words {
        let (flag, variable) = (word.replace('_', "-"), word.to_uppercase());
        assert!(
            help.contains(&format!("--{flag}")) && help.contains(&format!("DUALFETCH_{variable}]")),
            "{word}"
        );
        count += 1;
    }
    assert!(count > 25, "{printed}");
    assert!(
        help.contains("[default: 127.0.0.1:8080]") && help.contains("SIGHUP") && help.contains("Examples:")
    );
}
