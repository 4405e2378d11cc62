//! What binds a flow to a browser.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use gateway_domain::{Secret, Token, TokenHash};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

/// How long a sign-in may take.
pub const LIFETIME: Duration = Duration::from_mins(10);

/// The cookie of one flow: `HttpOnly`, `SameSite=Lax`, `Path=/`, for [`LIFETIME`].
#[derive(Clone)]
pub struct FlowCookie {
    /// Tells flows apart, so that several tabs can be under way; it follows from the state and tells nothing about it.
    pub name: String,
    /// The browser's half of the secret.
    pub value: Token,
}

/// What the names of flow cookies begin with. Over https a browser takes a `__Host-` cookie from nobody but this very
/// host, so none can be planted (RFC 6265bis §4.1.3.2).
pub fn flow_cookie_prefix(is_https: bool) -> &'static str {
    if is_https {
        "__Host-ogw_flow_"
    } else {
        "ogw_flow_"
    }
}

pub(super) fn cookie_name(is_https: bool, state: &TokenHash) -> String {
    let digits = state.to_hex();
    let distinct = digits.get(..16).unwrap_or_default();
    format!("{}{distinct}", flow_cookie_prefix(is_https))
}

/// What only the browser and the row together can say.
pub(super) struct Derived {
    /// For the ID token (OpenID Connect Core §3.1.2.1).
    pub nonce: Secret,
    /// For the token endpoint (RFC 7636 §4.1).
    pub verifier: Secret,
}

impl Derived {
    pub(super) fn of(browser: &Token, salt: &[u8]) -> Self {
        Self {
            nonce: derive(browser, "ogw nonce", salt),
            verifier: derive(browser, "ogw pkce verifier", salt),
        }
    }

    /// The PKCE challenge, S256 (RFC 7636 §4.2).
    pub(super) fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier.expose().as_bytes()))
    }
}

/// 32 random bytes that are nobody's secret.
pub(super) fn salt() -> Vec<u8> {
    Token::generate().hash().as_bytes().to_vec()
}

fn derive(browser: &Token, purpose: &str, salt: &[u8]) -> Secret {
    let mut mac = Hmac::<Sha256>::new_from_slice(browser.expose().as_bytes())
        .unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
    mac.update(purpose.as_bytes());
    mac.update(salt);
    Secret::new(URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_083_verifiers_are_long_enough_and_never_the_same() {
        let browser = Token::generate();
        let (one, two) = (salt(), salt());
        let derived = Derived::of(&browser, &one);
        assert_eq!(derived.verifier.expose().len(), 43);
        assert_eq!(derived.nonce.expose().len(), 43);
        assert_ne!(derived.verifier.expose(), derived.nonce.expose());
        assert_ne!(derived.verifier.expose(), browser.expose());
        assert_ne!(
            derived.verifier.expose(),
            Derived::of(&browser, &two).verifier.expose()
        );
        assert_ne!(
            derived.verifier.expose(),
            Derived::of(&Token::generate(), &one).verifier.expose()
        );
        assert_eq!(
            derived.verifier.expose(),
            Derived::of(&browser, &one).verifier.expose(),
            "the callback finds what the start made"
        );
    }

    #[test]
    fn the_challenge_is_that_of_rfc_7636_appendix_b() {
        let derived = Derived {
            nonce: Secret::new(""),
            verifier: Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        };
        assert_eq!(
            derived.challenge(),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn case_054_cookie_names_carry_the_host_prefix_over_https() {
        let state = TokenHash::of(b"abc");
        assert_eq!(cookie_name(false, &state), "ogw_flow_ba7816bf8f01cfea");
        assert_eq!(
            cookie_name(true, &state),
            "__Host-ogw_flow_ba7816bf8f01cfea"
        );
    }
}
