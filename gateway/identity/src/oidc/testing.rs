//! Settings, keys and a small provider on loopback for the tests of this module.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use base64::{
    Engine as _, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD,
};
use gateway_config::{Claims, Endpoints, HttpPolicy, OidcProvider, SigningAlgorithm};
use gateway_domain::{Secret, sso::TrustEmail};
use openidconnect::{
    PrivateSigningKey as _,
    core::{CoreEdDsaPrivateSigningKey, CoreJwsSigningAlgorithm},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

pub(super) const NOW: i64 = 1_800_000_000;

pub(super) fn settings(issuer: &str) -> OidcProvider {
    OidcProvider {
        key: "idp".to_owned(),
        label: "IdP".to_owned(),
        preset: "generic".to_owned(),
        issuer_url: issuer.to_owned(),
        client_id: "gw".to_owned(),
        client_secret: Some(Secret::new("s3cret")),
        scopes: ["openid", "email", "profile"].map(str::to_owned).to_vec(),
        enabled: true,
        signing_algorithms: SigningAlgorithm::DEFAULT.to_vec(),
        trust_email: TrustEmail::Verified,
        allowed_email_domains: vec![],
        claims: Claims {
            email: "email".to_owned(),
            name: "name".to_owned(),
        },
        endpoints: Endpoints::default(),
        extra_auth_params: BTreeMap::new(),
        http: HttpPolicy {
            timeout: Duration::from_secs(2),
            ca_pem: None,
            ca_file: None,
            allow_private_cidrs: vec![],
            allow_insecure: false,
        },
        jwks_cache: Duration::from_mins(5),
        strict_discovery: false,
        jit: None,
    }
}

/// A key pair of Ed25519, made from a number.
pub(super) struct Pair {
    pub kid: Option<String>,
    key: CoreEdDsaPrivateSigningKey,
}

impl Pair {
    pub fn new(kid: &str, seed: u8) -> Self {
        // RFC 8410 §7: the frame around the 32 bytes.
        let mut der = vec![
            0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20,
        ];
        der.extend_from_slice(&[seed; 32]);
        let (begin, end) = ("-----BEGIN", "-----END");
        let pem = format!(
            "{begin} PRIVATE KEY-----\n{}\n{end} PRIVATE KEY-----\n",
            STANDARD.encode(der)
        );
        let key = CoreEdDsaPrivateSigningKey::from_ed25519_pem(&pem, None).expect("a key");
        Self {
            kid: Some(kid.to_owned()),
            key,
        }
    }

    pub fn jwk(&self) -> Value {
        let mut jwk = serde_json::to_value(self.key.as_verification_key()).expect("JSON");
        jwk["kid"] = json!(self.kid);
        jwk
    }

    pub fn sign(&self, message: &str) -> Vec<u8> {
        self.key
            .sign(&CoreJwsSigningAlgorithm::EdDsa, message.as_bytes())
            .expect("signed")
    }

    /// A token with this header and payload, as they are.
    pub fn token(&self, header: &str, claims: &str) -> String {
        let message = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(claims)
        );
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(self.sign(&message)))
    }

    pub fn id_token(&self, claims: &Value) -> String {
        let header = json!({"alg": "EdDSA", "kid": self.kid, "typ": "JWT"});
        self.token(&header.to_string(), &claims.to_string())
    }
}

/// Claims that pass, for the nonce `n`.
pub(super) fn claims(issuer: &str) -> Value {
    json!({
        "iss": issuer, "aud": "gw", "sub": "me", "nonce": "n", "iat": NOW, "exp": NOW + 300,
        "email": "me@ex.com", "email_verified": true, "name": "Me",
    })
}

/// Answers by path; remembers what it was asked.
#[derive(Clone, Default)]
pub(super) struct Idp {
    answers: Arc<Mutex<BTreeMap<String, (u16, String)>>>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Idp {
    pub async fn start() -> (Self, String) {
        let idp = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let issuer = format!("http://{}", listener.local_addr().expect("bound"));
        let served = idp.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(served.clone().serve(stream));
            }
        });
        (idp, issuer)
    }

    /// With a discovery document for its own endpoints.
    pub async fn discoverable(keys: &[&Pair]) -> (Self, String) {
        let (idp, issuer) = Self::start().await;
        idp.answer("/.well-known/openid-configuration", 200, &document(&issuer));
        idp.publish(keys);
        (idp, issuer)
    }

    pub fn publish(&self, keys: &[&Pair]) {
        let keys: Vec<Value> = keys.iter().map(|pair| pair.jwk()).collect();
        self.answer("/jwks", 200, &json!({"keys": keys}));
    }

    pub fn answer(&self, path: &str, status: u16, body: &Value) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.insert(path.to_owned(), (status, body.to_string()));
    }

    pub fn requests(&self, path: &str) -> Vec<String> {
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests
            .iter()
            .filter(|request| request.split(' ').nth(1) == Some(path))
            .cloned()
            .collect()
    }

    async fn serve(self, mut stream: tokio::net::TcpStream) {
        let mut bytes = Vec::new();
        let mut buffer = [0; 8192];
        loop {
            let read = stream.read(&mut buffer).await.unwrap_or(0);
            bytes.extend_from_slice(&buffer[..read]);
            let text = String::from_utf8_lossy(&bytes);
            let whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
                let length = head
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "));
                body.len() >= length.map_or(0, |length| length.parse().expect("a length"))
            });
            if whole || read == 0 {
                break;
            }
        }
        let request = String::from_utf8_lossy(&bytes).into_owned();
        let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
        self.requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(request);
        let answer = self
            .answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&path)
            .cloned();
        let (status, body) = answer.unwrap_or((404, String::new()));
        let answer = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let _ = stream.write_all(answer.as_bytes()).await;
    }
}

/// A discovery document whose endpoints are on the issuer's host.
pub(super) fn document(issuer: &str) -> Value {
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "jwks_uri": format!("{issuer}/jwks"),
        "id_token_signing_alg_values_supported": ["EdDSA"],
    })
}
