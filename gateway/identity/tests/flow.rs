//! A sign-in from start to session, without HTTP of our own: what a flow is bound to and what ends it.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot have what it needs stops at once and says where"
)]

use std::{collections::BTreeMap, sync::Arc};

use chrono::TimeDelta;
use gateway_config::Config;
use gateway_domain::{Clock as _, FixedClock, Origin, RequestId, SystemClock};
use gateway_identity::{
    Caller, Context, SignInError,
    flow::{self, Callback, Finished, FlowCookie, FlowKind, Start, Started, Target},
    providers,
};
use gateway_store::audit;
use gateway_testkit::{FakeGitHub, FakeIdp, TestDb, on_both};
use serde_json::{Value, json};

struct World {
    ctx: Context,
    clock: FixedClock,
    idp: FakeIdp,
    github: FakeGitHub,
    file: Value,
}

impl World {
    async fn new(db: &TestDb) -> Self {
        let clock = FixedClock::new(SystemClock.now());
        let idp = FakeIdp::start(clock.clone()).await;
        let github = FakeGitHub::start().await;
        let file = json!({
            "server": {"public_base_url": "https://gateway.test"},
            "auth": {
                "oidc": {"providers": [{
                    "key": "idp", "label": "IdP", "issuer_url": idp.issuer(), "client_id": FakeIdp::CLIENT_ID,
                    "client_secret": "env.IDP", "jit": {"enabled": true},
                }]},
                "oauth": {"providers": [{
                    "key": "hub", "label": "GitHub", "provider_type": "github", "client_id": FakeGitHub::CLIENT_ID,
                    "client_secret": "env.HUB", "base_url": github.url(""), "jit": {"enabled": true},
                }]},
            },
        });
        let ctx = Context::new((**db).clone(), Arc::new(clock.clone()), parse(&file));
        Self {
            ctx: ctx.expect("a context"),
            clock,
            idp,
            github,
            file,
        }
    }

    fn reload(&mut self, change: impl FnOnce(&mut Value)) {
        change(&mut self.file);
        self.ctx.reload(parse(&self.file)).expect("a reload");
    }

    async fn start(&self, kind: FlowKind, key: &str) -> Started {
        let request = Start {
            kind,
            target: Target::Key(key),
            return_to: Some("/admin/users"),
            login_hint: None,
        };
        let started = flow::start(&self.ctx, request, &origin()).await;
        started.unwrap_or_else(|failure| panic!("{failure}"))
    }

    /// A sign-in with the OIDC provider, as far as the provider's "yes".
    async fn agreed(&self) -> (String, FlowCookie) {
        let Started { location, cookie } = self.start(FlowKind::Oidc, "idp").await;
        let callback = self.idp.authorize(&location).to_string();
        (callback, cookie)
    }

    async fn finish(&self, callback: &str, cookie: Option<&FlowCookie>) -> Finished {
        self.finish_as(FlowKind::Oidc, None, callback, cookie).await
    }

    async fn finish_as(
        &self,
        kind: FlowKind,
        path_key: Option<&str>,
        callback: &str,
        cookie: Option<&FlowCookie>,
    ) -> Finished {
        let (_, query) = callback.split_once('?').expect("a query");
        let look_up = |name: &str| {
            cookie
                .filter(|cookie| cookie.name == name)
                .map(|cookie| cookie.value.expose().to_owned())
        };
        let callback = Callback {
            kind,
            path_key,
            query,
            cookie: &look_up,
            previous: None,
        };
        flow::finish(&self.ctx, callback, &origin()).await
    }

    /// The newest entry of the audit trail: its action and reason.
    async fn last_entry(&self) -> (String, String) {
        let entries = audit::list(self.ctx.db(), &audit::Filter::default(), 1).await;
        let entry = entries.expect("the trail").pop().expect("an entry");
        let after: Value =
            serde_json::from_str(&entry.after.unwrap_or_default()).unwrap_or_default();
        (
            entry.action,
            after["reason"].as_str().unwrap_or_default().to_owned(),
        )
    }

    fn provider(&mut self) -> &mut Value {
        &mut self.file["auth"]["oidc"]["providers"][0]
    }
}

fn parse(file: &Value) -> Arc<Config> {
    let environment: BTreeMap<String, String> = BTreeMap::from([
        ("IDP".to_owned(), FakeIdp::CLIENT_SECRET.to_owned()),
        ("HUB".to_owned(), FakeGitHub::CLIENT_SECRET.to_owned()),
    ]);
    let config = gateway_config::parse(&file.to_string(), "test.yaml", &environment);
    Arc::new(config.unwrap_or_else(|error| panic!("{error}")))
}

fn origin() -> Origin {
    Origin::remote(RequestId::new(), [192, 0, 2, 1].into(), "a browser")
}

#[track_caller]
fn assert_refused(finished: &Finished, error: SignInError, is_dead: bool) {
    let failure = finished.outcome.as_ref().expect_err("a refusal");
    assert_eq!(failure.error, error, "{failure}");
    assert_eq!(finished.dead_cookie.is_some(), is_dead, "{failure}");
}

#[track_caller]
fn assert_signed_in(finished: &Finished) {
    let signed_in = finished
        .outcome
        .as_ref()
        .unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(signed_in.return_to.as_str(), "/admin/users");
    assert!(finished.dead_cookie.is_some());
}

on_both! {
    async fn case_052_callback_without_flow_cookie(db: TestDb) {
        let world = World::new(&db).await;
        let (callback, cookie) = world.agreed().await;
        let stranger = world.finish(&callback, None).await;
        assert_refused(&stranger, SignInError::StateInvalid, false);
        assert!(stranger.return_to.is_none());
        let (_, other) = world.agreed().await;
        let forged = FlowCookie { name: cookie.name.clone(), value: other.value };
        assert_refused(&world.finish(&callback, Some(&forged)).await, SignInError::StateInvalid, false);
        assert_eq!(world.idp.log().count("/token"), 0);
        assert_eq!(world.last_entry().await, ("sign_in.failed".to_owned(), "state_invalid".to_owned()));
        assert_signed_in(&world.finish(&callback, Some(&cookie)).await);
    }

    async fn case_057_a_state_of_nobody(db: TestDb) {
        let world = World::new(&db).await;
        let (callback, cookie) = world.agreed().await;
        let state = callback.split("state=").nth(1).expect("a state");
        let unknown = callback.replace(state, "gsIAQDfWxBZqcVPVLbUUJGGSLzBwFPcyNu1uxGSHaHk");
        assert_refused(&world.finish(&unknown, Some(&cookie)).await, SignInError::StateInvalid, false);
    }

    async fn case_058_ten_minutes_and_not_longer(db: TestDb) {
        let world = World::new(&db).await;
        let (callback, cookie) = world.agreed().await;
        world.clock.advance(TimeDelta::minutes(11));
        let late = world.finish(&callback, Some(&cookie)).await;
        assert_refused(&late, SignInError::StateExpired, true);
        assert_eq!(late.return_to.expect("the deep link").as_str(), "/admin/users");
    }

    async fn case_059_replay_after_success(db: TestDb) {
        let world = World::new(&db).await;
        let (callback, cookie) = world.agreed().await;
        assert_signed_in(&world.finish(&callback, Some(&cookie)).await);
        for again in [Some(&cookie), None] {
            let replayed = world.finish(&callback, again).await;
            assert_refused(&replayed, SignInError::StateInvalid, again.is_some());
            assert_eq!(world.last_entry().await.0, "sign_in.replayed");
        }
        assert_eq!(world.idp.log().count("/token"), 1);
    }

    async fn case_060_twenty_callbacks_at_once(db: TestDb) {
        let world = World::new(&db).await;
        let (callback, cookie) = world.agreed().await;
        let all = (0..20).map(|_| world.finish(&callback, Some(&cookie)));
        let all = futures_util::future::join_all(all).await;
        let signed_in = all.iter().filter(|finished| finished.outcome.is_ok()).count();
        assert_eq!(signed_in, 1);
        for finished in all.iter().filter(|finished| finished.outcome.is_err()) {
            assert_refused(finished, SignInError::StateInvalid, true);
        }
        assert_eq!(world.idp.log().count("/token"), 1);
    }

    async fn case_064_case_065_a_refusal_counts_only_in_the_right_browser(db: TestDb) {
        let world = World::new(&db).await;
        let Started { location, cookie } = world.start(FlowKind::Oidc, "idp").await;
        let callback = world.idp.refuse(&location, "access_denied").to_string();
        assert_refused(&world.finish(&callback, None).await, SignInError::StateInvalid, false);
        assert_refused(&world.finish(&callback, Some(&cookie)).await, SignInError::AccessDenied, true);
        assert_refused(&world.finish(&callback, Some(&cookie)).await, SignInError::StateInvalid, true);
    }

    async fn case_071_the_provider_went_away_meanwhile(db: TestDb) {
        let mut world = World::new(&db).await;
        let (callback, cookie) = world.agreed().await;
        world.reload(|file| file["auth"]["oidc"]["providers"][0]["enabled"] = json!(false));
        assert_refused(&world.finish(&callback, Some(&cookie)).await, SignInError::ProviderFailure, false);
        world.reload(|file| file["auth"]["oidc"]["providers"] = json!([]));
        assert_refused(&world.finish(&callback, Some(&cookie)).await, SignInError::ProviderFailure, true);
        assert_eq!(world.idp.log().count("/token"), 0);
    }

    async fn client_id_changed_in_mid_flow(db: TestDb) {
        let mut world = World::new(&db).await;
        let (callback, cookie) = world.agreed().await;
        world.provider()["client_id"] = json!("another");
        world.reload(|_| ());
        assert_refused(&world.finish(&callback, Some(&cookie)).await, SignInError::StateExpired, true);
        assert_eq!(world.idp.log().count("/token"), 0);
    }

    async fn case_073_each_protocol_has_its_own_flows(db: TestDb) {
        let world = World::new(&db).await;
        let (callback, cookie) = world.agreed().await;
        let crossed = world.finish_as(FlowKind::Oauth, Some("github"), &callback, Some(&cookie)).await;
        assert_refused(&crossed, SignInError::StateInvalid, false);
        assert_signed_in(&world.finish(&callback, Some(&cookie)).await);
    }

    async fn case_077_each_provider_has_its_own_callback(db: TestDb) {
        let mut world = World::new(&db).await;
        world.reload(|file| file["auth"]["oidc"]["callback"] = json!("per_provider"));
        let (callback, cookie) = world.agreed().await;
        assert!(callback.starts_with("/api/v1/auth/oidc/callback/idp?"), "{callback}");
        for path_key in [None, Some("other")] {
            let mixed_up = world.finish_as(FlowKind::Oidc, path_key, &callback, Some(&cookie)).await;
            assert_refused(&mixed_up, SignInError::StateInvalid, false);
        }
        assert_signed_in(&world.finish_as(FlowKind::Oidc, Some("idp"), &callback, Some(&cookie)).await);
    }

    async fn case_078_another_issuer_uses_nothing_up(db: TestDb) {
        let world = World::new(&db).await;
        let (callback, cookie) = world.agreed().await;
        let mixed_up = format!("{callback}&iss=https%3A%2F%2Fevil");
        assert_refused(&world.finish(&mixed_up, Some(&cookie)).await, SignInError::StateInvalid, false);
        assert_eq!(world.idp.log().count("/token"), 0);
        assert_signed_in(&world.finish(&callback, Some(&cookie)).await);
    }

    async fn case_070_unknown_and_disabled_providers_are_refused_alike(db: TestDb) {
        let mut world = World::new(&db).await;
        world.reload(|file| file["auth"]["oidc"]["providers"][0]["enabled"] = json!(false));
        for key in ["idp", "nobody", "hub", ""] {
            let request = Start { kind: FlowKind::Oidc, target: Target::Key(key), return_to: None, login_hint: None };
            let failure = flow::start(&world.ctx, request, &origin()).await.err().expect("a refusal");
            assert_eq!(failure.error, SignInError::ProviderFailure);
        }
    }

    async fn case_041_a_provider_may_begin_a_sign_in(db: TestDb) {
        let world = World::new(&db).await;
        let issuer = world.idp.issuer();
        let start = async |issuer| {
            let request = Start {
                kind: FlowKind::Oidc,
                target: Target::Issuer(issuer),
                return_to: None,
                login_hint: Some("alice@example.com"),
            };
            flow::start(&world.ctx, request, &origin()).await
        };
        let started = start(issuer.as_str()).await.expect("a start");
        assert!(started.location.starts_with(&issuer));
        assert!(started.location.contains("login_hint=alice%40example.com"));
        assert!(start("https://evil.example").await.is_err());
    }

    async fn case_223_github_from_start_to_session(db: TestDb) {
        let world = World::new(&db).await;
        let Started { location, cookie } = world.start(FlowKind::Oauth, "hub").await;
        let callback = world.github.authorize(&location).to_string();
        let finished = world.finish_as(FlowKind::Oauth, Some("github"), &callback, Some(&cookie)).await;
        assert_signed_in(&finished);
        let asked = world.github.log().last("/user");
        assert_eq!(asked.header("x-github-api-version"), Some("2022-11-28"));
        assert_eq!(asked.header("accept"), Some("application/vnd.github+json"));
    }

    async fn case_226_an_unverified_address_keeps_strangers_out_and_nobody_else(db: TestDb) {
        let world = World::new(&db).await;
        let sign_in = async || {
            let Started { location, cookie } = world.start(FlowKind::Oauth, "hub").await;
            let callback = world.github.authorize(&location).to_string();
            world.finish_as(FlowKind::Oauth, Some("hub"), &callback, Some(&cookie)).await
        };
        let unverified = json!([{"email": "octo@example.com", "primary": true, "verified": false}]);
        let verified = world.github.script().account.emails.clone();
        world.github.script().account.emails = unverified.clone();
        assert_refused(&sign_in().await, SignInError::GithubUnverifiedEmail, true);
        world.github.script().account.emails = verified;
        assert_signed_in(&sign_in().await);
        world.github.script().account.emails = unverified;
        assert_signed_in(&sign_in().await);
    }

    async fn case_237_only_active_members_of_an_allowed_organisation(db: TestDb) {
        let mut world = World::new(&db).await;
        world.reload(|file| {
            file["auth"]["oauth"]["providers"][0]["allowed_organizations"] = json!(["deep", "oceans"]);
        });
        let sign_in = async |place: Option<&str>| {
            let organizations = place.map(|place| ("Oceans".to_owned(), place.to_owned()));
            world.github.script().account.organizations = organizations.into_iter().collect();
            let Started { location, cookie } = world.start(FlowKind::Oauth, "hub").await;
            let callback = world.github.authorize(&location).to_string();
            world.finish_as(FlowKind::Oauth, Some("github"), &callback, Some(&cookie)).await
        };
        for place in [None, Some("pending")] {
            assert_refused(&sign_in(place).await, SignInError::PolicyDenied, true);
        }
        assert_signed_in(&sign_in(Some("active")).await);
        assert_refused(&sign_in(None).await, SignInError::PolicyDenied, true);
    }

    async fn the_status_of_providers_tells_of_the_last_sign_ins(db: TestDb) {
        let mut world = World::new(&db).await;
        let (callback, cookie) = world.agreed().await;
        assert_signed_in(&world.finish(&callback, Some(&cookie)).await);
        world.finish(&callback, Some(&cookie)).await;
        let (callback, _) = world.agreed().await;
        world.finish(&callback, None).await;
        world.reload(|file| file["auth"]["oauth"]["providers"][0]["label"] = json!("Hub"));
        let statuses = providers::statuses(&world.ctx, &Caller::system("test")).await.expect("statuses");
        assert_eq!(statuses.len(), 2);
        let idp = &statuses[0];
        assert_eq!(idp.redirect_uri, "https://gateway.test/api/v1/auth/oidc/callback");
        assert_eq!(idp.last_success.as_ref().expect("a success").label, "alice@example.com");
        assert_eq!(idp.last_failure.as_ref().expect("a failure").reason, "state_invalid");
        let health = idp.health.as_ref().expect("health");
        assert!(health.keys > 0, "what was fetched stays through a reload that does not concern it");
        assert_eq!(statuses[1].label, "Hub");
        let counts = world.ctx.counters().sign_ins();
        let of = |code: &str| counts.iter().find(|count| count.code == code).map(|count| count.count);
        assert_eq!((of("ok"), of("state_invalid")), (Some(1), Some(2)));
    }

    async fn garbage_fills_no_audit_trail(db: TestDb) {
        let world = World::new(&db).await;
        for _ in 0..100 {
            let finished = world.finish("/?state=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa&code=c", None).await;
            assert_refused(&finished, SignInError::StateInvalid, false);
        }
        let entries = audit::list(world.ctx.db(), &audit::Filter::default(), 1000).await.expect("the trail");
        assert_eq!(entries.len(), 60);
        assert_eq!(world.ctx.counters().sign_ins()[0].count, 100);
    }
}
