//! Opening a connection: name, TCP, TLS, all within one time limit.

use std::{
    error::Error,
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
    vec,
};

use http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::{
    client::legacy::connect::{
        Connection as _, HttpConnector,
        dns::{GaiResolver, Name},
    },
    rt::TokioIo,
};
use tokio::net::TcpStream;
use tokio_rustls::rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use tower::Service;

use super::{BuildError, SendError};

/// A connection, with TLS or without.
pub(super) type Io = MaybeHttpsStream<TokioIo<TcpStream>>;

const KEEP_ALIVE: Duration = Duration::from_mins(1);

/// Opens connections.
#[derive(Clone)]
pub(super) struct Connector {
    https: HttpsConnector<HttpConnector<Resolver>>,
    limit: Duration,
    link_local: bool,
}

/// Whose certificates are believed.
pub(super) enum Trust<'a> {
    /// Nobody's: everything that will be called is plain `http`.
    Nobody,
    /// The system's, and these, PEM.
    System(Option<&'a [u8]>),
}

impl Connector {
    /// A connector that gives up after `limit`.
    pub(super) fn new(trust: &Trust<'_>, limit: Duration) -> Result<Self, BuildError> {
        let mut http = HttpConnector::new_with_resolver(Resolver);
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_keepalive(Some(KEEP_ALIVE));
        let tls = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| BuildError::Certificates(error.to_string()))?
            .with_root_certificates(roots(trust)?)
            .with_no_client_auth();
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(http);
        Ok(Self {
            https,
            limit,
            link_local: false,
        })
    }

    /// One for a metadata service, which alone may be called at a link-local address: plain `http`, and only when an operator
    /// asked for the platform's own credentials.
    pub(super) fn metadata(limit: Duration) -> Result<Self, BuildError> {
        let mut connector = Self::new(&Trust::Nobody, limit)?;
        connector.link_local = true;
        Ok(connector)
    }

    /// How long a connection may take.
    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    /// Connects, TLS included.
    pub(super) async fn connect(&self, uri: &Uri) -> Result<Io, SendError> {
        let host = uri.host().unwrap_or_default();
        let literal = host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = literal.parse::<IpAddr>()
            && !self.link_local
            && is_link_local(address)
        {
            return Err(SendError::Connect(REFUSED.to_owned()));
        }
        let connecting = self.https.clone().call(uri.clone());
        match tokio::time::timeout(self.limit, connecting).await {
            Ok(Ok(io)) => Ok(io),
            Ok(Err(error)) => Err(SendError::Connect(chain(error.as_ref()))),
            Err(_) => Err(SendError::ConnectTimeout),
        }
    }
}

/// Whether the two ends agreed on HTTP/2.
pub(super) fn is_http2(io: &Io) -> bool {
    io.connected().is_negotiated_h2()
}

fn roots(trust: &Trust<'_>) -> Result<RootCertStore, BuildError> {
    let mut store = RootCertStore::empty();
    let Trust::System(more) = trust else {
        return Ok(store);
    };
    store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(pem) = more {
        for certificate in CertificateDer::pem_slice_iter(pem) {
            certificate
                .map_err(|error| BuildError::Certificates(error.to_string()))
                .and_then(|der| {
                    let added = store.add(der);
                    added.map_err(|error| BuildError::Certificates(error.to_string()))
                })?;
        }
    }
    if store.is_empty() {
        let reason = "the system has none, and http.ca_file names none";
        return Err(BuildError::Certificates(reason.to_owned()));
    }
    Ok(store)
}

/// An error with its causes, each said once.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let said = cause.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        next = cause.source();
    }
    text
}

const REFUSED: &str = "its address is link-local, where a metadata service may answer";

fn is_link_local(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local() || v6.segments()[..2] == [0xfd00, 0x0ec2],
    }
}

/// The system's resolver, without the addresses at which metadata services answer.
#[derive(Clone)]
struct Resolver;

impl Service<Name> for Resolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        Box::pin(async move {
            let found = GaiResolver::new().call(name).await?;
            let usable: Vec<SocketAddr> = found
                .filter(|address| !is_link_local(address.ip()))
                .collect();
            if usable.is_empty() {
                return Err(io::Error::other(REFUSED));
            }
            Ok(usable.into_iter())
        })
    }
}
