//! `gateway serve`: start, reload, end.

use std::{net::TcpListener, thread, time::Duration};

use gateway_store::{Db, Executor as _};

use crate::process::{Folder, free_port, get};

fn config(port: u16, more: &str) -> String {
    format!(
        "server: {{bind: \"127.0.0.1:{port}\", metrics_bind: \"off\", drain_timeout: 2s}}\n{more}"
    )
}

#[test]
fn starts_shows_the_way_in_and_ends_in_order() {
    let port = free_port();
    let folder = Folder::with_config(&config(port, ""));
    let mut running = folder.start(&["serve"]);
    let address = running.line("gateway listens on");
    assert!(address.contains(&format!("127.0.0.1:{port}")), "{address}");
    let link = running.line("/admin/link/");
    assert!(
        link.trim()
            .starts_with(&format!("http://127.0.0.1:{port}/admin/link/")),
        "{link}"
    );

    let (status, answer) = get(port, "/healthz");
    assert_eq!(status, 200, "{answer}");
    assert!(answer.to_lowercase().contains("x-request-id:"), "{answer}");
    assert_eq!(get(port, "/readyz").0, 200);
    let (status, answer) = get(port, "/api/v1/nothing");
    assert_eq!(status, 404);
    assert!(answer.contains("application/problem+json"), "{answer}");
    let (status, answer) = get(port, "/nothing");
    assert_eq!(status, 404);
    assert!(answer.contains("text/html"), "{answer}");
    let (status, answer) = get(port, "/");
    assert_eq!(status, 303);
    assert!(
        answer.to_lowercase().contains("location: /admin\r\n"),
        "{answer}"
    );

    running.signal("TERM");
    assert_eq!(running.end().code(), Some(0));
}

#[test]
fn the_setup_link_is_shown_to_every_start_until_it_was_used() {
    let port = free_port();
    let folder = Folder::with_config(&config(port, ""));
    let link = || {
        let mut running = folder.start(&["serve"]);
        let link = running.line("/admin/link/");
        running.signal("INT");
        assert_eq!(running.end().code(), Some(0));
        link
    };
    assert_ne!(link(), link());
    let database = std::fs::read(folder.0.join("var/gateway.db")).unwrap();
    let link = link();
    let token = link.rsplit('/').next().unwrap().as_bytes().to_vec();
    assert!(!database.windows(token.len()).any(|window| window == token));
}

#[test]
fn a_taken_port_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let folder = Folder::with_config(&config(port, ""));
    let outcome = folder.run(&["serve"]).failed(1);
    assert!(
        outcome
            .stderr
            .contains(&format!("127.0.0.1:{port} is taken")),
        "{}",
        outcome.stderr
    );
    assert!(outcome.stderr.contains("server.bind"), "{}", outcome.stderr);
}

#[test]
fn metrics_are_served_apart_and_a_taken_port_is_a_warning() {
    let (port, metrics) = (free_port(), free_port());
    let text =
        format!("server: {{bind: \"127.0.0.1:{port}\", metrics_bind: \"127.0.0.1:{metrics}\"}}\n");
    let folder = Folder::with_config(&text);
    let running = folder.start(&["serve"]);
    running.line("gateway listens on");
    running.log_line("serving /metrics");
    assert_eq!(get(port, "/healthz").0, 200);
    let (status, text) = get(metrics, "/metrics");
    assert_eq!(status, 200);
    for line in [
        "gateway_build_info{version=",
        "gateway_database_up 1",
        "gateway_sessions_live 0",
        "gateway_people{status=\"active\"} 0",
        "gateway_http_requests_total{route=\"health\",status=\"2xx\"} 1",
        "process_start_time_seconds ",
    ] {
        assert!(text.contains(line), "{line} is missing from:\n{text}");
    }
    assert_eq!(get(port, "/metrics").0, 404);

    let other = free_port();
    let text =
        format!("server: {{bind: \"127.0.0.1:{other}\", metrics_bind: \"127.0.0.1:{metrics}\"}}\n");
    let second = Folder::with_config(&text);
    let beside = second.start(&["serve"]);
    beside.line("gateway listens on");
    beside.log_line("cannot serve /metrics");
    assert_eq!(get(other, "/healthz").0, 200);
}

#[test]
fn a_broken_file_changes_nothing_and_a_good_one_is_taken() {
    let port = free_port();
    let folder = Folder::with_config(&config(port, "teams: [{key: one}]\n"));
    let running = folder.start(&["serve"]);
    running.line("gateway listens on");

    folder.write(&config(port, "teams: [{kye: one}]\n"));
    let refused = running.log_line("is refused");
    assert!(refused.contains("config/gateway.yaml:2:"), "{refused}");
    assert_eq!(get(port, "/healthz").0, 200);

    folder.write(&config(port, "teams: [{key: one}, {key: two}]\n"));
    let reloaded = running.log_line("the configuration was reloaded");
    assert!(reloaded.contains("teams"), "{reloaded}");

    running.signal("HUP");
    running.log_line("the configuration is unchanged");
    let port = port + 1;
    folder.write(&config(port, "teams: [{key: one}, {key: two}]\n"));
    running.signal("HUP");
    let restart = running.log_line("needs a restart");
    assert!(restart.contains("server.bind"), "{restart}");
    running.log_line("the configuration was reloaded");

    let exported = folder.run(&["audit", "export"]).ok().stdout;
    assert!(exported.contains("\"config.refused\""), "{exported}");
    assert_eq!(
        exported.matches("\"config.reloaded\"").count(),
        2,
        "{exported}"
    );
}

/// Something that the running gateway does not expect of its database.
fn in_database(folder: &Folder, sql: &'static str) {
    let url = format!("sqlite://{}", folder.0.join("var/gateway.db").display());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let db = Db::connect(&url).await.unwrap();
        db.query(sql).execute().await.unwrap();
        db.close().await;
    });
}

#[test]
fn a_reload_that_meets_a_failing_database_is_tried_again() {
    let port = free_port();
    let users = |emails: &[&str]| {
        let people: Vec<_> = emails
            .iter()
            .map(|email| format!("{{email: {email}, sign_in: password}}"))
            .collect();
        config(port, &format!("users: [{}]\n", people.join(", ")))
    };
    let folder = Folder::with_config(&users(&["a@example.com", "b@example.com"]));
    let running = folder.start(&["serve"]);
    running.line("gateway listens on");
    in_database(
        &folder,
        "CREATE TRIGGER broken BEFORE UPDATE ON users BEGIN SELECT RAISE(ABORT, 'broken for a test'); END",
    );
    folder.write(&users(&["a@example.com"]));
    running.log_line("it is tried again");
    running.log_line("it is tried again");
    in_database(&folder, "DROP TRIGGER broken");
    let reloaded = running.log_line("the configuration was reloaded");
    assert!(reloaded.contains("users"), "{reloaded}");
    let exported = folder.run(&["audit", "export"]).ok().stdout;
    assert!(exported.contains("\"user.disabled\""), "{exported}");
    assert!(!exported.contains("\"config.refused\""), "{exported}");
    assert_eq!(
        exported.matches("\"config.reloaded\"").count(),
        1,
        "{exported}"
    );
}

#[test]
fn a_file_without_the_last_admin_is_refused_and_at_a_start_leads_to_a_link() {
    let port = free_port();
    let with = |more: &str| {
        config(
            port,
            &format!(
                "auth: {{oidc: {{public_base_url: \"http://localhost:{port}\", providers: [{{key: corp, label: Corp, \
                 issuer_url: \"https://idp.example/\", client_id: ogw}}]}}}}\n{more}"
            ),
        )
    };
    let admin = "users: [{email: ops@example.com, sign_in: corp, global_role: platform_admin}]\n";
    let folder = Folder::with_config(&with(admin));
    let mut running = folder.start(&["serve"]);
    running.line("gateway listens on");
    folder.write(&with("teams: [{key: new}]\n"));
    let refused = running.log_line("is refused");
    assert!(refused.contains("no platform admin"), "{refused}");
    let exported = folder.run(&["audit", "export"]).ok().stdout;
    assert!(exported.contains("last_admin"), "{exported}");
    assert!(!exported.contains("\"user.disabled\""), "{exported}");
    assert!(!exported.contains("\"team.created\""), "{exported}");
    // The old file is still in force, and coming back to it is no change.
    folder.write(&with(admin));
    running.signal("HUP");
    running.log_line("the configuration is unchanged");
    running.signal("TERM");
    assert_eq!(running.end().code(), Some(0));

    folder.write(&with("teams: [{key: new}]\n"));
    let again = folder.start(&["serve"]);
    again.log_line("leaves no platform admin");
    again.line("/admin/link/");
}

#[test]
fn a_fresh_start_says_once_that_there_is_no_admin() {
    let port = free_port();
    let folder = Folder::with_config(&config(port, ""));
    let mut running = folder.start(&["serve"]);
    running.line("/admin/link/");
    running.signal("TERM");
    assert_eq!(running.end().code(), Some(0));
    let log = running.rest_of_log();
    assert!(!log.contains("platform admin"), "{log}");
}

#[test]
fn a_running_request_is_finished_before_the_end() {
    use std::io::{Read as _, Write as _};
    let port = free_port();
    let folder = Folder::with_config(&config(port, ""));
    let mut running = folder.start(&["serve"]);
    running.line("gateway listens on");
    // A request that is not complete yet when the signal comes.
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(
        stream,
        "POST /api/v1/auth/login/password HTTP/1.1\r\nHost: localhost\r\nOrigin: http://127.0.0.1:{port}\r\n\
         Content-Type: application/json\r\nContent-Length: 40\r\nConnection: close\r\n\r\n{{\"email\":"
    )
    .unwrap();
    thread::sleep(Duration::from_millis(300));
    running.signal("TERM");
    thread::sleep(Duration::from_millis(300));
    stream
        .write_all(b"\"a@example.com\",\"password\":\"xy\"}")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
    assert_eq!(running.end().code(), Some(0));
}

#[test]
fn log_lines_can_be_json() {
    let port = free_port();
    let folder = Folder::with_config(&config(port, ""));
    let running = folder.start(&["serve", "--log-format", "json"]);
    running.line("gateway listens on");
    get(port, "/admin/link/s3cret-canary?code=s3cret-canary");
    let line = running.log_line("\"message\":\"request\"");
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["span"]["path"], "/admin/link/…");
    assert!(line["span"]["request_id"].is_string());
    assert_eq!(line["address"], "127.0.0.1");
    assert!(!line.to_string().contains("s3cret"), "{line}");
}

/// A request whose body never comes to its end.
fn hanging_request(port: u16) -> std::net::TcpStream {
    use std::io::Write as _;
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(
        stream,
        "POST /api/v1/auth/login/password HTTP/1.1\r\nHost: localhost\r\nOrigin: http://127.0.0.1:{port}\r\n\
         Content-Type: application/json\r\nContent-Length: 40\r\n\r\n{{\"email\":"
    )
    .unwrap();
    thread::sleep(Duration::from_millis(300));
    stream
}

#[test]
fn a_drain_has_an_end() {
    let port = free_port();
    let folder = Folder::with_config(&config(port, ""));
    let mut running = folder.start(&["serve"]);
    running.line("gateway listens on");
    let _request = hanging_request(port);
    running.signal("TERM");
    running.log_line("not finished within server.drain_timeout");
    assert_eq!(running.end().code(), Some(0));
}

#[test]
fn a_second_signal_ends_at_once() {
    let port = free_port();
    let text = format!(
        "server: {{bind: \"127.0.0.1:{port}\", metrics_bind: \"off\", drain_timeout: 10m}}\n"
    );
    let folder = Folder::with_config(&text);
    let mut running = folder.start(&["serve"]);
    running.line("gateway listens on");
    let _request = hanging_request(port);
    running.signal("INT");
    running.log_line("stopping");
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
        thread::sleep(Duration::from_millis(20));
    }
    running.signal("INT");
    running.log_line("stopped at once by a second signal");
    assert_eq!(running.end().code(), Some(1));
}

#[test]
fn a_strict_provider_that_does_not_answer_stops_the_start() {
    let (port, gone) = (free_port(), free_port());
    let provider = |strict: bool| {
        config(
            port,
            &format!(
                "auth: {{oidc: {{public_base_url: \"http://localhost:{port}\", providers: [{{key: corp, label: Corp, \
                 issuer_url: \"http://127.0.0.1:{gone}/\", client_id: ogw, strict_discovery: {strict}}}]}}}}\n"
            ),
        )
    };
    let folder = Folder::with_config(&provider(true));
    let outcome = folder.run(&["serve"]).failed(1);
    assert!(
        outcome.stderr.contains("identity provider corp: "),
        "{}",
        outcome.stderr
    );
    assert!(
        outcome.stderr.contains("strict_discovery"),
        "{}",
        outcome.stderr
    );
    folder.write(&provider(false));
    let running = folder.start(&["serve"]);
    running.line("gateway listens on");
    assert_eq!(get(port, "/readyz").0, 200);
}

#[test]
fn a_wrong_log_level_is_explained() {
    let folder = Folder::with_config(&config(free_port(), ""));
    let outcome = folder.run(&["serve", "--log-level", "loud"]).failed(1);
    assert!(
        outcome.stderr.contains("expected error, warn, info"),
        "{}",
        outcome.stderr
    );
}
