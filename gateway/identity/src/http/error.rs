//! Why a request brought no answer.

use super::Blocked;
use crate::words::sanitised;

/// Why a request brought no answer that can be used. It names host and kind, never a path, query, header or body: those
/// may carry secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The guard does not connect there.
    #[error("{host} is not contacted: {reason}")]
    Blocked {
        /// Host and port.
        host: String,
        /// Why.
        reason: Blocked,
    },
    /// Plain http beyond loopback.
    #[error(
        "{host} is not contacted without TLS; http.allow_insecure would allow it, https is better"
    )]
    Insecure {
        /// Host and port.
        host: String,
    },
    /// Not an address of the web.
    #[error("not an http or https address without user and password")]
    Address,
    /// The name has no address.
    #[error("the name of {host} cannot be resolved")]
    Name {
        /// Host and port.
        host: String,
    },
    /// No connection.
    #[error("no connection to {host}: {reason}")]
    Connect {
        /// Host and port.
        host: String,
        /// What the system said.
        reason: String,
    },
    /// A connection, but no trust.
    #[error("no TLS with {host}: {reason}")]
    Tls {
        /// Host and port.
        host: String,
        /// What the TLS library said.
        reason: String,
    },
    /// Too slow, at any stage.
    #[error("{host} did not answer within {seconds} s")]
    Timeout {
        /// Host and port.
        host: String,
        /// The policy's limit.
        seconds: u64,
    },
    /// More than it can have to say.
    #[error("the answer of {host} is larger than {limit} bytes")]
    TooLarge {
        /// Host and port.
        host: String,
        /// What was allowed.
        limit: usize,
    },
    /// It broke off, or is not HTTP.
    #[error("the answer of {host} broke off or is not HTTP")]
    Broken {
        /// Host and port.
        host: String,
    },
    /// The client could not be made.
    #[error("the HTTP client cannot be made: {0}")]
    Setup(String),
}

impl HttpError {
    /// Reads what `reqwest` says.
    pub(super) fn from_reqwest(error: &reqwest::Error, host: String, seconds: u64) -> Self {
        let chain = chain(error);
        if let Some(reason) = chain
            .iter()
            .find_map(|source| source.downcast_ref::<Blocked>())
        {
            return Self::Blocked {
                host,
                reason: *reason,
            };
        }
        if error.is_timeout() && error.is_connect() {
            let reason = "nobody answers there".to_owned();
            return Self::Connect { host, reason };
        }
        if error.is_timeout() {
            return Self::Timeout { host, seconds };
        }
        if error.is_dns() {
            return Self::Name { host };
        }
        let reason = chain
            .last()
            .map(|source| sanitised(&source.to_string()))
            .unwrap_or_default();
        if is_tls(&chain) {
            Self::Tls { host, reason }
        } else if error.is_connect() {
            Self::Connect { host, reason }
        } else {
            Self::Broken { host }
        }
    }
}

type Cause<'a> = &'a (dyn std::error::Error + 'static);

fn chain(error: &reqwest::Error) -> Vec<Cause<'_>> {
    let first = std::error::Error::source(error);
    std::iter::successors(first, |cause| {
        // An I/O error hands on the source of what it wraps, not what it wraps.
        let wrapped = cause
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref);
        wrapped.map_or_else(|| cause.source(), |inner| Some(inner as Cause<'_>))
    })
    .collect()
}

/// The TLS library is no dependency of ours, so its errors are known by the kind that they are wrapped in and their words.
fn is_tls(chain: &[Cause<'_>]) -> bool {
    chain.iter().any(|cause| {
        let invalid = cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == std::io::ErrorKind::InvalidData);
        let text = cause.to_string();
        invalid
            || text.contains("certificate")
            || text.contains("handshake")
            || text.contains("fatal alert")
    })
}
