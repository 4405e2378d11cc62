//! The harness itself.

cases! {
    async fn signs_in_through_github(app: TestApp) {
        app.sign_in_by_github().await.assert_signed_in("/admin");
        assert_eq!(app.email().await, "octo@example.com");
    }

    async fn the_parts_of_the_harness_fit(app: TestApp) {
        let admin = app.admin().await;
        assert!(admin.is_signed_in().await);
        assert!(!app.is_signed_in().await);
        assert_eq!(app.replica().await.count_people().await, 1);
        app.assert_audit_intact().await;
    }
}
