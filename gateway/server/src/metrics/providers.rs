//! How fresh what was fetched from the identity providers is.

use gateway_identity::{
    Context,
    providers::{Fetch, IdentityProvider},
};
use prometheus_client::registry::Registry;

use super::{Gauges, Seconds};

pub(super) fn register(ctx: &Context, registry: &mut Registry) {
    let age: Seconds<2> = Seconds::default();
    let ok: Gauges<2> = Gauges::default();
    let keys: Gauges<1> = Gauges::default();
    let live = ctx.live();
    for provider in live.providers.all() {
        let IdentityProvider::Oidc(oidc) = provider else {
            continue;
        };
        if !provider.is_enabled() {
            continue;
        }
        let key = provider.key();
        let health = oidc.health();
        for (document, fetch) in [("discovery", &health.discovery), ("jwks", &health.jwks)] {
            let Some(Fetch {
                at, ok: fetched, ..
            }) = fetch
            else {
                continue;
            };
            let labels = [
                ("provider", key.to_owned()),
                ("document", document.to_owned()),
            ];
            ok.get_or_create(&labels).set(i64::from(*fetched));
            let since = ctx.now() - *at;
            age.get_or_create(&labels).set(since.as_seconds_f64());
        }
        keys.get_or_create(&[("provider", key.to_owned())])
            .set(i64::try_from(health.keys).unwrap_or(i64::MAX));
    }
    registry.register(
        "provider_fetch_age_seconds",
        "Time since a provider's discovery document or key set was last asked for",
        age,
    );
    registry.register("provider_fetch_ok", "Whether that succeeded", ok);
    registry.register("provider_keys", "Signing keys known of a provider", keys);
}
