//! A request to a router in this process, without a socket.

use std::net::SocketAddr;

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{HeaderMap, HeaderName, Request, StatusCode, header},
};
use tower::ServiceExt as _;

use crate::{Error, load::Worker};

/// The largest answer that is read.
const LARGEST: usize = 16 << 20;

/// An answer, its body read and thrown away.
pub struct Answer {
    pub status: StatusCode,
    headers: HeaderMap,
}

impl Answer {
    /// A header as text; empty when absent.
    pub fn header(&self, name: &HeaderName) -> &str {
        let value = self.headers.get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

/// Asks for a path.
pub async fn visit(
    router: &Router,
    path: &str,
    cookie: Option<&str>,
    peer: SocketAddr,
) -> Result<Answer, Error> {
    let mut request = Request::builder()
        .uri(path)
        .header(header::HOST, "gateway.test")
        .header(header::USER_AGENT, "gateway-bench")
        .extension(ConnectInfo(peer));
    if let Some(cookie) = cookie {
        request = request.header(header::COOKIE, cookie);
    }
    let response = router.clone().oneshot(request.body(Body::empty())?).await?;
    let (head, body) = response.into_parts();
    axum::body::to_bytes(body, LARGEST).await?;
    Ok(Answer {
        status: head.status,
        headers: head.headers,
    })
}

/// Asks for one path again and again.
#[derive(Clone)]
pub struct Visitor {
    pub router: Router,
    pub path: String,
    pub cookie: Option<String>,
}

impl Worker for Visitor {
    async fn once(&mut self) -> Result<(), Error> {
        let peer = SocketAddr::from(([10, 255, 0, 1], 40_000));
        let answer = visit(&self.router, &self.path, self.cookie.as_deref(), peer).await?;
        if answer.status == StatusCode::OK {
            Ok(())
        } else {
            Err(format!("{} was answered {}", self.path, answer.status).into())
        }
    }
}
