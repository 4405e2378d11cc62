//! The button was pressed.

use gateway_domain::{Origin, ReturnTo, Token};
use gateway_store::login_flows::{self, FlowKind, LoginFlow};

use super::{
    exchange,
    record::{self, Trail},
    secrets::{Derived, FlowCookie, LIFETIME, cookie_name, salt},
};
use crate::{
    Context, SignInError, SignInFailure, context::Live, providers::IdentityProvider, sign_in::after,
};

const LONGEST_HINT: usize = 254;

/// What the browser asked for.
#[derive(Clone, Copy, Debug)]
pub struct Start<'a> {
    /// At which of the two routes.
    pub kind: FlowKind,
    /// With whom.
    pub target: Target<'a>,
    /// Where to go afterwards, as it came.
    pub return_to: Option<&'a str>,
    /// Who it probably is, as it came (OpenID Connect Core §3.1.2.1).
    pub login_hint: Option<&'a str>,
}

/// With which provider.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    /// The one with this key.
    Key(&'a str),
    /// The one with this issuer: the sign-in begins at the provider (OpenID Connect Core §4).
    Issuer(&'a str),
}

/// Where to send the browser, and what it must keep.
pub struct Started {
    /// The provider's page.
    pub location: String,
    /// The browser's half.
    pub cookie: FlowCookie,
}

/// Begins a sign-in. Unknown and disabled providers are refused alike.
pub async fn start(
    ctx: &Context,
    request: Start<'_>,
    origin: &Origin,
) -> Result<Started, SignInFailure> {
    let mut trail = Trail::default();
    let started = begin(ctx, request, &mut trail).await;
    if let Err(failure) = &started {
        record::failure(ctx, &trail, failure, origin).await;
    }
    started
}

async fn begin(
    ctx: &Context,
    request: Start<'_>,
    trail: &mut Trail,
) -> Result<Started, SignInFailure> {
    let live = ctx.live();
    let provider = choose(&live, request).ok_or_else(|| {
        SignInFailure::new(SignInError::ProviderFailure, "there is no such provider")
    })?;
    trail.names(provider);
    if !provider.is_enabled() {
        return Err(SignInFailure::new(
            SignInError::ProviderFailure,
            "the provider is disabled",
        ));
    }
    let (state, browser, salt) = (Token::generate(), Token::generate(), salt());
    let derived = Derived::of(&browser, &salt);
    let hint = request.login_hint.filter(|hint| is_plausible_hint(hint));
    // The provider's documents may have to be fetched first. A flow that cannot begin leaves no row.
    let location = exchange::authorization_url(provider, &state, &derived, hint).await?;
    let now = ctx.now();
    let flow = LoginFlow {
        kind: request.kind,
        provider_key: provider.key().to_owned(),
        settings_digest: provider.settings_digest().to_vec(),
        browser_hash: browser.hash().as_bytes().to_vec(),
        salt,
        redirect_uri: provider.redirect_uri().to_owned(),
        return_to: request
            .return_to
            .map(ReturnTo::parse)
            .unwrap_or_default()
            .to_string(),
        created_at: now,
        expires_at: after(now, LIFETIME),
        consumed_at: None,
    };
    let state = state.hash();
    login_flows::insert(ctx.db(), &state, &flow).await?;
    let is_https = live.config.server.public_base_url.is_https();
    Ok(Started {
        location,
        cookie: FlowCookie {
            name: cookie_name(is_https, &state),
            value: browser,
        },
    })
}

fn choose<'a>(live: &'a Live, request: Start<'_>) -> Option<&'a IdentityProvider> {
    live.providers.all().find(|provider| {
        provider.kind() == request.kind
            && match (request.target, provider) {
                (Target::Key(key), _) => provider.key() == key,
                (Target::Issuer(issuer), IdentityProvider::Oidc(oidc)) => {
                    oidc.settings.enabled && oidc.settings.issuer_url == issuer
                }
                (Target::Issuer(_), IdentityProvider::Github(_)) => false,
            }
    })
}

fn is_plausible_hint(hint: &str) -> bool {
    !hint.is_empty() && hint.len() <= LONGEST_HINT && !hint.contains(char::is_control)
}
