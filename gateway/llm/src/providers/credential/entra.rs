//! Entra ID: client credentials.

use chrono::{DateTime, Utc};
use gateway_domain::Secret;
use http::{HeaderValue, Uri};
use url::Url;

use super::{Grant, refusal, token_grant};
use crate::providers::{
    BuildError,
    address::{Base, segment},
    connector::Connector,
    hop,
};

const SCOPE: &str = "https://cognitiveservices.azure.com/.default";

/// An application of a directory.
pub(super) struct Entra {
    token: Uri,
    client_id: String,
    client_secret: Secret,
    connector: Connector,
}

impl Entra {
    pub(super) fn new(
        authority: &Url,
        tenant: &str,
        client_id: &str,
        client_secret: Secret,
        connector: Connector,
    ) -> Result<Self, BuildError> {
        let refused = |reason: &str| BuildError::Credential(format!("entra: {reason}"));
        let tenant = segment(tenant).ok_or_else(|| refused("the tenant_id is none"))?;
        let token = Base::new(authority)
            .and_then(|base| base.under(&format!("/{tenant}/oauth2/v2.0/token")))
            .map_err(|_| refused("the authority cannot be called"))?;
        if !hop::is_guarded(&token) {
            return Err(refused("the authority must be https"));
        }
        Ok(Self {
            token,
            client_id: client_id.to_owned(),
            client_secret,
            connector,
        })
    }

    /// Asks for a token.
    pub(super) async fn fetch(&self, now: DateTime<Utc>) -> Result<Grant<HeaderValue>, String> {
        let request = hop::form(
            &self.token,
            &[
                ("grant_type", "client_credentials"),
                ("client_id", &self.client_id),
                ("client_secret", self.client_secret.expose()),
                ("scope", SCOPE),
            ],
        );
        let answered = hop::fetch(&self.connector, request).await;
        let (status, body) =
            answered.map_err(|reason| format!("Entra ID's token endpoint: {reason}"))?;
        let granted = if status.is_success() {
            token_grant(&body, now)
        } else {
            Err(refusal(status, &body))
        };
        granted.map_err(|reason| format!("Entra ID: {reason}"))
    }
}
