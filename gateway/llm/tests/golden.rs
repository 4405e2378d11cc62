//! What every dialect makes of every caller's request, and every caller gets of every dialect's answer. A new case is
//! a file under `testdata/`, a new dialect a line in [`TARGETS`]; the snapshots are what is to be read.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use gateway_domain::ledger::Surface;
use gateway_llm::{
    callers::{self, Rendering, StreamRenderer},
    dialects::{self, Dialect, StreamReader, Target},
    ir::{Event, Garbage, Request},
    sse::Splitter,
};
use serde_json::{Value, json};

const SURFACES: [(&str, Surface); 3] = [
    ("chat", Surface::Chat),
    ("responses", Surface::Responses),
    ("messages", Surface::Messages),
];

/// The upstreams that requests are written for, by the snapshot's name. `compatible` speaks chat without being OpenAI.
const TARGETS: [(&str, Dialect, &str, bool); 5] = [
    ("openai", Dialect::Chat, "gpt-5-mini", true),
    ("compatible", Dialect::Chat, "llama-3.3", false),
    ("anthropic", Dialect::Messages, "claude-sonnet-4-5", false),
    ("gemini", Dialect::Gemini, "gemini-3-flash", false),
    (
        "converse",
        Dialect::Converse,
        "anthropic.claude-opus-4-6-v1",
        false,
    ),
];

/// The dialects that answers are read from, by their folder.
const DIALECTS: [(&str, Dialect); 4] = [
    ("chat", Dialect::Chat),
    ("messages", Dialect::Messages),
    ("gemini", Dialect::Gemini),
    ("converse", Dialect::Converse),
];

#[test]
fn requests() {
    for (folder, surface) in SURFACES {
        for case in cases(&format!("requests/{folder}")) {
            let body = fs::read(&case).unwrap();
            for (name, dialect, model, is_openai) in TARGETS {
                let target = Target { model, is_openai };
                let written = callers::parse(surface, &body)
                    .and_then(|request| dialects::write(dialect, &request, &target))
                    .unwrap_or_else(
                        |refusal| json!({ "refused": refusal.field, "because": refusal.reason }),
                    );
                snapshot(&case, name, &pretty(&written));
            }
        }
    }
}

#[test]
fn replies() {
    for (folder, dialect) in DIALECTS {
        for case in cases(&format!("replies/{folder}")) {
            let body = fs::read(&case).unwrap();
            let streamed = case
                .extension()
                .is_some_and(|it| it == "sse")
                .then(|| read_at_every_split(dialect, &body, &case));
            for (name, surface) in SURFACES {
                let said = match &streamed {
                    Some(streamed) => rendered(surface, streamed),
                    None => whole(dialect, surface, &body),
                };
                snapshot(&case, name, &said);
            }
        }
    }
}

fn cases(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("testdata")
        .join(folder);
    let mut cases: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    assert!(!cases.is_empty(), "{}", folder.display());
    cases
}

/// Keeps the snapshot of `testdata/a/b/case.json` as `snapshots/a/b/case.json@name.snap`.
fn snapshot(case: &Path, name: &str, said: &str) {
    let file = case.file_name().unwrap().to_str().unwrap();
    let folder = case
        .parent()
        .unwrap()
        .strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata"))
        .unwrap();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new("snapshots").join(folder));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_suffix(name);
    settings.bind(|| insta::assert_snapshot!(file, said));
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

fn rendering() -> Rendering {
    Rendering {
        id: "0199aaaabbbbccccddddeeeeffff0000".into(),
        model: "assistant".into(),
        created: 1_700_000_000,
        include_usage: true,
        request: Arc::new(Request::default()),
    }
}

fn whole(dialect: Dialect, surface: Surface, body: &[u8]) -> String {
    match dialects::read(dialect, body) {
        Ok(reply) => {
            let reply = callers::reply(surface, &reply, &rendering());
            pretty(&serde_json::from_slice(&reply).unwrap())
        }
        Err(Garbage(reason)) => format!("garbage: {reason}"),
    }
}

/// Wherever the network cuts the stream in two, and when every byte comes by itself, the same is read.
fn read_at_every_split(dialect: Dialect, body: &[u8], case: &Path) -> Streamed {
    let expected = read(dialect, [body]);
    for at in 0..=body.len() {
        let (left, right) = body.split_at(at);
        assert_eq!(
            read(dialect, [left, right]),
            expected,
            "{} cut at {at}",
            case.display()
        );
    }
    assert_eq!(
        read(dialect, body.chunks(1)),
        expected,
        "{}",
        case.display()
    );
    expected
}

/// What was said, and why it could not be read on.
type Streamed = (Vec<Event>, Option<Garbage>);

fn read<'a>(dialect: Dialect, chunks: impl IntoIterator<Item = &'a [u8]>) -> Streamed {
    let mut splitter = Splitter::new(1 << 20);
    let mut reader = StreamReader::new(dialect);
    let (mut said, mut garbage) = (Vec::new(), None);
    let mut keep = |events: Result<Vec<Event>, Garbage>| match events {
        Ok(events) => said.extend(events),
        Err(reason) => garbage = Some(reason),
    };
    for chunk in chunks {
        splitter
            .push(chunk, |frame| keep(reader.push(frame)))
            .unwrap();
    }
    keep(reader.finish());
    (said, garbage)
}

fn rendered(surface: Surface, (said, garbage): &Streamed) -> String {
    let mut renderer = StreamRenderer::new(surface, rendering());
    let mut out = Vec::new();
    for event in said {
        renderer.push(event.clone(), &mut out);
    }
    let mut out = String::from_utf8(out).unwrap();
    if let Some(Garbage(reason)) = garbage {
        out.push_str("garbage: ");
        out.push_str(reason);
    }
    out
}
