//! The query of a callback. Anybody can send one, so whatever is odd about it ends here.

use gateway_domain::{Secret, Token};
use url::form_urlencoded;

use crate::words::sanitised;
use crate::{SignInError, SignInFailure};

const LONGEST_QUERY: usize = 16 * 1024;
const LONGEST_CODE: usize = 4 * 1024;
const LONGEST_ISSUER: usize = 2 * 1024;
const LONGEST_ERROR: usize = 256;

/// What the provider sent along (RFC 6749 §4.1.2, RFC 9207 §2).
pub(super) struct Parameters {
    pub state: Token,
    pub iss: Option<String>,
    pub answer: Answer,
}

/// The provider's answer.
pub(super) enum Answer {
    /// Yes: a code to exchange.
    Code(Secret),
    /// No, or not now (RFC 6749 §4.1.2.1).
    Error {
        code: String,
        description: Option<String>,
    },
    /// Nothing of the kind.
    Neither,
}

/// Reads the query. Parameters of no concern are ignored, however many; one that counts may come once and not empty.
pub(super) fn parse(query: &str) -> Result<Parameters, SignInFailure> {
    if query.len() > LONGEST_QUERY {
        return Err(odd("is too long"));
    }
    let [mut state, mut iss, mut code, mut error, mut description] = [const { None }; 5];
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let slot = match &*name {
            "state" => &mut state,
            "iss" => &mut iss,
            "code" => &mut code,
            "error" => &mut error,
            "error_description" => {
                description.get_or_insert(value);
                continue;
            }
            _ => continue,
        };
        if value.is_empty() {
            return Err(odd("has an empty parameter"));
        }
        if slot.replace(value).is_some() {
            return Err(odd("has a parameter twice"));
        }
    }
    let state = state.ok_or_else(|| odd("has no state"))?;
    let too_long = |text: &Option<std::borrow::Cow<'_, str>>, most: usize| {
        text.as_ref().is_some_and(|text| text.len() > most)
    };
    if too_long(&code, LONGEST_CODE)
        || too_long(&iss, LONGEST_ISSUER)
        || too_long(&error, LONGEST_ERROR)
    {
        return Err(odd("has a parameter that is too long"));
    }
    if code
        .as_ref()
        .is_some_and(|code| code.contains(char::is_control))
    {
        return Err(odd("has a code with control characters"));
    }
    let answer = match (error, code) {
        (Some(code), _) => Answer::Error {
            code: code.into_owned(),
            description: description.map(std::borrow::Cow::into_owned),
        },
        (None, Some(code)) => Answer::Code(Secret::new(code)),
        (None, None) => Answer::Neither,
    };
    Ok(Parameters {
        state: Token::presented(&state).ok_or_else(|| odd("has a state that is none of ours"))?,
        iss: iss.map(std::borrow::Cow::into_owned),
        answer,
    })
}

/// The provider's "no" in our terms. Its words go to the audit trail and nowhere else.
pub(super) fn refusal(code: &str, description: Option<&str>) -> SignInFailure {
    let error = match code {
        "access_denied" => SignInError::AccessDenied,
        "server_error" | "temporarily_unavailable" => SignInError::ProviderUnavailable,
        _ => SignInError::ProviderFailure,
    };
    let description = description.map(|text| format!(": {}", sanitised(text)));
    let cause = format!(
        "the provider answered error={}{}",
        sanitised(code),
        description.unwrap_or_default()
    );
    SignInFailure::new(error, cause)
}

fn odd(what: &str) -> SignInFailure {
    SignInFailure::new(SignInError::StateInvalid, format!("the callback {what}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STATE: &str = "gsIAQDfWxBZqcVPVLbUUJGGSLzBwFPcyNu1uxGSHaHk";

    fn is_refused(query: &str) -> bool {
        parse(query).is_err_and(|failure| failure.error == SignInError::StateInvalid)
    }

    #[test]
    fn case_056_state_comes_once_and_is_one_of_ours() {
        for query in [
            String::new(),
            "state=".to_owned(),
            "code=c".to_owned(),
            format!("state={STATE}&state={STATE}&code=c"),
            format!("state={STATE}&sta%74e=b&code=c"),
            format!("code=c&state={}", "a".repeat(10_000)),
            format!("code=c&state={}", "a".repeat(257)),
            "code=c&state=a%00b".to_owned(),
            "code=c&state=%ff%fe".to_owned(),
            "code=c&state=a%20b".to_owned(),
        ] {
            assert!(is_refused(&query), "{query}");
        }
    }

    #[test]
    fn case_056_other_parameters_come_once_and_are_not_too_long() {
        for rest in [
            "code=a&code=b".to_owned(),
            "code=".to_owned(),
            "iss=a&iss=a&code=c".to_owned(),
            "iss=&code=c".to_owned(),
            "error=a&error=b".to_owned(),
            "code=a%0d%0ab".to_owned(),
            format!("code={}", "a".repeat(4097)),
            format!("error={}", "a".repeat(10_000)),
            format!("code=c&iss={}", "a".repeat(10_000)),
            format!("code=c&x={}", "a".repeat(20_000)),
        ] {
            assert!(is_refused(&format!("state={STATE}&{rest}")), "{rest}");
        }
    }

    #[test]
    fn case_089_only_the_code_counts() {
        let query = format!(
            "id_token=x&access_token=y&response_type=z&code=a%2Fb%2Bc&state={STATE}&foo=1&foo=2"
        );
        let parameters = parse(&query).expect("parameters");
        assert_eq!(parameters.state.expose(), STATE);
        assert!(matches!(&parameters.answer, Answer::Code(code) if code.expose() == "a/b+c"));
        assert!(parameters.iss.is_none());
        let without = parse(&format!("id_token=x&state={STATE}")).expect("parameters");
        assert!(matches!(without.answer, Answer::Neither));
    }

    #[test]
    fn an_error_wins_over_a_code() {
        let query = format!("code=c&error=access_denied&state={STATE}&iss=https%3A%2F%2Fa");
        let parameters = parse(&query).expect("parameters");
        assert!(
            matches!(&parameters.answer, Answer::Error { code, .. } if code == "access_denied")
        );
        assert_eq!(parameters.iss.as_deref(), Some("https://a"));
    }

    #[test]
    fn case_064_case_066_errors_in_our_terms() {
        for (code, expected) in [
            ("access_denied", SignInError::AccessDenied),
            ("server_error", SignInError::ProviderUnavailable),
            ("temporarily_unavailable", SignInError::ProviderUnavailable),
            ("login_required", SignInError::ProviderFailure),
            ("interaction_required", SignInError::ProviderFailure),
            ("consent_required", SignInError::ProviderFailure),
            ("invalid_scope", SignInError::ProviderFailure),
            ("unauthorized_client", SignInError::ProviderFailure),
            ("invalid_request", SignInError::ProviderFailure),
            ("redirect_uri_mismatch", SignInError::ProviderFailure),
            ("application_suspended", SignInError::ProviderFailure),
            ("ACCESS_DENIED", SignInError::ProviderFailure),
            ("<script>", SignInError::ProviderFailure),
        ] {
            assert_eq!(refusal(code, None).error, expected, "{code}");
        }
    }

    #[test]
    fn case_067_the_description_reaches_the_cause_cut_and_clean() {
        let failure = refusal(
            "x\u{202e}\n",
            Some(&format!("<b>\r\n\u{2028}{}", "y".repeat(10_000))),
        );
        assert!(
            failure
                .cause
                .starts_with("the provider answered error=x: <b>yyy")
        );
        assert!(failure.cause.len() < 400);
    }

    proptest! {
        #[test]
        fn arbitrary_queries_never_panic(query in any::<String>()) {
            let _ = parse(&query);
        }

        #[test]
        fn arbitrary_parameters_are_read_or_refused(
            pairs in proptest::collection::vec(("state|code|iss|error|error_description|[a-z]{0,3}", any::<String>()), 0..8),
        ) {
            let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
            let count = |name: &str| pairs.iter().filter(|(key, _)| key == name).count();
            match parse(&query) {
                Ok(parameters) => {
                    prop_assert_eq!(count("state"), 1);
                    prop_assert!(count("code") <= 1 && count("iss") <= 1 && count("error") <= 1);
                    let state = pairs.iter().find(|(key, _)| key == "state").map(|(_, value)| value.as_str());
                    prop_assert_eq!(state, Some(parameters.state.expose()));
                }
                Err(failure) => prop_assert_eq!(failure.error, SignInError::StateInvalid),
            }
        }
    }
}
