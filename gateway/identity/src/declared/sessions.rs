//! Sessions of providers that the file no longer has.

use std::collections::BTreeMap;

use gateway_config::Config;
use gateway_domain::{SignIn, audit::Action};
use gateway_store::{sessions, users};
use serde_json::json;

use super::{Report, Run};
use crate::{Caller, Context, ServiceError, audit_service::user_party};

/// Ends the sessions that were opened through a provider which the file disables or no longer has. [`super::apply`] does
/// so too; once more after a file came into force, it reaches the sign-ins that were finished in between.
pub async fn end_orphaned_sessions(
    ctx: &Context,
    caller: &Caller,
    config: &Config,
) -> Result<Report, ServiceError> {
    let mut run = Run::begin(ctx, caller).await?;
    align(&mut run, config).await?;
    run.commit().await
}

pub(super) async fn align(run: &mut Run<'_>, config: &Config) -> Result<(), ServiceError> {
    let oidc = config.auth.oidc.iter().filter(|provider| provider.enabled);
    let oauth = config.auth.oauth.iter().filter(|provider| provider.enabled);
    let mut kept = vec![SignIn::PASSWORD];
    kept.extend(oidc.map(|provider| provider.key.as_str()));
    kept.extend(oauth.map(|provider| provider.key.as_str()));
    let ended = sessions::revoke_of_providers_other_than(&mut run.tx, &kept, run.now).await?;
    let mut of_people: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for (user, provider) in ended {
        of_people.entry(user).or_default().push(provider);
    }
    for (user, mut providers) in of_people {
        let user = users::find(&mut run.tx, user).await?;
        let user = user.ok_or_else(|| ServiceError::Internal("a session of nobody".to_owned()))?;
        let count = providers.len();
        providers.sort_unstable();
        providers.dedup();
        let after = json!({
            "sessions_ended": count,
            "providers": providers,
            "reason": "provider_gone",
        });
        let target = user_party(&user);
        run.record(Action::SessionsRevoked, target, None, Some(after))
            .await?;
    }
    Ok(())
}
