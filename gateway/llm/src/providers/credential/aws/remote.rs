//! The places that are asked over the network: STS, the container's endpoint, the instance's metadata.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use gateway_domain::Secret;
use http::{
    HeaderName, HeaderValue, Method, Request, StatusCode, Uri,
    header::{ACCEPT, AUTHORIZATION},
};
use http_body_util::Full;
use serde::Deserialize;

use super::{
    Keys,
    chain::{Environment, Found},
};
use crate::providers::{
    connector::Connector,
    credential::{kept::Grant, sensitive},
    hop,
};

/// How the network's places are reached.
pub(super) struct Remote {
    region: String,
    environment: Environment,
    connector: Connector,
    /// May call link-local addresses.
    metadata: Connector,
}

/// What the instance's metadata service has to say.
pub(super) enum Instance {
    Keys(Grant<Arc<Keys>>),
    SwitchedOff,
    Silent(String),
}

/// What container and instance answer.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Issued {
    access_key_id: String,
    secret_access_key: String,
    token: String,
    expiration: DateTime<Utc>,
}

impl Remote {
    pub(super) fn new(
        region: &str,
        environment: Environment,
        connector: Connector,
        metadata: Connector,
    ) -> Self {
        Self {
            region: region.to_owned(),
            environment,
            connector,
            metadata,
        }
    }

    /// `AssumeRoleWithWebIdentity`, with the token that stands in `file` now.
    pub(super) async fn web_identity(
        &self,
        role: &str,
        file: &str,
        session: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Grant<Arc<Keys>>, String> {
        let token = tokio::fs::read_to_string(file).await;
        let token = token.map_err(|_| "AWS: the web identity token file cannot be read")?;
        let own = format!("ogw-{}", now.timestamp());
        let mut request = hop::form(
            &self.sts()?,
            &[
                ("Action", "AssumeRoleWithWebIdentity"),
                ("Version", "2011-06-15"),
                ("RoleArn", role),
                ("RoleSessionName", session.unwrap_or(&own)),
                ("WebIdentityToken", token.trim()),
            ],
        );
        request.headers_mut().remove(ACCEPT);
        let answered = hop::fetch(&self.connector, request).await;
        let (status, body) = answered.map_err(|reason| format!("AWS STS: {reason}"))?;
        let body = String::from_utf8_lossy(&body);
        if !status.is_success() {
            return Err(refused("STS", status, element(&body, "Code")));
        }
        let issued = assumed(&body).ok_or("AWS STS answered no credentials")?;
        issued.grant()
    }

    fn sts(&self) -> Result<Uri, String> {
        let named = self.environment.get("AWS_ENDPOINT_URL_STS");
        let endpoint = named.unwrap_or_else(|| {
            let china = if self.region.starts_with("cn-") {
                ".cn"
            } else {
                ""
            };
            format!("https://sts.{}.amazonaws.com{china}/", self.region)
        });
        guarded(&endpoint, "AWS_ENDPOINT_URL_STS")
    }

    /// The endpoint of ECS and EKS.
    pub(super) async fn container(&self) -> Result<Found, String> {
        let relative = self
            .environment
            .get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
        let full = self.environment.get("AWS_CONTAINER_CREDENTIALS_FULL_URI");
        let uri = match (relative, full) {
            (Some(path), _) => format!("http://169.254.170.2{path}"),
            (None, Some(full)) => full,
            (None, None) => return Ok(None),
        };
        let uri: Uri = uri
            .parse()
            .map_err(|_| "AWS: the container's credentials URI is no URL".to_owned())?;
        if !hop::is_guarded(&uri) && !is_container_endpoint(&uri) {
            return Err(
                "AWS: the container's credentials URI must be https, loopback or the \
                        platform's own"
                    .to_owned(),
            );
        }
        let mut request = get(uri);
        if let Some(token) = self.container_token().await? {
            let value = sensitive(token.trim());
            let value = value.ok_or("AWS: the container's authorization token cannot be sent")?;
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        // Plain http here can only be loopback or the platform's endpoint.
        let is_https = request.uri().scheme_str() == Some("https");
        let connector = if is_https {
            &self.connector
        } else {
            &self.metadata
        };
        let answered = hop::fetch(connector, request).await;
        let (status, body) =
            answered.map_err(|reason| format!("AWS container credentials: {reason}"))?;
        if !status.is_success() {
            return Err(refused("container credentials", status, None));
        }
        issued(&body, "container credentials").map(Some)
    }

    async fn container_token(&self) -> Result<Option<String>, String> {
        if let Some(file) = self
            .environment
            .get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
        {
            let token = tokio::fs::read_to_string(file).await;
            return token
                .map(Some)
                .map_err(|_| "AWS: the container's token file cannot be read".to_owned());
        }
        Ok(self.environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN"))
    }

    /// The instance's metadata service, version 2.
    pub(super) async fn instance(&self) -> Result<Instance, String> {
        let off = self.environment.get("AWS_EC2_METADATA_DISABLED");
        if off.is_some_and(|off| off.eq_ignore_ascii_case("true")) {
            return Ok(Instance::SwitchedOff);
        }
        let named = self.environment.get("AWS_EC2_METADATA_SERVICE_ENDPOINT");
        let base = named.unwrap_or_else(|| "http://169.254.169.254".to_owned());
        let base = base.trim_end_matches('/');
        let url = |path: &str| {
            format!("{base}/latest{path}")
                .parse::<Uri>()
                .map_err(|_| "AWS: the metadata service's endpoint is no URL".to_owned())
        };
        let mut request = get(url("/api/token")?);
        *request.method_mut() = Method::PUT;
        let lifetime = HeaderName::from_static("x-aws-ec2-metadata-token-ttl-seconds");
        let six_hours = HeaderValue::from_static("21600");
        request.headers_mut().insert(lifetime, six_hours);
        let token = match hop::fetch(&self.metadata, request).await {
            Err(reason) => return Ok(Instance::Silent(reason)),
            Ok((StatusCode::OK, token)) => token,
            Ok((status, _)) => return Ok(Instance::Silent(format!("answered {status}"))),
        };
        let roles = "/meta-data/iam/security-credentials/";
        let role = self.metadata_text(url(roles)?, &token).await?;
        let role = role.lines().next().unwrap_or_default().trim().to_owned();
        if role.is_empty() {
            return Ok(Instance::Silent("the instance has no role".to_owned()));
        }
        let keys = self
            .metadata_text(url(&format!("{roles}{role}"))?, &token)
            .await?;
        issued(keys.as_bytes(), "instance metadata").map(Instance::Keys)
    }

    async fn metadata_text(&self, uri: Uri, token: &Bytes) -> Result<String, String> {
        let mut request = get(uri);
        let value = HeaderValue::from_bytes(token)
            .map_err(|_| "AWS instance metadata: its token cannot be sent".to_owned())?;
        let name = HeaderName::from_static("x-aws-ec2-metadata-token");
        request.headers_mut().insert(name, value);
        let answered = hop::fetch(&self.metadata, request).await;
        let (status, body) =
            answered.map_err(|reason| format!("AWS instance metadata: {reason}"))?;
        if !status.is_success() {
            return Err(refused("instance metadata", status, None));
        }
        String::from_utf8(body.to_vec())
            .map_err(|_| "AWS instance metadata answered no text".to_owned())
    }
}

impl Issued {
    fn grant(self) -> Result<Grant<Arc<Keys>>, String> {
        let secret = Secret::new(self.secret_access_key);
        let token = Some(Secret::new(self.token));
        let keys = Keys::new(&self.access_key_id, &secret, token)
            .map_err(|_| "AWS: the keys that were given out cannot be sent".to_owned())?;
        Ok(Grant {
            value: Arc::new(keys),
            expires: Some(self.expiration),
        })
    }
}

fn issued(body: &[u8], by: &str) -> Result<Grant<Arc<Keys>>, String> {
    let issued: Issued =
        serde_json::from_slice(body).map_err(|_| format!("AWS {by}: no credentials answered"))?;
    issued.grant()
}

/// STS answers in XML; what is read of it needs no more than the text between two tags.
fn assumed(xml: &str) -> Option<Issued> {
    Some(Issued {
        access_key_id: element(xml, "AccessKeyId")?.to_owned(),
        secret_access_key: element(xml, "SecretAccessKey")?.to_owned(),
        token: element(xml, "SessionToken")?.to_owned(),
        expiration: element(xml, "Expiration")?.parse().ok()?,
    })
}

fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once("</")?;
    Some(text.trim())
}

/// A refusal in AWS's own code, without its sentence.
fn refused(by: &str, status: StatusCode, code: Option<&str>) -> String {
    let code: String = code
        .unwrap_or_default()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(64)
        .collect();
    let space = if code.is_empty() { "" } else { " " };
    format!("AWS {by} answered {}{space}{code}", status.as_u16())
}

fn get(uri: Uri) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::default());
    *request.uri_mut() = uri;
    request
}

fn guarded(text: &str, variable: &str) -> Result<Uri, String> {
    let uri: Uri = text
        .parse()
        .map_err(|_| format!("AWS: {variable} is no URL"))?;
    if hop::is_guarded(&uri) {
        return Ok(uri);
    }
    Err(format!("AWS: {variable} must be https"))
}

/// The addresses that ECS and EKS give to their own endpoints.
fn is_container_endpoint(uri: &Uri) -> bool {
    matches!(
        uri.host(),
        Some("169.254.170.2" | "169.254.170.23" | "[fd00:ec2::23]")
    )
}
