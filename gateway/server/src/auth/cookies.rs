//! Flow cookies on the wire.

use axum::http::{HeaderMap, header::COOKIE};
use gateway_config::PublicUrl;
use gateway_identity::flow::{FlowCookie, LIFETIME, flow_cookie_prefix};

/// How a flow's name ends.
const DISTINCT: usize = 16;

/// The `Set-Cookie` that hands the browser its half of a flow.
pub(super) fn set(public: &PublicUrl, cookie: &FlowCookie) -> String {
    let FlowCookie { name, value } = cookie;
    line(public, name, value.expose(), LIFETIME.as_secs())
}

/// The `Set-Cookie` that takes it away again.
pub(super) fn clear(public: &PublicUrl, name: impl AsRef<str>) -> String {
    line(public, name.as_ref(), "", 0)
}

fn line(public: &PublicUrl, name: &str, value: &str, seconds: u64) -> String {
    let secure = if public.is_https() { "; Secure" } else { "" };
    format!("{name}={value}; Max-Age={seconds}; Path=/; HttpOnly; SameSite=Lax{secure}")
}

/// The value of the cookie with exactly this name.
pub(super) fn find(headers: &HeaderMap, name: &str) -> Option<String> {
    pairs(headers)
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value.to_owned())
}

/// The names of the browser's flow cookies, the oldest first: that is how browsers send them (RFC 6265 §5.4).
pub(super) fn flows(headers: &HeaderMap, is_https: bool) -> Vec<&str> {
    let prefix = flow_cookie_prefix(is_https);
    let is_flow = |name: &str| {
        name.strip_prefix(prefix).is_some_and(|rest| {
            rest.len() == DISTINCT && rest.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
    };
    pairs(headers)
        .map(|(name, _)| name)
        .filter(|name| is_flow(name))
        .collect()
}

fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers
        .get_all(COOKIE)
        .into_iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
}

#[cfg(test)]
mod tests {
    use gateway_domain::Token;

    use super::*;

    fn public(url: &str) -> PublicUrl {
        PublicUrl::new(url.parse().expect("a URL")).expect("a public URL")
    }

    fn headers(lines: &[&str]) -> HeaderMap {
        lines
            .iter()
            .map(|line| (COOKIE, line.parse().expect("a header")))
            .collect()
    }

    #[test]
    fn case_198_attributes_follow_the_public_address() {
        let cookie = FlowCookie {
            name: "ogw_flow_0123456789abcdef".to_owned(),
            value: Token::presented("v").expect("a token"),
        };
        assert_eq!(
            set(&public("http://localhost:8080"), &cookie),
            "ogw_flow_0123456789abcdef=v; Max-Age=600; Path=/; HttpOnly; SameSite=Lax"
        );
        assert_eq!(
            clear(
                &public("https://gw.example"),
                "__Host-ogw_flow_0123456789abcdef"
            ),
            "__Host-ogw_flow_0123456789abcdef=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure"
        );
    }

    #[test]
    fn case_054_the_unprefixed_twin_is_another_cookie() {
        let headers = headers(&["ogw_flow_0123456789abcdef=planted; a=b", "c=d=e"]);
        assert_eq!(find(&headers, "__Host-ogw_flow_0123456789abcdef"), None);
        assert!(flows(&headers, true).is_empty());
        assert_eq!(find(&headers, "c").as_deref(), Some("d=e"));
    }

    #[test]
    fn only_well_formed_names_are_flows() {
        let headers = headers(&[
            "ogw_flow_0123456789abcdef=1; ogw_flow_x=2; ogw_flow_fedcba9876543210=3; ogw_flow_0123456789abcdeg=4",
        ]);
        assert_eq!(
            flows(&headers, false),
            ["ogw_flow_0123456789abcdef", "ogw_flow_fedcba9876543210"]
        );
    }
}
