//! A router behind a socket on loopback, and a client that costs little: HTTP/1.1 on one connection.

use std::net::SocketAddr;

use axum::{Router, serve::ListenerExt as _};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::{Error, load::Worker};

/// A listening server. It stops with the value.
pub struct Server {
    pub address: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    /// Serves as `gateway serve` does.
    pub async fn start(router: Router) -> Result<Self, Error> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let server = axum::serve(
            listener.tap_io(|stream| drop(stream.set_nodelay(true))),
            router.into_make_service_with_connect_info::<SocketAddr>(),
        );
        let task = tokio::spawn(async move { drop(server.await) });
        Ok(Self { address, task })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One kept connection over which one request goes again and again.
pub struct Connection {
    stream: TcpStream,
    request: String,
    buffer: Vec<u8>,
}

impl Connection {
    pub async fn open(address: SocketAddr, path: &str, cookie: &str) -> Result<Self, Error> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: gateway.test\r\nUser-Agent: gateway-bench\r\nCookie: {cookie}\r\n\r\n"
        );
        Ok(Self {
            stream,
            request,
            buffer: Vec::with_capacity(64 << 10),
        })
    }

    async fn read_more(&mut self) -> Result<(), Error> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err("the server closed the connection".into()),
            _ => Ok(()),
        }
    }
}

impl Worker for Connection {
    async fn once(&mut self) -> Result<(), Error> {
        self.buffer.clear();
        self.stream.write_all(self.request.as_bytes()).await?;
        let length = loop {
            if let Some(length) = whole(&self.buffer)? {
                break length;
            }
            self.read_more().await?;
        };
        while self.buffer.len() < length {
            self.read_more().await?;
        }
        Ok(())
    }
}

/// How long the answer is, head and body; `None` while its head is not complete.
fn whole(buffer: &[u8]) -> Result<Option<usize>, Error> {
    let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(buffer.get(..end).unwrap_or_default())?;
    let mut lines = head.lines();
    let status = lines.next().unwrap_or_default();
    if !status.starts_with("HTTP/1.1 200 ") {
        return Err(format!("answered {status}").into());
    }
    let length = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .ok_or("an answer without its length")?;
    Ok(Some(end + 4 + length.1.trim().parse::<usize>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_as_long_as_it_says() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        assert_eq!(whole(answer).unwrap(), Some(answer.len()));
        assert_eq!(whole(&answer[..30]).unwrap(), None);
        assert!(whole(b"HTTP/1.1 404 Not Found\r\n\r\n").is_err());
        assert!(whole(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
