//! `gateway key …`.

use crate::process::{Folder, Outcome};

const CONFIG: &str = "server: {public_base_url: \"https://gateway.example\"}
auth: {oidc: {providers: [{key: corp, label: Corp, issuer_url: \"https://idp.example/\", client_id: ogw}]}}
teams: [{key: platform}]
users: [{email: ops@example.com, sign_in: corp}]
service_accounts: [{key: ci, name: CI, team: platform}]
providers: [{id: up, type: openai_compatible, base_url: \"http://127.0.0.1:9/v1\"}]
models: [{id: alpha-large, routes: [{provider: up}]}]
";

fn folder() -> Folder {
    let folder = Folder::with_config(CONFIG);
    folder
        .run(&["admin", "create", "--email", "root@example.com"])
        .ok();
    folder
}

fn create(folder: &Folder, owner: &str, more: &[&str]) -> Outcome {
    let mut arguments = vec!["key", "create", "--owner", owner, "--name", "laptop"];
    arguments.extend(more);
    folder.run(&arguments)
}

/// The fields of each line of the list.
fn list(folder: &Folder, more: &[&str]) -> Vec<Vec<String>> {
    let mut arguments = vec!["key", "list"];
    arguments.extend(more);
    let lines = folder.run(&arguments).ok().stdout;
    let fields = |line: &str| line.split('\t').map(str::to_owned).collect();
    lines.lines().map(fields).collect()
}

#[test]
fn a_key_is_alone_on_stdout_and_shown_once() {
    let folder = folder();
    let made = create(
        &folder,
        "root@example.com",
        &["--model", "alpha-large", "--expires", "90d"],
    )
    .ok();
    assert_eq!(made.stdout.lines().count(), 1);
    let key = made.stdout.trim_end();
    assert!(gateway_domain::ApiKeySecret::presented(key).is_ok());
    assert!(made.stderr.contains("not shown again"), "{}", made.stderr);
    assert!(!made.stderr.contains(key));
    assert!(made.stderr.contains("first sign-in"), "{}", made.stderr);
    let lines = list(&folder, &[]);
    let [line] = &lines[..] else {
        panic!("{lines:?}")
    };
    assert!(key.starts_with(&line[1]) && key.len() > line[1].len() + 40);
    assert_eq!(
        line[2..6].join(" "),
        "owner_disabled root@example.com laptop alpha-large"
    );
    assert_ne!(line[6], "never");
    let exported = folder.run(&["audit", "export"]).ok().stdout;
    assert!(exported.contains("\"key.created\"") && !exported.contains(key));
    folder.run(&["audit", "verify"]).ok();
}

#[test]
fn a_key_is_rotated_and_revoked_by_its_id() {
    let folder = folder();
    let first = create(&folder, "root@example.com", &[]).ok().stdout;
    let id = list(&folder, &["--owner", "root@example.com"])[0][0].clone();
    let rotated = folder.run(&["key", "rotate", &id, "--overlap", "1h"]).ok();
    assert_eq!(rotated.stdout.lines().count(), 1);
    assert_ne!(rotated.stdout, first);
    for _ in 0..2 {
        let revoked = folder.run(&["key", "revoke", &id]).ok();
        assert_eq!(revoked.stdout, "");
        assert!(revoked.stderr.contains("is revoked"), "{}", revoked.stderr);
    }
    assert_eq!(list(&folder, &[])[0][2], "revoked");
    let late = folder.run(&["key", "rotate", &id]).failed(1);
    assert!(late.stderr.contains("was revoked"), "{}", late.stderr);
    let nothing = "00000000-0000-0000-0000-000000000000";
    let unknown = folder.run(&["key", "revoke", nothing]).failed(1);
    assert!(unknown.stderr.contains("no such key"), "{}", unknown.stderr);
}

#[test]
fn what_the_file_declares_is_there_before_the_first_start() {
    let folder = folder();
    let program = create(&folder, "ci", &[]).ok();
    assert_eq!(program.stdout.lines().count(), 1);
    assert!(
        program
            .stderr
            .contains("service_account ci: service_account.created"),
        "{}",
        program.stderr
    );
    create(&folder, "ops@example.com", &[]).ok();
    assert_eq!(list(&folder, &["--owner", "ci"]).len(), 1);
    assert_eq!(list(&folder, &[]).len(), 2);
}

#[test]
fn mistakes_are_told() {
    let folder = folder();
    for (owner, more, says) in [
        ("nobody@example.com", &[][..], "owner must be"),
        ("cj", &[], "owner must be"),
        (
            "root@example.com",
            &["--model", "alpha-larg"],
            "Did you mean \"alpha-large\"?",
        ),
        (
            "root@example.com",
            &["--expires", "9999d"],
            "within five years",
        ),
    ] {
        let refused = create(&folder, owner, more).failed(1);
        assert!(refused.stderr.contains(says), "{}", refused.stderr);
        assert_eq!(refused.stdout, "");
    }
    let odd = create(&folder, "root@example.com", &["--expires", "soon"]).failed(2);
    assert!(odd.stderr.contains("90d"), "{}", odd.stderr);
    assert!(list(&folder, &[]).is_empty());
}
