//! What upstreams do on a bad day.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::StreamExt as _;
use gateway_config::ModelProvider;
use gateway_llm::providers::{BodyError, Call, SendError};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::fake::{Fake, built, chat, failed, json, openai, read, status};

const HEAD: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

/// Hands every connection to `script` once the request's head has come.
async fn raw<F>(script: impl Fn(TcpStream) -> F + Send + 'static) -> String
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let request = script_input(&mut stream).await;
            if request {
                tokio::spawn(script(stream));
            }
        }
    });
    url
}

/// Reads a request with a body of two bytes.
async fn script_input(stream: &mut TcpStream) -> bool {
    let mut bytes = Vec::new();
    let mut piece = [0; 1024];
    while !bytes.ends_with(b"\r\n\r\n{}") {
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => return false,
            Ok(read) => bytes.extend_from_slice(&piece[..read]),
        }
    }
    true
}

fn quick(url: &str) -> ModelProvider {
    let mut settings = openai(url);
    settings.timeouts.first_byte = Duration::from_millis(50);
    settings.timeouts.idle = Duration::from_millis(50);
    settings
}

#[tokio::test]
async fn a_refused_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = failed(built(&openai(&url)).send(chat()).await);
    assert!(
        matches!(&error, SendError::Connect(reason) if reason.contains("refused")),
        "{error}"
    );
}

#[tokio::test]
async fn no_connection_in_time() {
    // The port listens, but nobody ever answers the greeting of TLS.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let mut settings = quick(&url);
    settings.timeouts.connect = Duration::from_millis(50);
    settings.ca_pem = Some(include_bytes!("../../../testkit/testdata/tls-ca.pem").to_vec());
    let error = failed(built(&settings).send(chat()).await);
    assert_eq!(error, SendError::ConnectTimeout);
}

#[tokio::test]
async fn silence_before_the_head() {
    let url = raw(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let error = failed(built(&quick(&url)).send(chat()).await);
    assert_eq!(error, SendError::FirstByteTimeout);
}

#[tokio::test]
async fn silence_in_the_middle() {
    let url = raw(|mut stream| async move {
        let text = format!("{HEAD}6\r\ndata: \r\n");
        stream.write_all(text.as_bytes()).await.unwrap();
        std::future::pending::<()>().await;
    })
    .await;
    let answer = built(&quick(&url))
        .send(chat())
        .await
        .unwrap_or_else(|e| panic!("{e}"));
    let mut body = answer.body;
    assert_eq!(body.next().await, Some(Ok(Bytes::from_static(b"data: "))));
    assert_eq!(body.next().await, Some(Err(BodyError::Idle)));
    assert_eq!(body.next().await, None);
}

#[tokio::test]
async fn a_slow_reader_is_no_idle_upstream() {
    let url = raw(|mut stream| async move {
        let text = format!("{HEAD}1\r\na\r\n1\r\nb\r\n0\r\n\r\n");
        stream.write_all(text.as_bytes()).await.unwrap();
        std::future::pending::<()>().await;
    })
    .await;
    let answer = built(&quick(&url))
        .send(chat())
        .await
        .unwrap_or_else(|e| panic!("{e}"));
    let mut body = answer.body;
    let mut all = Vec::new();
    while let Some(piece) = body.next().await {
        all.extend_from_slice(&piece.unwrap());
        tokio::time::sleep(Duration::from_millis(80)).await;
    }
    assert_eq!(all, b"ab");
}

#[tokio::test]
async fn an_end_before_the_head() {
    let url = raw(|stream| async move { drop(stream) }).await;
    let error = failed(built(&openai(&url)).send(chat()).await);
    assert!(matches!(error, SendError::Broken(_)), "{error}");
}

#[tokio::test]
async fn a_reset_before_the_head() {
    let url = raw(|stream| async move { reset(stream) }).await;
    let error = failed(built(&openai(&url)).send(chat()).await);
    assert!(matches!(error, SendError::Broken(_)), "{error}");
}

fn reset(stream: TcpStream) {
    stream.set_zero_linger().unwrap();
    drop(stream);
}

#[tokio::test]
async fn a_reset_in_the_middle() {
    let url = raw(|mut stream| async move {
        let text = format!("{HEAD}1\r\na\r\n");
        stream.write_all(text.as_bytes()).await.unwrap();
        stream.read_u8().await.unwrap_err();
    })
    .await;
    let upstream = built(&openai(&url));
    let answer = upstream
        .send(chat())
        .await
        .unwrap_or_else(|e| panic!("{e}"));
    drop(answer);

    let url = raw(|mut stream| async move {
        stream
            .write_all(format!("{HEAD}1\r\na\r\n").as_bytes())
            .await
            .unwrap();
        reset(stream);
    })
    .await;
    let answer = built(&openai(&url)).send(chat()).await;
    // The reset may overtake the head; what counts is that no whole answer comes of it.
    if let Ok(answer) = answer {
        assert!(matches!(read(answer).await, Err(BodyError::Broken(_))));
    }
}

#[tokio::test]
async fn an_answer_shorter_than_announced() {
    let url = raw(|mut stream| async move {
        let text = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc";
        stream.write_all(text.as_bytes()).await.unwrap();
    })
    .await;
    let answer = built(&openai(&url))
        .send(chat())
        .await
        .unwrap_or_else(|e| panic!("{e}"));
    assert!(matches!(read(answer).await, Err(BodyError::Broken(_))));
}

#[tokio::test]
async fn a_head_that_is_none() {
    let url = raw(|mut stream| async move {
        stream
            .write_all(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
            .await
            .unwrap();
    })
    .await;
    let error = failed(built(&openai(&url)).send(chat()).await);
    assert!(matches!(error, SendError::Broken(_)), "{error}");
}

#[tokio::test]
async fn a_compressed_answer_is_refused() {
    let fake = Fake::new(|_| {
        let mut response = json("xxxx");
        let gzip = "gzip".parse().unwrap();
        response.headers_mut().insert("content-encoding", gzip);
        response
    })
    .await;
    let error = failed(built(&openai(&fake.url)).send(chat()).await);
    assert!(matches!(error, SendError::Broken(_)), "{error}");
    assert_eq!(fake.last().header("accept-encoding"), Some("identity"));
}

#[tokio::test]
async fn twenty_megabytes_each_way() {
    let fake = Fake::new(|seen| json(seen.body.clone())).await;
    let body: Vec<u8> = (0..20_000_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let body = Bytes::from(body);
    let upstream = built(&openai(&fake.url));
    let call = Call {
        body: body.clone(),
        ..chat()
    };
    let answer = upstream.send(call).await.unwrap_or_else(|e| panic!("{e}"));
    assert!(read(answer).await.unwrap() == body);
    assert!(fake.last().body == body);
}

#[tokio::test]
async fn a_redirect_is_answered_as_it_is() {
    let fake = Fake::new(|_| {
        let mut response = status(307, "");
        let there = "http://127.0.0.1:1/".parse().unwrap();
        response.headers_mut().insert("location", there);
        response
    })
    .await;
    let answer = built(&openai(&fake.url))
        .send(chat())
        .await
        .unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(answer.status, 307);
    assert_eq!(fake.seen().len(), 1);
}

#[tokio::test]
async fn connections_are_used_again() {
    let fake = Fake::new(|_| json("{\"a\":1}")).await;
    let upstream = built(&openai(&fake.url));
    for _ in 0..20 {
        let answer = upstream
            .send(chat())
            .await
            .unwrap_or_else(|e| panic!("{e}"));
        read(answer).await.unwrap();
    }
    assert_eq!(fake.connections(), 1);
    let calls = (0..8).map(|_| async {
        let answer = upstream
            .send(chat())
            .await
            .unwrap_or_else(|e| panic!("{e}"));
        read(answer).await.unwrap();
    });
    futures_util::future::join_all(calls).await;
    assert!(fake.connections() <= 8, "{}", fake.connections());
}

#[tokio::test]
async fn streams_leave_their_connection_behind() {
    let fake = Fake::new(|_| {
        let pieces =
            futures_util::stream::iter((0..50).map(|_| Ok::<_, std::io::Error>("data: x\n\n")));
        json(axum::body::Body::from_stream(pieces))
    })
    .await;
    let upstream = built(&openai(&fake.url));
    for _ in 0..5 {
        let answer = upstream
            .send(chat())
            .await
            .unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(read(answer).await.unwrap().len(), 50 * 9);
    }
    assert_eq!(fake.connections(), 1);
}

#[tokio::test]
async fn an_end_that_nobody_waits_for_keeps_the_connection() {
    // Announced by its length, as JSON is; a server has no reason to ask for more than that.
    let fake = Fake::new(|_| json("{\"a\":1}")).await;
    let upstream = built(&openai(&fake.url));
    for _ in 0..5 {
        let answer = upstream
            .send(chat())
            .await
            .unwrap_or_else(|e| panic!("{e}"));
        let mut body = answer.body;
        assert_eq!(
            body.next().await,
            Some(Ok(Bytes::from_static(b"{\"a\":1}")))
        );
    }
    assert_eq!(fake.connections(), 1);

    // A stream in one write: who stops at its last event has the rest of it at hand.
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = connections.clone();
    let url = raw(move |mut stream| {
        counter.fetch_add(1, Ordering::SeqCst);
        async move {
            loop {
                let text = format!("{HEAD}4\r\nlast\r\n0\r\n\r\n");
                stream.write_all(text.as_bytes()).await.unwrap();
                if !script_input(&mut stream).await {
                    return;
                }
            }
        }
    })
    .await;
    let upstream = built(&openai(&url));
    for _ in 0..5 {
        let answer = upstream
            .send(chat())
            .await
            .unwrap_or_else(|e| panic!("{e}"));
        let mut body = answer.body;
        assert_eq!(body.next().await, Some(Ok(Bytes::from_static(b"last"))));
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_is_replaced() {
    let url = raw(|mut stream| async move {
        // Kept open by its words, closed by its deeds.
        let text = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
        stream.write_all(text.as_bytes()).await.unwrap();
    })
    .await;
    let upstream = built(&openai(&url));
    for _ in 0..5 {
        let answer = upstream
            .send(chat())
            .await
            .unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(read(answer).await.unwrap(), "{}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_dropped_body_closes_the_connection() {
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let url = raw(move |mut stream| {
        let told = told.clone();
        async move {
            let text = format!("{HEAD}1\r\na\r\n");
            stream.write_all(text.as_bytes()).await.unwrap();
            let end = stream.read(&mut [0; 1]).await;
            told.send(matches!(end, Ok(0) | Err(_))).unwrap();
        }
    })
    .await;
    let upstream = built(&openai(&url));
    let answer = upstream
        .send(chat())
        .await
        .unwrap_or_else(|e| panic!("{e}"));
    let mut body = answer.body;
    assert!(body.next().await.unwrap().is_ok());
    drop(body);
    assert_eq!(heard.recv().await, Some(true));
}
