//! A provider from end to end, over loopback.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta};
use gateway_domain::FixedClock;
use serde_json::{Value, json};

use super::{
    testing::{Idp, NOW, Pair, claims, document, settings},
    *,
};

const REDIRECT: &str = "https://gw.example/api/v1/auth/oidc/callback";

fn secrets() -> FlowSecrets {
    FlowSecrets {
        state: "st".to_owned(),
        nonce: "n".to_owned(),
        verifier: "v".repeat(43),
    }
}

fn provider(settings: OidcProvider) -> (Provider, FixedClock) {
    let clock = FixedClock::new(DateTime::from_timestamp(NOW, 0).expect("a time"));
    (
        Provider::new(settings, Arc::new(clock.clone())).expect("a provider"),
        clock,
    )
}

fn tokens(id_token: &str) -> Value {
    json!({"access_token": "at", "token_type": "bearer", "id_token": id_token})
}

/// A provider that will give out an ID token with these claims.
async fn giving(key: &Pair, change: impl FnOnce(&mut Value)) -> (Provider, Idp, FixedClock) {
    let (idp, issuer) = Idp::discoverable(&[key]).await;
    let mut claims = claims(&issuer);
    change(&mut claims);
    idp.answer("/token", 200, &tokens(&key.id_token(&claims)));
    let (provider, clock) = provider(settings(&issuer));
    (provider, idp, clock)
}

async fn finish(provider: &Provider) -> Result<Finished, SignInError> {
    provider
        .finish("the-code", &secrets(), REDIRECT)
        .await
        .map_err(|failure| failure.error)
}

#[tokio::test]
async fn case_001_017_a_code_becomes_a_person() {
    let (provider, idp, _clock) = giving(&Pair::new("k", 1), |_| {}).await;
    let finished = finish(&provider).await.expect("signed in");
    assert_eq!(finished.assertion.subject, "me");
    assert_eq!(
        finished.assertion.email.map(String::from).as_deref(),
        Some("me@ex.com")
    );
    assert!(finished.assertion.email_verified && finished.userinfo_failure.is_none());
    let request = idp.requests("/token").pop().expect("asked");
    assert!(
        request.contains("authorization: Basic Z3c6czNjcmV0\r\n"),
        "{request}"
    );
    for part in [
        "grant_type=authorization_code",
        "code=the-code",
        "code_verifier=vvv",
        "redirect_uri=https%3A%2F%2Fgw",
    ] {
        assert!(request.contains(part), "{part} in {request}");
    }
    assert!(!request.contains("client_secret"), "{request}");
    assert!(idp.requests("/userinfo").is_empty(), "nothing was missing");
}

#[tokio::test]
async fn a_public_client_has_no_secret() {
    let key = Pair::new("k", 1);
    let (idp, issuer) = Idp::discoverable(&[&key]).await;
    idp.answer("/token", 200, &tokens(&key.id_token(&claims(&issuer))));
    let (provider, _clock) = provider(OidcProvider {
        client_secret: None,
        ..settings(&issuer)
    });
    assert!(finish(&provider).await.is_ok());
    let request = idp.requests("/token").pop().expect("asked");
    assert!(
        request.contains("client_id=gw") && !request.contains("authorization:"),
        "{request}"
    );
}

#[tokio::test]
async fn case_082_083_the_authorization_request() {
    let (_idp, issuer) = Idp::discoverable(&[]).await;
    let mut settings = settings(&issuer);
    for (name, value) in [
        ("prompt", "login"),
        ("state", "evil"),
        ("code_challenge_method", "plain"),
        ("scope", "x"),
    ] {
        settings
            .extra_auth_params
            .insert(name.to_owned(), value.to_owned());
    }
    let (provider, _clock) = provider(settings);
    let url = provider
        .authorization_url(&secrets(), REDIRECT, Some(" me@ex.com "))
        .await
        .expect("a URL");
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let all: BTreeMap<_, _> = pairs.iter().cloned().collect();
    assert_eq!(all.len(), pairs.len(), "nothing is said twice: {url}");
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "gw"),
        ("state", "st"),
        ("nonce", "n"),
        ("scope", "openid email profile"),
        ("redirect_uri", REDIRECT),
        ("code_challenge_method", "S256"),
        ("prompt", "login"),
        ("login_hint", "me@ex.com"),
    ] {
        assert_eq!(all.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert_eq!(all["code_challenge"].len(), 43);
    for hint in ["a\nb", "", &"x".repeat(255)] {
        let url = provider
            .authorization_url(&secrets(), REDIRECT, Some(hint))
            .await
            .expect("a URL");
        assert!(!url.as_str().contains("login_hint"), "{url}");
    }
    let short = FlowSecrets {
        verifier: "v".to_owned(),
        ..secrets()
    };
    assert!(
        provider
            .authorization_url(&short, REDIRECT, None)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn case_048_049_078_who_answers() {
    let (idp, issuer) = Idp::discoverable(&[]).await;
    let (silent, _clock) = provider(settings(&issuer));
    assert!(silent.check_iss(None).await.is_ok());
    assert!(silent.check_iss(Some(&issuer)).await.is_ok());
    let other = silent
        .check_iss(Some(&format!("{issuer}/")))
        .await
        .expect_err("another");
    assert_eq!(other.error, SignInError::StateInvalid);
    let mut named = document(&issuer);
    named["authorization_response_iss_parameter_supported"] = json!(true);
    idp.answer("/.well-known/openid-configuration", 200, &named);
    let (naming, _clock) = provider(settings(&issuer));
    let absent = naming.check_iss(None).await.expect_err("it was removed");
    assert_eq!(absent.error, SignInError::StateInvalid);
    assert!(naming.check_iss(Some(&issuer)).await.is_ok());
}

#[tokio::test]
async fn case_020_another_issuer_is_a_misconfiguration() {
    let (idp, issuer) = Idp::discoverable(&[]).await;
    idp.answer(
        "/.well-known/openid-configuration",
        200,
        &document(&format!("{issuer}/")),
    );
    let (provider, _clock) = provider(settings(&issuer));
    let failure = provider
        .authorization_url(&secrets(), REDIRECT, None)
        .await
        .expect_err("refused");
    assert_eq!(failure.error, SignInError::ProviderUnavailable);
    assert!(
        provider
            .check()
            .await
            .expect_err("refused")
            .contains("final slash")
    );
    let health = provider.health();
    assert!(health.misconfigured);
    assert!(health.discovery.is_some_and(|fetch| !fetch.ok));
}

#[tokio::test]
async fn case_021_022_133_keys_that_change_are_fetched_again() {
    let (old, new) = (Pair::new("old", 1), Pair::new("new", 2));
    let (provider, idp, _clock) = giving(&old, |_| {}).await;
    assert!(finish(&provider).await.is_ok());
    idp.publish(&[&new]);
    let issuer = provider.0.settings.issuer_url.clone();
    idp.answer("/token", 200, &tokens(&new.id_token(&claims(&issuer))));
    assert!(finish(&provider).await.is_ok());
    assert_eq!(idp.requests("/jwks").len(), 2);
    // Then one whose key is nowhere: asked for at most once a minute.
    let stranger = Pair::new("stranger", 3);
    idp.answer("/token", 200, &tokens(&stranger.id_token(&claims(&issuer))));
    for _ in 0..5 {
        assert_eq!(
            finish(&provider).await.err(),
            Some(SignInError::ProviderFailure)
        );
    }
    assert_eq!(idp.requests("/jwks").len(), 2);
}

#[tokio::test]
async fn a_provider_that_came_back_with_new_keys_under_old_names() {
    let (provider, idp, _clock) = giving(&Pair::new("k", 1), |_| {}).await;
    assert!(finish(&provider).await.is_ok());
    let again = Pair::new("k", 2);
    idp.publish(&[&again]);
    let issuer = provider.0.settings.issuer_url.clone();
    idp.answer("/token", 200, &tokens(&again.id_token(&claims(&issuer))));
    assert!(finish(&provider).await.is_ok());
}

#[tokio::test]
async fn case_016_146_userinfo_fills_in_or_says_why_not() {
    let without = |claims: &mut Value| {
        claims.as_object_mut().expect("an object").remove("email");
    };
    let (provider, idp, _clock) = giving(&Pair::new("k", 1), without).await;
    let userinfo = json!({"sub": "me", "email": "u@ex.com", "email_verified": "true"});
    idp.answer("/userinfo", 200, &userinfo);
    let finished = finish(&provider).await.expect("signed in");
    assert_eq!(
        finished.assertion.email.map(String::from).as_deref(),
        Some("u@ex.com")
    );
    assert!(idp.requests("/userinfo")[0].contains("authorization: Bearer at\r\n"));

    idp.answer("/userinfo", 401, &json!({}));
    let finished = finish(&provider).await.expect("signed in all the same");
    assert!(finished.assertion.email.is_none());
    assert!(finished.userinfo_failure.is_some());

    idp.answer(
        "/userinfo",
        200,
        &json!({"sub": "you", "email": "u@ex.com"}),
    );
    assert_eq!(
        finish(&provider).await.err(),
        Some(SignInError::ProviderFailure)
    );
}

#[tokio::test]
async fn case_131_137_the_token_endpoint_fails() {
    let (provider, idp, _clock) = giving(&Pair::new("k", 1), |_| {}).await;
    for (status, body, error) in [
        (
            400,
            json!({"error": "invalid_grant"}),
            SignInError::ProviderFailure,
        ),
        (302, json!({}), SignInError::ProviderFailure),
        (503, json!({}), SignInError::ProviderUnavailable),
    ] {
        let before = idp.requests("/token").len();
        idp.answer("/token", status, &body);
        assert_eq!(finish(&provider).await.err(), Some(error), "{status}");
        assert_eq!(
            idp.requests("/token").len(),
            before + 1,
            "never tried again"
        );
    }
}

#[tokio::test]
async fn case_123_a_document_may_not_name_this_machine() {
    let (idp, issuer) = Idp::discoverable(&[]).await;
    for jwks in [
        "http://127.0.0.1:1/jwks",
        "http://127.0.0.2/jwks",
        "http://2130706433:2/jwks",
        "https://169.254.169.254/jwks",
    ] {
        let mut document = document(&issuer);
        document["jwks_uri"] = json!(jwks);
        idp.answer("/.well-known/openid-configuration", 200, &document);
        let (provider, _clock) = provider(settings(&issuer));
        let cause = provider.check().await.expect_err("blocked");
        assert!(cause.contains("is not contacted"), "{jwks}: {cause}");
    }
}

#[tokio::test]
async fn case_128_130_a_provider_that_is_down_and_comes_back() {
    let (idp, issuer) = Idp::start().await;
    idp.answer("/.well-known/openid-configuration", 503, &json!({}));
    let (provider, clock) = provider(settings(&issuer));
    provider.refresh_if_due().await;
    let health = provider.health();
    assert!(
        health
            .discovery
            .is_some_and(|fetch| fetch.error.is_some_and(|error| error.contains("503")))
    );
    idp.answer("/.well-known/openid-configuration", 200, &document(&issuer));
    idp.publish(&[&Pair::new("k", 1)]);
    clock.advance(TimeDelta::seconds(1));
    provider.refresh_if_due().await;
    let health = provider.health();
    assert!(health.discovery.is_some_and(|fetch| fetch.ok) && health.keys == 1 && !health.stale);
    assert_eq!(provider.check().await, Ok(()));
}

#[tokio::test]
async fn endpoints_all_given_need_no_discovery() {
    let key = Pair::new("k", 1);
    let (idp, issuer) = Idp::start().await;
    idp.publish(&[&key]);
    let elsewhere = "https://idp.example";
    idp.answer("/token", 200, &tokens(&key.id_token(&claims(elsewhere))));
    let mut settings = settings(elsewhere);
    let at = |path: &str| Some(format!("{issuer}{path}").parse().expect("a URL"));
    settings.endpoints.authorization = at("/authorize");
    settings.endpoints.token = at("/token");
    settings.endpoints.jwks = at("/jwks");
    let (provider, _clock) = provider(settings);
    assert!(finish(&provider).await.is_ok());
    assert!(provider.health().discovery.is_none());
    assert!(idp.requests("/.well-known/openid-configuration").is_empty());
}
