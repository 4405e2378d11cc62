//! From which address a client comes.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The client's address: the peer's, or, when the peer is a trusted proxy, the last address of `X-Forwarded-For` that is
/// not one itself. What stands left of that was written by the client and is not believed.
pub fn client_address(peer: IpAddr, headers: &HeaderMap, trusted_proxies: &[IpNet]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted_proxies.iter().any(|net| net.contains(&address));
    let mut client = peer.to_canonical();
    let lines: Vec<&str> = headers
        .get_all(FORWARDED_FOR)
        .into_iter()
        .map(|line| line.to_str().unwrap_or("?"))
        .collect();
    for hop in lines.iter().flat_map(|line| line.split(',')).rev() {
        if !is_trusted(client) {
            break;
        }
        let Some(address) = parse(hop.trim()) else {
            break;
        };
        client = address;
    }
    client
}

/// An address as proxies write it: bare, in brackets, or with a port.
fn parse(hop: &str) -> Option<IpAddr> {
    let bare = hop
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(hop);
    let address = bare
        .parse()
        .or_else(|_| hop.parse::<SocketAddr>().map(|socket| socket.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn client(peer: &str, forwarded: &[&'static str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(FORWARDED_FOR, HeaderValue::from_static(line));
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|net| net.parse().unwrap()).collect();
        client_address(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn case_255_a_stranger_is_not_believed() {
        assert_eq!(client("198.51.100.7", &["192.0.2.1"], &[]), "198.51.100.7");
        assert_eq!(
            client("198.51.100.7", &["192.0.2.1"], &["10.0.0.0/8"]),
            "198.51.100.7"
        );
    }

    #[test]
    fn case_255_a_trusted_proxy_is_believed_as_far_as_it_saw() {
        let proxies = ["10.0.0.0/8", "fd00::/8"];
        assert_eq!(client("10.0.0.1", &["192.0.2.1"], &proxies), "192.0.2.1");
        assert_eq!(
            client("10.0.0.1", &["203.0.113.9, 192.0.2.1, 10.0.0.2"], &proxies),
            "192.0.2.1",
            "the client wrote what stands before its own address"
        );
        assert_eq!(
            client("10.0.0.1", &["203.0.113.9", "192.0.2.1"], &proxies),
            "192.0.2.1",
            "several lines are one list"
        );
        assert_eq!(
            client("fd00::1", &["[2001:db8::1]:443"], &proxies),
            "2001:db8::1"
        );
        assert_eq!(
            client("10.0.0.1", &["192.0.2.1:5000"], &proxies),
            "192.0.2.1"
        );
        assert_eq!(
            client("::ffff:10.0.0.1", &["192.0.2.1"], &proxies),
            "192.0.2.1"
        );
    }

    #[test]
    fn case_255_nonsense_ends_the_walk() {
        let proxies = ["10.0.0.0/8"];
        assert_eq!(
            client("10.0.0.1", &["192.0.2.1, unknown"], &proxies),
            "10.0.0.1"
        );
        assert_eq!(client("10.0.0.1", &[], &proxies), "10.0.0.1");
        assert_eq!(
            client("10.0.0.1", &["10.0.0.3, 10.0.0.2"], &proxies),
            "10.0.0.3"
        );
    }
}
