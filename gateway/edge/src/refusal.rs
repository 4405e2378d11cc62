//! What a browser is shown when a form is not taken: a small page of its own, for these requests did not come from one
//! of ours.

use axum::{
    body::Body,
    response::{Html, IntoResponse, Response},
};
use gateway_domain::{RequestId, ReturnTo};
use http::{
    StatusCode,
    header::{CONTENT_LENGTH, RETRY_AFTER},
};

use crate::Problem;

/// Why a form was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    status: StatusCode,
    sentence: String,
    retry_after: Option<u64>,
    return_to: ReturnTo,
}

impl Refusal {
    /// A refusal with its status and a sentence.
    pub fn new(status: StatusCode, sentence: impl Into<String>) -> Self {
        Self {
            status,
            sentence: sentence.into(),
            retry_after: None,
            return_to: ReturnTo::default(),
        }
    }

    /// 403: the request did not come from a page of ours, or from one of an earlier session.
    pub fn forged() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "This form is out of date or was not sent from this gateway's own pages. Go back, reload the page and try again.",
        )
    }

    /// Too many attempts.
    pub fn rate_limited(retry_after: u64) -> Self {
        let sentence = format!("There were too many attempts. Try again in {retry_after} s.");
        Self {
            retry_after: Some(retry_after),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, sentence)
        }
    }

    /// The same, of a sign-in that was to lead there.
    #[must_use]
    pub fn returning_to(self, return_to: ReturnTo) -> Self {
        Self { return_to, ..self }
    }

    /// The answer's status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// What the person is told.
    pub fn sentence(&self) -> &str {
        &self.sentence
    }

    /// Where the sign-in was to lead.
    pub fn return_to(&self) -> &ReturnTo {
        &self.return_to
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self {
            retry_after: problem.retry_after(),
            ..Self::new(problem.status(), problem.detail())
        }
    }
}

impl Refusal {
    /// The page, with the request's id when it is known.
    fn page(&self, request_id: Option<RequestId>) -> String {
        let title = self.status.canonical_reason().unwrap_or("Error");
        let sentence = escape(&self.sentence);
        let reference = request_id.map_or_else(String::new, |id| {
            format!("<p>Reference: <code>{id}</code></p>")
        });
        format!(
            "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
             <h1>{title}</h1><p>{sentence}</p>{reference}<p><a href=\"/admin\">To the start page</a></p></html>\n"
        )
    }

    /// Writes the page into an answer whose headers stay.
    pub(crate) fn render(&self, request_id: RequestId, mut response: Response) -> Response {
        response.headers_mut().remove(CONTENT_LENGTH);
        *response.body_mut() = Body::from(self.page(Some(request_id)));
        response
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status, Html(self.page(None))).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        // Whoever has a better page for it finds it here and takes it out.
        response.extensions_mut().insert(self);
        response
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
