//! Addresses of providers: what an operator may write.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use crate::source::Field;

/// Names under which clouds serve credentials to whoever asks.
const METADATA_NAMES: [&str; 4] = [
    "metadata",
    "metadata.google.internal",
    "metadata.goog",
    "instance-data",
];
/// Metadata services beyond the link-local networks: Alibaba Cloud, Azure, Oracle Cloud.
const METADATA_V4: [Ipv4Addr; 3] = [
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(168, 63, 129, 16),
    Ipv4Addr::new(192, 0, 0, 192),
];
/// AWS.
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

/// Whether a query may be part of the address.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Query {
    /// Endpoints may have one (RFC 6749 §3.1, §3.2).
    Allowed,
    /// Issuers (OIDC Discovery §2) and base addresses have none.
    Refused,
}

/// Reads an address that the gateway talks to. No message shows it: it may hold what should not be in it.
pub(super) fn read(field: &Field<'_>, query: Query, allow_insecure: bool) -> Option<Url> {
    let text = field.text()?.value;
    check(field, &text, query, allow_insecure)
}

/// An address that paths are added to: without a query, and without a slash at its end.
pub(super) fn base(field: &Field<'_>, allow_insecure: bool) -> Option<Url> {
    let mut url = read(field, Query::Refused, allow_insecure)?;
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Some(url)
}

/// The same for a text that was read already.
pub(super) fn check(
    field: &Field<'_>,
    text: &str,
    query: Query,
    allow_insecure: bool,
) -> Option<Url> {
    let expected = "expected an address such as https://idp.example.com/";
    // The URL parser drops them, and addresses are compared byte by byte.
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        field.error(format!("{expected}, without spaces"));
        return None;
    }
    let url = match Url::parse(text) {
        Ok(url) => url,
        Err(reason) => {
            field.error(format!("{expected}; {reason}"));
            return None;
        }
    };
    if !matches!(url.scheme(), "http" | "https") {
        field.error(format!("{expected}, with http or https"));
        return None;
    }
    let mut flaws = Vec::new();
    if !url.username().is_empty() || url.password().is_some() {
        flaws.push("credentials do not belong into an address");
    }
    if query == Query::Refused && url.query().is_some() {
        flaws.push("expected no query");
    }
    if url.fragment().is_some() {
        flaws.push("expected no fragment");
    }
    if is_forbidden(&url) {
        flaws.push("a link-local or metadata address is never talked to");
    } else if url.scheme() == "http" && !allow_insecure && !is_local(&url) {
        flaws.push(
            "expected https; plain http is for loopback addresses and names ending in .localhost, \
             or with http.allow_insecure",
        );
    }
    for flaw in &flaws {
        field.error(*flaw);
    }
    flaws.is_empty().then_some(url)
}

/// Whether the address cannot leave this machine.
pub(super) fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.to_canonical().is_loopback(),
        None => false,
    }
}

fn is_forbidden(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => METADATA_NAMES.contains(&name.trim_end_matches('.')),
        Some(Host::Ipv4(ip)) => is_forbidden_v4(ip),
        Some(Host::Ipv6(ip)) => match ip.to_canonical() {
            IpAddr::V4(ip) => is_forbidden_v4(ip),
            IpAddr::V6(ip) => ip.is_unicast_link_local() || ip == METADATA_V6,
        },
        None => true,
    }
}

fn is_forbidden_v4(ip: Ipv4Addr) -> bool {
    ip.is_link_local() || METADATA_V4.contains(&ip)
}

/// An address that the gateway knows by itself.
#[expect(clippy::expect_used, reason = "the addresses are constants")]
pub(super) fn fixed(address: &'static str) -> Url {
    Url::parse(address).expect("a constant address")
}
