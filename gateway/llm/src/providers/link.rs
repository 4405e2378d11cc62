//! A connection with HTTP on it.
//!
//! An HTTP/1.1 connection is driven by whoever uses it: by the call that waits for its head, then by the body. There is no
//! task of its own, so a piece of a stream costs one wake-up and no hand-over between threads, and dropping the body closes
//! the connection at once. HTTP/2 connections are shared and have a task each.

use std::{
    future::{Future as _, poll_fn},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{
    HeaderValue, Request, Response, Uri,
    header::HOST,
    uri::{Parts, PathAndQuery},
};
use http_body::{Body as _, Frame};
use http_body_util::Full;
use hyper::{
    body::Incoming,
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::{
    SendError,
    connector::{Io, chain, is_http2},
    relay::Relayed,
};

pub(super) type Outgoing = Request<Full<Bytes>>;

/// Why a call was not answered on this connection.
pub(super) enum Failed {
    /// Not a byte of it was written; here it is again.
    Unsent(Box<Outgoing>, String),
    /// The connection broke after that.
    Broken(String),
}

/// A fresh connection.
pub(super) enum Link {
    /// HTTP/1.1: one call at a time.
    One(Box<Http1>),
    /// HTTP/2: many.
    Many(Http2),
}

/// Speaks HTTP over `io`.
pub(super) async fn handshake(io: Io) -> Result<Link, SendError> {
    let refused = |error: hyper::Error| SendError::Connect(chain(&error));
    if !is_http2(&io) {
        let (sender, connection) = http1::handshake(io).await.map_err(refused)?;
        return Ok(Link::One(Box::new(Http1 {
            sender,
            connection: Some(connection),
            relayed: Relayed::new(),
        })));
    }
    let (sender, connection) = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(PING)
        .keep_alive_timeout(PONG)
        .handshake(io)
        .await
        .map_err(refused)?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(error = %chain(&error), "an HTTP/2 connection to a provider ended");
        }
    });
    let streams = Arc::new(());
    Ok(Link::Many(Http2 { sender, streams }))
}

const PING: Duration = Duration::from_secs(20);
const PONG: Duration = Duration::from_secs(10);

/// An HTTP/1.1 connection.
pub(super) struct Http1 {
    sender: http1::SendRequest<Full<Bytes>>,
    /// `None` once it is closed.
    connection: Option<Connection>,
    relayed: Relayed,
}

type Connection = http1::Connection<Io, Full<Bytes>>;

impl Http1 {
    /// The next piece of the body that this connection feeds.
    pub(super) fn poll_body(
        &mut self,
        incoming: &mut Incoming,
        cx: &mut Context<'_>,
    ) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        let connection = &mut self.connection;
        self.relayed.poll(cx, |cx| {
            let frame = Pin::new(&mut *incoming).poll_frame(cx);
            if frame.is_ready() {
                return frame;
            }
            drive(connection, cx);
            Pin::new(&mut *incoming).poll_frame(cx)
        })
    }

    /// Whether another call can be sent, as far as is known without waiting. Wakes nobody from now on.
    pub(super) fn is_free(&mut self) -> bool {
        self.relayed.release();
        drive(&mut self.connection, &mut self.relayed.context());
        self.connection.is_some() && self.sender.is_ready()
    }

    /// Sends a call and waits for the head of its answer.
    pub(super) async fn exchange(
        &mut self,
        mut request: Outgoing,
        host: &HeaderValue,
    ) -> Result<Response<Incoming>, Failed> {
        let absolute = origin_form(&mut request);
        request.headers_mut().insert(HOST, host.clone());
        let mut response = pin!(self.sender.try_send_request(request));
        let (connection, relayed) = (&mut self.connection, &self.relayed);
        let answered = poll_fn(|cx| {
            relayed.poll(cx, |cx| {
                drive(connection, cx);
                response.as_mut().poll(cx)
            })
        });
        answered
            .await
            .map_err(|mut failed| match failed.take_message() {
                Some(mut request) => {
                    *request.uri_mut() = absolute;
                    Failed::Unsent(Box::new(request), chain(failed.error()))
                }
                None => Failed::Broken(chain(failed.error())),
            })
    }
}

/// Lets the connection read and write what it can.
fn drive(connection: &mut Option<Connection>, cx: &mut Context<'_>) {
    if let Some(open) = connection
        && let Poll::Ready(ended) = Pin::new(open).poll(cx)
    {
        if let Err(error) = ended {
            tracing::debug!(error = %chain(&error), "a connection to a provider ended");
        }
        // What still waits inside for an answer hears of the end by this.
        *connection = None;
    }
}

fn origin_form(request: &mut Outgoing) -> Uri {
    let path = request.uri().path_and_query().cloned();
    let mut parts = Parts::default();
    parts.path_and_query = Some(path.unwrap_or_else(|| PathAndQuery::from_static("/")));
    let origin_form = Uri::from_parts(parts).unwrap_or_default();
    std::mem::replace(request.uri_mut(), origin_form)
}

/// An HTTP/2 connection.
#[derive(Clone)]
pub(super) struct Http2 {
    sender: http2::SendRequest<Full<Bytes>>,
    /// A clone for every stream that is open.
    streams: Arc<()>,
}

impl Http2 {
    /// Whether it is of any use still.
    pub(super) fn is_open(&self) -> bool {
        !self.sender.is_closed()
    }

    /// Whether another stream should go on it. One of the counted clones is the pool's.
    pub(super) fn has_room(&self) -> bool {
        Arc::strong_count(&self.streams) <= MOST_STREAMS
    }

    /// Sends a call and waits for the head of its answer.
    pub(super) async fn exchange(
        &mut self,
        request: Outgoing,
    ) -> Result<Response<Incoming>, Failed> {
        let answered = self.sender.try_send_request(request).await;
        answered.map_err(|mut failed| match failed.take_message() {
            Some(request) => Failed::Unsent(Box::new(request), chain(failed.error())),
            None => Failed::Broken(chain(failed.error())),
        })
    }
}

/// Fewer than any provider allows, so that none waits unsaid for another's end; and one lost packet holds up fewer of them.
const MOST_STREAMS: usize = 64;
