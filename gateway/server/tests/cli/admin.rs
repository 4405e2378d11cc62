//! `gateway admin …`.

use crate::process::Folder;

const CONFIG: &str = "server: {public_base_url: \"https://gateway.example\"}\n";

#[test]
fn create_prints_the_link_alone_and_refuses_a_second_time() {
    let folder = Folder::with_config(CONFIG);
    let first = folder
        .run(&["admin", "create", "--email", "root@example.com"])
        .ok();
    let link = first.stdout.trim_end();
    assert!(
        link.starts_with("https://gateway.example/admin/link/"),
        "{link}"
    );
    assert_eq!(first.stdout.lines().count(), 1);
    assert!(
        first
            .stderr
            .contains("root@example.com was made platform_admin"),
        "{}",
        first.stderr
    );
    assert!(
        first.stderr.contains("once, within 7 days"),
        "{}",
        first.stderr
    );

    let second = folder
        .run(&["admin", "create", "--email", "ROOT@example.com"])
        .failed(1);
    assert!(
        second.stderr.contains("is here already"),
        "{}",
        second.stderr
    );
    assert!(
        second.stderr.contains("admin reset-password"),
        "{}",
        second.stderr
    );
    assert_eq!(second.stdout, "");
}

#[test]
fn create_for_a_provider_knows_its_keys() {
    let folder = Folder::with_config(
        "server: {public_base_url: \"https://gateway.example\"}
auth: {oidc: {providers: [{key: corp, label: Corp, issuer_url: \"https://idp.example/\", client_id: ogw}]}}
",
    );
    let create = |key| {
        folder.run(&[
            "admin",
            "create",
            "--email",
            "x@example.com",
            "--role",
            "auditor",
            "--sign-in",
            key,
        ])
    };
    let wrong = create("crop").failed(1);
    assert!(wrong.stderr.contains("Those are: corp"), "{}", wrong.stderr);
    let right = create("corp").ok();
    assert!(
        right.stderr.contains("sign in through corp"),
        "{}",
        right.stderr
    );
    assert_eq!(right.stdout, "https://gateway.example/admin\n");
}

#[test]
fn a_password_link_for_somebody_and_for_nobody() {
    let folder = Folder::with_config(CONFIG);
    folder
        .run(&["admin", "create", "--email", "root@example.com"])
        .ok();
    let again = folder
        .run(&["admin", "reset-password", "--email", "root@example.com"])
        .ok();
    assert!(
        again
            .stdout
            .starts_with("https://gateway.example/admin/link/")
    );
    let nobody = folder
        .run(&["admin", "reset-password", "--email", "nobody@example.com"])
        .failed(1);
    assert!(
        nobody.stderr.contains("nobody here has the address"),
        "{}",
        nobody.stderr
    );
}

#[test]
fn break_glass_is_for_active_admins() {
    let folder = Folder::with_config(CONFIG);
    let nobody = folder.run(&["admin", "break-glass"]).failed(1);
    assert!(
        nobody.stderr.contains("no active platform admin"),
        "{}",
        nobody.stderr
    );
    folder
        .run(&[
            "admin",
            "create",
            "--email",
            "u@example.com",
            "--role",
            "user",
        ])
        .ok();
    let user = folder
        .run(&["admin", "break-glass", "--email", "u@example.com"])
        .failed(1);
    assert!(
        user.stderr.contains("not an active platform admin"),
        "{}",
        user.stderr
    );
}

#[test]
fn break_glass_works_beside_a_running_gateway() {
    let port = crate::process::free_port();
    let password = "correct horse battery staple";
    let folder = Folder::with_config(&format!(
        "server: {{bind: \"127.0.0.1:{port}\", metrics_bind: \"off\"}}
auth: {{bootstrap_admin: {{email: admin@local, password: \"{password}\", require_password_change: false}}}}
"
    ));
    let running = folder.start(&["serve"]);
    running.line("gateway listens on");
    let link = folder.run(&["admin", "break-glass"]).ok();
    assert!(
        link.stdout
            .starts_with(&format!("http://127.0.0.1:{port}/admin/link/")),
        "{}",
        link.stdout
    );
    assert!(link.stderr.contains("within 15 minutes"), "{}", link.stderr);
    let path = link
        .stdout
        .trim()
        .split_once(&format!(":{port}"))
        .unwrap()
        .1;
    let (status, page) = crate::process::get(port, path);
    assert_eq!(status, 200, "{page}");
    folder.run(&["audit", "verify"]).ok();
}

#[test]
fn break_glass_for_one_who_must_change_a_password_leads_to_a_new_one() {
    let port = crate::process::free_port();
    let folder = Folder::with_config(&format!(
        "server: {{bind: \"127.0.0.1:{port}\", metrics_bind: \"off\"}}
auth: {{bootstrap_admin: {{email: admin@local, password: \"a password that was lost\"}}}}
"
    ));
    let running = folder.start(&["serve"]);
    running.line("gateway listens on");
    let link = folder.run(&["admin", "break-glass"]).ok();
    assert!(
        link.stderr.contains("choose a new one here"),
        "{}",
        link.stderr
    );
    assert_eq!(link.stdout.lines().count(), 1);
    let base = format!("http://127.0.0.1:{port}");
    let path = link.stdout.trim().strip_prefix(&base).unwrap();
    let (status, page) = crate::process::get(port, path);
    assert_eq!(status, 200, "{page}");
    assert!(page.contains("name=\"password\""), "{page}");
    assert!(!page.contains("name=\"current\""), "{page}");
    let exported = folder.run(&["audit", "export"]).ok().stdout;
    assert!(exported.contains("\"link.issued\""), "{exported}");
}
