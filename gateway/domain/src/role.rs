//! Roles, states and where they come from.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A text that is none of the words a type knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown value; expected one of: {expected}")]
pub struct UnknownWord {
    /// The words it could have been.
    pub expected: String,
}

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type)]
        #[serde(rename_all = "snake_case")]
        #[sqlx(type_name = "text", rename_all = "snake_case")]
        pub enum $name { $($(#[$vdoc])* $variant),* }

        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word in the file, the API and the database.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                match text {
                    $($word => Ok(Self::$variant),)*
                    _ => Err(UnknownWord { expected: [$($word),*].join(", ") }),
                }
            }
        }
    )*};
}

pub(crate) use words;

words! {
    /// What a person may do in the whole installation, from least to most.
    GlobalRole {
        /// Own account, own teams.
        User = "user",
        /// Reads everything, changes nothing.
        Auditor = "auditor",
        /// Everything.
        PlatformAdmin = "platform_admin",
    }
    /// What a person may do in one team, from least to most.
    TeamRole {
        /// Belongs to it.
        Member = "member",
        /// Manages its members.
        Admin = "admin",
        /// Manages its members and its admins.
        Owner = "owner",
    }
    /// Where a person stands.
    UserStatus {
        /// Named by an admin or the file, not yet seen.
        Invited = "invited",
        /// May sign in.
        Active = "active",
        /// May not.
        Disabled = "disabled",
    }
    /// Who disabled a person: what the file disabled the file may enable again, what an admin disabled only an admin.
    DisabledBy {
        /// They left the file.
        Config = "config",
        /// An admin did.
        Admin = "admin",
    }
    /// Who owns a record: only the owner changes it.
    ManagedBy {
        /// `gateway.yaml`.
        Config = "config",
        /// An admin, in the pages or by the API.
        Admin = "admin",
        /// Made at a first sign-in, by the provider's policy. An admin may change it.
        Provider = "provider",
    }
    /// Why a person has the global role they have. Earlier ones yield to later ones.
    RoleSource {
        /// The provider's policy for new people.
        Jit = "jit",
        /// A group at the provider.
        Mapping = "mapping",
        /// The file's `users`.
        Config = "config",
        /// An admin set it by hand.
        Manual = "manual",
    }
    /// Why a person is in a team.
    MembershipSource {
        /// The provider's policy for new people.
        Jit = "jit",
        /// A group at the provider.
        Mapping = "mapping",
        /// The file's `users`.
        Config = "config",
        /// Somebody added them by hand.
        Manual = "manual",
    }
    /// What kind of owner a key has.
    OwnerKind {
        /// A person.
        User = "user",
        /// A service account.
        ServiceAccount = "service_account",
    }
    /// Whether a service account's keys work.
    ServiceAccountStatus {
        /// They do.
        Active = "active",
        /// They do not.
        Disabled = "disabled",
    }
    /// What the request log keeps of the bodies, the strictest first: the strictest policy that applies wins.
    Payloads {
        /// Nothing.
        Off = "off",
        /// Their shape: every text is replaced by its length.
        Redacted = "redacted",
        /// All of it.
        Full = "full",
    }
    /// What a one-time link is for.
    OneTimePurpose {
        /// An invited person chooses a password.
        Invite = "invite",
        /// A person chooses a new password.
        Reset = "reset",
        /// The first admin of a fresh installation.
        Setup = "setup",
        /// An admin signs in while the provider is down.
        BreakGlass = "break_glass",
    }
}

/// How a person signs in: by password, or through the provider with this key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct SignIn(String);

impl SignIn {
    /// The reserved word for password people; no provider may have it as its key.
    pub const PASSWORD: &'static str = "password";

    /// By password.
    pub fn password() -> Self {
        Self(Self::PASSWORD.to_owned())
    }

    /// Through a provider.
    pub fn provider(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    /// Whether a password is the way in.
    pub fn is_password(&self) -> bool {
        self.0 == Self::PASSWORD
    }

    /// `password` or the provider's key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
