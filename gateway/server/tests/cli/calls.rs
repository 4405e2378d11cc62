//! Calls of models while the program ends.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpStream},
    time::Duration,
};

use gateway_domain::{
    RequestId,
    ledger::{Attempt, Outcome, UsageKind},
};
use gateway_store::{Db, ledger};
use gateway_testkit::{Act, FakeUpstream};
use tokio::runtime::Runtime;

use crate::process::{Folder, Running, free_port};

/// A gateway with a model whose upstream does as it is told, and a key.
struct Stage {
    folder: Folder,
    port: u16,
    key: String,
    upstream: FakeUpstream,
    runtime: Runtime,
}

impl Stage {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let upstream = runtime.block_on(FakeUpstream::start());
        let port = free_port();
        let folder = Folder::with_config(&format!(
            "server: {{bind: \"127.0.0.1:{port}\", metrics_bind: \"off\", public_base_url: \"http://localhost:{port}\", drain_timeout: 1s}}
database: {{url: \"sqlite://gateway.db\"}}
teams: [{{key: platform}}]
service_accounts: [{{key: ci, name: CI, team: platform}}]
providers: [{{id: up, type: openai_compatible, base_url: \"{}\"}}]
models: [{{id: m, routes: [{{provider: up, price: {{input_usd_per_million: \"1\", output_usd_per_million: \"2\"}}}}]}}]
",
            upstream.v1()
        ));
        let mut first = folder.start(&["serve"]);
        first.line("gateway listens");
        first.signal("TERM");
        assert!(first.end().success());
        let made = folder
            .run(&["key", "create", "--owner", "ci", "--name", "test"])
            .ok();
        Self {
            key: made.stdout.trim_end().to_owned(),
            folder,
            port,
            upstream,
            runtime,
        }
    }

    fn serve(&self) -> Running {
        let running = self.folder.start(&["serve"]);
        running.line("gateway listens");
        running
    }

    /// Begins a stream and reads until its second word; the request's id.
    fn stream(&self) -> (TcpStream, RequestId) {
        let body =
            r#"{"model":"m","stream":true,"messages":[{"role":"user","content":"What is it?"}]}"#;
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        write!(
            stream,
            "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\n\r\n{body}",
            self.key,
            body.len()
        )
        .unwrap();
        let mut seen = String::new();
        let mut buffer = [0; 4096];
        while !seen.contains("from ") {
            let read = stream.read(&mut buffer).unwrap();
            assert!(read > 0, "{seen}");
            seen.push_str(&String::from_utf8_lossy(&buffer[..read]));
        }
        let id = seen
            .lines()
            .find_map(|line| line.strip_prefix("x-request-id: "));
        (stream, id.unwrap().parse().unwrap())
    }

    /// The attempts of a request, once there are any.
    fn attempts(&self, id: RequestId) -> Vec<Attempt> {
        let url = format!("sqlite://{}", self.folder.0.join("gateway.db").display());
        self.runtime.block_on(async {
            let db = Db::connect(&url).await.unwrap();
            for _ in 0..500 {
                let found = ledger::attempts_of(&db, id).await.unwrap();
                if !found.is_empty() {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            panic!("there is no row");
        })
    }
}

#[test]
fn a_killed_process_leaves_one_row_an_attempt() {
    let stage = Stage::new();
    let mut first = stage.serve();
    stage.upstream.next([Act::HangAfter(2)]);
    let (_stream, id) = stage.stream();
    first.signal("KILL");
    assert!(!first.end().success());
    let _second = stage.serve();
    let attempts = stage.attempts(id);
    let [attempt] = &attempts[..] else {
        panic!("{attempts:?}")
    };
    assert_eq!(
        (attempt.outcome, attempt.usage),
        (Outcome::Killed, UsageKind::Estimated)
    );
    assert!(attempt.tokens.input > 0 && attempt.cost.nano() > 0);
}

#[test]
fn an_orderly_end_finishes_streams_that_end_in_time() {
    let stage = Stage::new();
    let mut first = stage.serve();
    stage.upstream.next([Act::Slow(50)]);
    let (mut stream, id) = stage.stream();
    first.signal("TERM");
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("[DONE]"), "{rest}");
    assert!(first.end().success());
    let attempts = stage.attempts(id);
    assert_eq!((attempts.len(), attempts[0].outcome), (1, Outcome::Success));
}

#[test]
fn a_stream_that_does_not_end_in_time_is_written_down_as_far_as_it_came() {
    let stage = Stage::new();
    let mut first = stage.serve();
    stage.upstream.next([Act::HangAfter(2)]);
    let (_stream, id) = stage.stream();
    first.signal("TERM");
    assert!(first.end().success());
    let attempts = stage.attempts(id);
    assert_eq!((attempts.len(), attempts[0].outcome), (1, Outcome::Killed));
    assert_eq!(attempts[0].tokens.output, 3, "the words that came");
}
