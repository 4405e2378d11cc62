//! From the code that a browser brought to who it is.

use gateway_config::SigningAlgorithm;
use gateway_domain::{Secret, sso::Assertion};
use openidconnect::core::CoreJsonWebKey;

use super::{
    FlowSecrets, Inner, Provider,
    discovery::Metadata,
    exchange::{self, Tokens},
    id_token::{self, Expected},
    jwks::{KeySet, NoKey},
    jws::Jws,
    person::Person,
    userinfo::{self, Trouble},
};
use crate::{SignInError, SignInFailure};

/// A verified sign-in.
#[derive(Debug)]
pub struct Finished {
    /// Who it is, according to the provider.
    pub assertion: Assertion,
    /// Why userinfo did not bring the address that the ID token left out. Somebody whose subject is linked needs none;
    /// a stranger cannot be matched without it.
    pub userinfo_failure: Option<SignInFailure>,
}

impl Provider {
    /// Redeems the code and verifies who it is. `redirect_uri` is the one that the sign-in was begun with.
    pub async fn finish(
        &self,
        code: &str,
        secrets: &FlowSecrets,
        redirect_uri: &str,
    ) -> Result<Finished, SignInFailure> {
        let Inner { settings, http, .. } = &*self.0;
        let metadata = self.0.endpoints.get().await?;
        let tokens =
            exchange::redeem(http, settings, &metadata, code, secrets, redirect_uri).await?;
        let jws = Jws::parse(tokens.id_token.expose()).map_err(untrusted)?;
        self.verify(&jws, &tokens, &secrets.nonce).await?;
        let subject = id_token::subject(&jws.claims).map_err(untrusted)?;
        let person = Person::read(&jws.claims, &settings.claims);
        let (person, userinfo_failure) = self.complete(person, &metadata, &tokens, subject).await?;
        let assertion = Assertion {
            provider_key: settings.key.clone(),
            issuer: settings.issuer_url.clone(),
            subject: subject.to_owned(),
            email: person.email,
            email_verified: person.email_verified.unwrap_or(false),
            name: person.name,
        };
        Ok(Finished {
            assertion,
            userinfo_failure,
        })
    }

    /// The signature, then the claims.
    async fn verify(
        &self,
        jws: &Jws<'_>,
        tokens: &Tokens,
        nonce: &str,
    ) -> Result<(), SignInFailure> {
        let settings = &*self.0.settings;
        let alg = id_token::pinned(settings, jws).map_err(untrusted)?;
        let key = if alg.is_symmetric() {
            let key = id_token::secret_key(settings).map_err(untrusted)?;
            let good = id_token::signed_by(&key, alg, jws);
            good.then_some(key)
                .ok_or_else(|| untrusted("the signature of the ID token is wrong".to_owned()))?
        } else {
            self.signer(jws, alg).await?
        };
        let expected = Expected {
            settings,
            nonce,
            access_token: tokens.access_token.as_ref().map(Secret::expose),
            now: self.0.clock.now(),
            their_time: tokens.their_time,
        };
        id_token::check(&jws.claims, &key, alg, &expected).map_err(untrusted)
    }

    /// The provider's key that made the signature. Where the keys at hand did not, newer ones may have: the provider may
    /// have changed them a moment ago, or come back with others under the same names.
    async fn signer(
        &self,
        jws: &Jws<'_>,
        alg: SigningAlgorithm,
    ) -> Result<CoreJsonWebKey, SignInFailure> {
        let find = |keys: &KeySet| {
            let key = keys
                .find(jws.kid.as_deref(), alg)
                .map_err(|missing| match missing {
                    NoKey::Unknown => "no usable key of the provider fits the ID token",
                    NoKey::Ambiguous => "several keys of the provider fit the ID token",
                })?;
            if id_token::signed_by(&key.jwk, alg, jws) {
                Ok(key.jwk.clone())
            } else {
                Err("the signature of the ID token is wrong")
            }
        };
        let held = self.0.keys.get().await?;
        let refused = match find(&held.value) {
            Ok(key) => return Ok(key),
            Err(refused) => refused,
        };
        match self.0.keys.beyond(&held).await {
            Some(newer) => find(&newer).map_err(|refused| untrusted(refused.to_owned())),
            None => Err(untrusted(refused.to_owned())),
        }
    }

    /// Asks userinfo where it could add something that was asked for.
    async fn complete(
        &self,
        person: Person,
        metadata: &Metadata,
        tokens: &Tokens,
        subject: &str,
    ) -> Result<(Person, Option<SignInFailure>), SignInFailure> {
        let Inner { settings, http, .. } = &*self.0;
        let asked = settings.scopes.iter().any(|scope| scope != "openid");
        let (Some(url), Some(token)) = (&metadata.userinfo, &tokens.access_token) else {
            return Ok((person, None));
        };
        if !asked || !person.lacks_something() {
            return Ok((person, None));
        }
        match userinfo::ask(http, url, token, subject).await {
            Ok(claims) => Ok((person.or(Person::read(&claims, &settings.claims)), None)),
            Err(Trouble::Silent(failure)) => {
                let missed = person.email.is_none().then_some(failure);
                Ok((person, missed))
            }
            Err(Trouble::Fatal(failure)) => Err(failure),
        }
    }
}

fn untrusted(cause: String) -> SignInFailure {
    SignInFailure::new(SignInError::ProviderFailure, cause)
}
