//! How soon a key stops, here and elsewhere.

use std::time::Duration;

use gateway_domain::GlobalRole;
use gateway_identity::rights::{KeyRefusal, KeyRing};
use serde_json::{Value, json};

use super::{make, path, refusal, with_models};

/// After so long nothing is used any more that a process read before.
const A_SECOND: Duration = Duration::from_millis(950);

cases! {
    async fn a_replica_hears_of_everything_within_a_second(app: TestApp) {
        let app = with_models(&app).await;
        let replica = app.replica().await;
        let (ring, far) = (KeyRing::new(), KeyRing::new());
        let admin = app.admin().await;
        let ann = app.make_user("ann@example.com", "password", GlobalRole::User).await;
        let (key, secret) = make(&admin, &json!({"name": "a", "owner": "ann@example.com"})).await;
        assert_eq!(refusal(&replica, &far, &secret).await, None);

        let change = json!({"models": ["alpha-large"]});
        admin.call("PATCH", &path(&key), Some(&change)).await.assert_status(200);
        let allowed = async |far: &KeyRing| far.rights(&replica.ctx, &secret).await.unwrap().allow("vendor/beta");
        tokio::time::sleep(A_SECOND).await;
        assert!(!allowed(&far).await);

        let user = format!("/api/v1/admin/users/{}", ann.id);
        admin.call("PATCH", &user, Some(&json!({"status": "disabled"}))).await.assert_status(200);
        assert_eq!(refusal(&app, &ring, &secret).await, Some(KeyRefusal::OwnerDisabled));
        tokio::time::sleep(A_SECOND).await;
        assert_eq!(refusal(&replica, &far, &secret).await, Some(KeyRefusal::OwnerDisabled));

        admin.call("DELETE", &path(&key), None).await.assert_status(204);
        assert_eq!(refusal(&app, &ring, &secret).await, Some(KeyRefusal::Revoked));
        tokio::time::sleep(A_SECOND).await;
        assert_eq!(refusal(&replica, &far, &secret).await, Some(KeyRefusal::Revoked));
    }

    async fn the_data_plane_refuses_the_first_call_after_a_revocation(app: TestApp) {
        let app = with_models(&app).await;
        let ann = app.signed_in_as("ann@example.com", GlobalRole::User).await;
        let (key, secret) = make(&ann, &json!({"name": "a", "models": ["vendor/beta"]})).await;
        let client = app.fresh().with_header("authorization", &format!("Bearer {}", secret.expose()));
        let models = async || {
            let list = client.get("/v1/models").await;
            list.assert_status(200);
            let data = list.json()["data"].as_array().unwrap().clone();
            data.iter().map(|model| model["id"].clone()).collect::<Vec<Value>>()
        };
        assert_eq!(models().await, ["vendor/beta"]);
        let change = json!({"models": ["alpha-large"]});
        ann.call("PATCH", &path(&key), Some(&change)).await.assert_status(200);
        assert_eq!(models().await, ["alpha-large"]);
        ann.call("DELETE", &path(&key), None).await.assert_status(204);
        client.get("/v1/models").await.assert_status(401);
    }
}
