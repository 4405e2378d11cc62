//! GitHub's API, asked with one person's token.

use gateway_config::OauthProvider;
use gateway_domain::Secret;
use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::{
    Exchange, address,
    answers::{self, Address, Membership, Person},
};
use crate::{
    SignInError, SignInFailure,
    http::{Answer, Guarded, HttpError},
};

const VERSION: (HeaderName, HeaderValue) = (
    HeaderName::from_static("x-github-api-version"),
    HeaderValue::from_static("2022-11-28"),
);
const LARGEST_ANSWER: usize = 256 * 1024;
const PAGE_SIZE: usize = 100;
const MOST_PAGES: usize = 10;

/// The API with a token.
pub(super) struct Api<'a> {
    http: &'a Guarded,
    settings: &'a OauthProvider,
    token: Secret,
}

impl<'a> Api<'a> {
    /// Exchanges a code for a token. Once: a code whose answer was lost may have been used.
    pub(super) async fn redeem(
        http: &'a Guarded,
        settings: &'a OauthProvider,
        exchange: Exchange<'_>,
    ) -> Result<Self, SignInFailure> {
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", &settings.client_id),
            ("client_secret", settings.client_secret.expose()),
            ("code", exchange.code.expose()),
            ("redirect_uri", exchange.redirect_uri),
            ("code_verifier", exchange.verifier.expose()),
        ];
        let url = address(&settings.web("/login/oauth/access_token"))?;
        let answer = http
            .post_form(&url, HeaderMap::new(), &form, LARGEST_ANSWER)
            .await;
        let token = answers::access_token(&answer.map_err(|error| unreachable(&error))?)?;
        Ok(Self {
            http,
            settings,
            token,
        })
    }

    /// Who the token is for.
    pub(super) async fn person(&self) -> Result<Person, SignInFailure> {
        answers::person(&self.get("/user").await?)
    }

    /// The primary address. An outage is an error; that there is none to be had is an answer: people who are linked
    /// need none.
    pub(super) async fn primary_address(
        &self,
    ) -> Result<Result<Address, SignInFailure>, SignInFailure> {
        for page in 1..=MOST_PAGES {
            let path = format!("/user/emails?per_page={PAGE_SIZE}&page={page}");
            let found = answers::page_of_addresses(&self.get(&path).await?, PAGE_SIZE);
            match found {
                Ok((Some(address), _)) => return Ok(Ok(address)),
                Ok((None, true)) => {}
                Ok((None, false)) => break,
                Err(failure) if failure.error == SignInError::ProviderFailure => {
                    return Ok(Err(failure));
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(Err(SignInFailure::new(
            SignInError::GithubUnverifiedEmail,
            "the account has no primary address",
        )))
    }

    /// Passes an active member of one of the organisations, and everybody when there are none.
    pub(super) async fn require_membership(
        &self,
        organizations: &[String],
    ) -> Result<(), SignInFailure> {
        if organizations.is_empty() {
            return Ok(());
        }
        let mut causes = Vec::new();
        let mut unseen = Vec::new();
        for organization in organizations {
            let path = format!("/user/memberships/orgs/{organization}");
            let cause = match answers::membership(&self.get(&path).await?)? {
                Membership::Active => return Ok(()),
                Membership::Pending => "has not accepted the invitation",
                Membership::None => "is no member",
                Membership::Unseen => {
                    unseen.push(organization.clone());
                    "is no member that we may see"
                }
                Membership::NeedsSingleSignOn => {
                    "must authorise the OAuth app for the organisation's single sign-on"
                }
            };
            causes.push(format!("{organization}: {cause}"));
        }
        // Some servers have no memberships to look up one by one, only the list.
        if !unseen.is_empty() {
            let path = format!("/user/orgs?per_page={PAGE_SIZE}");
            if answers::is_listed(&self.get(&path).await?, &unseen)? {
                return Ok(());
            }
        }
        Err(SignInFailure::new(
            SignInError::PolicyDenied,
            format!("allowed_organizations: {}", causes.join("; ")),
        ))
    }

    async fn get(&self, path: &str) -> Result<Answer, SignInFailure> {
        let bearer = format!("Bearer {}", self.token.expose());
        let mut bearer = HeaderValue::from_str(&bearer).map_err(|_| {
            SignInFailure::new(SignInError::ProviderFailure, "the token fits no header")
        })?;
        bearer.set_sensitive(true);
        let accept = HeaderValue::from_static("application/vnd.github+json");
        let headers = HeaderMap::from_iter([
            (header::ACCEPT, accept),
            (header::AUTHORIZATION, bearer),
            VERSION,
        ]);
        let url = address(&self.settings.api(path))?;
        self.http
            .get(&url, headers, LARGEST_ANSWER)
            .await
            .map_err(|error| unreachable(&error))
    }
}

fn unreachable(error: &HttpError) -> SignInFailure {
    SignInFailure::new(SignInError::ProviderUnavailable, error.to_string())
}
