//! What a page says after something was done. The address holds a code, never the text.

macro_rules! notices {
    ($($variant:ident = $code:literal: $sentence:literal),* $(,)?) => {
        /// Something that was just done.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Notice { $($variant),* }

        impl Notice {
            /// The notice of a code; `None` for anything else.
            pub(crate) fn from_code(code: &str) -> Option<Self> {
                match code {
                    $($code => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// The code in the address.
            pub(crate) fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            /// What the page says.
            pub(crate) fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $sentence),* }
            }
        }
    };
}

notices! {
    Invited = "invited": "The invitation is recorded. They can sign in now.",
    PersonSaved = "person_saved": "The changes are saved.",
    RoleSet = "role_set": "The role is set.",
    Disabled = "disabled": "The account is disabled and its sessions are ended.",
    Enabled = "enabled": "The account is enabled.",
    PersonDeleted = "person_deleted": "The invitation is deleted.",
    MemberSaved = "member_saved": "The team membership is saved.",
    MemberRemoved = "member_removed": "The person is no longer in the team.",
    SessionEnded = "session_ended": "The session is ended.",
    SessionsEnded = "sessions_ended": "The sessions are ended.",
    OthersEnded = "others_ended": "Every other session of yours is ended.",
    TeamCreated = "team_created": "The team is created.",
    TeamSaved = "team_saved": "The team is saved.",
    TeamDeleted = "team_deleted": "The team is deleted.",
    KeySaved = "key_saved": "The key is saved. It takes effect at once.",
    KeyRevoked = "key_revoked": "The key is revoked. It opens nothing any more.",
    AccountCreated = "account_created": "The service account is made. Give it a key.",
    AccountSaved = "account_saved": "The service account is saved.",
    AccountDisabled = "account_disabled": "The service account is disabled. Its keys open nothing.",
    AccountEnabled = "account_enabled": "The service account is enabled.",
    AccountDeleted = "account_deleted": "The service account is deleted, and its keys with it.",
    PasswordChanged = "password_changed": "Your password is changed.",
}
