//! Typed identifiers. All are UUID version 7: their order is the order of creation, in both databases.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type)]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Mints an id that sorts after every earlier one.
            #[expect(
                clippy::new_without_default,
                clippy::disallowed_methods,
                reason = "the one place that mints ids; on purpose, never by default"
            )]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }

            /// The id as a plain UUID, for a path or a message.
            pub fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                text.parse().map(Self)
            }
        }
    )*};
}

ids! {
    /// A person.
    UserId,
    /// A team.
    TeamId,
    /// The link between a person and a subject at a provider.
    IdentityId,
    /// A browser session. Public: it names a session in lists, it does not open one.
    SessionId,
    /// A one-time link (invitation, reset, first set-up).
    LinkId,
    /// A key for the data plane. Public: the secret is another matter.
    ApiKeyId,
    /// A program that calls models in a team's name.
    ServiceAccountId,
    /// One call of one upstream: a row of the ledger.
    AttemptId,
    /// One request. The response's `x-request-id`, and the correlation id of the log lines and audit entries it wrote.
    RequestId,
}
