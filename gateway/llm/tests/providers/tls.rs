//! TLS, HTTP/1.1 and HTTP/2.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use gateway_config::ModelProvider;
use gateway_llm::providers::SendError;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Response, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use tokio::net::TcpListener;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    },
};

use crate::fake::{built, chat, failed, openai, read};

const CA: &[u8] = include_bytes!("../../../testkit/testdata/tls-ca.pem");
const GOOD: &[u8] = include_bytes!("../../../testkit/testdata/tls-good.pem");
const ELSEWHERE: &[u8] = include_bytes!("../../../testkit/testdata/tls-elsewhere.pem");

/// Echoes bodies over TLS, and counts connections.
async fn front(pem: &'static [u8], protocols: &[&str]) -> (String, Arc<AtomicUsize>) {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let key = PrivateKeyDer::from_pem_slice(pem).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain.unwrap(), key)
        .unwrap();
    config.alpn_protocols = protocols
        .iter()
        .map(|name| name.as_bytes().to_vec())
        .collect();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "https://127.0.0.1:{}",
        listener.local_addr().unwrap().port()
    );
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = connections.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else {
                    return;
                };
                let served = auto::Builder::new(TokioExecutor::new());
                let _ = served
                    .serve_connection(TokioIo::new(stream), service_fn(echo))
                    .await;
            });
        }
    });
    (url, connections)
}

async fn echo(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let version = format!("{:?} {}", request.version(), request.uri().path());
    let host = request.headers().contains_key("host");
    let body = request.into_body().collect().await?.to_bytes();
    let mut response = Response::new(Full::new(body));
    response
        .headers_mut()
        .insert("x-version", version.parse().unwrap());
    response
        .headers_mut()
        .insert("x-host", host.to_string().parse().unwrap());
    Ok(response)
}

fn trusting(url: &str) -> ModelProvider {
    let mut settings = openai(url);
    settings.ca_pem = Some(CA.to_vec());
    settings
}

#[tokio::test]
async fn http2_is_spoken_where_offered_and_shared() {
    let (url, connections) = front(GOOD, &["h2", "http/1.1"]).await;
    let upstream = built(&trusting(&url));
    let first = upstream
        .send(chat())
        .await
        .unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(first.headers["x-version"], "HTTP/2.0 /v1/chat/completions");
    assert_eq!(first.headers["x-host"], "false");
    assert_eq!(read(first).await.unwrap(), "{}");
    let calls = (0..30).map(|_| async {
        let answer = upstream
            .send(chat())
            .await
            .unwrap_or_else(|e| panic!("{e}"));
        read(answer).await.unwrap();
    });
    futures_util::future::join_all(calls).await;
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn more_streams_than_fit_open_another_connection() {
    let (url, connections) = front(GOOD, &["h2"]).await;
    let upstream = built(&trusting(&url));
    let mut held = Vec::new();
    for _ in 0..70 {
        held.push(
            upstream
                .send(chat())
                .await
                .unwrap_or_else(|e| panic!("{e}")),
        );
    }
    assert_eq!(connections.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn http1_is_spoken_otherwise_and_kept() {
    let (url, connections) = front(GOOD, &["http/1.1"]).await;
    let upstream = built(&trusting(&url));
    for _ in 0..3 {
        let answer = upstream
            .send(chat())
            .await
            .unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(answer.headers["x-version"], "HTTP/1.1 /v1/chat/completions");
        assert_eq!(read(answer).await.unwrap(), "{}");
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_certificate_of_a_stranger_or_for_another_host_is_refused() {
    let (stranger, _) = front(GOOD, &[]).await;
    let (other, _) = front(ELSEWHERE, &[]).await;
    let mut strange = openai(&stranger);
    // A store of its own, so that the test does not depend on the machine having one.
    strange.ca_pem = Some(GOOD.to_vec());
    for settings in [strange, trusting(&other)] {
        let error = failed(built(&settings).send(chat()).await);
        let SendError::Connect(reason) = error else {
            panic!("{error}");
        };
        assert!(reason.contains("certificate"), "{reason}");
    }
}
