//! Case 123 where somebody listens: with 127.0.0.1 alone allowed, nobody at another address is ever connected to.

use std::net::{IpAddr, Ipv4Addr};

use gateway_testkit::SilentPort;
use serde_json::{Value, json};

use crate::harness::{Answer, TestApp, after};

const INSIDE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// How 127.0.0.2 can be written: plainly, decimal, hexadecimal, octal, shortened, inside IPv6.
const SPELLINGS: [&str; 8] = [
    "127.0.0.2",
    "2130706434",
    "0x7f000002",
    "0177.0.0.2",
    "127.2",
    "127.0.2",
    "[::ffff:127.0.0.2]",
    "[::ffff:7f00:2]",
];

async fn allowing(app: TestApp, networks: Value) -> TestApp {
    app.with_provider(|provider| {
        provider["http"] = json!({
            "timeout": "2s", "allow_private_cidrs": networks, "allow_insecure": true,
        });
    })
    .await
}

/// Signs in while the document names `endpoint` at `address`.
async fn sign_in(app: &TestApp, endpoint: &str, address: String) -> Answer {
    app.idp.set_in_discovery(endpoint, json!(address));
    app.wait(chrono::TimeDelta::minutes(11));
    let started = app.start("idp").await;
    let callback = app.idp.authorize(started.location());
    app.come_back(&callback).await
}

cases! {
    async fn case_123_nobody_at_an_unlisted_address_is_connected_to(app: TestApp) {
        let app = allowing(app, json!(["127.0.0.1/32"])).await;
        app.idp.script().claims_in_id_token = false;
        let inside = SilentPort::on(INSIDE.into()).await;
        for (endpoint, code) in [
            ("jwks_uri", "provider_unavailable"),
            ("token_endpoint", "provider_unavailable"),
            ("userinfo_endpoint", "provider_failure"),
        ] {
            for host in SPELLINGS {
                let address = format!("http://{host}:{}/x", inside.port());
                let answer = sign_in(&app, endpoint, address).await;
                let entry = app.assert_refused(&answer, code).await;
                let cause = after(&entry)["cause"].as_str().unwrap().to_owned();
                assert!(cause.contains("not contacted"), "{endpoint} at {host}: {cause}");
            }
            app.idp.script().discovery_fields.clear();
        }
        assert_eq!(inside.visitors(), 0);
        assert_eq!(app.count_people().await, 0);
    }

    async fn case_123_where_the_operator_lists_it_somebody_comes(app: TestApp) {
        // What the test above would see if the guard let go.
        let app = allowing(app, json!(["127.0.0.2/32"])).await;
        let inside = SilentPort::on(INSIDE.into()).await;
        for (number, host) in SPELLINGS.into_iter().enumerate() {
            let answer = sign_in(&app, "jwks_uri", format!("http://{host}:{}/jwks", inside.port())).await;
            app.assert_refused(&answer, "provider_unavailable").await;
            assert!(inside.visitors() > number, "{host}");
        }
    }

    async fn case_123_the_unspecified_address_is_this_machine_and_never_asked(app: TestApp) {
        // Whoever connects to 0.0.0.0 or :: ends up at 127.0.0.1 or ::1, which would do as a detour around every list.
        let app = allowing(app, json!(["0.0.0.0/0", "::/0"])).await;
        let here = SilentPort::on(IpAddr::V4(Ipv4Addr::LOCALHOST)).await;
        for host in ["0.0.0.0", "0", "0x0", "[::ffff:0.0.0.0]", "0.1.2.3"] {
            let answer = sign_in(&app, "jwks_uri", format!("http://{host}:{}/jwks", here.port())).await;
            let entry = app.assert_refused(&answer, "provider_unavailable").await;
            assert!(after(&entry)["cause"].as_str().unwrap().contains("unspecified"), "{host}: {entry:?}");
        }
        assert_eq!(here.visitors(), 0);
    }

    async fn case_123_what_the_operator_writes_is_asked_there_and_nowhere_beside(app: TestApp) {
        // The issuer's own host is written in the file; another port of it is not.
        let beside = SilentPort::on(IpAddr::V4(Ipv4Addr::LOCALHOST)).await;
        for host in ["127.0.0.1", "localhost", "any.localhost", "2130706433"] {
            let answer = sign_in(&app, "jwks_uri", format!("http://{host}:{}/jwks", beside.port())).await;
            app.assert_refused(&answer, "provider_unavailable").await;
        }
        assert_eq!(beside.visitors(), 0);
    }
}
