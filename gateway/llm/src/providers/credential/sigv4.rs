//! AWS Signature Version 4, for Bedrock.
//!
//! Written out here because the vendor's crates bring a runtime of some thirty crates for what is two hashes and five HMACs.

#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use aws_lc_rs::{
    digest::{SHA256, digest},
    hmac,
};
use chrono::{DateTime, Utc};
use http::{HeaderValue, header::AUTHORIZATION};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Keys, sensitive};
use crate::providers::link::Outgoing;

const SERVICE: &str = "bedrock";

/// A path is encoded once more than it is sent, for every service but S3.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// Signs a call that is otherwise ready: its host, its path, its body.
pub(super) fn sign(
    request: &mut Outgoing,
    host: &HeaderValue,
    body: &[u8],
    keys: &Keys,
    region: &str,
    at: DateTime<Utc>,
) {
    let date = at.format("%Y%m%dT%H%M%SZ").to_string();
    let mut signed = vec![
        ("host", host.to_str().unwrap_or_default().to_owned()),
        ("x-amz-date", date.clone()),
    ];
    if let Some(token) = keys.session_token() {
        signed.push(("x-amz-security-token", token.to_owned()));
    }
    let uri = request.uri();
    let canonical = Canonical {
        method: request.method().as_str(),
        path: uri.path(),
        query: uri.query().unwrap_or_default(),
        headers: &signed,
        body,
    };
    let authorization = canonical.authorization(keys, region, SERVICE, &date);
    let headers = request.headers_mut();
    if let Ok(date) = HeaderValue::from_str(&date) {
        headers.insert("x-amz-date", date);
    }
    if let Some(token) = keys.session_token().and_then(sensitive) {
        headers.insert("x-amz-security-token", token);
    }
    if let Some(authorization) = sensitive(&authorization) {
        headers.insert(AUTHORIZATION, authorization);
    }
}

/// What is signed of a call. The headers are sorted by name.
struct Canonical<'a> {
    method: &'a str,
    path: &'a str,
    query: &'a str,
    headers: &'a [(&'a str, String)],
    body: &'a [u8],
}

impl Canonical<'_> {
    fn authorization(&self, keys: &Keys, region: &str, service: &str, date: &str) -> String {
        let day = &date[..8];
        let scope = format!("{day}/{region}/{service}/aws4_request");
        let hashed = hex(digest(&SHA256, self.request().as_bytes()).as_ref());
        let to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashed}");
        let mut key = format!("AWS4{}", keys.secret()).into_bytes();
        for part in [day, region, service, "aws4_request"] {
            key = hmac256(&key, part.as_bytes());
        }
        format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={}, Signature={}",
            keys.id(),
            self.names(),
            hex(&hmac256(&key, to_sign.as_bytes())),
        )
    }

    fn request(&self) -> String {
        let mut text = format!(
            "{}\n{}\n{}\n",
            self.method,
            utf8_percent_encode(self.path, PATH),
            self.query,
        );
        for (name, value) in self.headers {
            let _ = writeln!(text, "{name}:{}", value.trim());
        }
        let body = hex(digest(&SHA256, self.body).as_ref());
        let _ = write!(text, "\n{}\n{body}", self.names());
        text
    }

    fn names(&self) -> String {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| *name).collect();
        names.join(";")
    }
}

fn hmac256(key: &[u8], data: &[u8]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, data).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}
