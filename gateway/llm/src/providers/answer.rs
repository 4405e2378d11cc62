//! What an upstream answers.

use std::{
    future::Future as _,
    pin::Pin,
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use bytes::Bytes;
use futures_util::Stream;
use http::{HeaderMap, StatusCode};
use http_body::{Body as _, Frame};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep_until};

use super::{connector::chain, events::Events, pool::Lease};

/// An upstream's answer: its head, and a body that is still coming.
pub struct Answer {
    /// Its status, whatever it is.
    pub status: StatusCode,
    /// Its headers, without those that belong to the connection.
    pub headers: HeaderMap,
    /// Its body.
    pub body: AnswerBody,
}

/// Why a body ended before its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Nothing came for as long as `timeouts.idle`.
    #[error("the provider stopped in the middle of its answer")]
    Idle,
    /// The connection broke, or what came is not what was announced.
    #[error("the provider's answer broke off: {0}")]
    Broken(String),
}

/// The body, piece by piece; nothing comes after an error. Dropping it ends the call at the upstream.
pub struct AnswerBody {
    source: Source,
    idle: Idle,
    /// For AWS event streams, which come out as server-sent events.
    events: Option<Box<Events>>,
}

enum Source {
    Coming(Incoming, Lease),
    Whole(Bytes),
    Over,
}

impl AnswerBody {
    /// A body that is there already.
    pub fn whole(bytes: Bytes) -> Self {
        Self {
            source: Source::Whole(bytes),
            idle: Idle::new(Duration::MAX),
            events: None,
        }
    }

    pub(super) fn coming(incoming: Incoming, lease: Lease, idle: Duration) -> Self {
        Self {
            source: Source::Coming(incoming, lease),
            idle: Idle::new(idle),
            events: None,
        }
    }

    pub(super) fn read_as(mut self, events: Events) -> Self {
        self.events = Some(Box::new(events));
        self
    }

    fn poll_source(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        let (incoming, lease) = match &mut self.source {
            Source::Coming(incoming, lease) => (incoming, lease),
            Source::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                self.source = Source::Over;
                return Poll::Ready((!bytes.is_empty()).then_some(Ok(bytes)));
            }
            Source::Over => return Poll::Ready(None),
        };
        loop {
            match lease.poll_body(incoming, cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    let Ok(bytes) = frame.into_data() else {
                        continue;
                    };
                    if !bytes.is_empty() {
                        self.idle.came();
                        if incoming.is_end_stream() {
                            self.over();
                        }
                        return Poll::Ready(Some(Ok(bytes)));
                    }
                }
                Poll::Ready(Some(Err(error))) => {
                    self.source = Source::Over;
                    return Poll::Ready(Some(Err(BodyError::Broken(chain(&error)))));
                }
                Poll::Ready(None) => {
                    self.over();
                    return Poll::Ready(None);
                }
                Poll::Pending => {
                    ready!(self.idle.poll(cx));
                    self.source = Source::Over;
                    return Poll::Ready(Some(Err(BodyError::Idle)));
                }
            }
        }
    }

    /// The body was read to its end: its connection can serve another call.
    fn over(&mut self) {
        let source = std::mem::replace(&mut self.source, Source::Over);
        if let Source::Coming(incoming, Lease::One(one, pool)) = source {
            drop(incoming);
            pool.keep(one);
        }
    }
}

impl Drop for AnswerBody {
    /// Who stops at the protocol's own last word leaves the end of the body unread. When that is there already, the
    /// connection is as good as any.
    fn drop(&mut self) {
        let Source::Coming(incoming, Lease::One(one, _)) = &mut self.source else {
            return;
        };
        let frame = one.poll_body(incoming, &mut Context::from_waker(Waker::noop()));
        if matches!(frame, Poll::Ready(None)) {
            self.over();
        }
    }
}

impl Stream for AnswerBody {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.events.is_none() {
            return this.poll_source(cx);
        }
        loop {
            let piece = ready!(this.poll_source(cx));
            let Some(events) = &mut this.events else {
                return Poll::Ready(piece);
            };
            let read = match piece {
                Some(Ok(bytes)) => events.push(&bytes),
                Some(Err(error)) => Err(error),
                None => match events.finish() {
                    Ok(()) => return Poll::Ready(None),
                    Err(error) => Err(error),
                },
            };
            match read {
                Ok(bytes) if bytes.is_empty() => {}
                Ok(bytes) => return Poll::Ready(Some(Ok(bytes))),
                Err(error) => {
                    this.source = Source::Over;
                    this.events = None;
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
    }
}

impl http_body::Body for AnswerBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.poll_next(cx).map_ok(Frame::data)
    }
}

/// The idle timeout. Only waiting for the upstream counts; a slow reader of the answer does not. The timer is set once and
/// pushed on when it goes off too early, which is cheaper than resetting it for every piece.
struct Idle {
    limit: Duration,
    waiting_since: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Idle {
    fn new(limit: Duration) -> Self {
        Self {
            limit,
            waiting_since: None,
            timer: None,
        }
    }

    fn came(&mut self) {
        self.waiting_since = None;
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let since = *self.waiting_since.get_or_insert_with(Instant::now);
        let Some(due) = since.checked_add(self.limit) else {
            return Poll::Pending;
        };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
        loop {
            ready!(timer.as_mut().poll(cx));
            if timer.deadline() >= due {
                return Poll::Ready(());
            }
            timer.as_mut().reset(due);
        }
    }
}
