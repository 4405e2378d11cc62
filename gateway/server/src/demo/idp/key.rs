//! The key of one run of the demo.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use gateway_domain::Token;
use openidconnect::{
    JsonWebKeyId, PrivateSigningKey as _,
    core::{CoreEdDsaPrivateSigningKey, CoreJwsSigningAlgorithm},
};
use serde_json::{Value, json};

/// What precedes the 32 bytes of an Ed25519 key in PKCS#8 (RFC 8410 §7).
const PKCS8_PREFIX: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// An Ed25519 key that signs ID tokens.
pub(super) struct SigningKey {
    key: CoreEdDsaPrivateSigningKey,
    id: String,
}

impl SigningKey {
    /// Draws a key.
    pub(super) fn generate() -> Result<Self, String> {
        let seed = URL_SAFE_NO_PAD
            .decode(Token::generate().expose())
            .map_err(|error| error.to_string())?;
        let der = [&PKCS8_PREFIX[..], &seed].concat();
        let pem = format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            STANDARD.encode(der)
        );
        let id = format!("dev-{}", &Token::generate().expose()[..8]);
        let key = CoreEdDsaPrivateSigningKey::from_ed25519_pem(
            &pem,
            Some(JsonWebKeyId::new(id.clone())),
        )?;
        Ok(Self { key, id })
    }

    /// The public half, as a JWK (RFC 8037 §2).
    pub(super) fn public(&self) -> Value {
        let mut jwk = json!(self.key.as_verification_key());
        jwk["alg"] = json!("EdDSA");
        jwk
    }

    /// Claims as a signed JWT (RFC 7515 §7.1).
    pub(super) fn sign(&self, claims: &Value) -> Result<String, String> {
        let header = json!({ "alg": "EdDSA", "kid": self.id, "typ": "JWT" });
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", encode(&header), encode(claims));
        let signature = self
            .key
            .sign(&CoreJwsSigningAlgorithm::EdDsa, message.as_bytes())
            .map_err(|error| error.to_string())?;
        Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}
