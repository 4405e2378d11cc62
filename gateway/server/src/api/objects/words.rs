//! Words of which a field is one, for the document.

use gateway_domain::ledger::{Outcome, Pricing, Surface, UsageKind};
use gateway_domain::{
    GlobalRole, ManagedBy, MembershipSource, OwnerKind, Payloads, RoleSource, ServiceAccountStatus,
    TeamRole, UserStatus,
};
use gateway_identity::api_keys::KeyState;
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
    owner_kind: OwnerKind,
    payloads: Payloads,
    service_account_status: ServiceAccountStatus,
    key_state: KeyState,
    surface: Surface,
    outcome: Outcome,
    usage_kind: UsageKind,
    pricing: Pricing,
}

pub(crate) fn route_state() -> Object {
    one_of(["untried", "ready", "cooling_down", "broken"].into_iter())
}
