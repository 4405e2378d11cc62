//! The upstream: answers rendered once, so that what is measured is what stands before it.

use std::{io::Write as _, sync::Arc};

use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use super::{
    process::{Process, load_core},
    targets::Scratch,
};
use crate::Error;

pub const ADDRESS: &str = "127.0.0.1:19000";
const CHUNKS: usize = 50;

/// The mock as a process.
pub fn start(scratch: &Scratch) -> Result<Process, Error> {
    let me = std::env::current_exe()?.display().to_string();
    let command = [me, "--role".to_owned(), "mock".to_owned()];
    let process = Process::start(load_core(), &command, scratch.log("mock")?)?;
    super::targets::wait_for(ADDRESS)?;
    Ok(process)
}

/// Serves until it is killed.
pub async fn run() -> Result<(), Error> {
    let listener = TcpListener::bind(ADDRESS).await?;
    let answers = Arc::new(Answers::render()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(serve(stream, Arc::clone(&answers)));
    }
}

struct Answers {
    json: Vec<u8>,
    stream: Vec<Vec<u8>>,
}

impl Answers {
    fn render() -> Result<Self, Error> {
        let text = "A gateway reads the key, finds the model's route, calls the upstream and writes down what it cost. ";
        let usage = json!({"prompt_tokens": 210, "completion_tokens": 180, "total_tokens": 390});
        let message = json!({"role": "assistant", "content": text.repeat(7), "refusal": null});
        let choice =
            json!({"index": 0, "message": message, "logprobs": null, "finish_reason": "stop"});
        let body = json!({"id": "chatcmpl-mock", "object": "chat.completion", "created": 1, "model": "mock-model", "choices": [choice], "usage": usage, "system_fingerprint": "fp_mock"});
        let body = body.to_string();
        let mut json = Vec::new();
        write!(
            json,
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let mut stream = vec![
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
                .to_vec(),
        ];
        let frame = |value: String| {
            let text = format!("data: {value}\n\n");
            format!("{:x}\r\n{text}\r\n", text.len()).into_bytes()
        };
        let chunk = |choices: serde_json::Value, usage: serde_json::Value| {
            json!({"id": "chatcmpl-mock", "object": "chat.completion.chunk", "created": 1, "model": "mock-model", "choices": choices, "usage": usage}).to_string()
        };
        for word in text.split_inclusive(' ').cycle().take(CHUNKS) {
            let choices = json!([{"index": 0, "delta": {"content": word}, "finish_reason": null}]);
            stream.push(frame(chunk(choices, serde_json::Value::Null)));
        }
        stream.push(frame(chunk(json!([]), usage)));
        stream.push(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n".to_vec());
        Ok(Self { json, stream })
    }
}

async fn serve(mut stream: TcpStream, answers: Arc<Answers>) -> std::io::Result<()> {
    let mut read = Vec::with_capacity(8192);
    loop {
        let Some(wants_stream) = request(&mut stream, &mut read).await? else {
            return Ok(());
        };
        if wants_stream {
            // A write a chunk, as models write.
            for chunk in &answers.stream {
                stream.write_all(chunk).await?;
            }
        } else {
            stream.write_all(&answers.json).await?;
        }
    }
}

/// Reads a request; whether it asks for a stream. `None`: the other side is done.
async fn request(stream: &mut TcpStream, read: &mut Vec<u8>) -> std::io::Result<Option<bool>> {
    loop {
        if let Some(end) = find(read, b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&read[..end]).to_ascii_lowercase();
            let length = head
                .split("content-length: ")
                .nth(1)
                .and_then(|rest| rest.split("\r\n").next()?.trim().parse().ok())
                .unwrap_or(0);
            let whole = end + 4 + length;
            while read.len() < whole {
                if stream.read_buf(read).await? == 0 {
                    return Ok(None);
                }
            }
            let body = &read[end + 4..whole];
            let wants_stream =
                find(body, b"\"stream\":true").or_else(|| find(body, b"\"stream\": true"));
            let wants_stream = wants_stream.is_some();
            read.drain(..whole);
            return Ok(Some(wants_stream));
        }
        if stream.read_buf(read).await? == 0 {
            return Ok(None);
        }
    }
}

pub fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}
