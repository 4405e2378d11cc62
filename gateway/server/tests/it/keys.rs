//! Keys and service accounts through the API.

mod declared;
mod life;
mod owners;
mod programs;
mod stops;

use gateway_domain::ApiKeySecret;
use gateway_identity::rights::{KeyRefusal, KeyRing};
use serde_json::{Value, json};

use crate::harness::{Answer, Browser, TestApp};

const KEYS: &str = "/api/v1/admin/api-keys";
const ACCOUNTS: &str = "/api/v1/admin/service-accounts";

/// The same gateway with two models.
async fn with_models(app: &TestApp) -> TestApp {
    app.restarted_with(|config| {
        config["providers"] =
            json!([{"id": "up", "type": "openai_compatible", "base_url": "http://127.0.0.1:9/v1"}]);
        config["models"] = json!([
            {"id": "alpha-large", "routes": [{"provider": "up"}]},
            {"id": "vendor/beta", "routes": [{"provider": "up"}]},
        ]);
    })
    .await
}

/// A key just made or rotated: the object without the secret, and the secret.
fn secret_of(answer: &Answer) -> (Value, ApiKeySecret) {
    let mut object = answer.json();
    let secret = object.as_object_mut().unwrap().remove("key").unwrap();
    let secret = ApiKeySecret::presented(secret.as_str().unwrap());
    (object, secret.unwrap_or_else(|fault| panic!("{fault:?}")))
}

async fn make(browser: &Browser, new: &Value) -> (Value, ApiKeySecret) {
    let made = browser.post_json(KEYS, new).await;
    made.assert_status(201);
    secret_of(&made)
}

fn path(key: &Value) -> String {
    format!("{KEYS}/{}", key["id"].as_str().unwrap())
}

async fn ids(browser: &Browser, query: &str) -> Vec<String> {
    let list = browser.get(&format!("{KEYS}{query}")).await;
    list.assert_status(200);
    let items = list.json()["items"].as_array().unwrap().clone();
    let ids = items.iter().map(|key| key["id"].as_str().unwrap());
    ids.map(str::to_owned).collect()
}

/// Why a key does not work, as the data plane is told; `None` when it does.
async fn refusal(app: &TestApp, ring: &KeyRing, secret: &ApiKeySecret) -> Option<KeyRefusal> {
    ring.rights(&app.ctx, secret).await.err()
}
