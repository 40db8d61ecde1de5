//! Help, completions, manual pages.

use super::run::{dualfetch, output, run, told};

#[tokio::test(flavor = "multi_thread")]
async fn help_teaches_by_examples_and_fits_a_terminal() {
    for command in ["titles", "get", "events", "ws", ""] {
        let args = [command, "--help"];
        let args = &args[usize::from(command.is_empty())..];
        let (code, out, err) = run(args).await;
        assert_eq!((code, err.as_str()), (Some(0), ""));
        assert!(out.contains("Examples:"), "{out}");
        assert!(out.lines().all(|line| line.chars().count() <= 100), "{args:?}: {out}");
    }
    let (_, out, _) = run(&["titles", "--help"]).await;
    for told in ["--resume", "--rate", "--ordered", "--limit-per-host", "NO_COLOR", "Exit status:", "  130"] {
        assert!(out.contains(told), "{told} is missing:\n{out}");
    }
    for group in ["Connection:\n", "Proxy:\n", "Safe mode:\n", "TLS:\n"] {
        assert!(out.contains(group), "{group} is missing:\n{out}");
    }
    let (_, ws, _) = run(&["ws", "--help"]).await;
    // What a handshake cannot have.
    for hidden in ["--data", "--json", "--form", "--method", "--http2"] {
        assert!(!ws.contains(hidden), "{hidden}:\n{ws}");
    }
    let (_, short, _) = run(&["titles", "-h"]).await;
    assert!(short.lines().count() < out.lines().count() / 2, "{short}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_below_the_options_keeps_its_lines_in_a_narrow_terminal() {
    for command in ["ws", "events"] {
        let at = async |columns: &str| {
            let mut help = dualfetch(&[command, "--help"]);
            help.env("COLUMNS", columns);
            let (code, out, _) = told(output(help).await);
            assert_eq!(code, Some(0));
            let below = out.split_once("\nExit status:").expect("a section").1.to_owned();
            let (statuses, rest) = below.split_once("\nEnvironment:").expect("a section");
            let (_, examples) = rest.split_once("\nExamples:").expect("a section");
            (statuses.to_owned(), examples.to_owned())
        };
        let narrow = at("80").await;
        assert!(narrow.1.lines().all(|line| line.chars().count() <= 80), "{narrow:?}");
        assert_eq!(narrow, at("100").await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn completions_and_manual_pages_know_every_command() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let (code, out, _) = run(&["completions", shell]).await;
        assert_eq!(code, Some(0));
        for told in ["titles", "get", "limit-per-host", "resume", "proxy-env", "unix-socket"] {
            assert!(out.contains(told), "{shell}: {told}");
        }
    }
    let (code, _, err) = run(&["completions", "tcsh"]).await;
    assert!(code == Some(2) && err.contains("tcsh") && err.contains("zsh"), "{err}");

    for (args, told) in [(&["man"][..], "dualfetch\\-titles(1)"), (&["man", "titles"], "limit\\-per\\-host")]
    {
        let (code, out, _) = run(args).await;
        assert_eq!(code, Some(0));
        assert!(out.contains(".TH dualfetch") && out.contains(told), "{args:?}: {out}");
    }
    let (code, out, err) = run(&["man", "nothing"]).await;
    assert!(code == Some(2) && out.is_empty() && err.contains("titles"), "{err}");
}
