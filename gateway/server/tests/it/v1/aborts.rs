//! Clients that go away, on real sockets.

use std::{net::SocketAddr, time::Duration};

use gateway_domain::ledger::RequestRecord;
use gateway_identity::{Caller, Paging};
use gateway_ledger::requests::{self, Filter};
use gateway_llm::usage::estimate_input;
use gateway_testkit::{Act, FakeUpstream};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::sleep,
};

use super::{chat, streamed};
use crate::harness::{Client, TestApp, Upstreams, told};

/// Sends a request's beginning and leaves the connection open.
async fn begin(client: &Client, address: SocketAddr, body: &Value, cut: usize) -> TcpStream {
    let body = body.to_string();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\n\r\n",
        client.key,
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
        .write_all(&body.as_bytes()[..body.len() - cut])
        .await
        .unwrap();
    stream
}

async fn until(mut is: impl FnMut() -> bool) {
    for _ in 0..500 {
        if is() {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not come to that");
}

async fn idle(upstream: &FakeUpstream) {
    until(|| upstream.busy() == 0).await;
}

/// The only request, once it is over.
async fn only(app: &TestApp) -> RequestRecord {
    for _ in 0..500 {
        app.plane.ledger().flush().await.unwrap();
        let found = requests::list(
            &app.ctx,
            &Caller::system("test"),
            &Filter::default(),
            &Paging::default(),
        )
        .await;
        let mut found = found.unwrap().items;
        assert!(found.len() < 2);
        if let Some(view) = found.pop() {
            return view.record;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("nothing was written down");
}

async fn attempts(app: &TestApp, record: &RequestRecord) -> Vec<String> {
    app.row(record.id).await.attempts.iter().map(told).collect()
}

cases! {
    async fn while_the_upstream_thinks(app: TestApp) {
        let up = Upstreams::start().await;
        let slow = |config: &mut Value| config["providers"][0]["timeouts"]["first_byte"] = "60s".into();
        let client = app.with_models(&up, slow).await;
        let address = client.listen().await;
        up.one.always(Act::HangBeforeHead);
        let stream = begin(&client, address, &chat("gpt"), 0).await;
        until(|| up.one.busy() == 1).await;
        drop(stream);
        idle(&up.one).await;
        let record = only(&client).await;
        assert_eq!((record.status, record.error_code.as_deref()), (499, Some("client_abort")));
        let input = estimate_input(chat("gpt").to_string().as_bytes());
        assert_eq!(attempts(&client, &record).await, [format!("one client_abort - - estimated {input}+0")]);
    }

    async fn in_the_middle_of_a_stream(app: TestApp) {
        let up = Upstreams::start().await;
        let slow = |config: &mut Value| config["providers"][0]["timeouts"]["idle"] = "60s".into();
        let client = app.with_models(&up, slow).await;
        let address = client.listen().await;
        up.one.always(Act::HangAfter(2));
        let mut stream = begin(&client, address, &streamed(chat("gpt")), 0).await;
        let mut seen = Vec::new();
        while !String::from_utf8_lossy(&seen).contains("from ") {
            assert!(stream.read_buf(&mut seen).await.unwrap() > 0);
        }
        assert_eq!(up.one.busy(), 1, "what has come is handed on at once");
        drop(stream);
        idle(&up.one).await;
        let record = only(&client).await;
        assert_eq!((record.status, record.error_code.as_deref()), (200, Some("client_abort")));
        let input = estimate_input(streamed(chat("gpt")).to_string().as_bytes());
        assert_eq!(attempts(&client, &record).await, [format!("one client_abort 200 - estimated {input}+3")]);
    }

    async fn before_all_was_said(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |_| {}).await;
        let address = client.listen().await;
        let stream = begin(&client, address, &chat("gpt"), 10).await;
        sleep(Duration::from_millis(50)).await;
        drop(stream);
        let record = only(&client).await;
        assert!(record.error_code.is_some());
        assert!(attempts(&client, &record).await.is_empty());
        assert_eq!(up.one.log().all().len(), 0);
    }

    async fn after_the_end_it_is_no_abort(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |_| {}).await;
        let address = client.listen().await;
        let mut stream = begin(&client, address, &streamed(chat("gpt")), 0).await;
        let mut seen = Vec::new();
        while !String::from_utf8_lossy(&seen).contains("[DONE]") {
            assert!(stream.read_buf(&mut seen).await.unwrap() > 0);
        }
        drop(stream);
        let record = only(&client).await;
        assert_eq!((record.status, record.error_code), (200, None));
        assert!(record.first_byte_ms.is_some());
    }
}
