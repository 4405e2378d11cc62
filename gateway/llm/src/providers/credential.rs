//! Who the gateway is at a provider. Asked for by every call: some of it lasts for years, some for an hour.

mod aws;
mod entra;
mod google;
mod kept;
mod sigv4;

use std::{fmt::Write as _, sync::Arc};

use chrono::{DateTime, Utc};
use gateway_config::{AwsCredential, AzureCredential, ModelProvider, ProviderKind};
use gateway_domain::{Clock, Secret};
use http::{HeaderName, HeaderValue, StatusCode, header::AUTHORIZATION};

use self::{
    aws::{Aws, Environment, Keys},
    entra::Entra,
    google::Google,
    kept::{Grant, Kept},
};
use super::{BuildError, SendError, connector::Connector, link::Outgoing};

/// Where a provider's credential comes from.
pub(super) struct Credential {
    clock: Arc<dyn Clock>,
    source: Source,
}

enum Source {
    Nothing,
    /// The same header for every call.
    Constant(HeaderName, HeaderValue),
    /// A token that somebody gives out for a while.
    Entra(Box<Entra>, Kept<HeaderValue>),
    Google(Box<Google>, Kept<HeaderValue>),
    /// Keys that sign.
    Aws(Box<Aws>, Kept<Arc<Keys>>),
}

/// What a call shows.
pub(super) enum Shown {
    Nothing,
    Header(HeaderName, HeaderValue),
    Signature {
        keys: Arc<Keys>,
        region: String,
        at: DateTime<Utc>,
    },
}

impl Credential {
    /// Reads what the file says. `connector` is for the calls that a credential needs.
    pub(super) fn new(
        settings: &ModelProvider,
        connector: Connector,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, BuildError> {
        let source = match &settings.kind {
            ProviderKind::OpenAi { api_key, .. } => bearer(api_key)?,
            ProviderKind::OpenAiCompatible { api_key, .. } => match api_key {
                Some(api_key) => bearer(api_key)?,
                None => Source::Nothing,
            },
            ProviderKind::Anthropic { api_key, .. } => constant("x-api-key", api_key.expose())?,
            ProviderKind::Gemini { api_key, .. } => constant("x-goog-api-key", api_key.expose())?,
            ProviderKind::AzureOpenAi { credential, .. } => match credential {
                AzureCredential::Key(key) => constant("api-key", key.expose())?,
                AzureCredential::Entra {
                    tenant_id,
                    client_id,
                    client_secret,
                    authority,
                } => {
                    let secret = client_secret.clone();
                    let entra = Entra::new(authority, tenant_id, client_id, secret, connector)?;
                    Source::Entra(Box::new(entra), Kept::default())
                }
            },
            ProviderKind::Vertex { credentials, .. } => {
                let google = Google::new(credentials, connector)?;
                Source::Google(Box::new(google), Kept::default())
            }
            ProviderKind::Bedrock {
                region, credential, ..
            } => aws_source(region, credential, connector)?,
        };
        Ok(Self { clock, source })
    }

    /// What this call shows. Goes to the network only when nothing usable is held.
    pub(super) async fn credential(&self) -> Result<Shown, SendError> {
        let now = self.clock.now();
        let token = match &self.source {
            Source::Nothing => return Ok(Shown::Nothing),
            Source::Constant(name, value) => {
                return Ok(Shown::Header(name.clone(), value.clone()));
            }
            // Boxed: a fetch is rare, and its state must not make every call's larger.
            Source::Entra(entra, kept) => match kept.fresh(now) {
                Some(token) => Ok(token),
                None => Box::pin(kept.get(now, entra.fetch(now))).await,
            },
            Source::Google(google, kept) => match kept.fresh(now) {
                Some(token) => Ok(token),
                None => Box::pin(kept.get(now, google.fetch(now))).await,
            },
            Source::Aws(aws, kept) => {
                let keys = match kept.fresh(now) {
                    Some(keys) => Ok(keys),
                    None => Box::pin(kept.get(now, aws.fetch(now))).await,
                };
                let keys = keys.map_err(SendError::Credential)?;
                let region = aws.region().to_owned();
                return Ok(Shown::Signature {
                    keys,
                    region,
                    at: now,
                });
            }
        };
        token
            .map(|token| Shown::Header(AUTHORIZATION, token))
            .map_err(SendError::Credential)
    }

    /// Hears what the provider thought of it. What it refused is not shown for the rest of its time.
    pub(super) fn answered(&self, status: StatusCode) {
        if !matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return;
        }
        let now = self.clock.now();
        match &self.source {
            Source::Entra(_, kept) | Source::Google(_, kept) => {
                if status == StatusCode::UNAUTHORIZED {
                    kept.doubt(now);
                }
            }
            Source::Aws(_, kept) => kept.doubt(now),
            Source::Nothing | Source::Constant(..) => {}
        }
    }
}

impl Shown {
    /// Puts it on a call that is otherwise ready.
    pub(super) fn put_on(&self, request: &mut Outgoing, host: &HeaderValue, body: &[u8]) {
        match self {
            Self::Nothing => {}
            Self::Header(name, value) => {
                request.headers_mut().insert(name.clone(), value.clone());
            }
            Self::Signature { keys, region, at } => {
                sigv4::sign(request, host, body, keys, region, *at);
            }
        }
    }
}

fn aws_source(
    region: &str,
    credential: &AwsCredential,
    connector: Connector,
) -> Result<Source, BuildError> {
    let aws = match credential {
        AwsCredential::Bearer(key) => return bearer(key),
        AwsCredential::Static {
            access_key_id,
            secret_access_key,
            session_token,
        } => Aws::fixed(
            region,
            Keys::new(access_key_id, secret_access_key, session_token.clone())?,
        ),
        AwsCredential::DefaultChain => Aws::chain(region, Environment::process(), connector)?,
    };
    Ok(Source::Aws(Box::new(aws), Kept::default()))
}

fn bearer(key: &Secret) -> Result<Source, BuildError> {
    let value = sensitive(&format!("Bearer {}", key.expose()));
    let value = value.ok_or_else(unusable)?;
    Ok(Source::Constant(AUTHORIZATION, value))
}

fn constant(name: &'static str, key: &str) -> Result<Source, BuildError> {
    let value = sensitive(key).ok_or_else(unusable)?;
    Ok(Source::Constant(HeaderName::from_static(name), value))
}

fn unusable() -> BuildError {
    BuildError::Credential("api_key: has characters that cannot be sent in a header".to_owned())
}

/// A header's value that is never printed.
fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// A token that was given out: the header it makes and how long it is good for.
fn token_grant(body: &[u8], now: DateTime<Utc>) -> Result<Grant<HeaderValue>, String> {
    #[derive(serde::Deserialize)]
    struct Answer {
        access_token: String,
        expires_in: Seconds,
    }
    /// Some write it as a text.
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum Seconds {
        Number(i64),
        Text(String),
    }
    let answer: Answer =
        serde_json::from_slice(body).map_err(|_| "the token endpoint answered no token")?;
    let seconds = match answer.expires_in {
        Seconds::Number(seconds) => Some(seconds),
        Seconds::Text(text) => text.parse().ok(),
    };
    let lasts = seconds.and_then(chrono::TimeDelta::try_seconds);
    let lasts = lasts.ok_or("the token endpoint answered no usable expires_in")?;
    let value = sensitive(&format!("Bearer {}", answer.access_token));
    let value = value.ok_or("the token endpoint answered a token that cannot be sent")?;
    Ok(Grant {
        value,
        expires: Some(now + lasts),
    })
}

/// A token endpoint's refusal, in its own code: `401 invalid_client (7000215)`.
fn refusal(status: StatusCode, body: &[u8]) -> String {
    #[derive(Default, serde::Deserialize)]
    #[serde(default)]
    struct Refusal {
        error: String,
        error_codes: Vec<u32>,
    }
    let refusal: Refusal = serde_json::from_slice(body).unwrap_or_default();
    let code: String = refusal
        .error
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '_')
        .take(64)
        .collect();
    let mut text = format!("the token endpoint answered {}", status.as_u16());
    if !code.is_empty() {
        text.push(' ');
        text.push_str(&code);
    }
    if let Some(number) = refusal.error_codes.first() {
        let _ = write!(text, " ({number})");
    }
    text
}
