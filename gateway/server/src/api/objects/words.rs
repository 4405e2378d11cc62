//! Words of which a field is one, for the document.

use gateway_domain::{GlobalRole, ManagedBy, MembershipSource, RoleSource, TeamRole, UserStatus};
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

fn one_of(words: impl Iterator<Item = &'static str>) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(words))
        .build()
}

macro_rules! word_schemas {
    ($($name:ident: $type:ty),* $(,)?) => {$(
        pub(crate) fn $name() -> Object {
            one_of(<$type>::ALL.iter().map(|word| word.as_str()))
        }
    )*};
}

word_schemas! {
    user_status: UserStatus,
    global_role: GlobalRole,
    role_source: RoleSource,
    team_role: TeamRole,
    membership_source: MembershipSource,
    managed_by: ManagedBy,
}
