//! What is kept of bodies, where the policies allow it.

mod redact;

use bytes::Bytes;
use gateway_domain::{Payloads, ledger::RequestRecord};
use gateway_ledger::{Ledger, Payload};
use tokio::runtime::Handle;

/// The most that is kept of a side.
const MOST: usize = 256 * 1024;
/// What is redacted in less than a tenth of a millisecond.
const LITTLE: usize = 8 * 1024;

/// Keeps what passes.
pub(crate) struct Capture {
    kept: Payloads,
    request: Bytes,
    request_whole: bool,
    response: Vec<u8>,
    truncated: bool,
}

impl Capture {
    /// Keeps a request and what will be answered; `None` where nothing is to be kept.
    pub(crate) fn new(kept: Payloads, request: &Bytes) -> Option<Self> {
        if kept == Payloads::Off {
            return None;
        }
        let request_whole = request.len() <= MOST;
        Some(Self {
            kept,
            // A copy of what is kept, so that 20 MB are not held on to for the sake of their beginning.
            request: if request_whole {
                request.clone()
            } else {
                Bytes::copy_from_slice(&request[..MOST])
            },
            request_whole,
            response: Vec::new(),
            truncated: !request_whole,
        })
    }

    /// Keeps the next piece of the answer.
    pub(crate) fn response(&mut self, bytes: &[u8]) {
        let room = MOST - self.response.len();
        let fits = &bytes[..bytes.len().min(room)];
        self.response.extend_from_slice(fits);
        self.truncated |= fits.len() < bytes.len();
    }

    /// Closes the request with what was kept. Redacting much takes a while: no worker waits for it, unless the gateway
    /// ends and the row would be lost.
    pub(crate) fn close(self, ledger: Ledger, record: RequestRecord, at_once: bool) {
        let is_little = self.request.len() + self.response.len() <= LITTLE;
        match Handle::try_current() {
            Ok(runtime) if !at_once && !is_little && self.kept == Payloads::Redacted => {
                runtime.spawn_blocking(move || ledger.close(record, Some(self.payload())));
            }
            _ => ledger.close(record, Some(self.payload())),
        }
    }

    fn payload(self) -> Payload {
        let text = |bytes: &[u8], whole: bool| match self.kept {
            Payloads::Full => String::from_utf8_lossy(bytes).into_owned(),
            _ => redact::redacted(bytes, whole),
        };
        Payload {
            kept: self.kept,
            request: text(&self.request, self.request_whole),
            response: text(&self.response, self.response.len() < MOST),
            truncated: self.truncated,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_is_cut_and_says_so() {
        let request = Bytes::from(vec![b'a'; MOST + 1]);
        let mut capture = Capture::new(Payloads::Full, &request).unwrap();
        capture.response(b"short");
        let payload = capture.payload();
        assert_eq!(payload.request.len(), MOST);
        assert_eq!(payload.response, "short");
        assert!(payload.truncated);
        let mut capture = Capture::new(Payloads::Full, &Bytes::new()).unwrap();
        capture.response(&vec![b'a'; MOST]);
        assert!(!capture.truncated);
        capture.response(b"b");
        assert!(capture.payload().truncated);
        assert!(Capture::new(Payloads::Off, &Bytes::new()).is_none());
    }
}
