//! Names to addresses, vetted: what was vetted is what is connected to, so a name cannot change its mind in between.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::{Blocked, Scope, vet};

/// Resolves by the system, then keeps what its scope allows.
pub(super) enum Resolver {
    /// For hosts that the operator wrote.
    Written,
    /// For hosts that documents name.
    Named(Arc<[IpNet]>),
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let networks = match self {
            Self::Written => None,
            Self::Named(networks) => Some(Arc::clone(networks)),
        };
        Box::pin(async move {
            let addresses = lookup(name.as_str()).await?;
            let scope = networks.as_deref().map_or(Scope::Written, Scope::Named);
            let vetted = keep(addresses, scope)?;
            Ok(Box::new(vetted.into_iter()) as Addrs)
        })
    }
}

/// The addresses that may be connected to, or why none may.
fn keep(addresses: Vec<SocketAddr>, scope: Scope<'_>) -> Result<Vec<SocketAddr>, Blocked> {
    let mut refusal = None;
    let mut allowed = Vec::with_capacity(addresses.len());
    for address in addresses {
        match vet(address.ip(), scope) {
            Ok(()) => allowed.push(address),
            Err(reason) => refusal = Some(reason),
        }
    }
    match refusal {
        Some(reason) if allowed.is_empty() => Err(reason),
        _ => Ok(allowed),
    }
}

/// Asks the system first, so that a hosts file or a container's DNS has its say. A `.localhost` name that the system
/// does not know is this machine (RFC 6761 §6.3).
async fn lookup(name: &str) -> io::Result<Vec<SocketAddr>> {
    let found = tokio::net::lookup_host((name, 0))
        .await
        .map(Iterator::collect::<Vec<_>>);
    match found {
        Ok(addresses) if !addresses.is_empty() => Ok(addresses),
        _ if is_localhost(name) => Ok([
            IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(Ipv6Addr::LOCALHOST),
        ]
        .map(|ip| SocketAddr::new(ip, 0))
        .to_vec()),
        Ok(_) => Err(io::Error::from(io::ErrorKind::NotFound)),
        Err(error) => Err(error),
    }
}

/// `localhost` and every name below it.
pub(super) fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let tail = name
        .len()
        .checked_sub("localhost".len())
        .and_then(|at| name.get(at..));
    tail.is_some_and(|tail| tail.eq_ignore_ascii_case("localhost"))
        && (name.len() == "localhost".len()
            || name[..name.len() - "localhost".len()].ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_localhost() {
        for name in [
            "localhost",
            "LOCALHOST",
            "localhost.",
            "authentik.localhost",
            "a.b.localhost.",
        ] {
            assert!(is_localhost(name), "{name}");
        }
        for name in [
            "",
            "evillocalhost",
            "localhost.com",
            "local",
            "ölocalhost",
            "host",
        ] {
            assert!(!is_localhost(name), "{name}");
        }
    }

    #[test]
    fn case_123_a_name_with_one_bad_address_keeps_the_good_ones() {
        let mixed = ["10.0.0.1:0", "1.1.1.1:0"]
            .map(|text| text.parse().expect("an address"))
            .to_vec();
        let kept = keep(mixed, Scope::Named(&[])).expect("one is public");
        assert_eq!(
            kept.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["1.1.1.1:0"]
        );
        let rebound = vec!["127.0.0.1:0".parse().expect("an address")];
        assert_eq!(keep(rebound, Scope::Named(&[])), Err(Blocked::Private));
    }

    #[tokio::test]
    async fn unknown_localhost_names_are_this_machine() {
        let addresses = lookup("surely-unknown-name.localhost")
            .await
            .expect("RFC 6761");
        assert!(addresses.iter().all(|address| address.ip().is_loopback()));
        let blocked = Resolver::Named(Arc::from([]))
            .resolve("surely-unknown-name.localhost".parse().expect("a name"))
            .await
            .err()
            .expect("a document may not name this machine");
        assert_eq!(blocked.downcast_ref::<Blocked>(), Some(&Blocked::Private));
    }
}
