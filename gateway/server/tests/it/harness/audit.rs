//! What the audit log says, in tests.

use gateway_domain::audit::Entry;
use gateway_store::audit::{self, Filter, Verdict};
use serde_json::Value;

use super::{Answer, TestApp};

impl TestApp {
    /// The audit log, newest first.
    pub async fn audit(&self) -> Vec<Entry> {
        audit::list(&self.db, &Filter::default(), 1000)
            .await
            .unwrap()
    }

    /// The entries of an action, newest first.
    pub async fn audit_of(&self, action: &str) -> Vec<Entry> {
        let mut all = self.audit().await;
        all.retain(|entry| entry.action == action);
        all
    }

    /// A refused sign-in as the catalogue wants it: the redirect, no session, one entry of the audit log with the reason
    /// and the answer's request id. Returns the entry.
    pub async fn assert_refused(&self, answer: &Answer, code: &str) -> Entry {
        answer.assert_sso_error(code);
        let mut of_request = self.audit().await;
        of_request.retain(|entry| entry.correlation_id == answer.header("x-request-id"));
        assert_eq!(
            of_request.len(),
            1,
            "entries of the request: {of_request:?}"
        );
        let entry = of_request.remove(0);
        assert!(
            ["sign_in.failed", "sign_in.replayed"].contains(&entry.action.as_str()),
            "{entry:?}"
        );
        assert_eq!(after(&entry)["reason"], code, "{entry:?}");
        entry
    }

    /// The chain is whole.
    pub async fn assert_audit_intact(&self) {
        let verdict = audit::verify(&self.db).await.unwrap();
        assert!(matches!(verdict, Verdict::Intact { .. }), "{verdict:?}");
    }
}

/// What an entry says of the state after.
pub fn after(entry: &Entry) -> Value {
    entry
        .after
        .as_deref()
        .map_or(Value::Null, |text| serde_json::from_str(text).unwrap())
}
