//! Extractors: who looks at a page or sends its form, and the shell around the answer.

use std::sync::Arc;

use axum::{
    extract::{FromRef, FromRequest, FromRequestParts, OriginalUri, Request},
    response::{IntoResponse, Response},
};
use gateway_edge::{
    FormTicket, MaybeSignedIn, PageCaller, ProtectedForm, RequestInfo, SessionState,
};
use gateway_identity::{Caller, Context};
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::{
    fault::Slot,
    notice::Notice,
    shell::{PageOptions, Shell},
};

/// A signed-in person who looks at a page. Somebody else is led to the sign-in page and back.
pub(crate) struct Visitor {
    /// The person as the services' caller.
    pub(crate) caller: Caller,
    /// The person and the session.
    pub(crate) session: Arc<SessionState>,
    /// What is around the page.
    pub(crate) shell: Shell,
}

/// A form that a signed-in person sent from a page of ours.
pub(crate) struct Posted<T> {
    /// The person.
    pub(crate) visitor: Visitor,
    /// What was filled in.
    pub(crate) form: T,
}

/// Anybody, signed in or not, who looks at a page with a form.
pub(crate) struct Guest {
    /// What is around the page.
    pub(crate) shell: Shell,
    /// To be part of the answer: sets the cookie that the form's token belongs to.
    pub(crate) ticket: FormTicket,
}

/// The shell for somebody not signed in.
pub(crate) fn bare_shell(parts: &Parts) -> Shell {
    let original = parts.extensions.get::<OriginalUri>();
    let uri = original.map_or(&parts.uri, |uri| &uri.0);
    let query = uri.query().unwrap_or_default();
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    let notice = pairs
        .find(|(name, _)| name == "notice")
        .and_then(|(_, code)| Notice::from_code(&code));
    let options = parts.extensions.get::<PageOptions>();
    let info = parts.extensions.get::<RequestInfo>();
    Shell {
        principal: None,
        csrf: String::new(),
        notice,
        banner: options.and_then(|options| options.notice),
        correlation_id: info.map_or_else(String::new, |info| info.id().to_string()),
        path: uri.path().to_owned(),
    }
}

fn shell(parts: &Parts, session: &SessionState) -> Shell {
    let shell = Shell {
        principal: session.caller.principal().cloned(),
        csrf: session.csrf_token(),
        ..bare_shell(parts)
    };
    Slot::keep(parts, &shell);
    shell
}

impl<S> FromRequestParts<S> for Visitor
where
    S: Send + Sync,
    Context: FromRef<S>,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let PageCaller { caller, session } = PageCaller::from_request_parts(parts, state).await?;
        Ok(Self {
            shell: shell(parts, &session),
            caller,
            session,
        })
    }
}

impl<S, T> FromRequest<S> for Posted<T>
where
    S: Send + Sync,
    Context: FromRef<S>,
    T: DeserializeOwned,
{
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        // The person first, so that a refused form is told within the person's pages.
        let visitor = Visitor::from_request_parts(&mut parts, state).await?;
        let request = Request::from_parts(parts, body);
        let ProtectedForm { form, .. } = ProtectedForm::<T>::from_request(request, state).await?;
        Ok(Self { visitor, form })
    }
}

impl<S> FromRequestParts<S> for Guest
where
    S: Send + Sync,
    Context: FromRef<S>,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let session = MaybeSignedIn::from_request_parts(parts, state)
            .await
            .map_err(IntoResponse::into_response)?
            .0;
        let ticket = match FormTicket::from_request_parts(parts, state).await {
            Ok(ticket) => ticket,
            Err(never) => match never {},
        };
        let shell = match session {
            Some(session) => shell(parts, &session),
            None => Shell {
                csrf: ticket.token().to_owned(),
                ..bare_shell(parts)
            },
        };
        Ok(Self { shell, ticket })
    }
}
