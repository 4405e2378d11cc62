//! How a request ends.

use std::mem::take;

use gateway_domain::ledger::{Outcome, RequestRecord};

use super::{End, Ticket, milliseconds};

impl Ticket {
    fn abandon(&mut self) {
        if std::thread::panicking() {
            self.panicked();
            return;
        }
        let Some(trying) = &self.trying else {
            if !self.closed && self.record.error_code.is_none() {
                self.record.error_code = Some(Outcome::ClientAbort.as_str().to_owned());
            }
            return;
        };
        let used = trying.fallback.clone();
        let outcome = if self.plane.is_stopping() {
            Outcome::Killed
        } else {
            Outcome::ClientAbort
        };
        self.record.error_code = Some(outcome.as_str().to_owned());
        trying.route.health.released();
        self.settle(End {
            outcome,
            status: None,
            code: None,
            used,
        });
    }

    fn panicked(&mut self) {
        let used = self.trying.as_ref().map(|trying| trying.fallback.clone());
        if let Some(used) = used {
            self.settle(End {
                outcome: Outcome::Error,
                status: None,
                code: Some("server_error".to_owned()),
                used,
            });
        }
        self.record.status = 500;
        self.record.error_code = Some("server_error".to_owned());
    }

    /// The request's row, taken out.
    fn row(&mut self) -> RequestRecord {
        let record = &mut self.record;
        RequestRecord {
            id: record.id,
            at: record.at,
            surface: record.surface,
            account: record.account.clone(),
            model: take(&mut record.model),
            served_by: record.served_by.take(),
            streamed: record.streamed,
            status: record.status,
            error_code: record.error_code.take(),
            attempts: record.attempts,
            tokens: record.tokens,
            cost: record.cost,
            first_byte_ms: record.first_byte_ms,
            total_ms: milliseconds(self.began),
            client_request_id: record.client_request_id.take(),
            labels: take(&mut record.labels),
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.abandon();
        let record = self.row();
        self.plane.tally().request(&record);
        let ledger = self.plane.ledger();
        match self.capture.take() {
            None => ledger.close(record, None),
            Some(capture) => capture.close(ledger.clone(), record, self.plane.is_stopping()),
        }
    }
}
