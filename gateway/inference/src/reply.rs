//! What a caller gets: a head, and a body that writes the request's row when it is over.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use gateway_domain::{RequestId, ledger::Surface};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header::CONTENT_TYPE};
use http_body::{Body, Frame, SizeHint};

use crate::{stream::Streaming, ticket::Ticket};

pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// An answer to a caller.
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers, `x-request-id` among them.
    pub headers: HeaderMap,
    /// The body.
    pub body: ReplyBody,
}

/// The body of an answer. Dropping it is what ends the call: at the upstream, and in the ledger.
pub struct ReplyBody(Kind);

enum Kind {
    Whole(Option<Bytes>, Option<Box<Ticket>>),
    Stream(Box<Streaming>),
}

impl Reply {
    /// An answer that is there already.
    pub fn whole(status: StatusCode, id: RequestId, body: Bytes) -> Self {
        Self::new(status, id, Kind::Whole(Some(body), None))
    }

    /// The same, which closes a request when it is taken.
    pub(crate) fn closing(
        status: StatusCode,
        id: RequestId,
        body: Bytes,
        ticket: Box<Ticket>,
    ) -> Self {
        if body.is_empty() {
            // Nobody asks for a body without bytes.
            ticket.close();
            return Self::whole(status, id, body);
        }
        Self::new(status, id, Kind::Whole(Some(body), Some(ticket)))
    }

    /// An answer that is still coming.
    pub(crate) fn stream(status: StatusCode, id: RequestId, stream: Box<Streaming>) -> Self {
        Self::new(status, id, Kind::Stream(stream))
    }

    fn new(status: StatusCode, id: RequestId, body: Kind) -> Self {
        let mut headers = HeaderMap::with_capacity(12);
        if let Some(id) = id_value(id) {
            headers.insert(REQUEST_ID, id);
        }
        Self {
            status,
            headers,
            body: ReplyBody(body),
        }
    }

    /// What a surface's SDK looks for beside: Anthropic's reads the id elsewhere.
    pub(crate) fn for_surface(&mut self, surface: Surface, id: RequestId) {
        if matches!(surface, Surface::Messages | Surface::CountTokens)
            && let Some(id) = id_value(id)
        {
            self.headers.insert("request-id", id);
        }
    }

    pub(crate) fn json(mut self) -> Self {
        self.headers.insert(CONTENT_TYPE, JSON);
        self
    }
}

fn id_value(id: RequestId) -> Option<HeaderValue> {
    HeaderValue::from_str(&id.to_string()).ok()
}

impl ReplyBody {
    /// The bytes of a body that is there already.
    pub(crate) fn into_whole(self) -> Bytes {
        match self.0 {
            Kind::Whole(bytes, _) => bytes.unwrap_or_default(),
            Kind::Stream(_) => Bytes::new(),
        }
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut self.0 {
            Kind::Whole(bytes, ticket) => {
                if let Some(ticket) = ticket.take() {
                    ticket.close();
                }
                Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes))))
            }
            Kind::Stream(stream) => stream
                .poll_next(cx)
                .map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            // An empty body is never asked for: its row is written when it is dropped.
            Kind::Whole(bytes, _) => bytes.as_ref().is_none_or(Bytes::is_empty),
            Kind::Stream(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Whole(bytes, _) => {
                let length = bytes.as_ref().map_or(0, Bytes::len);
                SizeHint::with_exact(u64::try_from(length).unwrap_or(u64::MAX))
            }
            Kind::Stream(_) => SizeHint::default(),
        }
    }
}
