//! Google: a service account signs a JWT and is given a token for it (RFC 7523).

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use gateway_domain::Secret;
use http::{HeaderValue, Uri};
use serde::Deserialize;
use serde_json::json;
use tokio_rustls::rustls::pki_types::{PrivatePkcs8KeyDer, pem::PemObject as _};

use super::{Grant, refusal, token_grant};
use crate::providers::{BuildError, connector::Connector, hop};

const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const LIFETIME: i64 = 3600;

/// A service account.
pub(super) struct Google {
    email: String,
    key_id: String,
    key: RsaKeyPair,
    token: Uri,
    connector: Connector,
}

#[derive(Deserialize)]
struct KeyFile {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    client_email: String,
    #[serde(default)]
    private_key: String,
    #[serde(default)]
    private_key_id: String,
    #[serde(default = "google")]
    token_uri: String,
}

fn google() -> String {
    "https://oauth2.googleapis.com/token".to_owned()
}

impl Google {
    /// Reads a service account's key file.
    pub(super) fn new(key_file: &Secret, connector: Connector) -> Result<Self, BuildError> {
        let refused = |reason: &str| BuildError::Credential(format!("credentials: {reason}"));
        let file: KeyFile = serde_json::from_str(key_file.expose())
            .map_err(|_| refused("not the JSON of a key file"))?;
        if file.kind != "service_account" {
            return Err(refused("not the key file of a service account"));
        }
        let der = PrivatePkcs8KeyDer::from_pem_slice(file.private_key.as_bytes());
        let key = der
            .ok()
            .and_then(|der| RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).ok())
            .ok_or_else(|| refused("private_key is not an RSA key in PKCS#8"))?;
        let token: Uri = file
            .token_uri
            .parse()
            .map_err(|_| refused("token_uri is no URL"))?;
        if !hop::is_guarded(&token) {
            return Err(refused("token_uri must be https"));
        }
        Ok(Self {
            email: file.client_email,
            key_id: file.private_key_id,
            key,
            token,
            connector,
        })
    }

    /// Asks for a token.
    pub(super) async fn fetch(&self, now: DateTime<Utc>) -> Result<Grant<HeaderValue>, String> {
        let assertion = self.assertion(now)?;
        let fields = [("grant_type", GRANT), ("assertion", assertion.as_str())];
        let answered = hop::fetch(&self.connector, hop::form(&self.token, &fields)).await;
        let (status, body) =
            answered.map_err(|reason| format!("Google's token endpoint: {reason}"))?;
        let granted = if status.is_success() {
            token_grant(&body, now)
        } else {
            Err(refusal(status, &body))
        };
        granted.map_err(|reason| format!("Google: {reason}"))
    }

    fn assertion(&self, now: DateTime<Utc>) -> Result<String, String> {
        let header = json!({"alg": "RS256", "typ": "JWT", "kid": self.key_id});
        let claims = json!({
            "iss": self.email,
            "scope": SCOPE,
            "aud": self.token.to_string(),
            "iat": now.timestamp(),
            "exp": now.timestamp() + LIFETIME,
        });
        let mut text = URL_SAFE_NO_PAD.encode(header.to_string());
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(claims.to_string(), &mut text);
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                text.as_bytes(),
                &mut signature,
            )
            .map_err(|_| "Google: the service account's key does not sign".to_owned())?;
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut text);
        Ok(text)
    }
}
