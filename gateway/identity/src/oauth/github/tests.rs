use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{answers::*, *};
use crate::http::Answer;

fn settings() -> OauthProvider {
    let url = |text: &str| text.parse().expect("a URL");
    OauthProvider {
        key: "github".to_owned(),
        label: "GitHub".to_owned(),
        client_id: "id".to_owned(),
        client_secret: Secret::new("s3cret"),
        scopes: vec!["read:user".to_owned(), "user:email".to_owned()],
        enabled: true,
        allowed_email_domains: Vec::new(),
        allowed_organizations: Vec::new(),
        trust_email: TrustEmail::Verified,
        base_url: url("https://github.com"),
        api_url: url("https://api.github.com"),
        http: gateway_config::HttpPolicy {
            timeout: std::time::Duration::from_secs(10),
            ca_pem: None,
            ca_file: None,
            allow_private_cidrs: Vec::new(),
            allow_insecure: false,
        },
        jit: None,
    }
}

fn github(settings: OauthProvider) -> Github {
    let redirect_uri = "https://gw.example/api/v1/auth/oauth/callback/github".to_owned();
    Github::new(settings, redirect_uri).expect("a provider")
}

fn answer(status: u16, body: &Value) -> Answer {
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    Answer {
        status: StatusCode::from_u16(status).expect("a status"),
        headers: HeaderMap::from_iter([(header::CONTENT_TYPE, json)]),
        body: body.to_string().into_bytes().into(),
    }
}

fn with_header(mut answer: Answer, name: &'static str, value: &'static str) -> Answer {
    let name = HeaderName::from_static(name);
    answer.headers.insert(name, HeaderValue::from_static(value));
    answer
}

fn code<T>(result: Result<T, SignInFailure>) -> Option<SignInError> {
    result.err().map(|failure| failure.error)
}

#[test]
fn asks_with_pkce_and_state() {
    let url = github(settings())
        .authorization_url("st", "ch", Some("octo"))
        .expect("a URL");
    assert_eq!(
        url.as_str(),
        "https://github.com/login/oauth/authorize?client_id=id\
         &redirect_uri=https%3A%2F%2Fgw.example%2Fapi%2Fv1%2Fauth%2Foauth%2Fcallback%2Fgithub\
         &scope=read%3Auser+user%3Aemail&state=st&code_challenge=ch&code_challenge_method=S256&login=octo"
    );
}

#[test]
fn case_235_the_issuer_may_be_absent_and_not_another() {
    let github = github(settings());
    assert!(github.check_issuer(None).is_ok());
    assert!(
        github
            .check_issuer(Some("https://github.com/login/oauth"))
            .is_ok()
    );
    for other in [
        "https://github.com",
        "https://github.com/login/oauth/",
        "https://evil/login/oauth",
    ] {
        let refused = code(github.check_issuer(Some(other)));
        assert_eq!(refused, Some(SignInError::StateInvalid), "{other}");
    }
}

#[test]
fn case_242_an_enterprise_server_is_its_own_issuer() {
    let mut settings = settings();
    settings.base_url = "https://ghe.example".parse().expect("a URL");
    let github = github(settings);
    assert!(
        github
            .check_issuer(Some("https://ghe.example/login/oauth"))
            .is_ok()
    );
    assert!(
        github
            .check_issuer(Some("https://github.com/login/oauth"))
            .is_err()
    );
}

#[test]
fn case_224_only_positive_whole_numbers_are_accounts() {
    let id = |id: Value| person(&answer(200, &json!({ "login": "octo", "id": id }))).map(|p| p.id);
    assert_eq!(id(json!(1001)).ok(), Some(1001));
    assert_eq!(id(json!(u64::MAX)).ok(), Some(u64::MAX));
    for odd in [
        json!(null),
        json!(0),
        json!(-1),
        json!("1001"),
        json!(1.5),
        json!(1e3),
        json!([1]),
        json!(true),
    ] {
        assert_eq!(
            code(id(odd.clone())),
            Some(SignInError::ProviderFailure),
            "{odd}"
        );
    }
    let without = person(&answer(200, &json!({ "login": "octo" })));
    assert_eq!(code(without), Some(SignInError::ProviderFailure));
}

#[test]
fn case_225_a_person_is_called_by_name_and_known_by_number() {
    let named = json!({ "id": 7, "login": "octo", "name": "Octo\u{202e} Cat" });
    let found = person(&answer(200, &named)).expect("a person");
    assert_eq!(found.name.as_deref(), Some("Octo Cat"));
    let unnamed = json!({ "id": 7, "login": "octo", "name": null, "email": "public@example.test" });
    assert_eq!(
        person(&answer(200, &unnamed))
            .expect("a person")
            .name
            .as_deref(),
        Some("octo")
    );
}

fn sign_in(settings: &OauthProvider, emails: &Value) -> Verified {
    let person = Person {
        id: 1001,
        name: None,
    };
    let address = page_of_addresses(&answer(200, emails), 100).and_then(|(address, _)| {
        address.ok_or_else(|| SignInFailure::new(SignInError::GithubUnverifiedEmail, "none"))
    });
    verified(settings, person, address)
}

#[test]
fn case_223_the_verified_primary_address_counts() {
    let emails = json!([
        { "email": "old@example.test", "primary": false, "verified": true },
        { "email": "octo@example.test", "primary": true, "verified": true },
    ]);
    let Verified {
        assertion,
        without_email,
    } = sign_in(&settings(), &emails);
    assert!(without_email.is_none());
    assert_eq!(assertion.subject, "1001");
    assert_eq!(assertion.issuer, "https://github.com");
    assert_eq!(
        assertion.email.map(String::from).as_deref(),
        Some("octo@example.test")
    );
    assert!(assertion.email_verified);
}

#[test]
fn case_226_case_227_case_229_other_addresses_find_nobody() {
    for emails in [
        json!([{ "email": "octo@example.test", "primary": true, "verified": false }]),
        json!([{ "email": "octo@example.test", "primary": true, "verified": "true" }]),
        json!([{ "email": "octo@example.test", "primary": true }]),
        json!([{ "email": "octo@example.test", "primary": false, "verified": true }]),
        json!([{ "email": "1+octo@users.noreply.github.com", "primary": true, "verified": true }]),
        json!([{ "email": 5, "primary": true, "verified": true }]),
        json!([]),
    ] {
        let Verified {
            assertion,
            without_email,
        } = sign_in(&settings(), &emails);
        assert_eq!(assertion.email, None, "{emails}");
        assert_eq!(
            without_email.map(|failure| failure.error),
            Some(SignInError::GithubUnverifiedEmail),
            "{emails}"
        );
    }
}

#[test]
fn case_242_the_operator_may_vouch_for_a_servers_addresses() {
    let mut settings = settings();
    settings.trust_email = TrustEmail::Always;
    let emails = json!([{ "email": "octo@example.test", "primary": true }]);
    let Verified {
        assertion,
        without_email,
    } = sign_in(&settings, &emails);
    assert!(assertion.email.is_some() && without_email.is_none());
    assert!(
        !assertion.email_verified,
        "vouching is the policy's matter, not GitHub's word"
    );
}

#[test]
fn case_227_addresses_may_be_out_of_reach() {
    for status in [403, 404] {
        let result = page_of_addresses(&answer(status, &json!({ "message": "no" })), 100);
        assert_eq!(code(result), Some(SignInError::ProviderFailure), "{status}");
    }
}

#[test]
fn another_page_is_read_only_while_the_primary_address_is_missing() {
    let secondary = json!({ "email": "a@b.test", "primary": false, "verified": true });
    let full = answer(200, &json!([secondary, secondary]));
    assert_eq!(page_of_addresses(&full, 2).ok(), Some((None, true)));
    assert_eq!(page_of_addresses(&full, 3).ok(), Some((None, false)));
}

#[test]
fn case_231_case_232_token_errors_come_with_status_200() {
    for (error, expected) in [
        ("bad_verification_code", SignInError::ProviderFailure),
        ("incorrect_client_credentials", SignInError::ProviderFailure),
        ("redirect_uri_mismatch", SignInError::ProviderFailure),
        ("unverified_user_email", SignInError::GithubUnverifiedEmail),
        ("new\r\nthing", SignInError::ProviderFailure),
    ] {
        let body = json!({ "error": error, "error_description": "x\u{202e}\n" });
        let failure = access_token(&answer(200, &body)).err().expect("a failure");
        assert_eq!(failure.error, expected, "{error}");
        assert!(!failure.cause.contains(['\r', '\n', '\u{202e}']));
    }
}

#[test]
fn case_233_only_json_is_read() {
    let token = json!({ "access_token": "gho_x", "token_type": "bearer" });
    let form = with_header(
        answer(200, &token),
        "content-type",
        "application/x-www-form-urlencoded",
    );
    assert_eq!(
        code(access_token(&form)),
        Some(SignInError::ProviderFailure)
    );
    let accepted = access_token(&answer(200, &token)).expect("a token");
    assert_eq!(accepted.expose(), "gho_x");
    for odd in [
        json!({ "access_token": "gho_x" }),
        json!({ "access_token": "gho_x", "token_type": "mac" }),
        json!({ "access_token": "", "token_type": "bearer" }),
        json!({ "access_token": "a\nb", "token_type": "bearer" }),
        json!({ "token_type": "bearer" }),
        json!([]),
    ] {
        assert_eq!(
            code(access_token(&answer(200, &odd))),
            Some(SignInError::ProviderFailure),
            "{odd}"
        );
    }
}

#[test]
fn case_239_case_240_limits_and_revoked_tokens() {
    let no = json!({ "message": "no" });
    let unavailable = [
        with_header(answer(403, &no), "x-ratelimit-remaining", "0"),
        with_header(answer(403, &no), "retry-after", "60"),
        answer(429, &no),
        answer(502, &no),
    ];
    for answer in unavailable {
        assert_eq!(
            code(person(&answer)),
            Some(SignInError::ProviderUnavailable)
        );
        assert_eq!(
            code(membership(&answer)),
            Some(SignInError::ProviderUnavailable)
        );
        assert_eq!(
            code(access_token(&answer)),
            Some(SignInError::ProviderUnavailable)
        );
    }
    assert_eq!(
        code(person(&answer(401, &no))),
        Some(SignInError::ProviderFailure)
    );
}

#[test]
fn case_237_only_active_members_pass() {
    let read = |answer: &Answer| membership(answer).expect("an answer");
    assert_eq!(
        read(&answer(200, &json!({ "state": "active" }))),
        Membership::Active
    );
    assert_eq!(
        read(&answer(200, &json!({ "state": "pending" }))),
        Membership::Pending
    );
    assert_eq!(read(&answer(200, &json!({}))), Membership::None);
    assert_eq!(read(&answer(404, &json!({}))), Membership::Unseen);
    assert_eq!(
        read(&answer(302, &json!({ "state": "active" }))),
        Membership::None
    );
    assert_eq!(read(&answer(403, &json!({}))), Membership::None);
    let sso = with_header(
        answer(403, &json!({})),
        "x-github-sso",
        "required; url=https://x",
    );
    assert_eq!(read(&sso), Membership::NeedsSingleSignOn);
    let wanted = ["oceans".to_owned()];
    assert_eq!(
        is_listed(&answer(200, &json!([{ "login": "Oceans" }])), &wanted).ok(),
        Some(true)
    );
    assert_eq!(
        is_listed(&answer(200, &json!([{ "login": "oceans2" }])), &wanted).ok(),
        Some(false)
    );
    assert_eq!(
        is_listed(&answer(404, &json!({})), &wanted).ok(),
        Some(false)
    );
}

proptest! {
    #[test]
    fn whatever_github_answers_is_read_or_refused(status in 200_u16..600, body in any::<String>()) {
        let mut answer = answer(status, &json!(null));
        answer.body = body.into_bytes().into();
        let _ = (access_token(&answer).is_ok(), person(&answer).is_ok(), membership(&answer).is_ok());
        prop_assert!(page_of_addresses(&answer, 100).map_or(true, |(address, _)| address.is_none()));
    }
}
