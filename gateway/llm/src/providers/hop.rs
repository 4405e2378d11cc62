//! Small calls beside the models': token endpoints and metadata services.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};

use super::{connector::Connector, pool::Pool};

const LIMIT: Duration = Duration::from_secs(15);
const LONGEST: usize = 256 * 1024;

/// Makes one call on a connection of its own and reads the answer whole. A failure is told in a word or two, without the
/// address and without what was sent.
pub(super) async fn fetch(
    connector: &Connector,
    request: Request<Full<Bytes>>,
) -> Result<(StatusCode, Bytes), String> {
    let asking = async {
        let pool = Pool::new(connector.clone(), request.uri().clone());
        let pool = pool.map_err(|error| error.to_string())?;
        let (response, lease) = match pool.exchange(request, LIMIT).await {
            Ok(answered) => answered,
            Err(error) => return Err(error.to_string()),
        };
        let status = response.status();
        let body = super::answer::AnswerBody::coming(response.into_body(), lease, LIMIT);
        let body = Limited::new(body, LONGEST).collect().await;
        let body = body.map_err(|_| "the answer broke off or is too long".to_owned())?;
        Ok((status, body.to_bytes()))
    };
    match tokio::time::timeout(LIMIT, asking).await {
        Ok(answered) => answered,
        Err(_) => Err("no answer in time".to_owned()),
    }
}

/// A form, posted; the answer is wanted as JSON.
pub(super) fn form(uri: &Uri, fields: &[(&str, &str)]) -> Request<Full<Bytes>> {
    let mut text = url::form_urlencoded::Serializer::new(String::new());
    text.extend_pairs(fields);
    let mut request = Request::new(Full::new(Bytes::from(text.finish())));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri.clone();
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers_mut().insert(header::CONTENT_TYPE, form);
    let json = HeaderValue::from_static("application/json");
    request.headers_mut().insert(header::ACCEPT, json);
    request
}

/// Whether secrets may be sent there: `https`, or loopback.
pub(super) fn is_guarded(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default();
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    let address = literal.parse::<std::net::IpAddr>();
    uri.scheme_str() == Some("https")
        || host == "localhost"
        || host.ends_with(".localhost")
        || address.is_ok_and(|address| address.is_loopback())
}
