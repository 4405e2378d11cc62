//! `type: azure_openai`

use gateway_domain::Secret;

use super::{address, secret, word_of};
use crate::{
    AzureCredential, ProviderKind,
    source::{Field, Section},
};

const AUTHORITY: &str = "https://login.microsoftonline.com";

pub(super) fn read(section: &mut Section<'_>, insecure: bool) -> ProviderKind {
    let base_url = address::base(&section.field("base_url").required(), insecure);
    let api_version = word_of(&section.field("api_version"));
    ProviderKind::AzureOpenAi {
        base_url: base_url.unwrap_or_else(|| address::fixed(AUTHORITY)),
        credential: credential(section, insecure),
        api_version,
    }
}

fn credential(section: &mut Section<'_>, insecure: bool) -> AzureCredential {
    let key = section.field("api_key");
    let entra = section.field("entra");
    match (key.is_given(), entra.is_given()) {
        (true, true) => entra.error("expected api_key or entra, not both"),
        (false, false) if key.is_missing() => {
            key.error(
                "missing; expected api_key, or entra with tenant_id, client_id, client_secret",
            );
        }
        _ => {}
    }
    if entra.is_given() {
        application(&entra, insecure)
    } else {
        AzureCredential::Key(key.secret().unwrap_or_else(|| Secret::new("")))
    }
}

fn application(field: &Field<'_>, insecure: bool) -> AzureCredential {
    let mut section = field.section();
    let tenant = word_of(&section.field("tenant_id").required());
    let client = word_of(&section.field("client_id").required());
    let authority = address::base(&section.field("authority"), insecure);
    AzureCredential::Entra {
        tenant_id: tenant.unwrap_or_default(),
        client_id: client.unwrap_or_default(),
        client_secret: secret(&section.field("client_secret").required()),
        authority: authority.unwrap_or_else(|| address::fixed(AUTHORITY)),
    }
}
