//! The connections to one provider that are open.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderValue, Response, Uri};
use http_body::{Body as _, Frame};
use hyper::body::Incoming;
use tokio::time::timeout;

use super::{
    BuildError, SendError,
    connector::Connector,
    link::{Failed, Http1, Http2, Link, Outgoing, handshake},
};

/// Longer than that no connection is kept unused: many providers close theirs soon after.
const KEPT: Duration = Duration::from_secs(90);
const MOST_KEPT: usize = 512;

/// The connections to one provider.
#[derive(Clone)]
pub(super) struct Pool(Arc<Shared>);

struct Shared {
    connector: Connector,
    origin: Uri,
    host: HeaderValue,
    idle: Mutex<VecDeque<(Box<Http1>, Instant)>>,
    many: Mutex<Vec<Http2>>,
    /// Held while somebody connects to a provider that is known to speak HTTP/2: the others wait for that connection.
    dialling: tokio::sync::Mutex<()>,
}

/// What holds the connection while the body comes.
pub(super) enum Lease {
    /// The connection, which the body has to drive, and where it goes afterwards.
    One(Box<Http1>, Pool),
    /// A connection that drives itself; it counts its streams.
    Many(#[expect(dead_code, reason = "held, not read")] Http2),
}

impl Lease {
    /// The next piece of the body.
    pub(super) fn poll_body(
        &mut self,
        incoming: &mut Incoming,
        cx: &mut Context<'_>,
    ) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        match self {
            Self::One(one, _) => one.poll_body(incoming, cx),
            Self::Many(_) => Pin::new(incoming).poll_frame(cx),
        }
    }
}

impl Pool {
    pub(super) fn new(connector: Connector, origin: Uri) -> Result<Self, BuildError> {
        let authority = origin.authority().map_or("", |found| found.as_str());
        let default = match origin.scheme_str() {
            Some("https") => ":443",
            _ => ":80",
        };
        let host = authority.strip_suffix(default).unwrap_or(authority);
        let host = HeaderValue::from_str(host)
            .map_err(|_| BuildError::Address("its host cannot be called".to_owned()))?;
        Ok(Self(Arc::new(Shared {
            connector,
            origin,
            host,
            idle: Mutex::default(),
            many: Mutex::default(),
            dialling: tokio::sync::Mutex::default(),
        })))
    }

    /// What stands in `Host`.
    pub(super) fn host(&self) -> &HeaderValue {
        &self.0.host
    }

    /// Sends a call and waits for the head of its answer, `first_byte` at most from when there is a connection. It is sent
    /// again only when a connection that had been kept turns out to be closed before a byte of it was written.
    pub(super) async fn exchange(
        &self,
        mut request: Outgoing,
        first_byte: Duration,
    ) -> Result<(Response<Incoming>, Lease), SendError> {
        loop {
            let (link, kept) = self.checkout().await?;
            let answering = self.exchange_on(link, request);
            match timeout(first_byte, answering).await {
                Ok(Ok(answered)) => return Ok(answered),
                Ok(Err(Failed::Unsent(again, _))) if kept => request = *again,
                Ok(Err(Failed::Unsent(_, reason))) => return Err(SendError::Connect(reason)),
                Ok(Err(Failed::Broken(reason))) => return Err(SendError::Broken(reason)),
                Err(_) => return Err(SendError::FirstByteTimeout),
            }
        }
    }

    async fn exchange_on(
        &self,
        link: Link,
        request: Outgoing,
    ) -> Result<(Response<Incoming>, Lease), Failed> {
        match link {
            Link::One(mut one) => {
                let response = one.exchange(request, &self.0.host).await?;
                Ok((response, Lease::One(one, self.clone())))
            }
            Link::Many(mut many) => {
                let response = many.exchange(request).await?;
                Ok((response, Lease::Many(many)))
            }
        }
    }

    /// A connection, and whether it had been open before.
    async fn checkout(&self) -> Result<(Link, bool), SendError> {
        if let Some(kept) = self.kept() {
            return Ok((kept, true));
        }
        if !self.speaks_http2() {
            return Ok((self.connect().await?, false));
        }
        let turn = timeout(self.0.connector.limit(), self.0.dialling.lock()).await;
        let _turn = turn.map_err(|_| SendError::ConnectTimeout)?;
        if let Some(many) = self.roomy() {
            return Ok((Link::Many(many), true));
        }
        Ok((self.connect().await?, false))
    }

    fn kept(&self) -> Option<Link> {
        if let Some(many) = self.roomy() {
            return Some(Link::Many(many));
        }
        loop {
            let (mut one, since) = locked(&self.0.idle).pop_back()?;
            if since.elapsed() < KEPT && one.is_free() {
                return Some(Link::One(one));
            }
        }
    }

    async fn connect(&self) -> Result<Link, SendError> {
        let io = self.0.connector.connect(&self.0.origin).await?;
        let link = handshake(io).await?;
        if let Link::Many(many) = &link {
            let mut shared = locked(&self.0.many);
            shared.retain(Http2::is_open);
            shared.push(many.clone());
        }
        Ok(link)
    }

    fn speaks_http2(&self) -> bool {
        !locked(&self.0.many).is_empty()
    }

    fn roomy(&self) -> Option<Http2> {
        let shared = locked(&self.0.many);
        let roomy = shared.iter().find(|many| many.is_open() && many.has_room());
        roomy.cloned()
    }

    /// Takes a connection back whose answer was read to its end.
    pub(super) fn keep(&self, mut one: Box<Http1>) {
        if !one.is_free() {
            return;
        }
        let now = Instant::now();
        let mut idle = locked(&self.0.idle);
        while let Some((_, since)) = idle.front()
            && (now.duration_since(*since) >= KEPT || idle.len() >= MOST_KEPT)
        {
            idle.pop_front();
        }
        idle.push_back((one, now));
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
