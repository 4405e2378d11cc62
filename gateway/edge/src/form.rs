//! Forms that only our own pages can have sent.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{Form, FromRef, FromRequest, FromRequestParts as _, Request},
    response::{IntoResponse as _, Response},
};
use gateway_domain::ReturnTo;
use gateway_identity::{Caller, Context};
use http::{StatusCode, request::Parts};
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use crate::{
    FormTicket, PageCaller, Refusal, SessionState, check_origin,
    csrf::FIELD,
    current,
    origin::{Source, is_media_type, wrong_origin},
};

const LARGEST: usize = 64 * 1024;
const MEDIA_TYPE: &str = "application/x-www-form-urlencoded";

/// A form of a signed-in person: sent by a page of ours, in this very session.
pub struct ProtectedForm<T> {
    /// The person as the services' caller.
    pub caller: Caller,
    /// The person and the session.
    pub session: Arc<SessionState>,
    /// What was filled in.
    pub form: T,
}

/// A form of somebody not signed in: sent by a page of ours that carries a [`FormTicket`]. A client without our ticket's
/// cookie is taken on its `Origin` alone, which no page of another site can set.
pub struct PreSessionForm<T>(pub T);

impl<S, T> FromRequest<S> for ProtectedForm<T>
where
    S: Send + Sync,
    Context: FromRef<S>,
    T: DeserializeOwned,
{
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        // The whole form first: it may take its time, and rights must be those of its end.
        let sent = Sent::read(&parts, body, &Context::from_ref(state)).await;
        let PageCaller { caller, session } =
            PageCaller::from_request_parts(&mut parts, state).await?;
        let sent = sent?;
        let token = sent.token.as_deref();
        let fits = token.is_some_and(|given| session.token_matches(given));
        if !fits {
            return Err(Refusal::forged().into_response());
        }
        let form = sent.parse(parts).await?;
        Ok(Self {
            caller,
            session,
            form,
        })
    }
}

impl<S, T> FromRequest<S> for PreSessionForm<T>
where
    S: Send + Sync,
    Context: FromRef<S>,
    T: DeserializeOwned,
{
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let ctx = Context::from_ref(state);
        let sent = Sent::read(&parts, body, &ctx).await?;
        let public = &ctx.live().config.server.public_base_url;
        let token = sent.token.as_deref();
        let fits = match FormTicket::check(&parts.headers, public, token) {
            Some(true) => true,
            Some(false) => is_of_session(&mut parts, &ctx, token).await?,
            None => sent.source == Source::Ours,
        };
        if !fits {
            let refusal = Refusal::forged().returning_to(sent.return_to());
            return Err(refusal.into_response());
        }
        sent.parse(parts).await.map(Self)
    }
}

/// Whether the token is that of the session: a page with this form, opened by somebody signed in, carries it instead.
async fn is_of_session(
    parts: &mut Parts,
    ctx: &Context,
    token: Option<&str>,
) -> Result<bool, Response> {
    let session = current(parts, ctx)
        .await
        .map_err(|problem| Refusal::from(problem).into_response())?;
    let fits = |session: &SessionState| token.is_some_and(|given| session.token_matches(given));
    Ok(session.is_some_and(|session| fits(&session)))
}

/// A form that came from a page of ours, with its token apart.
struct Sent {
    source: Source,
    token: Option<String>,
    rest: Bytes,
}

impl Sent {
    async fn read(parts: &Parts, body: Body, ctx: &Context) -> Result<Self, Response> {
        let live = ctx.live();
        let public = &live.config.server.public_base_url;
        let source = check_origin(&parts.headers, public);
        if source == Source::Foreign {
            return Err(Refusal::from(wrong_origin(public)).into_response());
        }
        if !is_media_type(&parts.headers, MEDIA_TYPE) {
            let refusal = Refusal::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                format!("Send the form as {MEDIA_TYPE}."),
            );
            return Err(refusal.into_response());
        }
        let body = to_bytes(body, LARGEST).await.map_err(|_| {
            Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "This form is too large.").into_response()
        })?;
        let mut rest = form_urlencoded::Serializer::new(String::new());
        let mut tokens = Vec::new();
        for (name, value) in form_urlencoded::parse(&body) {
            if name == FIELD {
                tokens.push(value.into_owned());
            } else {
                rest.append_pair(&name, &value);
            }
        }
        // A form with two tokens is not one of ours: it gets one that fits nothing.
        let token = match tokens.len() {
            0 | 1 => tokens.pop(),
            _ => Some(String::new()),
        };
        Ok(Self {
            source,
            token,
            rest: rest.finish().into(),
        })
    }

    /// Where a sign-in's form leads, so that a person who must begin again still gets there.
    fn return_to(&self) -> ReturnTo {
        let mut fields = form_urlencoded::parse(&self.rest);
        let wanted = fields.find(|(name, _)| name == "redirect_to");
        wanted.map_or_else(ReturnTo::default, |(_, path)| ReturnTo::parse(&path))
    }

    async fn parse<T: DeserializeOwned>(self, parts: Parts) -> Result<T, Response> {
        let request = Request::from_parts(parts, Body::from(self.rest));
        let parsed = Form::<T>::from_request(request, &()).await;
        parsed.map(|Form(form)| form).map_err(|_| {
            let sentence = "A field of this form is missing or malformed. Go back and try again.";
            Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, sentence).into_response()
        })
    }
}
