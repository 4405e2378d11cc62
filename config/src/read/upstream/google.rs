//! `type: vertex`

use url::Url;

use super::{address, base, secret, word_of};
use crate::{
    ProviderKind,
    source::{Field, Section},
};

const GLOBAL: &str = "https://aiplatform.googleapis.com";

pub(super) fn read(section: &mut Section<'_>, insecure: bool) -> ProviderKind {
    let project = word_of(&section.field("project").required()).unwrap_or_default();
    let location = word_of(&section.field("location").required()).unwrap_or_default();
    let base_url = base(section, insecure).unwrap_or_else(|| of_location(&location));
    let field = section.field("credentials").required();
    let credentials = secret(&field);
    judge(&field, credentials.expose());
    ProviderKind::Vertex {
        base_url,
        project,
        location,
        credentials,
    }
}

fn of_location(location: &str) -> Url {
    let regional = format!("https://{location}-aiplatform.googleapis.com");
    match Url::parse(&regional) {
        Ok(url) if location != "global" && !location.is_empty() => url,
        _ => address::fixed(GLOBAL),
    }
}

/// That it is a service account's key file, so that a wrong one does not wait for the first call to be noticed.
fn judge(field: &Field<'_>, text: &str) {
    if text.is_empty() {
        return;
    }
    let Ok(file) = serde_json::from_str::<serde_json::Value>(text) else {
        field.error("expected the JSON of a service account's key file, as file.PATH");
        return;
    };
    for member in ["client_email", "private_key", "token_uri"] {
        if !file[member].is_string() {
            field.error(format!("the service account's key file has no {member}"));
        }
    }
}
