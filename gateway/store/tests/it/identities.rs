//! Links between people and subjects.

use chrono::TimeDelta;
use gateway_domain::UserStatus;
use gateway_store::{Error, identities, users};
use gateway_testkit::on_both;

use crate::samples::{assertion, now, user};

on_both! {
    async fn a_subject_leads_to_its_person(db: TestDb) {
        let ada = user(&db, "ada@example.com").await;
        let link = identities::insert(&*db, ada.id, &assertion("idp", "1"), now()).await.unwrap();
        let (id, email, known) = identities::linked(&*db, &assertion("idp", "1")).await.unwrap().unwrap();
        assert_eq!(id, link);
        assert_eq!(email.as_deref(), Some("someone@example.com"));
        assert_eq!((known.user_id, known.status, known.is_linked), (ada.id, UserStatus::Active, true));
    }

    async fn case_150_the_same_subject_elsewhere_is_somebody_else(db: TestDb) {
        let ada = user(&db, "ada@example.com").await;
        identities::insert(&*db, ada.id, &assertion("idp", "1"), now()).await.unwrap();
        assert_eq!(identities::linked(&*db, &assertion("other", "1")).await.unwrap(), None);
        let bob = user(&db, "bob@example.com").await;
        identities::insert(&*db, bob.id, &assertion("other", "1"), now()).await.unwrap();
        let (_, _, known) = identities::linked(&*db, &assertion("other", "1")).await.unwrap().unwrap();
        assert_eq!(known.user_id, bob.id);
    }

    async fn case_151_another_issuer_makes_strangers_of_subjects(db: TestDb) {
        let ada = user(&db, "ada@example.com").await;
        identities::insert(&*db, ada.id, &assertion("idp", "1"), now()).await.unwrap();
        let mut elsewhere = assertion("idp", "1");
        elsewhere.issuer.push('/');
        assert_eq!(identities::linked(&*db, &elsewhere).await.unwrap(), None);
    }

    async fn case_114_subjects_are_compared_by_their_bytes(db: TestDb) {
        // Case, Unicode form, width and spaces: a collation would take some of these for the same.
        let subjects = ["Stra\u{df}e", "STRASSE", "strasse", "Strasse", "caf\u{e9}", "cafe\u{301}", "cafe", " cafe", "cafe ", "\u{ff43}afe"];
        for (number, subject) in subjects.iter().enumerate() {
            let somebody = user(&db, &format!("u{number}@example.com")).await;
            identities::insert(&*db, somebody.id, &assertion("idp", subject), now()).await.unwrap();
        }
        for (number, subject) in subjects.iter().enumerate() {
            let (_, _, known) = identities::linked(&*db, &assertion("idp", subject)).await.unwrap().unwrap();
            let somebody = users::find(&*db, known.user_id).await.unwrap().unwrap();
            assert_eq!(somebody.email, format!("u{number}@example.com"), "{subject:?}");
        }
    }

    async fn a_subject_is_linked_once(db: TestDb) {
        let ada = user(&db, "ada@example.com").await;
        let bob = user(&db, "bob@example.com").await;
        identities::insert(&*db, ada.id, &assertion("idp", "1"), now()).await.unwrap();
        for person in [ada.id, bob.id] {
            let again = identities::insert(&*db, person, &assertion("idp", "1"), now()).await;
            assert!(matches!(again, Err(Error::Conflict(_))), "{again:?}");
        }
    }

    async fn a_sign_in_is_noted_and_an_absent_address_changes_nothing(db: TestDb) {
        let ada = user(&db, "ada@example.com").await;
        let link = identities::insert(&*db, ada.id, &assertion("idp", "1"), now()).await.unwrap();
        let later = now() + TimeDelta::hours(1);
        identities::touch(&*db, link, None, later).await.unwrap();
        let links = identities::of_users(&db, [ada.id]).await.unwrap();
        assert_eq!(links.len(), 1);
        assert_eq!(links[0].email.as_deref(), Some("someone@example.com"));
        assert_eq!(links[0].last_sign_in_at, Some(later));
        identities::touch(&*db, link, Some("new@example.com"), later).await.unwrap();
        let links = identities::of_users(&db, [ada.id]).await.unwrap();
        assert_eq!(links[0].email.as_deref(), Some("new@example.com"));
    }

    async fn links_are_listed_by_person_and_deleted_together(db: TestDb) {
        let ada = user(&db, "ada@example.com").await;
        let bob = user(&db, "bob@example.com").await;
        identities::insert(&*db, ada.id, &assertion("idp", "1"), now()).await.unwrap();
        identities::insert(&*db, ada.id, &assertion("other", "1"), now()).await.unwrap();
        identities::insert(&*db, bob.id, &assertion("idp", "2"), now()).await.unwrap();
        assert_eq!(identities::of_users(&db, [ada.id, bob.id]).await.unwrap().len(), 3);
        assert_eq!(identities::of_users(&db, []).await.unwrap(), []);
        assert_eq!(identities::delete_of(&*db, ada.id).await.unwrap(), 2);
        let left = identities::of_users(&db, [ada.id, bob.id]).await.unwrap();
        assert_eq!(left.iter().map(|link| link.user_id).collect::<Vec<_>>(), [bob.id]);
    }
}
