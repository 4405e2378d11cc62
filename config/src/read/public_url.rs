//! `public_base_url`, which may be given in three places.

use std::net::{IpAddr, SocketAddr};

use url::Url;

use super::{address, key::Names};
use crate::{
    PublicUrl,
    source::{Field, Spot},
};

/// What the places say.
#[derive(Default)]
pub(super) struct PublicUrls {
    is_given: bool,
    found: Vec<(Spot, PublicUrl)>,
}

impl PublicUrls {
    /// Reads one of the places. One that disagrees with an earlier one is an error: redirects, cookies and links would
    /// otherwise depend on which is asked.
    pub fn read(&mut self, field: &Field<'_>) {
        self.is_given |= field.is_given();
        let Some(url) = field.text().map(|text| text.value) else {
            return;
        };
        let Some(url) = Url::parse(&url).ok().and_then(PublicUrl::new) else {
            field.error(
                "expected the address that browsers use, such as https://gateway.example.com: http or https, a host, no path, query or credentials",
            );
            return;
        };
        if !url.is_https() && !address::is_local(url.url()) {
            field.warn("plain http beyond this machine: codes and session cookies travel unprotected");
        }
        if let Some((first, other)) = self.found.first()
            && *other != url
        {
            field.error(format!(
                "{url} disagrees with {other} in {}; give it once",
                first.path
            ));
        }
        self.found.push((field.spot().clone(), url));
    }

    /// The address, once every place was read.
    pub fn settle(self, server: &Field<'_>, bind: SocketAddr, names: &Names) -> PublicUrl {
        if let Some(provider) = names.enabled()
            && !self.is_given
        {
            let mut section = server.section();
            let spot = Spot {
                path: section.field("public_base_url").spot().path.clone(),
                pos: if server.is_given() {
                    server.key_spot().pos
                } else {
                    provider.spot.pos
                },
            };
            let message = format!(
                "missing; sign-in through {} needs it: the address that browsers use, such as https://gateway.example.com",
                provider.key
            );
            section.reader().error(&spot, message);
        }
        self.found
            .into_iter()
            .next()
            .map_or_else(|| of_bind(bind), |(_, url)| url)
    }
}

/// Where the gateway listens, as a browser on the same machine reaches it.
fn of_bind(bind: SocketAddr) -> PublicUrl {
    let port = bind.port();
    let address = match bind.ip() {
        ip if ip.is_unspecified() => format!("http://localhost:{port}"),
        IpAddr::V4(ip) => format!("http://{ip}:{port}"),
        IpAddr::V6(ip) => format!("http://[{ip}]:{port}"),
    };
    address::fixed_public(&address)
}
