//! What a call of the data plane may do: one cached look-up from a key to its rights.
//!
//! An answer is used as long as no decision was committed in this process since it was read, and for less than a second
//! whatever happens elsewhere. So the first call after a revocation, a disabled owner or a changed list of models is
//! refused by the process that was told, and within a second by every other.

mod ring;
mod table;

use std::{collections::HashSet, sync::Arc};

use chrono::{DateTime, Utc};
use gateway_domain::{Payloads, ledger::Account};
use gateway_store::api_keys::Holder;

pub use ring::KeyRing;

/// What a key may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rights {
    /// On whose account its calls go.
    pub account: Account,
    /// What its owner calls it.
    pub key_name: String,
    /// What people know its owner by: an address, or a service account's name.
    pub owner_label: String,
    /// The models it may call; `None`: all.
    pub models: Option<HashSet<String>>,
    /// What the request log keeps of bodies: the strictest of the person's and the team's policy. The file's is for the
    /// caller to apply.
    pub payloads: Payloads,
    /// When the key stops working.
    pub expires_at: Option<DateTime<Utc>>,
}

impl Rights {
    /// Whether it may call this model.
    pub fn allow(&self, model: &str) -> bool {
        self.models
            .as_ref()
            .is_none_or(|models| models.contains(model))
    }
}

/// Why a key does not work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum KeyRefusal {
    /// There is no such key.
    #[error("There is no such API key.")]
    Unknown,
    /// It was revoked, or rotated and its overlap is over.
    #[error("This API key was revoked or replaced.")]
    Revoked,
    /// Its time is over.
    #[error("This API key has expired.")]
    Expired,
    /// Its owner is not active.
    #[error("The owner of this API key is not active.")]
    OwnerDisabled,
    /// The database cannot be asked. It may work the next time.
    #[error("The API key cannot be checked at the moment.")]
    Unavailable,
}

impl KeyRefusal {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unknown => "unknown_key",
            Self::Revoked => "key_revoked",
            Self::Expired => "key_expired",
            Self::OwnerDisabled => "owner_disabled",
            Self::Unavailable => "key_check_unavailable",
        }
    }
}

/// What the database said of a key, judged as far as time does not matter.
#[derive(Clone, Debug)]
struct Verdict {
    outcome: Result<Arc<Rights>, KeyRefusal>,
    /// When the secret ends that was asked for.
    secret_until: Option<DateTime<Utc>>,
}

impl Verdict {
    fn of(holder: Holder) -> Self {
        let secret_until = holder.secret_until;
        let outcome = if holder.revoked_at.is_some() {
            Err(KeyRefusal::Revoked)
        } else if !holder.owner_works {
            Err(KeyRefusal::OwnerDisabled)
        } else {
            Ok(Arc::new(rights(holder)))
        };
        Self {
            outcome,
            secret_until,
        }
    }

    fn at(&self, now: DateTime<Utc>) -> Result<Arc<Rights>, KeyRefusal> {
        if self.secret_until.is_some_and(|end| end <= now) {
            return Err(KeyRefusal::Revoked);
        }
        let rights = self.outcome.as_ref().map_err(|refusal| *refusal)?;
        if rights.expires_at.is_some_and(|end| end <= now) {
            return Err(KeyRefusal::Expired);
        }
        Ok(Arc::clone(rights))
    }
}

fn rights(holder: Holder) -> Rights {
    let persons = match holder.request_logging_enabled {
        Some(false) => Payloads::Off,
        Some(true) | None => Payloads::Full,
    };
    Rights {
        account: Account {
            key_id: holder.key_id,
            owner: holder.owner,
            team_id: holder.team_id,
        },
        key_name: holder.key_name,
        owner_label: holder.owner_label,
        models: holder.models.map(HashSet::from_iter),
        // The words are in order of strictness.
        payloads: holder
            .team_payloads
            .map_or(persons, |team| team.min(persons)),
        expires_at: holder.expires_at,
    }
}
