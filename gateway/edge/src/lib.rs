//! What the pages and the API share of HTTP.
//!
//! Who asks and from where ([`RequestInfo`], [`SignedIn`], [`PageCaller`], [`MaybeSignedIn`]), whether our own pages
//! made the browser ask ([`ProtectedForm`], [`PreSessionForm`], [`RequireOrigin`]), and what every answer carries
//! ([`request_info`], [`security_headers`], [`Problem`]). The middlewares go around the routes in this order, outermost
//! first: [`request_info`], [`security_headers`], [`session_layer`]. It decides nothing about people: that is asked of
//! the services.

mod address;
mod caller;
mod cookies;
mod csrf;
mod form;
mod headers;
mod json;
mod origin;
mod problem;
mod refusal;
mod request_info;
mod session;

pub use address::client_address;
pub use caller::{MaybeSignedIn, PageCaller, SignedIn};
pub use cookies::{SESSION_COOKIE, prefixed};
pub use csrf::{FIELD as CSRF_FIELD, FormTicket};
pub use form::{PreSessionForm, ProtectedForm};
pub use headers::{no_store, security_headers};
pub use json::json_object;
pub use origin::{RequireOrigin, Source, check_origin, is_media_type};
pub use problem::Problem;
pub use refusal::Refusal;
pub use request_info::{RequestInfo, loggable_path, request_info};
pub use session::{SessionState, current, presented_session, session_layer};
