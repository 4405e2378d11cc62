//! The guard over the wire, on loopback.

use std::io::Write as _;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::*;

fn policy() -> HttpPolicy {
    HttpPolicy {
        timeout: Duration::from_millis(700),
        ca_pem: None,
        ca_file: None,
        allow_private_cidrs: vec![],
        allow_insecure: false,
    }
}

fn url(text: &str) -> Url {
    text.parse().expect("a URL")
}

fn guarded(policy: &HttpPolicy, written: &[&Url]) -> Guarded {
    Guarded::new(policy, written.iter().copied()).expect("a client")
}

/// Serves one raw answer per connection, on 127.0.0.1; then holds the connection open.
async fn serving(answer: &'static [u8]) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(answer).await;
                tokio::time::sleep(Duration::from_secs(5)).await;
            });
        }
    });
    url(&format!("http://127.0.0.1:{port}/path?query=hidden"))
}

#[tokio::test]
async fn case_123_a_written_host_and_port_may_be_loopback_and_no_other_port() {
    let place = serving(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
    let answer = guarded(&policy(), &[&place])
        .get(&place, HeaderMap::new(), 10)
        .await;
    assert_eq!(answer.expect("written").body.as_ref(), b"{}");

    let elsewhere = url("http://127.0.0.1:1/");
    let refused = guarded(&policy(), &[&elsewhere])
        .get(&place, HeaderMap::new(), 10)
        .await;
    let error = refused.expect_err("named, not written");
    assert!(
        matches!(
            &error,
            HttpError::Blocked {
                reason: Blocked::Private,
                ..
            }
        ),
        "{error}"
    );
    assert!(!error.to_string().contains("hidden"), "{error}");
}

#[tokio::test]
async fn case_123_names_are_vetted_when_they_are_resolved() {
    let place = serving(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
    let by_name = url(&format!(
        "http://localhost:{}/",
        place.port().expect("a port")
    ));
    let refused = guarded(&policy(), &[])
        .get(&by_name, HeaderMap::new(), 10)
        .await;
    let error = refused.expect_err("a document may not name this machine");
    assert!(
        matches!(
            error,
            HttpError::Blocked {
                reason: Blocked::Private,
                ..
            }
        ),
        "{error}"
    );
    let allowed = HttpPolicy {
        allow_private_cidrs: vec!["127.0.0.0/8".parse().expect("a network")],
        ..policy()
    };
    assert!(
        guarded(&allowed, &[])
            .get(&by_name, HeaderMap::new(), 10)
            .await
            .is_ok()
    );
}

#[test]
fn case_123_literal_forms_are_seen_through() {
    let one = HttpPolicy {
        allow_private_cidrs: vec!["127.0.0.1/32".parse().expect("a network")],
        ..policy()
    };
    let guard = guarded(&one, &[]);
    for allowed in [
        "http://127.0.0.1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "https://1.1.1.1/",
    ] {
        assert_eq!(guard.permits(&url(allowed)), Ok(()), "{allowed}");
    }
    for refused in [
        "http://127.0.0.2/",
        "https://0.0.0.0/",
        "https://0/",
        "http://2130706434/",
        "http://0x7f.2/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.2]/",
        "https://169.254.169.254/",
        "https://2852039166/",
        "https://[fd00:ec2::254]/",
        "https://10.0.0.1/",
    ] {
        let verdict = guard.permits(&url(refused));
        assert!(
            matches!(verdict, Err(HttpError::Blocked { .. })),
            "{refused}: {verdict:?}"
        );
    }
}

#[test]
fn case_123_metadata_is_refused_even_when_written() {
    let metadata = url("https://169.254.169.254/");
    let verdict = guarded(&policy(), &[&metadata]).permits(&metadata);
    assert!(matches!(
        verdict,
        Err(HttpError::Blocked {
            reason: Blocked::Metadata,
            ..
        })
    ));
}

#[test]
fn plain_http_stays_on_this_machine() {
    let home = [
        "http://127.0.0.1:1/",
        "http://localhost/",
        "http://a.localhost/",
    ];
    let strict = guarded(&policy(), &home.map(url).iter().collect::<Vec<_>>());
    for text in home {
        assert_eq!(strict.permits(&url(text)), Ok(()), "{text}");
    }
    let away = url("http://idp.example/");
    assert!(matches!(
        strict.permits(&away),
        Err(HttpError::Insecure { .. })
    ));
    let lax = guarded(
        &HttpPolicy {
            allow_insecure: true,
            ..policy()
        },
        &[],
    );
    assert_eq!(lax.permits(&away), Ok(()));
    for odd in [
        "ftp://idp.example/",
        "https://user:pass@idp.example/",
        "javascript:alert(1)",
    ] {
        assert_eq!(lax.permits(&url(odd)), Err(HttpError::Address), "{odd}");
    }
}

#[tokio::test]
async fn case_122_redirects_are_answers() {
    let place = serving(
        b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
    )
    .await;
    let answer = guarded(&policy(), &[&place])
        .get(&place, HeaderMap::new(), 10)
        .await;
    assert_eq!(answer.expect("an answer").status, 302);
}

#[tokio::test]
async fn case_125_a_body_over_the_limit_is_not_read() {
    let place =
        serving(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n0123456789abcdef").await;
    let answer = guarded(&policy(), &[&place])
        .get(&place, HeaderMap::new(), 10)
        .await;
    assert!(matches!(answer, Err(HttpError::TooLarge { limit: 10, .. })));
}

#[tokio::test]
async fn case_125_a_compressed_body_is_measured_unpacked() {
    // gzip of 100 zero bytes.
    const GZIP: &[u8] = &[
        0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3, 0x63, 0x60, 0xa0, 0x3d, 0, 0, 0xca, 0xc6, 0x88, 0x99,
        0x64, 0, 0, 0,
    ];
    let mut answer = Vec::new();
    write!(
        answer,
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        GZIP.len()
    )
    .expect("written");
    answer.extend_from_slice(GZIP);
    let place = serving(answer.leak()).await;
    let answer = guarded(&policy(), &[&place])
        .get(&place, HeaderMap::new(), 100)
        .await;
    assert_eq!(answer.expect("within").body.as_ref(), [0; 100]);
    let answer = guarded(&policy(), &[&place])
        .get(&place, HeaderMap::new(), 99)
        .await;
    assert!(
        matches!(answer, Err(HttpError::TooLarge { .. })),
        "{answer:?}"
    );
}

#[tokio::test]
async fn case_125_a_slow_body_ends_in_time() {
    let place = serving(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{").await;
    let answer = guarded(&policy(), &[&place])
        .get(&place, HeaderMap::new(), 100)
        .await;
    assert!(
        matches!(answer, Err(HttpError::Timeout { .. })),
        "{answer:?}"
    );
}

#[tokio::test]
async fn case_129_failures_are_told_apart() {
    let closed = url("http://127.0.0.1:1/");
    let unknown = url("https://surely-unknown.invalid/");
    let guard = guarded(&policy(), &[&closed]);
    let answer = guard.get(&closed, HeaderMap::new(), 10).await;
    assert!(
        matches!(answer, Err(HttpError::Connect { .. })),
        "{answer:?}"
    );
    let answer = guard.get(&unknown, HeaderMap::new(), 10).await;
    assert!(
        matches!(
            answer,
            Err(HttpError::Name { .. } | HttpError::Timeout { .. })
        ),
        "{answer:?}"
    );

    let plain = serving(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
    let tls = url(&format!(
        "https://127.0.0.1:{}/",
        plain.port().expect("a port")
    ));
    let answer = guarded(&policy(), &[&tls])
        .get(&tls, HeaderMap::new(), 10)
        .await;
    assert!(matches!(answer, Err(HttpError::Tls { .. })), "{answer:?}");
}
