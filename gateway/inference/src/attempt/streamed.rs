//! A stream, up to its first event.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;
use futures_util::StreamExt as _;
use gateway_llm::{
    ir::Garbage,
    providers::{AnswerBody, Plan},
    sse::Splitter,
};
use http::{HeaderMap, StatusCode};
use tokio::time::{Instant, timeout_at};

use super::{Attempt, Good};
use crate::{
    failure::Failure,
    lens::{LONGEST_FRAME, Lens},
    price::Used,
    stream::Begun,
};

/// How long the first event is awaited once anything has come: some upstreams send comments while they think, and the caller
/// must not take the silence for death.
const FIRST_EVENT: Duration = Duration::from_secs(10);

impl Attempt<'_> {
    /// A stream: its first event is awaited before anything is sent.
    pub(super) async fn stream(
        &mut self,
        status: StatusCode,
        headers: HeaderMap,
        mut body: AnswerBody,
    ) -> Result<Good, Failure> {
        let native = matches!(self.plan, Plan::Native(_));
        let Ok(mut lens) = self.lens() else {
            return Err(self.garbage(Used::nothing()));
        };
        let mut first = First::new(native);
        let mut ready = VecDeque::new();
        let mut patience: Option<Instant> = None;
        loop {
            let piece = match patience {
                None => body.next().await,
                Some(until) => match timeout_at(until, body.next()).await {
                    Ok(piece) => piece,
                    Err(_) => break,
                },
            };
            let (bytes, sense) = match piece {
                Some(Ok(chunk)) => match first.look(&chunk) {
                    Ok(()) => lens.push(chunk),
                    Err(garbage) => (Bytes::new(), Err(garbage)),
                },
                Some(Err(error)) => return Err(self.cut(&error, 0)),
                None if first.has_come => (Bytes::new(), Ok(())),
                None => (Bytes::new(), Err(Garbage("the stream is empty".to_owned()))),
            };
            if sense.is_err() {
                let used = self.used_by(&lens);
                return Err(self.garbage(used));
            }
            if !bytes.is_empty() {
                ready.push_back(bytes);
            }
            first.has_come |= !native && !ready.is_empty();
            if first.has_come {
                break;
            }
            patience.get_or_insert_with(|| Instant::now() + FIRST_EVENT);
        }
        if let Some(failure) = lens.failure() {
            let (kind, message) = (failure.kind.clone(), failure.message.clone());
            let used = self.used_by(&lens);
            return Err(self.failed_at_once(&kind, &message, used));
        }
        self.succeeded();
        self.ticket.served();
        Ok(Good::Stream {
            status,
            headers,
            native,
            begun: Begun { body, lens, ready },
        })
    }

    /// What a stream used that failed before the caller had any of it. Its first piece may hold more than the failure.
    fn used_by(&mut self, lens: &Lens) -> Used {
        if lens.has_used() {
            lens.used(self.ticket.input(&self.ask.body))
        } else {
            Used::nothing()
        }
    }

    fn lens(&mut self) -> Result<Lens, Garbage> {
        let surface = self.ask.surface;
        let (id, created) = (self.ticket.id(), self.ticket.at().timestamp());
        match self.plan {
            Plan::Native(_) => Ok(Lens::native(surface, !self.ask.peek.include_usage, id)),
            Plan::Translated(dialect) => {
                let rendering = self.ask.rendering(id, created);
                let rendering = rendering.map_err(|error| Garbage(error.to_string()))?;
                Ok(Lens::translated(dialect, surface, rendering))
            }
            Plan::Embeddings(_) => Err(Garbage("embeddings are no stream".to_owned())),
        }
    }
}

/// Waits for a stream's first event.
struct First {
    /// None where somebody else reads the events.
    splitter: Option<Splitter>,
    has_come: bool,
}

impl First {
    fn new(native: bool) -> Self {
        Self {
            splitter: native.then(|| Splitter::new(LONGEST_FRAME)),
            has_come: false,
        }
    }

    fn look(&mut self, chunk: &[u8]) -> Result<(), Garbage> {
        let Some(splitter) = &mut self.splitter else {
            return Ok(());
        };
        let mut is_event = None;
        let has_come = &mut self.has_come;
        let read = splitter.push(chunk, |frame| {
            *has_come = true;
            is_event.get_or_insert(matches!(frame.data.trim_ascii_start(), [b'{' | b'[', ..]));
        });
        read.map_err(|error| Garbage(error.to_string()))?;
        if is_event == Some(false) {
            return Err(Garbage("the stream's first event is no JSON".to_owned()));
        }
        Ok(())
    }
}
