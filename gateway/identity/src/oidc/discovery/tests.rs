//! What is read from discovery documents.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::oidc::testing::{document, settings};

const ISSUER: &str = "https://idp.example";

fn guard(settings: &OidcProvider) -> Guarded {
    let issuer = Url::parse(&settings.issuer_url).expect("a URL");
    Guarded::new(&settings.http, [&issuer]).expect("a client")
}

fn read(settings: &OidcProvider, document: &Value) -> Result<Metadata, Fault> {
    Metadata::read(document.to_string().as_bytes(), settings, &guard(settings))
}

#[test]
fn the_address_has_one_slash() {
    for issuer in ["https://idp.example/a", "https://idp.example/a/"] {
        let address = address(issuer).expect("an address");
        assert_eq!(
            address.as_str(),
            "https://idp.example/a/.well-known/openid-configuration"
        );
    }
}

#[test]
fn case_020_119_120_issuers_are_compared_byte_by_byte() {
    let settings = settings(ISSUER);
    assert!(read(&settings, &document(ISSUER)).is_ok());
    for (theirs, slash) in [
        ("https://idp.example/", true),
        ("https://IDP.example", false),
        ("https://idp.example:443", false),
        ("https://idp.example/%61", false),
        ("http://idp.example", false),
    ] {
        let fault = read(&settings, &document(theirs)).expect_err("another issuer");
        assert!(fault.misconfigured);
        assert!(
            fault.cause.contains(theirs) && fault.cause.contains(ISSUER),
            "{}",
            fault.cause
        );
        assert_eq!(
            fault.cause.contains("final slash"),
            slash,
            "{}",
            fault.cause
        );
    }
    assert!(read(&settings, &json!({"issuer": 1})).is_err());
}

#[test]
fn endpoints_of_the_file_win() {
    let mut settings = settings(ISSUER);
    settings.endpoints.token = Some("https://idp.example/ours".parse().expect("a URL"));
    let metadata = read(&settings, &document(ISSUER)).expect("metadata");
    assert_eq!(metadata.token.path(), "/ours");
    assert_eq!(metadata.authorization.path(), "/authorize");
    assert!(Metadata::given(&settings.endpoints, &guard(&settings)).is_none());
    settings.endpoints.authorization = settings.endpoints.token.clone();
    settings.endpoints.jwks = settings.endpoints.token.clone();
    let given = Metadata::given(&settings.endpoints, &guard(&settings))
        .expect("all")
        .expect("permitted");
    assert!(given.userinfo.is_none() && !given.secret_in_body);
}

#[test]
fn case_122_endpoints_keep_to_https() {
    let settings = settings(ISSUER);
    for name in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
        for bad in [
            json!("http://idp.example/x"),
            json!("javascript:alert(1)"),
            json!("nonsense"),
            json!(1),
            json!(null),
        ] {
            let mut document = document(ISSUER);
            document[name] = bad.clone();
            assert!(read(&settings, &document).is_err(), "{name} {bad}");
        }
    }
    let mut document = document(ISSUER);
    document["userinfo_endpoint"] = json!("http://idp.example/x");
    let metadata = read(&settings, &document).expect("userinfo can be done without");
    assert!(metadata.userinfo.is_none());
    assert!(
        metadata.warnings[0].contains("userinfo_endpoint"),
        "{:?}",
        metadata.warnings
    );
}

#[test]
fn case_124_a_token_endpoint_elsewhere_is_pointed_out() {
    let warnings = |issuer: &str, token: &str| {
        let mut document = document(issuer);
        document["token_endpoint"] = json!(token);
        read(&settings(issuer), &document)
            .expect("metadata")
            .warnings
    };
    let other = warnings(ISSUER, "https://other.example/token");
    assert!(other[0].contains("other.example"), "{other:?}");
    assert!(warnings(ISSUER, "https://idp.example:8443/token").is_empty());
    assert!(
        warnings(
            "https://accounts.google.com",
            "https://oauth2.googleapis.com/token"
        )
        .is_empty()
    );
    let cognito = "https://cognito-idp.eu-west-1.amazonaws.com/pool";
    assert!(
        warnings(
            cognito,
            "https://x.auth.eu-west-1.amazoncognito.com/oauth2/token"
        )
        .is_empty()
    );
}

#[test]
fn case_093_an_algorithm_that_nobody_pinned_is_pointed_out_and_not_taken() {
    let mut document = document(ISSUER);
    document["id_token_signing_alg_values_supported"] = json!(["HS256", "none"]);
    let metadata = read(&settings(ISSUER), &document).expect("metadata");
    assert!(
        metadata.warnings[0].contains("signing key"),
        "{:?}",
        metadata.warnings
    );
}

#[test]
fn the_secret_goes_into_the_body_only_where_it_must() {
    let in_body = |methods: Value| {
        let mut document = document(ISSUER);
        document["token_endpoint_auth_methods_supported"] = methods;
        read(&settings(ISSUER), &document)
            .expect("metadata")
            .secret_in_body
    };
    assert!(in_body(json!(["client_secret_post"])));
    assert!(in_body(json!(["private_key_jwt", "client_secret_post"])));
    for methods in [
        json!(null),
        json!([]),
        json!(["client_secret_post", "client_secret_basic"]),
        json!(["none"]),
        json!("x"),
    ] {
        assert!(!in_body(methods.clone()), "{methods}");
    }
}

#[test]
fn keys_can_be_absent_where_only_the_secret_signs() {
    let mut document = document(ISSUER);
    document["jwks_uri"] = json!(null);
    let mut settings = settings(ISSUER);
    assert!(read(&settings, &document).is_err());
    settings.signing_algorithms = vec![gateway_config::SigningAlgorithm::Hs256];
    assert!(read(&settings, &document).expect("metadata").jwks.is_none());
}

static GUARD: std::sync::LazyLock<Guarded> = std::sync::LazyLock::new(|| guard(&settings(ISSUER)));

proptest! {
    #[test]
    fn never_panics(bytes in any::<Vec<u8>>(), name in "[a-z_]{1,30}", value in ".{0,40}") {
        let settings = settings(ISSUER);
        let guard = &*GUARD;
        let _ = Metadata::read(&bytes, &settings, guard);
        let mut document = document(ISSUER);
        document[name] = json!(value);
        let _ = Metadata::read(document.to_string().as_bytes(), &settings, guard);
    }
}
