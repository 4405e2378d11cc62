//! Who may do what. The pages and the API ask here, through the services, and nowhere else.

use chrono::{DateTime, Utc};

use crate::{GlobalRole, SessionId, TeamId, TeamRole, UserId};

/// A signed-in person, as they are at this request: role and teams are read anew each time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Who.
    pub user_id: UserId,
    /// Their address, for the audit log.
    pub email: String,
    /// Their name, for the pages.
    pub name: String,
    /// What they may do.
    pub global_role: GlobalRole,
    /// Where they may do more; archived teams are left out.
    pub teams: Vec<(TeamId, TeamRole)>,
    /// The session that the request came with.
    pub session_id: SessionId,
    /// When that session was opened.
    pub signed_in_at: DateTime<Utc>,
}

/// Something a person asks to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action<'a> {
    /// See the list of people: all, or one team's.
    ListPeople {
        /// The team whose people are asked for.
        team: Option<TeamId>,
    },
    /// See a person.
    ReadPerson {
        /// Whom.
        target: UserId,
        /// The teams they are in.
        teams: &'a [TeamId],
    },
    /// Invite, rename, disable, enable, delete, reset, or change the global role or logging of a person.
    ManagePeople,
    /// See a person's sessions.
    ReadSessions {
        /// Whose.
        of: UserId,
    },
    /// End a person's sessions.
    RevokeSessions {
        /// Whose.
        of: UserId,
    },
    /// See the list of teams. Those who may not see all of them get their own.
    ListAllTeams,
    /// See a team and its members.
    ReadTeam(TeamId),
    /// Create, rename or delete a team.
    ManageTeams,
    /// Put a person into a team, move them within it, or take them out.
    ChangeMember {
        /// The team.
        team: TeamId,
        /// What they are in it now.
        from: Option<TeamRole>,
        /// What they shall be.
        to: Option<TeamRole>,
    },
    /// See the identity providers and how they fare.
    ReadProviders,
    /// Read and export the audit log.
    ReadAudit,
}

/// The person may not do that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("you do not have the right to do this")]
pub struct Forbidden;

impl Principal {
    /// Succeeds when the person may do it.
    pub fn require(&self, action: Action<'_>) -> Result<(), Forbidden> {
        if self.may(action) {
            Ok(())
        } else {
            Err(Forbidden)
        }
    }

    /// Whether the person may do it.
    pub fn may(&self, action: Action<'_>) -> bool {
        let reads_all = self.global_role >= GlobalRole::Auditor;
        let is_admin = self.global_role == GlobalRole::PlatformAdmin;
        match action {
            Action::ManagePeople | Action::ManageTeams => is_admin,
            Action::ListAllTeams | Action::ReadProviders | Action::ReadAudit => reads_all,
            Action::ListPeople { team } => reads_all || team.is_some_and(|team| self.manages(team)),
            Action::ReadPerson { target, teams } => {
                reads_all || target == self.user_id || teams.iter().any(|&team| self.manages(team))
            }
            Action::ReadSessions { of } => reads_all || of == self.user_id,
            Action::RevokeSessions { of } => is_admin || of == self.user_id,
            Action::ReadTeam(team) => reads_all || self.role_in(team).is_some(),
            Action::ChangeMember { team, from, to } => {
                is_admin || self.may_change_member(team, from, to)
            }
        }
    }

    /// What the person is in a team.
    pub fn role_in(&self, team: TeamId) -> Option<TeamRole> {
        self.teams
            .iter()
            .find(|(id, _)| *id == team)
            .map(|(_, role)| *role)
    }

    /// Whether the person is the team's admin or owner.
    pub fn manages(&self, team: TeamId) -> bool {
        self.role_in(team) >= Some(TeamRole::Admin)
    }

    /// A team's admin moves members and admins, its owner everybody. Nobody gives more than they have, and an auditor
    /// changes nothing, whatever their place in the team.
    fn may_change_member(
        &self,
        team: TeamId,
        from: Option<TeamRole>,
        to: Option<TeamRole>,
    ) -> bool {
        match self.role_in(team) {
            _ if self.global_role == GlobalRole::Auditor => false,
            Some(TeamRole::Owner) => true,
            Some(TeamRole::Admin) => from < Some(TeamRole::Owner) && to < Some(TeamRole::Owner),
            Some(TeamRole::Member) | None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(global_role: GlobalRole, teams: &[(TeamId, TeamRole)]) -> Principal {
        Principal {
            user_id: UserId::new(),
            email: "ann@ex.com".to_owned(),
            name: "Ann".to_owned(),
            global_role,
            teams: teams.to_vec(),
            session_id: SessionId::new(),
            signed_in_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn an_auditor_reads_all_and_changes_nothing() {
        let (other, team) = (UserId::new(), TeamId::new());
        let auditor = person(GlobalRole::Auditor, &[(team, TeamRole::Owner)]);
        for action in [
            Action::ListPeople { team: None },
            Action::ReadPerson {
                target: other,
                teams: &[],
            },
            Action::ReadSessions { of: other },
            Action::ListAllTeams,
            Action::ReadTeam(team),
            Action::ReadProviders,
            Action::ReadAudit,
        ] {
            assert!(auditor.may(action), "{action:?}");
        }
        for action in [
            Action::ManagePeople,
            Action::ManageTeams,
            Action::RevokeSessions { of: other },
            Action::ChangeMember {
                team,
                from: None,
                to: Some(TeamRole::Member),
            },
        ] {
            assert!(!auditor.may(action), "{action:?}");
        }
    }

    #[test]
    fn nobody_in_a_team_gives_more_than_they_have() {
        let team = TeamId::new();
        let roles = [
            None,
            Some(TeamRole::Member),
            Some(TeamRole::Admin),
            Some(TeamRole::Owner),
        ];
        for from in roles {
            for to in roles {
                let change = Action::ChangeMember { team, from, to };
                let touches_owner = from == Some(TeamRole::Owner) || to == Some(TeamRole::Owner);
                assert!(person(GlobalRole::User, &[(team, TeamRole::Owner)]).may(change));
                assert_eq!(
                    person(GlobalRole::User, &[(team, TeamRole::Admin)]).may(change),
                    !touches_owner
                );
                assert!(!person(GlobalRole::User, &[(team, TeamRole::Member)]).may(change));
                assert!(!person(GlobalRole::User, &[(TeamId::new(), TeamRole::Owner)]).may(change));
            }
        }
    }

    #[test]
    fn case_185_a_team_admin_manages_that_team_and_nothing_else() {
        let team = TeamId::new();
        let admin = person(GlobalRole::User, &[(team, TeamRole::Owner)]);
        for action in [
            Action::ManagePeople,
            Action::ManageTeams,
            Action::ReadProviders,
            Action::ReadAudit,
            Action::ListPeople { team: None },
            Action::ListAllTeams,
            Action::ReadTeam(TeamId::new()),
        ] {
            assert!(!admin.may(action), "{action:?}");
        }
        assert!(admin.may(Action::ListPeople { team: Some(team) }));
    }
}
