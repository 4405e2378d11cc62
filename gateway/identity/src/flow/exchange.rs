//! The two protocols under one roof.

use gateway_domain::{Secret, Token};

use super::{Verified, secrets::Derived};
use crate::{SignInFailure, oauth, oidc::FlowSecrets, providers::IdentityProvider};

/// Where to send the browser.
pub(super) async fn authorization_url(
    provider: &IdentityProvider,
    state: &Token,
    derived: &Derived,
    login_hint: Option<&str>,
) -> Result<String, SignInFailure> {
    let url = match provider {
        IdentityProvider::Oidc(oidc) => {
            let secrets = secrets(state, derived);
            oidc.client
                .authorization_url(&secrets, &oidc.redirect_uri, login_hint)
                .await?
        }
        IdentityProvider::Github(github) => {
            github.authorization_url(state.expose(), &derived.challenge(), login_hint)?
        }
    };
    Ok(url.into())
}

/// Whether the callback comes from this provider, as far as it says (RFC 9207 §2.4).
pub(super) async fn check_issuer(
    provider: &IdentityProvider,
    iss: Option<&str>,
) -> Result<(), SignInFailure> {
    match provider {
        IdentityProvider::Oidc(oidc) => oidc.client.check_iss(iss).await,
        IdentityProvider::Github(github) => github.check_issuer(iss),
    }
}

/// Exchanges the code and says who it is. Once: nothing here is tried again.
pub(super) async fn verify(
    provider: &IdentityProvider,
    state: &Token,
    code: &Secret,
    derived: &Derived,
    redirect_uri: &str,
) -> Result<Verified, SignInFailure> {
    match provider {
        IdentityProvider::Oidc(oidc) => {
            let secrets = secrets(state, derived);
            let finished = oidc
                .client
                .finish(code.expose(), &secrets, redirect_uri)
                .await?;
            Ok(Verified {
                assertion: finished.assertion,
                without_email: finished.userinfo_failure,
            })
        }
        IdentityProvider::Github(github) => {
            let exchange = oauth::Exchange {
                code,
                verifier: &derived.verifier,
                redirect_uri,
            };
            github.finish(exchange).await
        }
    }
}

fn secrets(state: &Token, derived: &Derived) -> FlowSecrets {
    FlowSecrets {
        state: state.expose().to_owned(),
        nonce: derived.nonce.expose().to_owned(),
        verifier: derived.verifier.expose().to_owned(),
    }
}
