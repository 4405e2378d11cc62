//! Failures as pages: whatever a route answers with an error, a person reads a page with the reference to quote.

use std::sync::{Arc, Mutex, PoisonError};

use askama::Template;
use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use gateway_domain::ReturnTo;
use gateway_edge::{Problem, Refusal};
use http::{
    HeaderValue, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
    request::Parts,
};

use crate::{
    page::{Page, Rendered, Told},
    shell::Shell,
    view::{Label as _, address},
    visitor::bare_shell,
};

/// Where an extractor leaves the shell that it made, for the page of a failure.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slot(Arc<Mutex<Option<Shell>>>);

impl Slot {
    /// Keeps the shell for this request, if there is a slot.
    pub(crate) fn keep(parts: &Parts, shell: &Shell) {
        if let Some(Self(slot)) = parts.extensions.get() {
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(shell.clone());
        }
    }

    fn take(&self) -> Option<Shell> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// What went wrong, for the person.
pub(crate) struct Fault {
    pub(crate) title: &'static str,
    pub(crate) sentence: String,
}

#[derive(Template)]
#[template(path = "pages/fault.html")]
pub(crate) struct FaultPage {
    pub(crate) shell: Shell,
    pub(crate) fault: Fault,
}

#[derive(Template)]
#[template(path = "pages/fault_door.html")]
pub(crate) struct FaultDoor {
    pub(crate) shell: Shell,
    pub(crate) fault: Fault,
    /// The sign-in page, with where it shall lead.
    pub(crate) back: String,
}

/// The middleware for the routes that are no pages but are visited by browsers, those of signing in foremost: their
/// [`Refusal`]s become pages that look like ours. It needs the request's info and the pages' options around it.
pub async fn refusals(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let bare = bare_shell(&parts);
    let response = next.run(Request::from_parts(parts, body)).await;
    if response.extensions().get::<Refusal>().is_none() {
        return response;
    }
    dressed(response, bare)
}

/// The middleware that makes a page of every error that is not one yet.
pub(crate) async fn pages(request: Request, next: Next) -> Response {
    let slot = Slot::default();
    let (mut parts, body) = request.into_parts();
    parts.extensions.insert(slot.clone());
    let bare = bare_shell(&parts);
    let response = next.run(Request::from_parts(parts, body)).await;
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    if !is_error || response.extensions().get::<Rendered>().is_some() {
        return response;
    }
    dressed(response, slot.take().unwrap_or(bare))
}

/// The answer with a page as its body.
fn dressed(mut response: Response, shell: Shell) -> Response {
    let status = response.status();
    let back = sign_in_page(&response);
    let fault = Fault {
        title: title(status),
        sentence: sentence(&mut response),
    };
    let page = if shell.principal.is_some() {
        Page(status, FaultPage { shell, fault }).into_response()
    } else {
        Page(status, FaultDoor { shell, fault, back }).into_response()
    };
    // The other headers stay: a cookie that goes, the time to wait.
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, html);
    response.headers_mut().remove(CONTENT_LENGTH);
    *response.body_mut() = page.into_body();
    response
}

fn sign_in_page(response: &Response) -> String {
    let refusal = response.extensions().get::<Refusal>();
    let return_to = refusal
        .map(Refusal::return_to)
        .filter(|path| !path.is_default());
    address(
        "/admin/login",
        &[("redirect_to", return_to.map(ReturnTo::as_str))],
    )
}

fn title(status: StatusCode) -> &'static str {
    match status {
        StatusCode::FORBIDDEN => "Not allowed",
        StatusCode::NOT_FOUND => "Not found",
        StatusCode::CONFLICT => "That cannot be done now",
        StatusCode::TOO_MANY_REQUESTS => "Too many attempts",
        status if status.is_client_error() => "The request was not understood",
        _ => "Something went wrong",
    }
}

fn sentence(response: &mut Response) -> String {
    let status = response.status();
    let extensions = response.extensions_mut();
    let told = extensions.remove::<Told>().map(|told| told.sentence);
    let refused = extensions.remove::<Refusal>();
    let refused = refused.map(|refusal| refusal.sentence().to_owned());
    // Left there, it would be made an answer for programs on the way out.
    let problem = extensions.remove::<Problem>();
    let problem = problem.map(|problem| problem.detail().to_owned());
    told.or(refused).or(problem).unwrap_or_else(|| {
        let text = match status {
            StatusCode::NOT_FOUND => "There is no page at this address.",
            StatusCode::METHOD_NOT_ALLOWED => "This address takes another kind of request.",
            status if status.is_client_error() => "Go back, reload the page and try again.",
            _ => "It is not your fault. If it happens again, give an administrator the reference below.",
        };
        text.to_owned()
    })
}
