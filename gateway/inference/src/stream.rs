//! An answer that is still coming, on its way to the caller.

use std::{
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::Stream as _;
use gateway_domain::ledger::Outcome;
use gateway_llm::providers::{AnswerBody, BodyError};

use crate::{
    lens::Lens,
    refusal::Refusal,
    ticket::{End, Ticket},
};

/// How often the ledger hears how far a stream is.
const PROGRESS: Duration = Duration::from_secs(1);

/// A stream with its ticket. Dropping it ends the call at the upstream and writes the rows.
pub(crate) struct Streaming {
    /// None when the upstream has nothing more to say.
    body: Option<AnswerBody>,
    lens: Lens,
    ready: VecDeque<Bytes>,
    ticket: Option<Box<Ticket>>,
    /// What the request is reckoned at.
    input: u64,
    status: u16,
    settled: bool,
    told: Instant,
}

impl Streaming {
    /// A stream whose first event is there, in `ready`.
    pub(crate) fn new(ticket: Box<Ticket>, status: u16, input: u64, begun: Begun) -> Box<Self> {
        let mut streaming = Box::new(Self {
            body: Some(begun.body),
            lens: begun.lens,
            ready: begun.ready,
            ticket: Some(ticket),
            input,
            status,
            settled: false,
            told: Instant::now(),
        });
        streaming.look();
        streaming
    }

    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            if let Some(bytes) = self.ready.pop_front() {
                self.hand_out(&bytes);
                return Poll::Ready(Some(bytes));
            }
            let Some(body) = &mut self.body else {
                if let Some(ticket) = self.ticket.take() {
                    ticket.close();
                }
                return Poll::Ready(None);
            };
            match ready!(Pin::new(body).poll_next(cx)) {
                Some(Ok(chunk)) => self.take(chunk),
                Some(Err(error)) => self.broke(&error),
                None => self.over(),
            }
        }
    }

    fn hand_out(&mut self, bytes: &Bytes) {
        let Some(ticket) = &mut self.ticket else {
            return;
        };
        ticket.first_byte();
        ticket.sent(bytes);
        if self.settled && self.ready.is_empty() {
            // A caller who has the protocol's end may leave without waiting for the connection's.
            ticket.complete();
        }
    }

    fn take(&mut self, chunk: Bytes) {
        let (bytes, sense) = self.lens.push(chunk);
        self.queue(bytes);
        // What follows the protocol's end is of no consequence.
        self.look();
        if sense.is_err() && !self.settled {
            self.fail(Outcome::Error, "garbage", &Refusal::upstream_broken());
            return;
        }
        if !self.settled && self.told.elapsed() >= PROGRESS {
            self.told = Instant::now();
            if let Some(ticket) = &self.ticket {
                ticket.progress(self.lens.output());
            }
        }
    }

    /// Settles when the stream has said its last word.
    fn look(&mut self) {
        if self.settled {
            return;
        }
        if let Some(failure) = self.lens.failure() {
            let code = word(&failure.kind);
            self.settle(Outcome::Error, Some(code.clone()));
            self.tell(Some(&code));
            self.body = None;
        } else if self.lens.ended() {
            self.settle(Outcome::Success, None);
        }
    }

    fn broke(&mut self, error: &BodyError) {
        self.body = None;
        if self.settled {
            return;
        }
        match error {
            BodyError::Idle => self.fail(
                Outcome::Timeout,
                "idle_timeout",
                &Refusal::upstream_timeout(),
            ),
            BodyError::Broken(_) => self.fail(Outcome::Cut, "cut", &Refusal::upstream_broken()),
        }
    }

    fn over(&mut self) {
        self.body = None;
        match self.lens.finish() {
            Ok(bytes) => {
                self.queue(bytes);
                self.look();
                if !self.settled {
                    self.settle(Outcome::Success, None);
                }
            }
            Err(_) if self.settled => {}
            Err(_) => self.fail(Outcome::Cut, "cut", &Refusal::upstream_broken()),
        }
    }

    fn fail(&mut self, outcome: Outcome, code: &str, refusal: &Refusal) {
        self.body = None;
        if self.settled {
            return;
        }
        let frames = self.lens.fail(refusal.error());
        self.queue(frames);
        self.settle(outcome, Some(code.to_owned()));
        self.tell(Some(if outcome == Outcome::Cut {
            "cut"
        } else {
            refusal.code()
        }));
    }

    fn queue(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.ready.push_back(bytes);
        }
    }

    fn settle(&mut self, outcome: Outcome, code: Option<String>) {
        self.settled = true;
        let used = self.lens.used(self.input);
        if let Some(ticket) = &mut self.ticket {
            ticket.settle(End {
                outcome,
                status: None,
                code,
                used,
            });
        }
    }

    fn tell(&mut self, code: Option<&str>) {
        if let Some(ticket) = &mut self.ticket {
            ticket.tell(self.status, code);
        }
    }
}

impl Drop for Streaming {
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        let used = self.lens.used(self.input);
        if let Some(ticket) = &mut self.ticket {
            ticket.so_far(used);
        }
    }
}

/// A stream whose first event has come.
pub(crate) struct Begun {
    pub body: AnswerBody,
    pub lens: Lens,
    pub ready: VecDeque<Bytes>,
}

/// An upstream's word as a code: short, and nothing but letters.
pub(crate) fn word(kind: &str) -> String {
    let word: String = kind
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '_')
        .take(64)
        .collect();
    if word.is_empty() {
        "upstream_error".to_owned()
    } else {
        word
    }
}
