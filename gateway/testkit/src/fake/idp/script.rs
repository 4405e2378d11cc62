//! What the fake provider does.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value};

use super::{FakeIdp, Person};
use crate::fake::{endpoint::Manner, keys::Key};

/// Bends header and claims of an ID token.
pub type BendToken = Arc<dyn Fn(&mut Map<String, Value>, &mut Map<String, Value>) + Send + Sync>;
/// Writes claims as JSON.
pub type WriteClaims = Arc<dyn Fn(&Map<String, Value>) -> String + Send + Sync>;
/// Bends a JSON object.
pub type BendObject = Arc<dyn Fn(&mut Map<String, Value>) + Send + Sync>;

/// Whether and what the provider says in the callback's `iss` (RFC 9207).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Iss {
    /// Nothing.
    Absent,
    /// Its issuer, and its discovery document promises so.
    Ours,
    /// Something else, and its discovery document promises its own.
    Other(String),
}

/// What the provider does. Everything may be changed while it runs.
#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Script {
    /// What it calls itself, in documents and tokens.
    pub issuer: String,
    /// As whom it knows the gateway.
    pub client_id: String,
    /// With which secret; `None`: a public client.
    pub client_secret: Option<String>,
    /// Who is signed in at it.
    pub person: Person,
    /// How it answers for its discovery document.
    pub discovery: Manner,
    /// Fields of that document replaced, or removed.
    pub discovery_fields: BTreeMap<String, Option<Value>>,
    /// How it answers for its keys.
    pub jwks: Manner,
    /// The keys that it publishes.
    pub published: Vec<Value>,
    /// The key that it signs with.
    pub signing_key: Key,
    /// Whether a bit of each signature is flipped.
    pub break_signature: bool,
    /// How it answers for a code.
    pub token: Manner,
    /// Bends the answer for a code.
    pub token_reply: Option<BendObject>,
    /// Bends an ID token before it is signed.
    pub id_token: Option<BendToken>,
    /// The claims of an ID token as text in place of everything else, for JSON that no map can hold.
    pub raw_claims: Option<WriteClaims>,
    /// Whether ID tokens carry the person's claims; without, only userinfo does.
    pub claims_in_id_token: bool,
    /// How it answers for userinfo.
    pub userinfo: Manner,
    /// Bends what userinfo says.
    pub userinfo_reply: Option<BendObject>,
    /// What it says in the callback's `iss`.
    pub iss: Iss,
    /// Whether the PKCE verifier must fit.
    pub checks_pkce: bool,
    /// Whether a code works once.
    pub codes_are_single_use: bool,
}

impl Script {
    /// Everything proper, alice signed in.
    pub(super) fn new(issuer: String) -> Self {
        let key = Key::rsa("first");
        Self {
            issuer,
            client_id: FakeIdp::CLIENT_ID.to_owned(),
            client_secret: Some(FakeIdp::CLIENT_SECRET.to_owned()),
            person: Person::named("alice"),
            discovery: Manner::proper(),
            discovery_fields: BTreeMap::new(),
            jwks: Manner::proper(),
            published: vec![key.jwk()],
            signing_key: key,
            break_signature: false,
            token: Manner::proper(),
            token_reply: None,
            id_token: None,
            raw_claims: None,
            claims_in_id_token: true,
            userinfo: Manner::proper(),
            userinfo_reply: None,
            iss: Iss::Absent,
            checks_pkce: true,
            codes_are_single_use: true,
        }
    }
}
