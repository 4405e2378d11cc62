//! Which addresses may be connected to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// On whose word a host is contacted.
#[derive(Clone, Copy, Debug)]
pub enum Scope<'a> {
    /// The operator wrote this very host and port: loopback and private addresses are meant.
    Written,
    /// A document of the provider named it: public addresses, and the private networks that the operator listed.
    Named(&'a [IpNet]),
}

/// Why an address is not connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Blocked {
    /// Instance metadata of a cloud: it answers with credentials.
    #[error("it is the address of a cloud's metadata service, which is never contacted")]
    Metadata,
    /// RFC 3927 §2.1, RFC 4291 §2.5.6.
    #[error("it is a link-local address, which is never contacted")]
    LinkLocal,
    /// `0.0.0.0/8` and `::`, which many systems take for themselves.
    #[error("it is the unspecified address, which is never contacted")]
    Unspecified,
    /// Multicast and broadcast.
    #[error("it is a multicast or broadcast address, which is never contacted")]
    Multicast,
    /// Not public, and neither written by the operator nor in `allow_private_cidrs`.
    #[error(
        "it is a loopback or private address; only http.allow_private_cidrs can allow a document to name it"
    )]
    Private,
}

/// Addresses at which clouds serve instance metadata outside the link-local ranges: AWS, Google, Scaleway, Alibaba,
/// Oracle and Azure.
const METADATA: [IpAddr; 6] = [
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x0254)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0x0042, 0, 0, 0, 0, 0, 0x0042)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
];

/// Whether `ip` may be connected to. IPv6 forms that carry an IPv4 address are judged by that address.
pub fn vet(ip: IpAddr, scope: Scope<'_>) -> Result<(), Blocked> {
    let ip = carried(ip);
    if METADATA.contains(&ip) || ip == IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)) {
        return Err(Blocked::Metadata);
    }
    let public = match ip {
        IpAddr::V4(ip) => {
            never_v4(ip)?;
            is_public_v4(ip)
        }
        IpAddr::V6(ip) => {
            never_v6(ip)?;
            is_public_v6(ip)
        }
    };
    match scope {
        Scope::Written => Ok(()),
        Scope::Named(allowed) if public || allowed.iter().any(|net| net.contains(&ip)) => Ok(()),
        Scope::Named(_) => Err(Blocked::Private),
    }
}

/// The address that a packet would end up at: the IPv4 address inside mapped (RFC 4291 §2.5.5.2), compatible
/// (§2.5.5.1), translated (RFC 2765), 6to4 (RFC 3056) and NAT64 (RFC 6052, RFC 8215) addresses.
fn carried(ip: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = ip else { return ip };
    let segments = v6.segments();
    let v4 = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match segments {
        // `::` and `::1` are addresses of their own.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => ip,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x0064, 0xff9b, 0 | 1, _, _, _, high, low]
        | [0x2002, high, low, ..] => v4(high, low),
        _ => ip,
    }
}

fn never_v4(ip: Ipv4Addr) -> Result<(), Blocked> {
    if ip.octets()[0] == 0 {
        Err(Blocked::Unspecified)
    } else if ip.is_link_local() {
        Err(Blocked::LinkLocal)
    } else if ip.is_multicast() || ip.is_broadcast() {
        Err(Blocked::Multicast)
    } else {
        Ok(())
    }
}

fn never_v6(ip: Ipv6Addr) -> Result<(), Blocked> {
    if ip.is_unspecified() {
        Err(Blocked::Unspecified)
    } else if ip.is_unicast_link_local() {
        Err(Blocked::LinkLocal)
    } else if ip.is_multicast() {
        Err(Blocked::Multicast)
    } else {
        Ok(())
    }
}

/// Outside every special block of RFC 6890 and its successors.
fn is_public_v4(ip: Ipv4Addr) -> bool {
    let special = match ip.octets() {
        [10 | 127, ..]
        | [192, 168, ..]
        | [192, 0, 0 | 2, _]
        | [198, 18 | 19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _] => true,
        [172, b, ..] => (16..32).contains(&b),
        [100, b, ..] => (64..128).contains(&b),
        [a, ..] => a >= 240,
    };
    !special
}

/// In `2000::/3`, the only range that is routed, less the special blocks in it: Teredo and the other protocol
/// assignments of `2001::/23`, and the documentation ranges.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    let documentation =
        (first == 0x2001 && second == 0x0db8) || (first == 0x3fff && second < 0x1000);
    let assignments = first == 0x2001 && second < 0x0200;
    first & 0xe000 == 0x2000 && !documentation && !assignments
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(ip: &str) -> Result<(), Blocked> {
        vet(ip.parse().expect("an address"), Scope::Written)
    }

    fn named(ip: &str, allowed: &[&str]) -> Result<(), Blocked> {
        let nets: Vec<IpNet> = allowed
            .iter()
            .map(|net| net.parse().expect("a network"))
            .collect();
        vet(ip.parse().expect("an address"), Scope::Named(&nets))
    }

    const EVERYTHING: [&str; 2] = ["0.0.0.0/0", "::/0"];

    #[test]
    fn case_123_link_local_and_metadata_never() {
        for ip in [
            "169.254.169.254",
            "169.254.0.1",
            "::ffff:169.254.169.254",
            "::169.254.169.254",
            "::ffff:0:169.254.169.254",
            "2002:a9fe:a9fe::1",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::169.254.169.254",
            "fe80::1",
            "febf::1",
            "fd00:ec2::254",
            "fd20:ce::254",
            "100.100.100.200",
            "192.0.0.192",
            "168.63.129.16",
        ] {
            assert!(written(ip).is_err(), "{ip}");
            assert!(named(ip, &EVERYTHING).is_err(), "{ip}");
        }
        assert_eq!(written("169.254.169.254"), Err(Blocked::Metadata));
        assert_eq!(written("::ffff:169.254.169.254"), Err(Blocked::Metadata));
        assert_eq!(written("fe80::1"), Err(Blocked::LinkLocal));
    }

    #[test]
    fn case_123_unspecified_multicast_and_broadcast_never() {
        for ip in [
            "0.0.0.0",
            "0.1.2.3",
            "::",
            "::ffff:0.0.0.0",
            "64:ff9b::",
            "224.0.0.1",
            "239.255.255.255",
            "255.255.255.255",
            "ff02::1",
            "ff0e::1",
            "::ffff:224.0.0.1",
        ] {
            assert!(written(ip).is_err(), "{ip}");
            assert!(named(ip, &EVERYTHING).is_err(), "{ip}");
        }
    }

    #[test]
    fn case_123_private_only_when_written_or_listed() {
        for ip in [
            "127.0.0.1",
            "127.0.0.2",
            "::1",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "198.18.0.1",
            "192.0.2.1",
            "203.0.113.9",
            "240.0.0.1",
            "fc00::1",
            "fd12:3456::1",
            "fec0::1",
            "2001:db8::1",
            "2001::1",
            "3fff::1",
            "100::1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "::ffff:10.0.0.1",
            "2002:7f00:1::",
            "64:ff9b::10.0.0.1",
        ] {
            assert_eq!(written(ip), Ok(()), "{ip}");
            assert_eq!(named(ip, &[]), Err(Blocked::Private), "{ip}");
            assert_eq!(named(ip, &EVERYTHING), Ok(()), "{ip}");
        }
    }

    #[test]
    fn case_123_a_listed_network_allows_itself_and_no_more() {
        assert_eq!(named("127.0.0.1", &["127.0.0.1/32"]), Ok(()));
        assert_eq!(named("::ffff:127.0.0.1", &["127.0.0.1/32"]), Ok(()));
        for ip in ["127.0.0.2", "::1", "::ffff:127.0.0.2", "10.0.0.1"] {
            assert_eq!(named(ip, &["127.0.0.1/32"]), Err(Blocked::Private), "{ip}");
        }
        assert_eq!(
            named("0.0.0.0", &["127.0.0.1/32"]),
            Err(Blocked::Unspecified)
        );
    }

    #[test]
    fn case_123_public_addresses_pass() {
        for ip in [
            "1.1.1.1",
            "172.32.0.1",
            "172.15.0.1",
            "100.128.0.1",
            "192.0.1.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2001:4860::8888",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
        ] {
            assert_eq!(named(ip, &[]), Ok(()), "{ip}");
        }
    }

    proptest! {
        #[test]
        fn case_123_no_form_of_an_ipv4_address_is_judged_more_mildly(octets in any::<[u8; 4]>()) {
            let v4 = Ipv4Addr::from(octets);
            let [a, b, c, d] = octets.map(u16::from);
            let (high, low) = (a << 8 | b, c << 8 | d);
            let mut forms = vec![
                v4.to_ipv6_mapped(),
                Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
                Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
            ];
            if high != 0 {
                forms.push(Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, low));
            }
            for form in forms {
                prop_assert_eq!(vet(form.into(), Scope::Named(&[])), vet(v4.into(), Scope::Named(&[])));
                prop_assert_eq!(vet(form.into(), Scope::Written), vet(v4.into(), Scope::Written));
            }
        }

        #[test]
        fn case_123_what_a_document_may_name_the_operator_may_write(octets in any::<[u8; 16]>()) {
            let ip = IpAddr::from(octets);
            if vet(ip, Scope::Named(&[])).is_ok() {
                prop_assert_eq!(vet(ip, Scope::Written), Ok(()));
            }
        }
    }
}
