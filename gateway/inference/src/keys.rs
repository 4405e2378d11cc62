//! Which key a caller presents. Its places are those of all the vendors' SDKs.

use gateway_domain::{ApiKeySecret, KeySecretFault};
use http::{HeaderMap, header::AUTHORIZATION};

use crate::refusal::Refusal;

const PLAIN: [&str; 3] = ["x-api-key", "api-key", "x-goog-api-key"];

/// The one key of a request. Texts that are no keys of ours (an SDK's placeholder beside a real key) are passed over.
pub(crate) fn presented(headers: &HeaderMap, query: Option<&str>) -> Result<ApiKeySecret, Refusal> {
    if query.is_some_and(names_key) {
        return Err(Refusal::unauthenticated(
            "An API key in the address ends up in logs: replace this one, and send keys in the Authorization header.",
        ));
    }
    let mut found: Option<&str> = None;
    let mut foreign = false;
    for text in texts(headers) {
        if !text.starts_with("sk-ogw-") {
            foreign = true;
        } else if found.is_some_and(|found| found != text) {
            return Err(Refusal::unauthenticated(
                "The request carries two different API keys of this gateway.",
            ));
        } else {
            found = Some(text);
        }
    }
    let Some(text) = found else {
        return Err(Refusal::unauthenticated(if foreign {
            "This is no API key of this gateway: they begin with sk-ogw-."
        } else {
            "The request carries no API key: send `Authorization: Bearer sk-ogw-…`."
        }));
    };
    ApiKeySecret::presented(text).map_err(|fault| {
        Refusal::unauthenticated(match fault {
            KeySecretFault::Mistyped => "This API key is mistyped or cut short.",
            KeySecretFault::Foreign => {
                "This is no API key of this gateway: they begin with sk-ogw-."
            }
        })
    })
}

fn texts(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let bearer = headers
        .get_all(AUTHORIZATION)
        .into_iter()
        .filter_map(|value| bearer(value.to_str().ok()?));
    let plain = PLAIN
        .iter()
        .flat_map(|name| headers.get_all(*name))
        .filter_map(|value| value.to_str().ok());
    bearer
        .chain(plain)
        .map(str::trim)
        .filter(|text| !text.is_empty())
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, text) = value.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(text)
}

fn names_key(query: &str) -> bool {
    query
        .split('&')
        .any(|pair| pair.split('=').next() == Some("key") || pair.contains("sk-ogw-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(headers: &[(&'static str, &str)], query: Option<&str>) -> Result<String, String> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        presented(&map, query)
            .map(|key| key.expose().to_owned())
            .map_err(|refusal| refusal.error().message.clone())
    }

    #[test]
    fn a_key_is_found_wherever_an_sdk_puts_it() {
        let key = ApiKeySecret::generate();
        let key = key.expose();
        for name in PLAIN {
            assert_eq!(ask(&[(name, key)], None).as_deref(), Ok(key));
        }
        for value in [format!("Bearer {key}"), format!("bearer  {key} ")] {
            assert_eq!(ask(&[("authorization", &value)], None).as_deref(), Ok(key));
        }
        let both = [
            ("authorization", &*format!("Bearer {key}")),
            ("x-api-key", key),
        ];
        assert_eq!(ask(&both, Some("beta=true")).as_deref(), Ok(key));
        let placeholder = [("authorization", "Bearer sk-proj-1"), ("x-api-key", key)];
        assert_eq!(ask(&placeholder, None).as_deref(), Ok(key));
    }

    #[test]
    fn what_is_no_single_key_is_told_apart() {
        let (one, two) = (ApiKeySecret::generate(), ApiKeySecret::generate());
        let (one, two) = (one.expose(), two.expose());
        let says = |headers: &[(&'static str, &str)], query, part: &str| {
            let told = ask(headers, query).unwrap_err();
            assert!(told.contains(part), "{told}");
            assert!(!told.contains(one) && !told.contains(two));
        };
        says(
            &[("x-api-key", one), ("api-key", two)],
            None,
            "two different",
        );
        says(&[], None, "no API key:");
        says(&[("authorization", "Basic abc")], None, "no API key:");
        says(&[("x-api-key", "sk-ant-1")], None, "begin with sk-ogw-");
        says(&[("x-api-key", &one[..40])], None, "mistyped");
        says(&[("x-api-key", one)], Some("a=1&key=x"), "in the address");
        says(&[], Some(&format!("token={one}")), "in the address");
    }
}
