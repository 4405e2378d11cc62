//! The three people of the demo.

/// Somebody whom the development identity provider knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Person {
    /// The name of their button.
    pub key: &'static str,
    /// The subject that the provider gives.
    pub subject: &'static str,
    /// What they are called.
    pub name: &'static str,
    /// Their address, which the provider vouches for.
    pub email: &'static str,
    /// What becomes of them at the gateway.
    pub fate: &'static str,
}

/// The only host whose addresses may sign in to the demo.
pub(super) const DOMAIN: &str = "demo.example";

/// Whom the page offers.
pub(super) const PEOPLE: [Person; 3] = [
    Person {
        key: "ada",
        subject: "dev-0001",
        name: "Ada Admin",
        email: "ada@demo.example",
        fate: "declared in the configuration as a platform admin",
    },
    Person {
        key: "mel",
        subject: "dev-0002",
        name: "Mel Member",
        email: "mel@demo.example",
        fate: "unknown until the first sign-in, which makes them a member of the team",
    },
    Person {
        key: "sam",
        subject: "dev-0003",
        name: "Sam Stranger",
        email: "sam@elsewhere.example",
        fate: "refused: addresses of elsewhere.example may not sign in",
    },
];

/// The person of a button.
pub(super) fn by_key(key: &str) -> Option<Person> {
    PEOPLE.into_iter().find(|person| person.key == key)
}
