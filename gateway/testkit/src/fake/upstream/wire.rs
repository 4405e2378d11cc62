//! HTTP/1.1, as little of it as the gateway's client needs.

use std::{fmt::Write as _, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use super::{
    super::Seen,
    Act, FakeUpstream,
    answers::{self, Answer},
};

pub(super) async fn serve(
    listener: TcpListener,
    fake: FakeUpstream,
    mut stopped: watch::Receiver<bool>,
) {
    // The task must not keep the value alive that ends it.
    let weak = std::sync::Arc::downgrade(&fake.0);
    drop(fake);
    let for_each = stopped.clone();
    loop {
        tokio::select! {
            biased;
            _ = stopped.wait_for(|stop| *stop) => return,
            accepted = listener.accept() => {
                let (Ok((stream, _)), Some(inner)) = (accepted, weak.upgrade()) else { return };
                let _ = stream.set_nodelay(true);
                let mut stopped = for_each.clone();
                tokio::spawn(async move {
                    let fake = FakeUpstream(inner);
                    tokio::select! {
                        biased;
                        _ = stopped.wait_for(|stop| *stop) => {}
                        _ = talk(stream, fake) => {}
                    }
                });
            }
        }
    }
}

/// Serves one connection until it ends; `None` is the end.
async fn talk(mut stream: TcpStream, fake: FakeUpstream) -> Option<()> {
    let mut read = Vec::new();
    loop {
        let seen = request(&mut stream, &mut read).await?;
        fake.note(seen.clone());
        let _busy = fake.begin();
        play(&mut stream, &seen, fake.act()).await?;
    }
}

async fn request(stream: &mut TcpStream, read: &mut Vec<u8>) -> Option<Seen> {
    let end = loop {
        if let Some(at) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(read).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(read.drain(..end + 4).collect()).unwrap();
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ');
    let method: Method = first.next().unwrap_or_default().parse().unwrap();
    let uri: Uri = first.next().unwrap_or_default().parse().unwrap();
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        headers.append(
            name.parse::<HeaderName>().unwrap(),
            HeaderValue::from_str(value).unwrap(),
        );
    }
    let length = headers.get("content-length");
    let length: usize = length.map_or(0, |value| value.to_str().unwrap().parse().unwrap());
    let body = if headers.contains_key("transfer-encoding") {
        chunked(stream, read).await?
    } else {
        take(stream, read, length).await?
    };
    Some(Seen::new(method, &uri, headers, &body))
}

async fn take(stream: &mut TcpStream, read: &mut Vec<u8>, length: usize) -> Option<Vec<u8>> {
    while read.len() < length {
        if stream.read_buf(read).await.ok()? == 0 {
            return None;
        }
    }
    Some(read.drain(..length).collect())
}

async fn chunked(stream: &mut TcpStream, read: &mut Vec<u8>) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = loop {
            if let Some(at) = read.windows(2).position(|two| two == b"\r\n") {
                break read.drain(..at + 2).collect::<Vec<_>>();
            }
            if stream.read_buf(read).await.ok()? == 0 {
                return None;
            }
        };
        let digits = String::from_utf8_lossy(&line).trim().to_owned();
        let length = usize::from_str_radix(&digits, 16).unwrap();
        let piece = take(stream, read, length + 2).await?;
        if length == 0 {
            return Some(body);
        }
        body.extend_from_slice(&piece[..length]);
    }
}

/// Does what the script says. `None`: the connection ends.
async fn play(stream: &mut TcpStream, seen: &Seen, act: Act) -> Option<()> {
    match act {
        Act::Answer => match answers::to(seen) {
            Answer::Json(status, body) => {
                whole(stream, status, "application/json", &[], body.as_bytes()).await
            }
            Answer::Stream(frames) => frames_with(stream, &frames, 0, End::Whole).await,
        },
        Act::Raw {
            status,
            content_type,
            headers,
            body,
        } => whole(stream, status, content_type, &headers, &body).await,
        Act::HangBeforeHead => {
            gone(stream).await;
            None
        }
        Act::Reset => {
            // Closing with unread data or without lingering makes a reset.
            let _ = stream.set_zero_linger();
            None
        }
        Act::Garbage => {
            let _ = stream.write_all(b"\x16\x03\x01 what is this\r\n\r\n").await;
            None
        }
        Act::CutBody => half(stream, 200).await,
        Act::CutRefusal(status) => half(stream, status).await,
        Act::HangAfter(count) => part(stream, seen, count, End::Hang).await,
        Act::CutAfter(count) => part(stream, seen, count, End::Cut).await,
        Act::EndAfter(count) => part(stream, seen, count, End::Whole).await,
        Act::Slow(gap) => {
            let frames = frames_of(seen);
            frames_with(stream, &frames, gap, End::Whole).await
        }
    }
}

async fn whole(
    stream: &mut TcpStream,
    status: u16,
    content_type: &str,
    headers: &[(&'static str, String)],
    body: &[u8],
) -> Option<()> {
    let mut head = format!(
        "HTTP/1.1 {status} Status\r\ncontent-type: {content_type}\r\nx-request-id: upstream-1\r\nrequest-id: upstream-1\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    head.push_str("\r\n");
    let mut all = head.into_bytes();
    all.extend_from_slice(body);
    stream.write_all(&all).await.ok()
}

/// Less than was promised.
async fn half(stream: &mut TcpStream, status: u16) -> Option<()> {
    let head = format!(
        "HTTP/1.1 {status} Status\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{{\"id\": \"cut"
    );
    let _ = stream.write_all(head.as_bytes()).await;
    None
}

enum End {
    Whole,
    Cut,
    Hang,
}

fn frames_of(seen: &Seen) -> Vec<String> {
    match answers::to(seen) {
        Answer::Stream(frames) => frames,
        Answer::Json(_, body) => vec![body],
    }
}

async fn part(stream: &mut TcpStream, seen: &Seen, count: usize, end: End) -> Option<()> {
    let mut frames = frames_of(seen);
    frames.truncate(count);
    frames_with(stream, &frames, 0, end).await
}

async fn frames_with(stream: &mut TcpStream, frames: &[String], gap: u64, end: End) -> Option<()> {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nrequest-id: upstream-1\r\ntransfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.ok()?;
    for frame in frames {
        if gap > 0 {
            tokio::time::sleep(Duration::from_millis(gap)).await;
        }
        let chunk = format!("{:x}\r\n{frame}\r\n", frame.len());
        stream.write_all(chunk.as_bytes()).await.ok()?;
    }
    match end {
        End::Whole => stream.write_all(b"0\r\n\r\n").await.ok(),
        End::Cut => None,
        End::Hang => {
            gone(stream).await;
            None
        }
    }
}

/// Waits until the other side hangs up.
async fn gone(stream: &mut TcpStream) {
    let mut byte = [0];
    while stream.read(&mut byte).await.is_ok_and(|read| read > 0) {}
}
