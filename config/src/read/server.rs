//! `server`.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use ipnet::IpNet;

use super::{http, public_url::PublicUrls};
use crate::{PublicUrl, Server, source::Field};

const BIND: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
const METRICS_BIND: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 9464);
const DRAIN: Duration = Duration::from_secs(30);
const LONGEST_DRAIN: Duration = Duration::from_hours(1);

/// `server` while its public address is not yet known: other sections may give it.
pub(super) struct Draft {
    pub bind: SocketAddr,
    metrics_bind: Option<SocketAddr>,
    trusted_proxies: Vec<IpNet>,
    drain_timeout: Duration,
}

impl Draft {
    pub fn with(self, public_base_url: PublicUrl) -> Server {
        Server {
            bind: self.bind,
            metrics_bind: self.metrics_bind,
            public_base_url,
            trusted_proxies: self.trusted_proxies,
            drain_timeout: self.drain_timeout,
        }
    }
}

pub(super) fn read(field: &Field<'_>, urls: &mut PublicUrls) -> Draft {
    let mut section = field.section();
    let bind = section
        .field("bind")
        .parse(|text| text.parse().map_err(|_| expected("")))
        .unwrap_or(BIND);
    let metrics_bind = section.field("metrics_bind").parse(|text| match text {
        "off" => Ok(None),
        _ => text.parse().map(Some).map_err(|_| expected(", or off")),
    });
    urls.read(&section.field("public_base_url"));
    Draft {
        bind,
        metrics_bind: metrics_bind.unwrap_or(Some(METRICS_BIND)),
        trusted_proxies: http::networks(&section.field("trusted_proxies")),
        drain_timeout: section
            .field("drain_timeout")
            .duration(Duration::from_secs(1)..=LONGEST_DRAIN)
            .unwrap_or(DRAIN),
    }
}

fn expected(or: &str) -> String {
    format!("expected an IP address and a port such as 127.0.0.1:8080{or}")
}
