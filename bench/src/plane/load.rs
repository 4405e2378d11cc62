//! The load: so many connections, each asking again as soon as it is answered.

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{mock::find, process::load_core, targets::Target};
use crate::Error;

/// What came back.
#[derive(Default, Serialize, Deserialize)]
pub struct Load {
    pub done: u32,
    pub failed: u32,
    pub seconds: f64,
    /// Seconds.
    pub p50: f64,
    pub p99: f64,
    pub first_p50: f64,
}

impl Load {
    pub fn rate(&self) -> f64 {
        f64::from(self.done) / self.seconds
    }
}

/// What the load's process is told.
#[derive(Serialize, Deserialize)]
struct Order {
    address: String,
    key: String,
    stream: bool,
    connections: usize,
    seconds: f64,
}

/// Loads a target from a process of its own.
pub fn over(
    target: &Target,
    stream: bool,
    connections: usize,
    time: Duration,
) -> Result<Load, Error> {
    let order = Order {
        address: target.address.clone(),
        key: target.key.clone(),
        stream,
        connections,
        seconds: time.as_secs_f64(),
    };
    let output = Command::new("taskset")
        .args(["-c", load_core()])
        .arg(std::env::current_exe()?)
        .args(["--role", "load"])
        .env("OGW_BENCH_ORDER", serde_json::to_string(&order)?)
        .stderr(Stdio::inherit())
        .output()?;
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Does what the order in the environment says, and prints what came back.
pub async fn run() -> Result<(), Error> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the order of the process that started this one"
    )]
    let order: Order = serde_json::from_str(&std::env::var("OGW_BENCH_ORDER")?)?;
    let request = request(&order);
    let until = Instant::now() + Duration::from_secs_f64(order.seconds);
    let begun = Instant::now();
    let tasks: Vec<_> = (0..order.connections)
        .map(|_| tokio::spawn(connection(order.address.clone(), request.clone(), until)))
        .collect();
    let mut times = Vec::new();
    let mut firsts = Vec::new();
    let mut load = Load::default();
    for task in tasks {
        let (done, failed) = task.await?;
        load.failed += failed;
        for (first, total) in done {
            firsts.push(first);
            times.push(total);
        }
    }
    load.done = u32::try_from(times.len())?;
    load.seconds = begun.elapsed().as_secs_f64();
    times.sort_by(f64::total_cmp);
    firsts.sort_by(f64::total_cmp);
    load.p50 = point(&times, 50);
    load.p99 = point(&times, 99);
    load.first_p50 = point(&firsts, 50);
    println!("{}", serde_json::to_string(&load)?);
    Ok(())
}

fn point(sorted: &[f64], percent: usize) -> f64 {
    let at = sorted.len() * percent / 100;
    sorted.get(at).copied().unwrap_or(0.0)
}

/// About two kilobytes, as short chats are.
fn request(order: &Order) -> Vec<u8> {
    let system = "You are a careful assistant. Answer in plain words, keep to what was asked, and say so when you are not sure. ";
    let question = "What does a gateway for language models do with a request, step by step, and what does each step cost? ";
    let mut body = json!({
        "model": "mock-model",
        "messages": [{"role": "system", "content": system.repeat(6)}, {"role": "user", "content": question.repeat(10)}],
        "temperature": 0.2,
        "max_tokens": 256,
    });
    if order.stream {
        body["stream"] = json!(true);
        body["stream_options"] = json!({"include_usage": true});
    }
    let body = body.to_string();
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\n\r\n{body}",
        order.address,
        order.key,
        body.len()
    )
    .into_bytes()
}

type Done = (Vec<(f64, f64)>, u32);

async fn connection(address: String, request: Vec<u8>, until: Instant) -> Done {
    let mut done = Vec::new();
    let mut failed = 0;
    let mut stream = None;
    let mut buffer = Vec::with_capacity(64 * 1024);
    while Instant::now() < until {
        if stream.is_none() {
            stream = TcpStream::connect(&address).await.ok();
        }
        let Some(mut open) = stream.take() else {
            failed += 1;
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let _ = open.set_nodelay(true);
        let begun = Instant::now();
        match exchange(&mut open, &request, &mut buffer, begun).await {
            Some(first) => {
                done.push((first, begun.elapsed().as_secs_f64()));
                stream = Some(open);
            }
            None => failed += 1,
        }
    }
    (done, failed)
}

/// One request and its whole answer; seconds until its first byte. `None` when it is no 200.
async fn exchange(
    stream: &mut TcpStream,
    request: &[u8],
    buffer: &mut Vec<u8>,
    begun: Instant,
) -> Option<f64> {
    buffer.clear();
    stream.write_all(request).await.ok()?;
    let mut first = None;
    let mut body = None;
    loop {
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
        if body.is_none()
            && let Some(end) = find(buffer, b"\r\n\r\n")
        {
            let head = String::from_utf8_lossy(&buffer[..end]).to_ascii_lowercase();
            if !head.starts_with("http/1.1 200") {
                return None;
            }
            let length = head.split("content-length: ").nth(1);
            let length: Option<usize> =
                length.and_then(|rest| rest.split("\r\n").next()?.trim().parse().ok());
            body = Some((end + 4, length));
        }
        let Some((start, length)) = body else {
            continue;
        };
        if buffer.len() > start {
            first.get_or_insert_with(|| begun.elapsed().as_secs_f64());
        }
        let is_whole = match length {
            Some(length) => buffer.len() >= start + length,
            None => buffer.ends_with(b"0\r\n\r\n"),
        };
        if is_whole {
            return Some(first.unwrap_or_else(|| begun.elapsed().as_secs_f64()));
        }
    }
}
