//! The one way out to identity providers.
//!
//! A provider's documents tell the gateway where to go next, so whoever writes them could send it to places that only
//! the gateway can reach. [`Guarded`] goes to the hosts that the operator wrote, and to public ones; see [`vet`]. It
//! follows no redirect, uses no proxy (variables such as `HTTPS_PROXY` are ignored), repeats nothing, and waits and
//! reads only so much.

mod address;
mod answer;
mod error;
mod resolver;

use std::{
    collections::BTreeSet,
    net::IpAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use gateway_config::HttpPolicy;
use http::{HeaderMap, HeaderValue, Method, header};
use reqwest::{Certificate, Client, ClientBuilder, redirect, retry};
use url::{Host, Url, form_urlencoded};

pub use address::{Blocked, Scope, vet};
pub use answer::{Answer, Body};
pub use error::HttpError;
use resolver::{Resolver, is_localhost};

/// The name that the gateway goes by.
const USER_AGENT: &str = concat!("ogw-gateway/", env!("CARGO_PKG_VERSION"));
/// Shorter than the five seconds after which common servers drop an idle connection: a request must not meet its end.
const IDLE: Duration = Duration::from_secs(4);
const LONGEST_CONNECT: Duration = Duration::from_secs(5);

/// An HTTP client for one provider. Cheap to clone.
#[derive(Clone)]
pub struct Guarded(Arc<Inner>);

struct Inner {
    written: BTreeSet<(String, u16)>,
    networks: Arc<[ipnet::IpNet]>,
    /// Two clients, because a resolver is told names without ports, and the operator's word is for both.
    to_written: Client,
    /// Made when it is first needed: reading the system's certificates takes a while, and few providers need it.
    to_named: OnceLock<Result<Client, HttpError>>,
    policy: HttpPolicy,
}

impl Guarded {
    /// A client under `policy`. `written` are the addresses in the operator's file: their hosts and ports may be private.
    pub fn new<'a>(
        policy: &HttpPolicy,
        written: impl IntoIterator<Item = &'a Url>,
    ) -> Result<Self, HttpError> {
        Ok(Self(Arc::new(Inner {
            written: written.into_iter().filter_map(host_and_port).collect(),
            networks: policy.allow_private_cidrs.clone().into(),
            to_written: client(policy, Resolver::Written)?,
            to_named: OnceLock::new(),
            policy: policy.clone(),
        })))
    }

    /// Whether `url` may be asked, as far as that can be told without resolving its name. Browsers may be sent to
    /// addresses that fail only by [`HttpError::Blocked`]: they look from elsewhere.
    pub fn permits(&self, url: &Url) -> Result<(), HttpError> {
        self.permits_scheme(url)?;
        let literal = match url.host() {
            Some(Host::Ipv4(ip)) => Some(IpAddr::V4(ip)),
            Some(Host::Ipv6(ip)) => Some(IpAddr::V6(ip)),
            _ => None,
        };
        literal.map_or(Ok(()), |ip| {
            vet(ip, self.scope(url)).map_err(|reason| HttpError::Blocked {
                host: host_of(url),
                reason,
            })
        })
    }

    /// Whether scheme and host go together: https anywhere, plain http on this machine or where the policy allows it.
    pub fn permits_scheme(&self, url: &Url) -> Result<(), HttpError> {
        let bare = url.username().is_empty() && url.password().is_none();
        match (url.scheme(), url.host()) {
            ("https", Some(_)) if bare => Ok(()),
            ("http", Some(host)) if bare => {
                if self.0.policy.allow_insecure || is_this_machine(&host) {
                    Ok(())
                } else {
                    Err(HttpError::Insecure { host: host_of(url) })
                }
            }
            _ => Err(HttpError::Address),
        }
    }

    /// Asks with GET, for JSON unless `headers` say otherwise. Any status is an answer; `limit` is in bytes of body.
    pub async fn get(
        &self,
        url: &Url,
        headers: HeaderMap,
        limit: usize,
    ) -> Result<Answer, HttpError> {
        self.send(Method::GET, url, headers, None, limit).await
    }

    /// Sends a form with POST; otherwise as [`Guarded::get`].
    pub async fn post_form(
        &self,
        url: &Url,
        headers: HeaderMap,
        form: &[(&str, &str)],
        limit: usize,
    ) -> Result<Answer, HttpError> {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        self.send(Method::POST, url, headers, Some(body), limit)
            .await
    }

    async fn send(
        &self,
        method: Method,
        url: &Url,
        mut headers: HeaderMap,
        form: Option<String>,
        limit: usize,
    ) -> Result<Answer, HttpError> {
        self.permits(url)?;
        let client = self.client_for(url)?;
        let json = HeaderValue::from_static("application/json");
        headers.entry(header::ACCEPT).or_insert(json);
        let mut request = client.request(method, url.clone());
        if let Some(form) = form {
            let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
            headers.insert(header::CONTENT_TYPE, kind);
            request = request.body(form);
        }
        let seconds = self.0.policy.timeout.as_secs();
        let failed = |error: &reqwest::Error| HttpError::from_reqwest(error, host_of(url), seconds);
        let response = request.headers(headers).send().await;
        let response = response.map_err(|error| failed(&error))?;
        let host = host_of(url);
        answer::read(response, limit, failed, || HttpError::TooLarge {
            host,
            limit,
        })
        .await
    }

    fn client_for(&self, url: &Url) -> Result<&Client, HttpError> {
        match self.scope(url) {
            Scope::Written => Ok(&self.0.to_written),
            Scope::Named(_) => {
                let named = || Resolver::Named(Arc::clone(&self.0.networks));
                let client = self
                    .0
                    .to_named
                    .get_or_init(|| client(&self.0.policy, named()));
                client.as_ref().map_err(Clone::clone)
            }
        }
    }

    fn scope(&self, url: &Url) -> Scope<'_> {
        let written = host_and_port(url).is_some_and(|place| self.0.written.contains(&place));
        if written {
            Scope::Written
        } else {
            Scope::Named(&self.0.networks)
        }
    }
}

/// Host and port, as errors name them.
pub(crate) fn host_of(url: &Url) -> String {
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => "an address without a host".to_owned(),
    }
}

fn host_and_port(url: &Url) -> Option<(String, u16)> {
    Some((url.host_str()?.to_owned(), url.port_or_known_default()?))
}

fn is_this_machine(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => is_localhost(name),
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.to_canonical().is_loopback(),
    }
}

fn client(policy: &HttpPolicy, resolver: Resolver) -> Result<Client, HttpError> {
    let setup = |error: reqwest::Error| {
        let source = std::error::Error::source(&error).map(ToString::to_string);
        HttpError::Setup(source.unwrap_or_else(|| error.to_string()))
    };
    let certificates = match &policy.ca_pem {
        Some(pem) => Certificate::from_pem_bundle(pem).map_err(setup)?,
        None => Vec::new(),
    };
    let resolver = Arc::new(resolver);
    let builder = || limited(policy).dns_resolver(Arc::clone(&resolver));
    match builder().tls_certs_merge(certificates.clone()).build() {
        // A container without the system's certificates: what needs none still works, and TLS fails by name.
        Err(_) if certificates.is_empty() => {
            tracing::warn!(
                "the system has no CA certificates; https to identity providers will fail"
            );
            builder().tls_certs_only([]).build().map_err(setup)
        }
        built => built.map_err(setup),
    }
}

fn limited(policy: &HttpPolicy) -> ClientBuilder {
    Client::builder()
        .user_agent(USER_AGENT)
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .no_proxy()
        .referer(false)
        .timeout(policy.timeout)
        .connect_timeout(policy.timeout.min(LONGEST_CONNECT))
        .pool_idle_timeout(IDLE)
}

#[cfg(test)]
mod tests;
