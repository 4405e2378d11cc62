//! Accepting connections, and ending them in order.
//!
//! HTTP/1.1 alone: TLS and HTTP/2 are the reverse proxy's. A client that does not send its headers in time is let go,
//! so that slow ones cannot use up the process's file descriptors; so is one that does not take its answer.

use std::{io, net::SocketAddr, pin::pin, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::sleep,
};
use tower::ServiceExt as _;

use super::patient::Patient;
use crate::jobs::until;

/// The most connections at a time. Others wait to be accepted, where they cost the process nothing.
const MOST: usize = 4096;
/// From the first byte awaited to the last header; a kept-alive connection may be idle for as long.
const HEADERS: Duration = Duration::from_secs(30);
/// Before the next try when no connection can be accepted: out of file descriptors, most likely.
const PAUSE: Duration = Duration::from_secs(1);

/// Serves until `stopped` says so, then closes the listener and returns when the last request is finished.
pub(super) async fn serve(listener: TcpListener, app: Router, stopped: watch::Receiver<bool>) {
    serve_at_most(MOST, listener, app, stopped).await;
}

async fn serve_at_most(
    most: usize,
    listener: TcpListener,
    app: Router,
    mut stopped: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = until(&mut stopped) => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < most => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(talk(stream, peer, app.clone(), stopped.clone()));
                    if connections.len() == most {
                        tracing::warn!(most, "no more connections are accepted until one ends");
                    }
                }
                Err(error) if is_theirs(&error) => {}
                Err(error) => {
                    tracing::error!(%error, "no connection can be accepted");
                    sleep(PAUSE).await;
                }
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn talk(
    stream: TcpStream,
    peer: SocketAddr,
    app: Router,
    mut stopped: watch::Receiver<bool>,
) {
    drop(stream.set_nodelay(true));
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        app.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .serve_connection(TokioIo::new(Patient::new(stream)), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = until(&mut stopped) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::trace!(%error, "a connection broke off");
    }
}

/// The client went away before it was accepted.
fn is_theirs(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
    )
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        time::timeout,
    };

    use super::*;

    const ASK: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";
    const BRIEFLY: Duration = Duration::from_millis(300);

    async fn answered(client: &mut TcpStream) -> bool {
        let mut first = [0; 12];
        let read = timeout(BRIEFLY, client.read_exact(&mut first)).await;
        read.is_ok_and(|read| read.is_ok() && &first == b"HTTP/1.1 200")
    }

    #[tokio::test]
    async fn one_connection_too_many_waits_for_its_turn() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().route("/", get(async || "here"));
        let (stop, stopped) = watch::channel(false);
        let serving = tokio::spawn(serve_at_most(1, listener, app, stopped));
        let mut first = TcpStream::connect(address).await.unwrap();
        first.write_all(ASK).await.unwrap();
        assert!(answered(&mut first).await);
        let mut second = TcpStream::connect(address).await.unwrap();
        second.write_all(ASK).await.unwrap();
        assert!(!answered(&mut second).await, "the first is still open");
        drop(first);
        assert!(answered(&mut second).await);
        drop(second);
        stop.send(true).unwrap();
        serving.await.unwrap();
    }
}
