//! Keys of the data plane, and the programs that own some of them.

use std::fmt;

use chrono::{DateTime, Utc};
use rand::RngExt as _;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    ApiKeyId, DisabledBy, ManagedBy, OwnerKind, ServiceAccountId, ServiceAccountStatus, TeamId,
    TokenHash, UserId,
};

/// What every key begins with.
const PREFIX: &str = "sk-ogw-";
/// 256 bits in base 62.
const BODY: usize = 43;
/// 32 bits in base 62.
const CHECK: usize = 6;
/// How much of a key a list shows: enough to tell keys apart, too little to guess one.
const SHOWN: usize = PREFIX.len() + 6;
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A key as a client presents it: `sk-ogw-`, 256 random bits, a checksum. No `Debug`: whoever holds it spends money.
#[derive(Clone)]
pub struct ApiKeySecret(zeroize::Zeroizing<String>);

/// Why a text is not a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeySecretFault {
    /// It does not look like one of ours.
    Foreign,
    /// It looks like one and is mistyped or cut short.
    Mistyped,
}

impl ApiKeySecret {
    /// What every key begins with.
    pub const PREFIX: &'static str = PREFIX;

    /// Draws a new one.
    pub fn generate() -> Self {
        let bits: [u8; 32] = rand::rng().random();
        let mut text = String::with_capacity(PREFIX.len() + BODY + CHECK);
        text.push_str(PREFIX);
        text.push_str(&base62(bits, BODY));
        let check = crc32(text.as_bytes()).to_be_bytes();
        text.push_str(&base62(check, CHECK));
        Self(text.into())
    }

    /// Takes what a client presented. A mistyped key is told apart from an unknown one without asking the database.
    pub fn presented(text: &str) -> Result<Self, KeySecretFault> {
        let Some(rest) = text.strip_prefix(PREFIX) else {
            return Err(KeySecretFault::Foreign);
        };
        let is_whole =
            rest.len() == BODY + CHECK && rest.bytes().all(|b| b.is_ascii_alphanumeric());
        if !is_whole {
            return Err(KeySecretFault::Mistyped);
        }
        let (body, check) = text.split_at(PREFIX.len() + BODY);
        if base62(crc32(body.as_bytes()).to_be_bytes(), CHECK) != check {
            return Err(KeySecretFault::Mistyped);
        }
        Ok(Self(text.to_owned().into()))
    }

    /// The text, to be shown once.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored, and what it is looked up by.
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(self.0.as_bytes())
    }

    /// Its beginning, by which people know it.
    pub fn prefix(&self) -> &str {
        &self.0[..SHOWN]
    }
}

/// The number that `bytes` are, in so many digits of base 62.
fn base62<const N: usize>(mut bytes: [u8; N], digits: usize) -> String {
    let mut text = vec![b'0'; digits];
    for digit in text.iter_mut().rev() {
        let mut rest = 0_u32;
        for byte in &mut bytes {
            let value = rest * 256 + u32::from(*byte);
            *byte = u8::try_from(value / 62).unwrap_or(u8::MAX);
            rest = value % 62;
        }
        *digit = DIGITS[rest as usize];
    }
    text.into_iter().map(char::from).collect()
}

/// CRC-32 as in zlib: against typing errors, not against attackers.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
    let fold = |crc: u32, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc));
    !bytes.iter().fold(u32::MAX, fold)
}

/// Who a key belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum KeyOwner {
    /// A person.
    User(UserId),
    /// A service account.
    ServiceAccount(ServiceAccountId),
}

impl KeyOwner {
    /// From a kind and an id, as columns have them.
    pub fn new(kind: OwnerKind, id: Uuid) -> Self {
        match kind {
            OwnerKind::User => Self::User(id.into()),
            OwnerKind::ServiceAccount => Self::ServiceAccount(id.into()),
        }
    }

    /// Of which kind.
    pub fn kind(self) -> OwnerKind {
        match self {
            Self::User(_) => OwnerKind::User,
            Self::ServiceAccount(_) => OwnerKind::ServiceAccount,
        }
    }

    /// The id, whatever it is one of.
    pub fn uuid(self) -> Uuid {
        match self {
            Self::User(id) => id.uuid(),
            Self::ServiceAccount(id) => id.uuid(),
        }
    }

    /// The person, when it is one.
    pub fn user(self) -> Option<UserId> {
        match self {
            Self::User(id) => Some(id),
            Self::ServiceAccount(_) => None,
        }
    }
}

impl fmt::Display for KeyOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind(), self.uuid())
    }
}

/// A key as it is stored, without any of its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Which. Stays the same when the secret is rotated.
    pub id: ApiKeyId,
    /// The beginning of its present secret.
    pub prefix: String,
    /// What its owner calls it.
    pub name: String,
    /// Whose.
    pub owner: KeyOwner,
    /// The models it may call; `None`: all.
    pub models: Option<Vec<String>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it stops working.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it last worked, to a few seconds.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// A program that calls models in a team's name.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct ServiceAccount {
    /// Which.
    pub id: ServiceAccountId,
    /// Its name in the file and in commands.
    pub key: String,
    /// Its name for people.
    pub name: String,
    /// The team it belongs to.
    pub team_id: TeamId,
    /// The team's key.
    pub team_key: String,
    /// The team's name.
    pub team_name: String,
    /// Whether its keys work.
    pub status: ServiceAccountStatus,
    /// Who disabled it, when disabled.
    pub disabled_by: Option<DisabledBy>,
    /// Who owns this record: the file or an admin.
    pub managed_by: ManagedBy,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_again_and_a_typing_error_is_noticed() {
        let key = ApiKeySecret::generate();
        let text = key.expose().to_owned();
        assert_eq!(text.len(), PREFIX.len() + BODY + CHECK);
        let again = ApiKeySecret::presented(&text).ok().unwrap();
        assert_eq!(again.hash(), key.hash());
        for at in PREFIX.len()..text.len() {
            let mut wrong = text.clone().into_bytes();
            wrong[at] = if wrong[at] == b'a' { b'b' } else { b'a' };
            let wrong = String::from_utf8(wrong).unwrap();
            assert_eq!(
                ApiKeySecret::presented(&wrong).err(),
                Some(KeySecretFault::Mistyped),
                "{at}"
            );
        }
        for cut in PREFIX.len()..text.len() {
            assert!(ApiKeySecret::presented(&text[..cut]).is_err());
        }
        for foreign in ["", "sk-proj-abc", "sk-ogw", "Bearer sk-ogw-"] {
            assert_eq!(
                ApiKeySecret::presented(foreign).err(),
                Some(KeySecretFault::Foreign)
            );
        }
    }

    #[test]
    fn all_256_bits_are_in_the_text() {
        assert_eq!(base62([0xff; 32], BODY).len(), BODY);
        assert_ne!(base62([0xff; 32], BODY), base62([0xfe; 32], BODY));
        let mut high = [0; 32];
        high[0] = 0x80;
        assert_ne!(base62(high, BODY), base62([0; 32], BODY));
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }
}
