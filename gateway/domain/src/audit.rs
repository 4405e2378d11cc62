//! What the audit log says, and what an entry's hash covers.

use std::fmt;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{Origin, TokenHash, access::Principal};

macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident = $word:literal),* $(,)?) => {
        /// What happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Action { $($(#[$doc])* $variant),* }

        impl Action {
            /// Every action, for the filter of the page.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word in the log and the API.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }
    };
}

actions! {
    /// Somebody signed in.
    SignInSucceeded = "sign_in.succeeded",
    /// Somebody was refused.
    SignInFailed = "sign_in.failed",
    /// A callback was presented a second time.
    SignInReplayed = "sign_in.replayed",
    /// Somebody signed out.
    SignedOut = "sign_out",
    /// A subject was linked to a person.
    IdentityLinked = "identity.linked",
    /// A provider named another address for a linked person.
    IdentityEmailChanged = "identity.email_changed",
    /// A person was made at their first sign-in.
    UserProvisioned = "user.provisioned",
    /// A person was invited or declared.
    UserInvited = "user.invited",
    /// An invited person came.
    UserActivated = "user.activated",
    /// A person's name or logging changed.
    UserChanged = "user.changed",
    /// A person's global role changed.
    UserRoleChanged = "user.role_changed",
    /// A person was disabled.
    UserDisabled = "user.disabled",
    /// A person was enabled.
    UserEnabled = "user.enabled",
    /// A person was deleted.
    UserDeleted = "user.deleted",
    /// A password was set by its owner.
    PasswordChanged = "password.changed",
    /// A reset, set-up or break-glass link was made.
    LinkIssued = "link.issued",
    /// Such a link was used.
    LinkUsed = "link.used",
    /// A team was made.
    TeamCreated = "team.created",
    /// A team was renamed.
    TeamRenamed = "team.renamed",
    /// A team was deleted, or left the file.
    TeamDeleted = "team.deleted",
    /// A person's place in a team changed.
    MemberChanged = "team.member_changed",
    /// A session was ended by somebody.
    SessionRevoked = "session.revoked",
    /// All sessions of a person were ended.
    SessionsRevoked = "session.all_revoked",
    /// What a team's request log keeps was changed.
    TeamLoggingChanged = "team.logging_changed",
    /// A key was made.
    KeyCreated = "key.created",
    /// A key's name, models or expiry changed.
    KeyChanged = "key.changed",
    /// A key got another secret.
    KeyRotated = "key.rotated",
    /// A key was revoked.
    KeyRevoked = "key.revoked",
    /// A service account was made.
    ServiceAccountCreated = "service_account.created",
    /// A service account's name or team changed.
    ServiceAccountChanged = "service_account.changed",
    /// A service account was disabled, or left the file.
    ServiceAccountDisabled = "service_account.disabled",
    /// A service account was enabled.
    ServiceAccountEnabled = "service_account.enabled",
    /// A service account was deleted.
    ServiceAccountDeleted = "service_account.deleted",
    /// Somebody sent a test call to a model provider.
    ProviderTested = "provider.tested",
    /// The configuration was read anew.
    ConfigReloaded = "config.reloaded",
    /// A new configuration was refused; the old one runs on.
    ConfigRefused = "config.refused",
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Somebody or something that an entry speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// `user`, `team`, `session`, `provider`, `key`, `service_account`, `config`, `system`, `anonymous`.
    pub kind: &'static str,
    /// The id, or the key; empty where there is none.
    pub id: String,
    /// What a reader knows it by: an address, a name.
    pub label: String,
}

impl Party {
    /// A party of a kind.
    pub fn new(kind: &'static str, id: impl fmt::Display, label: impl Into<String>) -> Self {
        Self {
            kind,
            id: id.to_string(),
            label: label.into(),
        }
    }

    /// The gateway itself: `config`, `command line`, `clean-up`.
    pub fn system(label: &str) -> Self {
        Self::new("system", "", label)
    }

    /// Somebody not signed in.
    pub fn anonymous() -> Self {
        Self::new("anonymous", "", "")
    }
}

impl From<&Principal> for Party {
    fn from(principal: &Principal) -> Self {
        Self::new("user", principal.user_id, principal.email.clone())
    }
}

/// An entry to be written, in the transaction of what it tells.
#[derive(Clone, Debug)]
pub struct NewEntry<'a> {
    /// Who did it.
    pub actor: Party,
    /// What.
    pub action: Action,
    /// To whom or what.
    pub target: Party,
    /// The state before, as far as it changed.
    pub before: Option<Value>,
    /// The state after; for sign-ins the reason, provider, issuer and hashed subject.
    pub after: Option<Value>,
    /// Through which provider, for sign-ins.
    pub provider_key: Option<&'a str>,
    /// From where.
    pub origin: &'a Origin,
}

/// An entry as it was written. `before` and `after` are JSON texts, kept byte for byte: the hash covers them.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Entry {
    /// Its place in the chain, from 1 without gaps.
    pub seq: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who did it: kind, id and label.
    pub actor_kind: String,
    /// See above.
    pub actor_id: String,
    /// See above.
    pub actor_label: String,
    /// What happened: one of [`Action`]'s words.
    pub action: String,
    /// To whom or what: kind, id and label.
    pub target_kind: String,
    /// See above.
    pub target_id: String,
    /// See above.
    pub target_label: String,
    /// The state before.
    pub before: Option<String>,
    /// The state after.
    pub after: Option<String>,
    /// Through which provider.
    pub provider_key: Option<String>,
    /// From which address.
    pub address: String,
    /// With which program.
    pub user_agent: String,
    /// In which request.
    pub correlation_id: String,
    /// The hash of the entry before, 64 zeros for the first.
    pub previous_hash: String,
    /// This entry's hash.
    pub hash: String,
}

impl Entry {
    /// What precedes the first entry.
    pub const GENESIS: &'static str =
        "0000000000000000000000000000000000000000000000000000000000000000";

    /// SHA-256, in hexadecimal, over every field and the hash of the entry before. Each field is preceded by its
    /// length in bytes, an absent one is marked so: no two different entries have the same input.
    pub fn compute_hash(&self) -> String {
        let mut hasher = Sha256::new();
        hasher.update(b"ogw-audit-1\n");
        let mut field = |text: Option<&str>| match text {
            Some(text) => {
                hasher.update(format!("{}:", text.len()));
                hasher.update(text);
            }
            None => hasher.update("-:"),
        };
        field(Some(&self.previous_hash));
        field(Some(&self.seq.to_string()));
        field(Some(&self.at.timestamp_micros().to_string()));
        for text in [
            &self.actor_kind,
            &self.actor_id,
            &self.actor_label,
            &self.action,
            &self.target_kind,
            &self.target_id,
            &self.target_label,
        ] {
            field(Some(text));
        }
        for text in [&self.before, &self.after, &self.provider_key] {
            field(text.as_deref());
        }
        for text in [&self.address, &self.user_agent, &self.correlation_id] {
            field(Some(text));
        }
        TokenHash::finish(hasher).to_hex()
    }
}
