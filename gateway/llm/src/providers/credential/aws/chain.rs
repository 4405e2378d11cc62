//! The default chain: the first place that has something decides.

#[cfg(test)]
mod tests;

use std::{path::PathBuf, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use gateway_domain::Secret;

use super::{
    Keys, Settings, profile,
    remote::{Instance, Remote},
};
use crate::providers::{BuildError, connector::Connector, credential::kept::Grant};

/// The process's environment, or what a test says it is.
#[derive(Clone)]
pub(in crate::providers::credential) struct Environment(Arc<Variables>);

type Variables = dyn Fn(&str) -> Option<String> + Send + Sync;

impl Environment {
    /// The process's own.
    #[expect(
        clippy::disallowed_methods,
        reason = "AWS's default chain begins with variables whose names and meaning are AWS's"
    )]
    pub(in crate::providers::credential) fn process() -> Self {
        Self(Arc::new(|name| std::env::var(name).ok()))
    }

    #[cfg(test)]
    pub(super) fn of(pairs: &[(&'static str, String)]) -> Self {
        let pairs: std::collections::HashMap<&str, String> = pairs.iter().cloned().collect();
        Self(Arc::new(move |name| pairs.get(name).cloned()))
    }

    pub(super) fn get(&self, name: &str) -> Option<String> {
        (self.0)(name).filter(|value| !value.is_empty())
    }
}

const METADATA_LIMIT: Duration = Duration::from_secs(1);

/// The places, and how they are reached.
pub(super) struct Chain {
    environment: Environment,
    remote: Remote,
}

pub(super) type Found = Option<Grant<Arc<Keys>>>;

impl Chain {
    pub(super) fn new(
        region: &str,
        environment: Environment,
        connector: Connector,
    ) -> Result<Self, BuildError> {
        let metadata = Connector::metadata(METADATA_LIMIT)?;
        let remote = Remote::new(region, environment.clone(), connector, metadata);
        Ok(Self {
            environment,
            remote,
        })
    }

    pub(super) async fn fetch(&self, now: DateTime<Utc>) -> Result<Grant<Arc<Keys>>, String> {
        if let Some(found) = self.environment()? {
            return Ok(found);
        }
        if let Some(found) = self.profile(now).await? {
            return Ok(found);
        }
        if let Some(found) = self.web_identity(now).await? {
            return Ok(found);
        }
        if let Some(found) = self.remote.container().await? {
            return Ok(found);
        }
        match self.remote.instance().await? {
            Instance::Keys(found) => Ok(found),
            Instance::SwitchedOff => Err(nothing("the instance's metadata is switched off")),
            Instance::Silent(reason) => Err(nothing(&format!("instance metadata: {reason}"))),
        }
    }

    fn environment(&self) -> Result<Found, String> {
        let id = self.environment.get("AWS_ACCESS_KEY_ID");
        let secret = self.environment.get("AWS_SECRET_ACCESS_KEY");
        let (Some(id), Some(secret)) = (id, secret) else {
            return Ok(None);
        };
        lasting(&id, secret, self.environment.get("AWS_SESSION_TOKEN")).map(Some)
    }

    async fn profile(&self, now: DateTime<Utc>) -> Result<Found, String> {
        let asked = self.environment.get("AWS_PROFILE");
        let name = asked.as_deref().unwrap_or("default");
        let settings = self.settings_of(name).await;
        let Some(settings) = settings else {
            return match &asked {
                Some(_) => Err(format!("AWS: the profile `{name}` is in none of the files")),
                None => Ok(None),
            };
        };
        let id = settings.get("aws_access_key_id");
        let secret = settings.get("aws_secret_access_key");
        let is_role = settings.contains_key("role_arn");
        if let (Some(id), Some(secret), false) = (id, secret, is_role) {
            let token = settings.get("aws_session_token").cloned();
            return lasting(id, secret.clone(), token).map(Some);
        }
        if let (Some(role), Some(file)) = (
            settings.get("role_arn"),
            settings.get("web_identity_token_file"),
        ) {
            let session = settings.get("role_session_name").map(String::as_str);
            let found = self.remote.web_identity(role, file, session, now).await;
            return found.map(Some);
        }
        let unsupported = [
            "sso_session",
            "sso_start_url",
            "credential_process",
            "role_arn",
        ];
        match unsupported.iter().find(|key| settings.contains_key(**key)) {
            Some(key) => Err(format!(
                "AWS: the profile `{name}` asks for `{key}`, which the gateway does not do"
            )),
            None => Ok(None),
        }
    }

    /// What the two files say of a profile; the credentials file wins.
    async fn settings_of(&self, name: &str) -> Option<Settings> {
        let home = self.environment.get("HOME").map(PathBuf::from);
        let place = |variable: &str, file: &str| {
            let named = self.environment.get(variable).map(PathBuf::from);
            named.or_else(|| home.as_ref().map(|home| home.join(".aws").join(file)))
        };
        let config = profile::read(place("AWS_CONFIG_FILE", "config"), name, true).await;
        let shared = place("AWS_SHARED_CREDENTIALS_FILE", "credentials");
        let shared = profile::read(shared, name, false).await;
        match (config, shared) {
            (Some(mut config), Some(shared)) => {
                config.extend(shared);
                Some(config)
            }
            (config, shared) => config.or(shared),
        }
    }

    async fn web_identity(&self, now: DateTime<Utc>) -> Result<Found, String> {
        let file = self.environment.get("AWS_WEB_IDENTITY_TOKEN_FILE");
        let role = self.environment.get("AWS_ROLE_ARN");
        let (Some(file), Some(role)) = (file, role) else {
            return Ok(None);
        };
        let session = self.environment.get("AWS_ROLE_SESSION_NAME");
        let found = self
            .remote
            .web_identity(&role, &file, session.as_deref(), now);
        found.await.map(Some)
    }
}

fn nothing(last: &str) -> String {
    format!(
        "AWS: no credentials in the environment, profile files, web identity or container; {last}"
    )
}

/// Keys without an end; they are read again once AWS refuses them.
fn lasting(id: &str, secret: String, token: Option<String>) -> Result<Grant<Arc<Keys>>, String> {
    let token = token.map(Secret::new);
    let keys = Keys::new(id, &Secret::new(secret), token)
        .map_err(|_| "AWS: the keys that were found cannot be sent".to_owned())?;
    Ok(Grant {
        value: Arc::new(keys),
        expires: None,
    })
}
