//! Keys as JSON has them.

use std::time::Duration;

use axum::{
    body::HttpBody as _,
    extract::{FromRequest, Request},
    response::Response,
};
use chrono::{DateTime, Utc};
use gateway_domain::{ApiKeySecret, KeyOwner, OwnerKind};
use gateway_identity::{
    ServiceError,
    api_keys::{DEFAULT_OVERLAP, KeyInfo, OwnerRef},
};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::{
    extract::{Body, given_or_null},
    objects::{key_state, owner_kind},
};

/// A key to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct NewApiKey {
    pub name: String,
    /// Whose; unless given, the caller's own. An object as in a key, or an e-mail address, a service account's key, or
    /// the id of either.
    #[serde(default, deserialize_with = "owner_ref")]
    #[schema(value_type = Option<Value>)]
    pub owner: Option<OwnerRef>,
    /// The ids of the models that it may call; null or left out: all.
    pub models: Option<Vec<String>>,
    /// When it stops working; null or left out: when it is revoked.
    pub expires_at: Option<DateTime<Utc>>,
}

/// What to change of a key; what is left out stays.
#[expect(
    clippy::option_option,
    reason = "left out, null and a value say three different things"
)]
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct KeyChange {
    pub name: Option<String>,
    /// Null: all.
    #[serde(default, deserialize_with = "given_or_null")]
    #[schema(value_type = Option<Vec<String>>)]
    pub models: Option<Option<Vec<String>>>,
    /// Null: when it is revoked.
    #[serde(default, deserialize_with = "given_or_null")]
    #[schema(value_type = Option<DateTime<Utc>>)]
    pub expires_at: Option<Option<DateTime<Utc>>>,
}

/// How a key is rotated.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Rotation {
    /// How long the old secret works on, as in `24h`, which it is unless given; at most `30d`.
    overlap: Option<String>,
}

impl Rotation {
    pub(super) fn overlap(&self) -> Result<Duration, ServiceError> {
        let Some(text) = &self.overlap else {
            return Ok(DEFAULT_OVERLAP);
        };
        gateway_config::parse_duration(text).ok_or_else(|| {
            let sentence = "The overlap is a number and a unit, as in `30m`, `24h` or `7d`.";
            ServiceError::invalid("overlap", sentence)
        })
    }
}

impl<S: Send + Sync> FromRequest<S> for Rotation {
    type Rejection = Response;

    /// Without a body all is as usual.
    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        if request.body().is_end_stream() {
            return Ok(Self::default());
        }
        let Body(rotation) = Body::from_request(request, state).await?;
        Ok(rotation)
    }
}

/// A key, without its secret.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Key {
    id: Uuid,
    /// The beginning of the secret, by which people know it.
    prefix: String,
    name: String,
    owner: Owner,
    /// What people know the owner by: an address, or a service account's name.
    owner_label: String,
    /// The key of the team that its calls go to.
    team: Option<String>,
    /// The models that it may call; null: all.
    models: Option<Vec<String>>,
    /// Whether it works, and why not.
    #[schema(schema_with = key_state)]
    state: &'static str,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    last_used_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
}

/// Who a key belongs to.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Owner {
    #[schema(schema_with = owner_kind)]
    kind: OwnerKind,
    id: Uuid,
}

/// A key with its new secret.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct NewSecret {
    #[serde(flatten)]
    info: Key,
    /// What clients present. Shown this once.
    key: String,
}

impl From<KeyInfo> for Key {
    fn from(info: KeyInfo) -> Self {
        Self {
            id: info.key.id.uuid(),
            prefix: info.key.prefix,
            name: info.key.name,
            owner: Owner {
                kind: info.key.owner.kind(),
                id: info.key.owner.uuid(),
            },
            owner_label: info.owner_label,
            team: info.team.map(|(key, _)| key),
            models: info.key.models,
            state: info.state.as_str(),
            created_at: info.key.created_at,
            expires_at: info.key.expires_at,
            last_used_at: info.key.last_used_at,
            revoked_at: info.key.revoked_at,
        }
    }
}

impl From<(KeyInfo, ApiKeySecret)> for NewSecret {
    fn from((info, secret): (KeyInfo, ApiKeySecret)) -> Self {
        Self {
            info: info.into(),
            key: secret.expose().to_owned(),
        }
    }
}

/// Who is meant by a text.
pub(in crate::api) fn owner(text: String) -> OwnerRef {
    if text == "me" {
        OwnerRef::Me
    } else {
        OwnerRef::Named(text)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnerObject {
    kind: OwnerKind,
    id: Uuid,
}

fn owner_ref<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<OwnerRef>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(owner(text))),
        object @ Value::Object(_) => {
            let object = OwnerObject::deserialize(object).map_err(D::Error::custom)?;
            let owner = KeyOwner::new(object.kind, object.id);
            Ok(Some(OwnerRef::Owner(owner)))
        }
        _ => Err(D::Error::custom("expected an owner: an object or a text")),
    }
}
