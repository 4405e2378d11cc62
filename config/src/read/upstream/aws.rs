//! `type: bedrock`

use url::Url;

use super::{address, base, secret, word_of};
use crate::{AwsCredential, ProviderKind, source::Section};

const FIRST_REGION: &str = "https://bedrock-runtime.us-east-1.amazonaws.com";

pub(super) fn read(section: &mut Section<'_>, insecure: bool) -> ProviderKind {
    let region = word_of(&section.field("region").required()).unwrap_or_default();
    let regional = format!("https://bedrock-runtime.{region}.amazonaws.com");
    let base_url = base(section, insecure)
        .or_else(|| Url::parse(&regional).ok())
        .unwrap_or_else(|| address::fixed(FIRST_REGION));
    ProviderKind::Bedrock {
        base_url,
        region,
        credential: credential(section),
    }
}

fn credential(section: &mut Section<'_>) -> AwsCredential {
    let bearer = section.field("api_key");
    let id = section.field("access_key_id");
    let key = section.field("secret_access_key");
    let token = section.field("session_token");
    if bearer.is_given() {
        if id.is_given() || key.is_given() {
            bearer.error("expected api_key or access_key_id with secret_access_key, not both");
        }
        return AwsCredential::Bearer(secret(&bearer));
    }
    if !id.is_given() && !key.is_given() {
        if token.is_given() {
            token.error("goes with access_key_id and secret_access_key");
        }
        return AwsCredential::DefaultChain;
    }
    AwsCredential::Static {
        access_key_id: word_of(&id.required()).unwrap_or_default(),
        secret_access_key: secret(&key.required()),
        session_token: token.secret(),
    }
}
