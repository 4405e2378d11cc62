//! TLS in front of a fake provider.

use std::{net::SocketAddr, sync::Arc};

use serde_json::json;
use tokio::{
    net::{TcpListener, TcpStream},
    task::AbortHandle,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    },
};

use super::idp::FakeIdp;

/// The CA that signed the certificates of a [`TlsFront`], in a file of its own: `http.ca_file` takes it.
pub const CA_FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/tls-ca.pem");

/// What a [`TlsFront`] shows for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A certificate for 127.0.0.1 and localhost, signed by the CA of [`CA_FILE`].
    Good,
    /// The same for another host.
    ForAnotherHost,
    /// The same, years after its end.
    Expired,
    /// A certificate for 127.0.0.1 that signed itself.
    SelfSigned,
}

impl Shown {
    fn pem(self) -> &'static [u8] {
        match self {
            Self::Good => include_bytes!("../../testdata/tls-good.pem"),
            Self::ForAnotherHost => include_bytes!("../../testdata/tls-elsewhere.pem"),
            Self::Expired => include_bytes!("../../testdata/tls-expired.pem"),
            Self::SelfSigned => include_bytes!("../../testdata/tls-self-signed.pem"),
        }
    }

    fn config(self) -> ServerConfig {
        let chain = CertificateDer::pem_slice_iter(self.pem());
        let chain = chain.collect::<Result<Vec<_>, _>>().unwrap();
        let key = PrivateKeyDer::from_pem_slice(self.pem()).unwrap();
        ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap()
    }
}

/// A port of loopback that speaks TLS and hands everything on to a [`FakeIdp`], until it is dropped.
#[derive(Debug)]
pub struct TlsFront {
    address: SocketAddr,
    accepting: AbortHandle,
}

impl TlsFront {
    /// Stands before `idp`, which calls itself by the new address from now on.
    pub async fn before(idp: &FakeIdp, shown: Shown) -> Self {
        let socket = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(shown.config()));
        let behind = idp.address();
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = socket.accept().await {
                tokio::spawn(hand_on(acceptor.clone(), stream, behind));
            }
        });
        let front = Self {
            address,
            accepting: accepting.abort_handle(),
        };
        idp.script().issuer = front.url("");
        for (endpoint, path) in [
            ("authorization_endpoint", "/authorize"),
            ("token_endpoint", "/token"),
            ("userinfo_endpoint", "/userinfo"),
            ("jwks_uri", "/jwks"),
        ] {
            idp.set_in_discovery(endpoint, json!(front.url(path)));
        }
        front
    }

    /// An address behind it.
    pub fn url(&self, path: &str) -> String {
        format!("https://{}{path}", self.address)
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn hand_on(acceptor: TlsAcceptor, stream: TcpStream, behind: SocketAddr) {
    // A client that does not trust the certificate ends here.
    let Ok(mut front) = acceptor.accept(stream).await else {
        return;
    };
    let mut behind = TcpStream::connect(behind).await.unwrap();
    let _ = tokio::io::copy_bidirectional(&mut front, &mut behind).await;
}
