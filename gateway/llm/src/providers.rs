//! The model providers: where a call goes, who we are there, and the connection itself.
//!
//! An [`Upstream`] is one of `providers` in the file. It says how it would serve a call ([`Upstream::plan`]), so that the
//! caller can put the body in the right words, and makes it ([`Upstream::send`]). It neither reads nor rewrites a body, tries
//! once, and follows no redirect. Nothing of the caller's credentials reaches it.

mod address;
mod answer;
mod connector;
mod credential;
mod event_stream;
mod events;
mod headers;
mod hop;
mod link;
mod pool;
mod relay;
mod site;

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;
use gateway_config::{AwsCredential, AzureCredential, ModelProvider, ProviderKind, Timeouts};
use gateway_domain::{Clock, ledger::Surface};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request,
    header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE},
};
use http_body_util::Full;

pub use answer::{Answer, AnswerBody, BodyError};

use self::{
    address::Base,
    connector::{Connector, Trust},
    credential::Credential,
    events::{Events, Speech},
    headers::{Fixed, is_settable, strip_hop_by_hop},
    link::Outgoing,
    pool::Pool,
    site::Site,
};
use crate::{
    dialects::{Dialect, embeddings::EmbeddingsDialect},
    rewrite::NativeForm,
};

/// How a provider would serve a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// It speaks the caller's protocol: the caller's bytes, in this form.
    Native(NativeForm),
    /// The call has to be said in this dialect, and its answer read from it.
    Translated(Dialect),
    /// The same, for embeddings.
    Embeddings(EmbeddingsDialect),
}

impl Plan {
    /// In whose words this refusal is; `None`: the caller's own. A Claude on Bedrock or Vertex AI speaks as Anthropic's does,
    /// but what stands in front of it refuses in its own words.
    pub fn refusal(self, body: &[u8]) -> Option<Dialect> {
        match self {
            Self::Native(NativeForm::AsIs) => None,
            Self::Native(_) if is_anthropics_error(body) => None,
            Self::Native(NativeForm::VertexClaude) => Some(Dialect::Gemini),
            Self::Native(NativeForm::BedrockClaude) => Some(Dialect::Converse),
            Self::Translated(dialect) => Some(dialect),
            Self::Embeddings(EmbeddingsDialect::Gemini | EmbeddingsDialect::VertexPredict) => {
                Some(Dialect::Gemini)
            }
            Self::Embeddings(EmbeddingsDialect::Titan | EmbeddingsDialect::Cohere) => {
                Some(Dialect::Converse)
            }
        }
    }
}

fn is_anthropics_error(body: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Typed<'a> {
        #[serde(borrow, rename = "type")]
        kind: Cow<'a, str>,
    }
    serde_json::from_slice::<Typed<'_>>(body).is_ok_and(|typed| typed.kind == "error")
}

/// A call of an upstream.
#[derive(Clone)]
pub struct Call<'a> {
    /// What the caller called.
    pub surface: Surface,
    /// What [`Upstream::plan`] said of it.
    pub plan: Plan,
    /// The model as the upstream names it.
    pub upstream_model: &'a str,
    /// The body, in the upstream's words.
    pub body: Bytes,
    /// Whether the answer shall come as a stream.
    pub stream: bool,
    /// The caller's headers; a few of them are handed on.
    pub caller_headers: &'a HeaderMap,
    /// The query of the caller's URL; `beta` is handed on to Anthropic.
    pub caller_query: Option<&'a str>,
}

/// Why no answer began.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// There is no connection: nothing was sent.
    #[error("the provider could not be reached: {0}")]
    Connect(String),
    /// No connection in time, TLS included: nothing was sent.
    #[error("the provider could not be reached in time")]
    ConnectTimeout,
    /// The call was sent, and no answer began in time.
    #[error("the provider did not begin to answer in time")]
    FirstByteTimeout,
    /// The gateway's own credential for this provider is not to be had: nothing was sent.
    #[error("the gateway could not sign in at the provider: {0}")]
    Credential(String),
    /// The connection broke, or what came is not HTTP; perhaps the provider did the work.
    #[error("the connection to the provider broke: {0}")]
    Broken(String),
}

/// Why a provider cannot be used as it stands in the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// The base URL is none that can be called.
    #[error("base_url: {0}")]
    Address(String),
    /// One of `headers` cannot be sent.
    #[error("headers.{0}: cannot be sent with a call")]
    Header(String),
    /// The credential is not usable. The text does not repeat it.
    #[error("{0}")]
    Credential(String),
    /// The certificates of `http.ca_file` or of the system are not usable.
    #[error("certificates: {0}")]
    Certificates(String),
}

/// One of `providers`, ready to be called.
pub struct Upstream {
    id: String,
    site: Site,
    fixed: Fixed,
    credential: Credential,
    pool: Pool,
    timeouts: Timeouts,
}

impl Upstream {
    /// Prepares all that is the same for every call. Opens no connection.
    pub fn build(settings: &ModelProvider, clock: Arc<dyn Clock>) -> Result<Self, BuildError> {
        let base = Base::new(settings.base_url())?;
        let trust = if base.is_https() || needs_https(&settings.kind) {
            Trust::System(settings.ca_pem.as_deref())
        } else {
            Trust::Nobody
        };
        let connector = Connector::new(&trust, settings.timeouts.connect)?;
        Ok(Self {
            id: settings.id.clone(),
            site: Site::new(&settings.kind, &base)?,
            fixed: Fixed::new(vendor_headers(&settings.kind)?, operator_headers(settings)?),
            credential: Credential::new(settings, connector.clone(), clock)?,
            pool: Pool::new(connector, base.origin())?,
            timeouts: settings.timeouts,
        })
    }

    /// Its id in the file.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// How it would serve such a call; `None`: not at all.
    pub fn plan(&self, surface: Surface, upstream_model: &str) -> Option<Plan> {
        self.site.plan(surface, upstream_model)
    }

    /// Makes the call, once. Dropping the future or the answer's body ends the call at the upstream too.
    pub async fn send(&self, call: Call<'_>) -> Result<Answer, SendError> {
        let request = self.request(&call).await?;
        let first_byte = self.timeouts.first_byte;
        let (response, lease) = self.pool.exchange(request, first_byte).await?;
        let (mut head, incoming) = response.into_parts();
        self.credential.answered(head.status);
        strip_hop_by_hop(&mut head.headers);
        refuse_encoded(&head.headers)?;
        let mut body = AnswerBody::coming(incoming, lease, self.timeouts.idle);
        if let Some(speech) = speech(&call, &head.headers) {
            body = body.read_as(Events::new(speech));
            let events = HeaderValue::from_static("text/event-stream");
            head.headers.insert(CONTENT_TYPE, events);
            head.headers.remove(CONTENT_LENGTH);
        }
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body,
        })
    }

    async fn request(&self, call: &Call<'_>) -> Result<Outgoing, SendError> {
        let shown = self.credential.credential().await?;
        let uri = self.site.uri(call).ok_or_else(unservable)?;
        let body = self.site.body(call)?;
        let forward = self.site.forward(call);
        let headers = self
            .fixed
            .of_call(call.stream, forward, call.caller_headers);
        let mut request = Request::new(Full::new(body.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        shown.put_on(&mut request, self.pool.host(), &body);
        Ok(request)
    }
}

fn unservable() -> SendError {
    SendError::Broken("this provider has no address for such a call".to_owned())
}

/// Whether the credential is fetched from elsewhere, over https.
fn needs_https(kind: &ProviderKind) -> bool {
    matches!(
        kind,
        ProviderKind::Vertex { .. }
            | ProviderKind::AzureOpenAi {
                credential: AzureCredential::Entra { .. },
                ..
            }
            | ProviderKind::Bedrock {
                credential: AwsCredential::DefaultChain,
                ..
            }
    )
}

fn vendor_headers(kind: &ProviderKind) -> Result<HeaderMap, BuildError> {
    let mut headers = HeaderMap::new();
    let mut set = |name: &'static str, value: &str| {
        let value = HeaderValue::from_str(value).map_err(|_| BuildError::Header(name.to_owned()));
        value.map(|value| headers.insert(HeaderName::from_static(name), value))
    };
    match kind {
        ProviderKind::OpenAi {
            organization,
            project,
            ..
        } => {
            if let Some(organization) = organization {
                set("openai-organization", organization)?;
            }
            if let Some(project) = project {
                set("openai-project", project)?;
            }
        }
        ProviderKind::Anthropic { .. } => {
            set("anthropic-version", "2023-06-01")?;
        }
        _ => {}
    }
    Ok(headers)
}

fn operator_headers(
    settings: &ModelProvider,
) -> Result<Vec<(HeaderName, HeaderValue)>, BuildError> {
    let read = settings.headers.iter().map(|(name, value)| {
        let refused = || BuildError::Header(name.clone());
        let parsed: HeaderName = name.parse().map_err(|_| refused())?;
        let mut value = HeaderValue::from_str(value.expose()).map_err(|_| refused())?;
        value.set_sensitive(true);
        is_settable(&parsed)
            .then_some((parsed, value))
            .ok_or_else(refused)
    });
    read.collect()
}

/// `identity` was asked for. What is packed all the same can neither be metered nor translated.
fn refuse_encoded(headers: &HeaderMap) -> Result<(), SendError> {
    let mut encodings = headers.get_all(CONTENT_ENCODING).iter();
    if encodings.all(|encoding| encoding == "identity" || encoding.is_empty()) {
        return Ok(());
    }
    Err(SendError::Broken(
        "the answer is compressed, which was not asked for".to_owned(),
    ))
}

/// How an AWS event stream is to be read, if the answer is one.
fn speech(call: &Call<'_>, headers: &HeaderMap) -> Option<Speech> {
    let kind = headers.get(CONTENT_TYPE)?.as_bytes();
    if !kind.starts_with(b"application/vnd.amazon.eventstream") {
        return None;
    }
    Some(match call.plan {
        Plan::Native(_) => Speech::Claude,
        _ => Speech::Converse,
    })
}
