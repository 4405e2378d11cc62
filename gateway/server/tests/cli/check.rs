//! `gateway --help`, `gateway check` and `gateway migrate`.

use std::process::Stdio;

use crate::process::Folder;

#[test]
fn help_explains_every_command() {
    let folder = Folder::new();
    let help = folder.run(&["--help"]).ok().stdout;
    for word in [
        "serve",
        "demo",
        "check",
        "migrate",
        "admin",
        "audit",
        "--config",
        "--log-format",
    ] {
        assert!(help.contains(word), "{word} is missing from:\n{help}");
    }
    for command in [
        &["serve"][..],
        &["demo"],
        &["check"],
        &["migrate"],
        &["admin", "create"],
        &["audit", "export"],
    ] {
        let arguments: Vec<_> = command.iter().copied().chain(["--help"]).collect();
        assert!(
            folder
                .run(&arguments)
                .ok()
                .stdout
                .contains("Usage: gateway")
        );
    }
}

#[test]
fn wrong_usage_is_exit_code_2() {
    let folder = Folder::new();
    let outcome = folder.run(&["sevre"]).failed(2);
    assert!(outcome.stderr.contains("serve"), "{}", outcome.stderr);
    folder
        .run(&["admin", "create", "--email", "no address"])
        .failed(2);
    folder
        .run(&[
            "admin",
            "create",
            "--email",
            "a@b.example",
            "--role",
            "king",
        ])
        .failed(2);
}

#[test]
fn without_a_file_the_paths_tried_are_named() {
    let folder = Folder::new();
    for command in [
        &["serve"][..],
        &["check"],
        &["migrate"],
        &["audit", "verify"],
    ] {
        let outcome = folder.run(command).failed(1);
        assert!(
            outcome.stderr.contains("config/gateway.yaml"),
            "{}",
            outcome.stderr
        );
        assert!(
            outcome.stderr.contains("gateway demo"),
            "{}",
            outcome.stderr
        );
    }
    let outcome = folder
        .run(&["check", "--config", "elsewhere.yaml"])
        .failed(1);
    assert!(
        outcome.stderr.contains("elsewhere.yaml"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn findings_have_their_place_and_all_are_told() {
    let folder = Folder::with_config(
        "server:\n  bnid: 127.0.0.1:8080\n  drain_timeout: soon\nteams:\n  - {key: a}\n  - {key: a}\n",
    );
    let outcome = folder.run(&["check"]).failed(1);
    let told = outcome.stderr;
    assert!(
        told.contains("config/gateway.yaml:2:3: server.bnid:"),
        "{told}"
    );
    assert!(told.contains("bind"), "{told}");
    assert!(
        told.contains("config/gateway.yaml:3:18: server.drain_timeout:"),
        "{told}"
    );
    assert!(
        told.contains("error: the configuration has 3 errors"),
        "{told}"
    );
    assert_eq!(outcome.stdout, "");
}

#[test]
fn the_variable_names_the_file_too() {
    let folder = Folder::new();
    std::fs::write(folder.0.join("mine.yaml"), "server: {drain_timeout: 5s}\n").unwrap();
    let output = folder
        .gateway(&["check"])
        .env("GATEWAY_CONFIG", "mine.yaml")
        .output()
        .unwrap();
    assert!(output.status.success());
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "mine.yaml: valid\n"
    );
}

#[test]
fn online_names_the_provider_that_does_not_answer() {
    let port = crate::process::free_port();
    let folder = Folder::with_config(&format!(
        "server: {{public_base_url: \"http://localhost:8080\"}}
auth:
  oidc:
    providers:
      - {{key: gone, label: Gone, issuer_url: \"http://127.0.0.1:{port}/idp\", client_id: ogw}}
"
    ));
    let outcome = folder.run(&["check", "--online"]).failed(1);
    assert!(outcome.stdout.contains("gone: "), "{}", outcome.stdout);
    assert!(
        outcome.stderr.contains("1 of 1 identity providers failed"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn migrations_are_shown_and_applied() {
    let folder = Folder::with_config("database: {url: \"sqlite://data/gateway.db\"}\n");
    let none = folder.run(&["migrate", "--status"]).failed(1).stderr;
    assert!(none.contains("there is no database yet"), "{none}");
    assert!(!folder.0.join("data").exists(), "looking makes nothing");
    std::fs::create_dir(folder.0.join("data")).unwrap();
    std::fs::write(folder.0.join("data/gateway.db"), "").unwrap();
    let before = folder.run(&["migrate", "--status"]).ok().stdout;
    assert!(before.contains("0001  pending  identity"), "{before}");
    assert!(
        folder
            .run(&["migrate"])
            .ok()
            .stdout
            .contains("0001  applied now")
    );
    assert!(folder.run(&["migrate"]).ok().stdout.contains("up to date"));
    let after = folder.run(&["migrate", "--status"]).ok().stdout;
    assert!(after.contains("0001  applied  identity"), "{after}");
}

#[test]
fn an_unreachable_database_is_told_without_its_password() {
    let port = crate::process::free_port();
    let folder = Folder::with_config(&format!(
        "database: {{url: \"postgres://ogw:s3cret-canary@127.0.0.1:{port}/ogw\"}}\n"
    ));
    let outcome = folder.run(&["migrate"]).failed(1);
    let shown = format!("postgres://127.0.0.1:{port}/ogw");
    assert!(outcome.stderr.contains(&shown), "{}", outcome.stderr);
    assert!(
        !outcome.stderr.contains("s3cret-canary"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_reader_who_leaves_is_no_error() {
    let folder = Folder::with_config("teams: []\n");
    folder.run(&["migrate"]).ok();
    let mut child = folder
        .gateway(&["audit", "export", "--format", "csv"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}
