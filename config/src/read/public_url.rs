//! `public_base_url`, which may be given in three places.

use std::net::SocketAddr;

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
                "expected the address that browsers use, such as https://gateway.example.com: \
                 http or https, a host, no path, query or credentials",
            );
            return;
        };
        if !url.is_https() && !address::is_local(url.url()) {
            field.warn(
                "plain http beyond this machine: codes and session cookies travel unprotected",
            );
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
            let spot = Spot {
                path: "server.public_base_url".to_owned(),
                pos: if server.is_given() {
                    server.key_spot().pos
                } else {
                    provider.spot.pos
                },
            };
            let message = "missing; sign-in through a provider needs it: the address that browsers use, \
                           such as https://gateway.example.com";
            server.reader().error(&spot, message);
        }
        self.found
            .into_iter()
            .next()
            .map_or_else(|| of_bind(bind), |(_, url)| url)
    }
}

/// Where the gateway listens, as a browser on the same machine reaches it.
#[expect(clippy::expect_used, reason = "every socket address makes such a URL")]
fn of_bind(bind: SocketAddr) -> PublicUrl {
    let address = if bind.ip().is_unspecified() {
        format!("http://localhost:{}", bind.port())
    } else {
        format!("http://{bind}")
    };
    let url = Url::parse(&address).ok().and_then(PublicUrl::new);
    url.expect("an address with its port is a host with its port")
}
