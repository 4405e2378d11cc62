//! Keys that sign, and what is published of them.

use std::{
    fmt,
    sync::{Arc, LazyLock},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use openidconnect::{
    PrivateSigningKey as _,
    core::{
        CoreEdDsaPrivateSigningKey, CoreHmacKey, CoreJwsSigningAlgorithm, CoreRsaPrivateSigningKey,
    },
};
use p256::{
    ecdsa::{Signature, SigningKey, signature::Signer as _},
    pkcs8::DecodePrivateKey as _,
};
use serde_json::{Map, Value, json};

/// The PEM of the first RSA key, for those who take a public key for a secret.
pub const RSA_PEM: &str = include_str!("../../testdata/rsa2048-a.pem");

static RSA_A: LazyLock<Arc<Pair>> = LazyLock::new(|| Pair::rsa(RSA_PEM));
static RSA_B: LazyLock<Arc<Pair>> =
    LazyLock::new(|| Pair::rsa(include_str!("../../testdata/rsa2048-b.pem")));
static RSA_1024: LazyLock<Arc<Pair>> =
    LazyLock::new(|| Pair::rsa(include_str!("../../testdata/rsa1024.pem")));
static RSA_512: LazyLock<Arc<Pair>> =
    LazyLock::new(|| Pair::rsa(include_str!("../../testdata/rsa512.pem")));
static ES256: LazyLock<Arc<Pair>> = LazyLock::new(|| {
    let pem = include_str!("../../testdata/es256.pem");
    Arc::new(Pair::Es256(SigningKey::from_pkcs8_pem(pem).unwrap()))
});
static ED25519: LazyLock<Arc<Pair>> = LazyLock::new(|| {
    let pem = include_str!("../../testdata/ed25519.pem");
    let key = CoreEdDsaPrivateSigningKey::from_ed25519_pem(pem, None).unwrap();
    Arc::new(Pair::Ed25519(key))
});

/// A key with the id under which it is published.
#[derive(Clone)]
pub struct Key {
    kid: Option<String>,
    alg: &'static str,
    pair: Arc<Pair>,
}

enum Pair {
    Rsa(Box<CoreRsaPrivateSigningKey>),
    Es256(SigningKey),
    Ed25519(CoreEdDsaPrivateSigningKey),
    /// A secret shared by those who sign and those who check.
    Secret(Vec<u8>),
    /// Signs with nothing.
    Nothing,
}

impl Key {
    fn new(kid: &str, alg: &'static str, pair: Arc<Pair>) -> Self {
        Self {
            kid: Some(kid.to_owned()),
            alg,
            pair,
        }
    }

    /// RSA, 2048 bits, signing with RS256.
    pub fn rsa(kid: &str) -> Self {
        Self::new(kid, "RS256", RSA_A.clone())
    }

    /// Another one.
    pub fn other_rsa(kid: &str) -> Self {
        Self::new(kid, "RS256", RSA_B.clone())
    }

    /// RSA, 1024 bits.
    pub fn rsa_1024(kid: &str) -> Self {
        Self::new(kid, "RS256", RSA_1024.clone())
    }

    /// RSA, 512 bits.
    pub fn rsa_512(kid: &str) -> Self {
        Self::new(kid, "RS256", RSA_512.clone())
    }

    /// ECDSA on P-256, signing with ES256.
    pub fn es256(kid: &str) -> Self {
        Self::new(kid, "ES256", ES256.clone())
    }

    /// Ed25519, signing with `EdDSA`.
    pub fn ed25519(kid: &str) -> Self {
        Self::new(kid, "EdDSA", ED25519.clone())
    }

    /// A shared secret, signing with HS256.
    pub fn secret(secret: impl Into<Vec<u8>>) -> Self {
        Self {
            kid: None,
            alg: "HS256",
            pair: Arc::new(Pair::Secret(secret.into())),
        }
    }

    /// Algorithm `none`: an empty signature.
    pub fn nothing() -> Self {
        Self {
            kid: None,
            alg: "none",
            pair: Arc::new(Pair::Nothing),
        }
    }

    /// The same key without an id.
    #[must_use]
    pub fn without_kid(mut self) -> Self {
        self.kid = None;
        self
    }

    /// The same key under another id.
    #[must_use]
    pub fn named(mut self, kid: &str) -> Self {
        self.kid = Some(kid.to_owned());
        self
    }

    /// The same key, signing with another algorithm: `PS256`, `RS384`, `HS512`, …
    #[must_use]
    pub fn signing_with(mut self, alg: &'static str) -> Self {
        self.alg = alg;
        self
    }

    /// What is published of it (RFC 7517).
    pub fn jwk(&self) -> Value {
        let mut jwk = match &*self.pair {
            Pair::Rsa(key) => serde_json::to_value(key.as_verification_key()).unwrap(),
            Pair::Ed25519(key) => serde_json::to_value(key.as_verification_key()).unwrap(),
            Pair::Es256(key) => {
                let point = key.verifying_key().to_sec1_point(false);
                json!({
                    "kty": "EC", "crv": "P-256", "use": "sig",
                    "x": encode(point.x().unwrap()), "y": encode(point.y().unwrap()),
                })
            }
            Pair::Secret(secret) => json!({ "kty": "oct", "use": "sig", "k": encode(secret) }),
            Pair::Nothing => json!({}),
        };
        let fields = jwk.as_object_mut().unwrap();
        fields.remove("kid");
        fields.insert("alg".to_owned(), json!(self.alg));
        if let Some(kid) = &self.kid {
            fields.insert("kid".to_owned(), json!(kid));
        }
        jwk
    }

    /// The algorithm that it signs with.
    pub(crate) fn alg(&self) -> &'static str {
        self.alg
    }

    /// The header of a token that it signs.
    pub(crate) fn header(&self) -> Map<String, Value> {
        let mut header = Map::new();
        header.insert("alg".to_owned(), json!(self.alg));
        header.insert("typ".to_owned(), json!("JWT"));
        if let Some(kid) = &self.kid {
            header.insert("kid".to_owned(), json!(kid));
        }
        header
    }

    /// A token in compact form (RFC 7515 §3.1), whatever the header says.
    pub fn sign(&self, header: &Map<String, Value>, claims: &str) -> String {
        let header = Value::Object(header.clone()).to_string();
        let message = format!(
            "{}.{}",
            encode(header.as_bytes()),
            encode(claims.as_bytes())
        );
        let signature = self.signature(message.as_bytes());
        format!("{message}.{}", encode(&signature))
    }

    fn signature(&self, message: &[u8]) -> Vec<u8> {
        let alg = || serde_json::from_value::<CoreJwsSigningAlgorithm>(json!(self.alg)).unwrap();
        match &*self.pair {
            Pair::Rsa(key) => key.sign(&alg(), message).unwrap(),
            Pair::Ed25519(key) => key.sign(&alg(), message).unwrap(),
            Pair::Secret(secret) => CoreHmacKey::new(secret.clone())
                .sign(&alg(), message)
                .unwrap(),
            Pair::Es256(key) => {
                let signature: Signature = key.sign(message);
                signature.to_bytes().to_vec()
            }
            Pair::Nothing => Vec::new(),
        }
    }
}

impl Pair {
    fn rsa(pem: &str) -> Arc<Self> {
        let key = CoreRsaPrivateSigningKey::from_pem(pem, None).unwrap();
        Arc::new(Self::Rsa(Box::new(key)))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("kid", &self.kid)
            .field("alg", &self.alg)
            .finish_non_exhaustive()
    }
}

/// Base64url without padding.
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
