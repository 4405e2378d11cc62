//! Cases 201 and 241: what a copy of the database gives away.

use std::{fs, path::Path};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use gateway_domain::{GlobalRole, OneTimePurpose, Secret, TokenHash};
use gateway_identity::{one_time, password};
use gateway_store::{Engine, Executor as _, users};
use gateway_testkit::{FakeGitHub, FakeIdp, TestDb};
use serde_json::json;

use crate::secrets::Taken;

const PASSWORD: &str = "correct horse battery";

/// Everything that the database holds: the bytes of the files, or each row of each table as text.
async fn everything(db: &TestDb) -> Vec<u8> {
    if db.engine() == Engine::Sqlite {
        let file = Path::new(db.url().strip_prefix("sqlite://").unwrap());
        let files = fs::read_dir(file.parent().unwrap()).unwrap();
        return files
            .flat_map(|file| fs::read(file.unwrap().path()).unwrap())
            .collect();
    }
    let tables: Vec<(String,)> = db
        .query(
            "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'",
        )
        .fetch_all()
        .await
        .unwrap();
    let mut all = String::new();
    for (table,) in tables {
        // Statements are static in the gateway; a test may leak one.
        let sql: &'static str = format!("SELECT t::text FROM {table} t").leak();
        let rows: Vec<(String,)> = db.query(sql).fetch_all().await.unwrap();
        all.extend(rows.into_iter().map(|(row,)| row + "\n"));
    }
    all.into_bytes()
}

/// The forms in which a secret could lie there: as it is, decoded, and each of them as hexadecimal.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let mut forms = vec![secret.as_bytes().to_vec()];
    forms.extend(URL_SAFE_NO_PAD.decode(secret));
    forms.extend(STANDARD.decode(secret));
    let hexadecimal = forms
        .iter()
        .map(|form| hexadecimal(form))
        .collect::<Vec<_>>();
    forms.extend(hexadecimal);
    forms
}

fn hexadecimal(bytes: &[u8]) -> Vec<u8> {
    let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
    digits.collect::<String>().into_bytes()
}

fn holds(all: &[u8], form: &[u8]) -> bool {
    all.windows(form.len()).any(|window| window == form)
}

cases! {
    async fn case_201_241_nothing_that_opens_anything_is_stored(app: TestApp) {
        let mut taken = Taken::default();
        taken.tokens_of(&app.idp);
        let callback = app.begin().await;
        taken.browser(&app);
        taken.callback(&callback);
        taken.authorization(&app.idp.last_authorization());
        app.come_back(&callback).await.assert_signed_in("/admin");
        taken.browser(&app);
        let callback = app.begin_github().await;
        taken.browser(&app);
        taken.callback(&callback);
        app.come_back(&callback).await.assert_signed_in("/admin");
        taken.browser(&app);

        let ada = app.make_user("ada@example.com", "password", GlobalRole::User).await;
        let phc = password::hash(&Secret::new(PASSWORD)).await.unwrap();
        users::set_password(&*app.db, ada.id, &phc, false).await.unwrap();
        let mut tx = app.db.begin().await.unwrap();
        let link = one_time::issue(&mut tx, OneTimePurpose::Reset, Some(ada.id), None, app.ctx.now()).await.unwrap();
        tx.commit().await.unwrap();
        let given = json!({"email": "ada@example.com", "password": PASSWORD});
        app.post_json("/api/v1/auth/login/password", &given).await.assert_status(200);
        taken.browser(&app);
        taken.note("password", PASSWORD);
        taken.note("one-time token", link.expose());
        let made = app.post_json("/api/v1/admin/api-keys", &json!({"name": "a"})).await;
        made.assert_status(201);
        let path = format!("/api/v1/admin/api-keys/{}/rotate", made.json()["id"].as_str().unwrap());
        let keys = [made, app.post_json(&path, &json!({})).await].map(|answer| answer.json()["key"].as_str().unwrap().to_owned());
        for key in &keys {
            taken.note("API key", key);
            taken.note("API key", key.strip_prefix("sk-ogw-").unwrap());
        }
        taken.note("client secret", FakeIdp::CLIENT_SECRET);
        taken.note("client secret of GitHub", FakeGitHub::CLIENT_SECRET);
        taken.requests(&app);
        taken.assert_kinds(&[
            "state", "code", "code_verifier", "nonce", "flow cookie", "session cookie", "access token", "id token",
        ]);

        let all = everything(&app.db).await;
        for (what, secret) in taken.all() {
            for form in forms(&secret) {
                assert!(!holds(&all, &form), "the {what} is stored: {secret}");
            }
        }
        // The search finds what is there: texts, and bytes in the way that this database keeps them.
        assert!(holds(&all, b"alice@example.com"));
        let hash = TokenHash::of(callback.get("state").unwrap().as_bytes());
        let hashed = [hash.as_bytes().to_vec(), hexadecimal(hash.as_bytes()), hexadecimal(link.hash().as_bytes())];
        assert!(hashed.iter().any(|form| holds(&all, form)), "not even its hash is found");
        for key in keys {
            let hash = TokenHash::of(key.as_bytes());
            let hashed = [hash.as_bytes().to_vec(), hexadecimal(hash.as_bytes())];
            assert!(hashed.iter().any(|form| holds(&all, form)), "not even the hash of a key is found");
        }
    }
}
