//! The provider sent the browser back.
//!
//! The order is the point: nothing is written before the browser has shown that the flow is its own, nobody is asked
//! before the flow is used up, and nothing is tried twice afterwards.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use gateway_domain::{
    Email, Origin, ReturnTo, Token, TokenHash,
    audit::{Action, Party},
    sso::Assertion,
};
use gateway_store::login_flows::{self, FlowKind, LoginFlow};
use tracing::Instrument as _;

use super::{
    Verified,
    callback::{self, Answer, Parameters},
    exchange,
    record::{self, Trail},
    secrets::{Derived, cookie_name},
};
use crate::{
    Context, SignInError, SignInFailure,
    context::Live,
    providers::IdentityProvider,
    sign_in::{Attempt, OpenedSession, with_assertion},
};

/// What the browser came back with.
#[derive(Clone, Copy)]
pub struct Callback<'a> {
    /// At which of the two routes.
    pub kind: FlowKind,
    /// What stands behind `callback/`, if anything.
    pub path_key: Option<&'a str>,
    /// The query as it came.
    pub query: &'a str,
    /// Looks a cookie up by its name.
    pub cookie: &'a (dyn Fn(&str) -> Option<String> + Send + Sync),
    /// The session that the browser already has: it ends when the new one opens.
    pub previous: Option<TokenHash>,
}

/// What came of it.
pub struct Finished {
    /// The session, or what to tell the person.
    pub outcome: Result<SignedIn, SignInFailure>,
    /// The flow cookie to clear: its flow will never be finished.
    pub dead_cookie: Option<String>,
    /// Where the person wanted to go, as far as the browser has shown that it is theirs.
    pub return_to: Option<ReturnTo>,
}

/// A sign-in that succeeded.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The session.
    pub opened: OpenedSession,
    /// Where to go.
    pub return_to: ReturnTo,
    /// Through which provider.
    pub provider_key: String,
}

/// Finishes a sign-in, or says why not. A browser that goes away stops nothing: once the flow is used up, what becomes of
/// it is decided and written down.
pub async fn finish(ctx: &Context, callback: Callback<'_>, origin: &Origin) -> Finished {
    let live = ctx.live();
    let came = Came::of(&callback, live.config.server.public_base_url.is_https());
    let visit = Visit {
        ctx: ctx.clone(),
        live,
        kind: callback.kind,
        path_key: callback.path_key.map(str::to_owned),
        previous: callback.previous,
        origin: origin.clone(),
        now: ctx.now(),
        trail: Trail::default(),
        flow_cookie: None,
        dead_cookie: None,
        return_to: None,
    };
    let task = tokio::spawn(visit.run(came).in_current_span());
    match task.await {
        Ok(finished) => finished,
        Err(error) => {
            let failure = SignInFailure::new(SignInError::ServerError, error.to_string());
            record::failure(ctx, &Trail::default(), &failure, origin).await;
            Finished {
                outcome: Err(failure),
                dead_cookie: None,
                return_to: None,
            }
        }
    }
}

/// What the browser brought: the parameters, and the cookie that belongs to them.
struct Came {
    parameters: Parameters,
    cookie_name: String,
    cookie: Option<String>,
}

impl Came {
    fn of(callback: &Callback<'_>, is_https: bool) -> Result<Self, SignInFailure> {
        let parameters = callback::parse(callback.query)?;
        let cookie_name = cookie_name(is_https, &parameters.state.hash());
        Ok(Self {
            cookie: (callback.cookie)(&cookie_name),
            cookie_name,
            parameters,
        })
    }
}

/// One callback on its way, under one configuration and at one moment.
struct Visit {
    ctx: Context,
    live: Arc<Live>,
    kind: FlowKind,
    path_key: Option<String>,
    previous: Option<TokenHash>,
    origin: Origin,
    now: DateTime<Utc>,
    trail: Trail,
    /// The name of the cookie, once the browser has shown that the flow is its own.
    flow_cookie: Option<String>,
    dead_cookie: Option<String>,
    return_to: Option<ReturnTo>,
}

impl Visit {
    async fn run(mut self, came: Result<Came, SignInFailure>) -> Finished {
        let outcome = match came {
            Ok(came) => self.outcome(came).await,
            Err(failure) => Err(failure),
        };
        match &outcome {
            Ok(signed_in) => self.ctx.counters().signed_in(&signed_in.provider_key),
            Err(failure) => record::failure(&self.ctx, &self.trail, failure, &self.origin).await,
        }
        Finished {
            outcome,
            dead_cookie: self.dead_cookie,
            return_to: self.return_to,
        }
    }

    async fn outcome(&mut self, came: Came) -> Result<SignedIn, SignInFailure> {
        let (flow, browser) = self.recognise(&came).await?;
        let parameters = came.parameters;
        let provider = self.judge(&flow)?;
        exchange::check_issuer(&provider, parameters.iss.as_deref()).await?;
        self.consume(&parameters.state.hash()).await?;
        let code = match parameters.answer {
            Answer::Code(code) => code,
            Answer::Error { code, description } => {
                return Err(callback::refusal(&code, description.as_deref()));
            }
            Answer::Neither => {
                return Err(SignInFailure::new(
                    SignInError::ProviderFailure,
                    "the callback has neither a code nor an error",
                ));
            }
        };
        let derived = Derived::of(&browser, &flow.salt);
        let state = &parameters.state;
        let verified =
            exchange::verify(&provider, state, &code, &derived, &flow.redirect_uri).await?;
        let opened = self.admit(&provider, verified).await?;
        Ok(SignedIn {
            opened,
            return_to: ReturnTo::parse(&flow.return_to),
            provider_key: flow.provider_key,
        })
    }

    /// Finds the flow of the state, and whether this browser began it.
    async fn recognise(&mut self, came: &Came) -> Result<(LoginFlow, Token), SignInFailure> {
        let state = came.parameters.state.hash();
        let name = came.cookie_name.clone();
        let browser = came.cookie.as_deref().and_then(Token::presented);
        let Some(flow) = login_flows::find(self.ctx.db(), &state).await? else {
            self.dead_cookie = came.cookie.as_ref().map(|_| name);
            return Err(invalid("the state belongs to no sign-in"));
        };
        match self.live.providers.find(&flow.provider_key) {
            Some(provider) => self.trail.names(provider),
            None => self.trail.provider = Some((flow.provider_key.clone(), String::new())),
        }
        let was_used = flow.consumed_at.is_some();
        if was_used {
            self.trail.action = Action::SignInReplayed;
        }
        let browser = browser
            .filter(|browser| browser.hash().matches(&flow.browser_hash))
            .ok_or_else(|| {
                invalid(if was_used {
                    "the sign-in was finished before, and this browser does not hold its cookie"
                } else {
                    "this browser does not hold the cookie of the sign-in"
                })
            })?;
        self.return_to = Some(ReturnTo::parse(&flow.return_to));
        self.flow_cookie = Some(name);
        Ok((flow, browser))
    }

    /// Whether the flow may be finished here and now. Writes nothing.
    fn judge(&mut self, flow: &LoginFlow) -> Result<IdentityProvider, SignInFailure> {
        if flow.kind != self.kind {
            return Err(invalid("the sign-in began with the other protocol"));
        }
        if !arrives_where_it_was_sent(flow, self.path_key.as_deref()) {
            return Err(invalid("the callback is that of another provider"));
        }
        if flow.consumed_at.is_some() {
            self.give_up();
            return Err(invalid("the sign-in was finished before"));
        }
        let provider = self.live.providers.find(&flow.provider_key).cloned();
        let Some(provider) = provider.filter(|provider| provider.kind() == flow.kind) else {
            self.give_up();
            return Err(failed("the provider has left the file"));
        };
        if provider.settings_digest()[..] != flow.settings_digest[..] {
            self.give_up();
            return Err(expired(
                "issuer or client id of the provider changed meanwhile",
            ));
        }
        if flow.expires_at <= self.now {
            self.give_up();
            return Err(expired("the sign-in took longer than ten minutes"));
        }
        if !provider.is_enabled() {
            return Err(failed("the provider was disabled meanwhile"));
        }
        Ok(provider)
    }

    /// The flow will never be finished: the browser may forget it.
    fn give_up(&mut self) {
        self.dead_cookie = self.flow_cookie.take();
    }

    /// Uses the flow up. Of many callbacks at once, one gets through.
    async fn consume(&mut self, state: &TokenHash) -> Result<(), SignInFailure> {
        let taken = login_flows::consume(self.ctx.db(), state, self.now).await?;
        self.give_up();
        if !taken {
            self.trail.action = Action::SignInReplayed;
            return Err(invalid("the sign-in was finished at the same moment"));
        }
        self.trail.cost_a_flow = true;
        Ok(())
    }

    /// Lets the person in, as the operator's policy says by now. What the file says is read inside the transaction: a
    /// reload that ends a provider's sessions comes wholly before or wholly after.
    async fn admit(
        &mut self,
        provider: &IdentityProvider,
        verified: Verified,
    ) -> Result<OpenedSession, SignInFailure> {
        let Verified {
            assertion,
            without_email,
        } = verified;
        self.trail.person = Some(stranger(&assertion));
        let mut tx = self.ctx.db().begin().await?;
        let live = self.ctx.live();
        let provider = still_there(&live, provider)?;
        let attempt = Attempt {
            origin: &self.origin,
            now: self.ctx.now(),
            limits: live.config.auth.session,
            previous: self.previous,
        };
        let opened = with_assertion(&mut tx, &assertion, provider.admission(), attempt).await;
        let opened = opened.map_err(|failure| {
            let wanted_email = match failure.error {
                SignInError::UnmatchedIdentity | SignInError::EmailUnverified => true,
                SignInError::PolicyDenied => assertion.email.is_none(),
                _ => false,
            };
            without_email.filter(|_| wanted_email).unwrap_or(failure)
        })?;
        tx.commit().await?;
        Ok(opened)
    }
}

/// A provider with a callback of its own must be answered there: at another's, its answer may have been meant for
/// somebody else (RFC 9700 §2.1, §4.4).
fn arrives_where_it_was_sent(flow: &LoginFlow, path_key: Option<&str>) -> bool {
    let shared = match flow.kind {
        FlowKind::Oidc => "/api/v1/auth/oidc/callback",
        FlowKind::Oauth => "/api/v1/auth/oauth/callback/github",
    };
    match (path_key, flow.kind) {
        (None, FlowKind::Oidc) | (Some("github"), FlowKind::Oauth) => {
            flow.redirect_uri.ends_with(shared)
        }
        (Some(key), _) => key == flow.provider_key,
        (None, FlowKind::Oauth) => false,
    }
}

/// The provider as the file has it by now, if what it said before still counts.
fn still_there<'p>(
    live: &'p Live,
    asked: &IdentityProvider,
) -> Result<&'p IdentityProvider, SignInFailure> {
    let provider = live.providers.find(asked.key());
    let provider = provider
        .filter(|provider| provider.kind() == asked.kind())
        .ok_or_else(|| failed("the provider left the file during the sign-in"))?;
    if !provider.is_enabled() {
        return Err(failed("the provider was disabled during the sign-in"));
    }
    if !provider.asks_the_same(asked) {
        return Err(expired(
            "issuer, client id or organisations of the provider changed during the sign-in",
        ));
    }
    Ok(provider)
}

/// Whom the audit trail says was refused: the subject as its hash.
fn stranger(assertion: &Assertion) -> Party {
    let subject = TokenHash::of(assertion.subject.as_bytes());
    let label = assertion.email.as_ref().map_or("", Email::as_str);
    Party::new("anonymous", subject.to_hex(), label)
}

fn invalid(cause: &str) -> SignInFailure {
    SignInFailure::new(SignInError::StateInvalid, cause)
}

fn expired(cause: &str) -> SignInFailure {
    SignInFailure::new(SignInError::StateExpired, cause)
}

fn failed(cause: &str) -> SignInFailure {
    SignInFailure::new(SignInError::ProviderFailure, cause)
}
