//! People who are there before a test begins.

use gateway_domain::{
    Email, GlobalRole, ManagedBy, Origin, RoleSource, SignIn, TokenHash, User, UserStatus,
};
use gateway_identity::sign_in::{Attempt, open_without_provider};
use gateway_store::{sessions, teams, users};

use super::{Browser, TestApp};

impl TestApp {
    /// Somebody whom an admin made: active and with a password to be set, or invited for a provider.
    pub async fn make_user(&self, email: &str, sign_in: &str, role: GlobalRole) -> User {
        let status = if sign_in == SignIn::PASSWORD {
            UserStatus::Active
        } else {
            UserStatus::Invited
        };
        let email: Email = email.parse().unwrap();
        let mut tx = self.db.begin().await.unwrap();
        let new = users::NewUser {
            email: &email,
            name: email.as_str(),
            status,
            sign_in: SignIn::provider(sign_in),
            global_role: role,
            role_source: RoleSource::Manual,
            request_logging_enabled: false,
            managed_by: ManagedBy::Admin,
        };
        let user = users::insert(&mut tx, new, self.ctx.now()).await.unwrap();
        tx.commit().await.unwrap();
        user.unwrap()
    }

    /// Somebody invited for a provider.
    pub async fn invite(&self, email: &str, provider: &str) -> User {
        self.make_user(email, provider, GlobalRole::User).await
    }

    /// A browser of its own in which somebody new is signed in.
    pub async fn signed_in_as(&self, email: &str, role: GlobalRole) -> Browser {
        let user = self.make_user(email, SignIn::PASSWORD, role).await;
        self.browser_of(&user).await
    }

    /// A browser of its own in which somebody is signed in.
    pub async fn browser_of(&self, user: &User) -> Browser {
        let origin = Origin::local("test");
        let attempt = Attempt {
            origin: &origin,
            now: self.ctx.now(),
            limits: self.ctx.live().config.auth.session,
            previous: None,
        };
        let mut tx = self.db.begin().await.unwrap();
        let opened = open_without_provider(&mut tx, user.id, "test", attempt)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let browser = self.browser.fresh();
        browser.jar().set("ogw_session", &opened.cookie.to_string());
        browser
    }

    /// A browser of a new platform admin, `admin@example.org`.
    pub async fn admin(&self) -> Browser {
        self.signed_in_as("admin@example.org", GlobalRole::PlatformAdmin)
            .await
    }

    /// A browser of a new auditor, `auditor@example.org`.
    pub async fn auditor(&self) -> Browser {
        self.signed_in_as("auditor@example.org", GlobalRole::Auditor)
            .await
    }

    /// The person with this address.
    pub async fn user(&self, email: &str) -> Option<User> {
        users::find_by_email(&*self.db, &email.parse().unwrap())
            .await
            .unwrap()
    }

    /// Where a person is: pairs of a team's key and the role in it.
    pub async fn teams_of(&self, user: &User) -> Vec<(String, String)> {
        let places = teams::memberships_of(&self.db, [user.id]).await.unwrap();
        places
            .into_iter()
            .map(|place| (place.team_key, place.role.to_string()))
            .collect()
    }

    /// How many people there are.
    pub async fn count_people(&self) -> i64 {
        let counts = users::count_by_status(&*self.db).await.unwrap();
        counts.iter().map(|(_, count)| count).sum()
    }

    /// How many sessions are live.
    pub async fn count_sessions(&self) -> i64 {
        sessions::count_live(&*self.db, self.ctx.now())
            .await
            .unwrap()
    }

    /// Whether a session's cookie still opens anything.
    pub async fn is_live(&self, cookie: &str) -> bool {
        let id: tower_sessions::session::Id = cookie.parse().unwrap();
        let hash: TokenHash = gateway_identity::sign_in::session_hash(&id);
        let found = sessions::find_live(&*self.db, &hash, self.ctx.now()).await;
        found.unwrap().is_some()
    }
}
