//! `gateway check`.

use std::sync::Arc;

use gateway_config::Config;
use gateway_domain::{Clock, SystemClock};
use gateway_identity::providers::{IdentityProvider, Providers};

use super::{Failure, Shared, open, print};

pub(super) async fn run(shared: &Shared, online: bool) -> Result<(), Failure> {
    let config = open::config(shared)?;
    print(&format!("{}: valid", config.file))?;
    if online {
        ask_providers(&config).await?;
    }
    Ok(())
}

/// Asks each enabled provider what a sign-in would ask it, with the code that does.
async fn ask_providers(config: &Config) -> Result<(), Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let providers = Providers::new(config, &clock, None)
        .map_err(|error| Failure::because("the configuration", &error))?;
    let mut failed = 0;
    let mut asked = 0;
    for provider in providers.all().filter(|provider| provider.is_enabled()) {
        asked += 1;
        let key = provider.key();
        let outcome = match provider {
            IdentityProvider::Oidc(oidc) => oidc.check().await.map(|()| "discovery and keys"),
            IdentityProvider::Github(github) => github.check().await.map(|()| "API"),
        };
        match outcome {
            Ok(what) => print(&format!("{key}: {what}: ok"))?,
            Err(error) => {
                failed += 1;
                print(&format!("{key}: {error}"))?;
            }
        }
    }
    if asked == 0 {
        print("no identity provider is enabled")?;
    }
    match failed {
        0 => Ok(()),
        _ => Err(Failure::new(format!(
            "{failed} of {asked} identity providers failed"
        ))),
    }
}
