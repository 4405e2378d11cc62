//! The calls that are under way, and where the journal says so.

use std::collections::HashMap;

use gateway_domain::{AttemptId, RequestId};

use super::{Position, Progress};
use crate::rows::Row;

/// Attempts that are not settled or whose request is not closed. Their records must stay in the journal.
#[derive(Default)]
pub(super) struct Calls {
    attempts: HashMap<AttemptId, Call>,
    requests: HashMap<RequestId, Request>,
}

/// An attempt's record.
#[derive(Clone)]
pub(super) struct Call {
    request: RequestId,
    /// Where it begins.
    pub(super) at: Position,
    /// How long it is.
    pub(super) length: u64,
    /// What came out so far.
    pub(super) noted: Option<Noted>,
    is_settled: bool,
}

/// What came out of an attempt, and where the journal says so: that record must stay as long as the attempt's own.
#[derive(Clone, Copy)]
pub(super) struct Noted {
    pub(super) progress: Progress,
    pub(super) segment: u64,
    pub(super) length: u64,
}

impl Call {
    /// Whether one of its records stands in a segment.
    pub(super) fn is_in(&self, segment: u64) -> bool {
        self.at.segment == segment || self.noted.is_some_and(|noted| noted.segment == segment)
    }
}

#[derive(Default)]
struct Request {
    attempts: Vec<AttemptId>,
    is_closed: bool,
}

impl Calls {
    pub(super) fn begin(&mut self, id: AttemptId, request: RequestId, at: Position, length: u64) {
        let call = Call {
            request,
            at,
            length,
            noted: None,
            is_settled: false,
        };
        self.attempts.insert(id, call);
        self.requests.entry(request).or_default().attempts.push(id);
    }

    /// Takes note of a row that ends something. Returns the records that need not stay any longer.
    pub(super) fn end(&mut self, row: &Row) -> Vec<Call> {
        match row {
            Row::Attempt(attempt) => self.settle(attempt.id),
            Row::Request(request) => self.close(request.id),
            Row::Payload(_) => Vec::new(),
        }
    }

    fn settle(&mut self, id: AttemptId) -> Vec<Call> {
        let Some(call) = self.attempts.get_mut(&id) else {
            return Vec::new();
        };
        call.is_settled = true;
        let request = call.request;
        self.release(request)
    }

    fn close(&mut self, request: RequestId) -> Vec<Call> {
        let Some(known) = self.requests.get_mut(&request) else {
            return Vec::new();
        };
        known.is_closed = true;
        self.release(request)
    }

    fn release(&mut self, id: RequestId) -> Vec<Call> {
        let Some(request) = self.requests.get_mut(&id).filter(|known| known.is_closed) else {
            return Vec::new();
        };
        let attempts = &mut self.attempts;
        let mut released = Vec::new();
        request.attempts.retain(|attempt| {
            let is_over = attempts.get(attempt).is_none_or(|call| call.is_settled);
            if is_over {
                released.extend(attempts.remove(attempt));
            }
            !is_over
        });
        if request.attempts.is_empty() {
            self.requests.remove(&id);
        }
        released
    }

    /// Those that have a record in a segment.
    pub(super) fn of_segment(&self, segment: u64) -> Vec<AttemptId> {
        let calls = self.attempts.iter();
        calls
            .filter(|(_, call)| call.is_in(segment))
            .map(|(id, _)| *id)
            .collect()
    }

    pub(super) fn get_mut(&mut self, id: AttemptId) -> Option<&mut Call> {
        self.attempts.get_mut(&id)
    }

    /// How many attempts there are.
    pub(super) fn len(&self) -> usize {
        self.attempts.len()
    }
}
