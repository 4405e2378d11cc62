//! Browser sessions and where requests come from.

use std::net::IpAddr;

use chrono::{DateTime, Utc};

use crate::{RequestId, SessionId, UserId};

/// A live session, without what would open it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct SessionInfo {
    /// Which; not the cookie's value.
    pub id: SessionId,
    /// Whose.
    pub user_id: UserId,
    /// Through which provider it was opened, or `password`.
    pub provider_key: String,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    pub last_seen_at: DateTime<Utc>,
    /// When it ends whatever happens.
    pub expires_at: DateTime<Utc>,
    /// From which address it was opened.
    pub address: String,
    /// With which browser.
    pub user_agent: String,
}

/// Where a request comes from: what the audit log keeps beside every decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The request's id.
    pub correlation_id: RequestId,
    /// The client's address, the forwarded one behind a trusted proxy; `None` for the command line.
    pub address: Option<IpAddr>,
    /// The client's user agent, at most 256 characters without control characters.
    pub user_agent: String,
}

impl Origin {
    /// The gateway itself or its command line.
    pub fn local(what: &str) -> Self {
        Self {
            correlation_id: RequestId::new(),
            address: None,
            user_agent: what.to_owned(),
        }
    }

    /// From a request; the user agent is cleaned and cut.
    pub fn remote(correlation_id: RequestId, address: IpAddr, user_agent: &str) -> Self {
        let user_agent = user_agent
            .chars()
            .filter(|c| !c.is_control())
            .take(256)
            .collect();
        Self {
            correlation_id,
            address: Some(address),
            user_agent,
        }
    }

    /// The address as kept in the database.
    pub fn address_text(&self) -> String {
        self.address
            .map(|address| address.to_canonical().to_string())
            .unwrap_or_default()
    }
}
