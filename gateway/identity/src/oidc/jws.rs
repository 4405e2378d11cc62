//! Signed tokens in compact form (RFC 7515 §3.1), taken apart.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::json;
use crate::words::sanitised;

const LONGEST_TOKEN: usize = 128 * 1024;
const LONGEST_HEADER: usize = 8 * 1024;

/// A token whose signature is not checked yet.
pub(super) struct Jws<'a> {
    /// The name of its algorithm, as the header has it.
    pub alg: String,
    /// Which key signed it, as the header has it. Every other hint in the header (`jku`, `x5u`, `jwk`, `x5c`) is ignored:
    /// a token must not bring its own key (RFC 8725 §3.10).
    pub kid: Option<String>,
    /// Its payload, not to be believed yet.
    pub claims: Map<String, Value>,
    /// What was signed.
    pub message: &'a [u8],
    /// The signature's bytes.
    pub signature: Vec<u8>,
}

impl<'a> Jws<'a> {
    /// Takes a token apart. The error says what is wrong with its form.
    pub fn parse(token: &'a str) -> Result<Self, String> {
        if token.len() > LONGEST_TOKEN {
            return Err("the ID token is too long".to_owned());
        }
        let parts: Vec<&str> = token.split('.').collect();
        let &[header, payload, signature] = parts.as_slice() else {
            return Err(if parts.len() == 5 {
                "the ID token is encrypted, which is not supported".to_owned()
            } else {
                "the ID token has not exactly three parts".to_owned()
            });
        };
        if header.len() > LONGEST_HEADER {
            return Err("the header of the ID token is too long".to_owned());
        }
        let object = |part: &str| json::object(&URL_SAFE_NO_PAD.decode(part).ok()?);
        let header_members = object(header)
            .ok_or("the header of the ID token is no JSON object, or says a thing twice")?;
        let claims = object(payload)
            .ok_or("the payload of the ID token is no JSON object, or says a thing twice")?;
        let signature = URL_SAFE_NO_PAD
            .decode(signature)
            .map_err(|_| "the signature of the ID token is not base64url")?;
        let (alg, kid) = read_header(&header_members)?;
        Ok(Self {
            alg,
            kid,
            claims,
            message: &token.as_bytes()[..header.len() + 1 + payload.len()],
            signature,
        })
    }
}

fn read_header(header: &Map<String, Value>) -> Result<(String, Option<String>), String> {
    if header.contains_key("crit") {
        return Err("the ID token has a critical extension (crit)".to_owned());
    }
    if header.contains_key("cty") || header.contains_key("enc") {
        return Err("the ID token holds another token or is encrypted".to_owned());
    }
    match header.get("typ") {
        None => {}
        Some(Value::String(typ)) if typ.eq_ignore_ascii_case("jwt") => {}
        // An access or logout token is signed with the same key and is no proof of a sign-in (RFC 8725 §3.11).
        Some(typ) => {
            let typ = typ.as_str().map_or_else(String::new, sanitised);
            return Err(format!("the type of the ID token is {typ:?}, not JWT"));
        }
    }
    let alg = match header.get("alg") {
        Some(Value::String(alg)) => alg.clone(),
        _ => return Err("the ID token names no algorithm".to_owned()),
    };
    let kid = match header.get("kid") {
        None => None,
        Some(Value::String(kid)) => Some(kid.clone()),
        Some(_) => return Err("the kid of the ID token is not a string".to_owned()),
    };
    Ok((alg, kid))
}
