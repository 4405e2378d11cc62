//! What the tests stand on: [`TestApp`], its browsers and what they are answered.

mod answer;
mod app;
mod audit;
mod browser;
mod config;
mod jar;
mod models;
mod people;
mod spool;

pub use answer::Answer;
pub use app::TestApp;
pub use audit::after;
pub use browser::Browser;
pub use config::{PUBLIC, UPSTREAM_KEY, oidc_provider, parse};
pub use models::{Client, Upstreams, told};

/// Makes two tests of each body, `name::sqlite` and `name::postgres`, each with a gateway of its own.
macro_rules! cases {
    ($($(#[$meta:meta])* async fn $name:ident($app:ident: TestApp) $body:block)*) => {$(
        $(#[$meta])*
        async fn $name($app: $crate::harness::TestApp) $body

        mod $name {
            use $crate::harness::TestApp;

            #[tokio::test]
            async fn sqlite() {
                let app = TestApp::new(gateway_testkit::sqlite().await).await;
                Box::pin(super::$name(app)).await;
            }

            #[tokio::test]
            async fn postgres() {
                if let Some(db) = gateway_testkit::postgres().await {
                    let app = TestApp::new(db).await;
                    Box::pin(super::$name(app)).await;
                }
            }
        }
    )*};
}
