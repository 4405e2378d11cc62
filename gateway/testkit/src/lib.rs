//! What the tests share: a database of each kind, and providers that misbehave on command.
//!
//! [`on_both!`] turns one test body into two tests. [`FakeIdp`] and [`FakeGitHub`] listen on loopback and do what their
//! scripts say, which a test changes while they run. Nothing here is part of the gateway.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test that cannot have what it needs stops at once and says where"
)]

mod database;
mod fake;

pub use database::{TestDb, postgres, postgres_unmigrated, sqlite, sqlite_unmigrated};
pub use fake::{
    Log, Seen,
    callback::Callback,
    endpoint::Manner,
    github::{self, Account, FakeGitHub},
    idp::{FakeIdp, Iss, Person, Script},
    keys::{self, Key},
    silence::SilentPort,
    tls::{self, TlsFront},
    upstream::{self, Act, FakeUpstream},
};

/// Makes two tests of each body, `name::sqlite` and `name::postgres`, each with a migrated database of its own.
///
/// ```
/// gateway_testkit::on_both! {
///     async fn answers(db: TestDb) {
///         assert!(db.ping().await.is_ok());
///     }
/// }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! on_both {
    ($($(#[$meta:meta])* async fn $name:ident($db:ident: TestDb) $body:block)*) => {$(
        $(#[$meta])*
        #[cfg(test)]
        async fn $name($db: $crate::TestDb) $body

        #[cfg(test)]
        mod $name {
            #[tokio::test]
            async fn sqlite() {
                super::$name($crate::sqlite().await).await;
            }

            #[tokio::test]
            async fn postgres() {
                if let Some(db) = $crate::postgres().await {
                    super::$name(db).await;
                }
            }
        }
    )*};
}
