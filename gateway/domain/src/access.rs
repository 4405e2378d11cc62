//! Who may do what. The pages and the API ask here, through the services, and nowhere else.

use chrono::{DateTime, Utc};

use crate::{GlobalRole, KeyOwner, SessionId, TeamId, TeamRole, UserId};

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
    /// See an owner's keys. `teams` are the teams of the owner: a person's, or the service account's one.
    ReadKeys {
        /// Whose.
        owner: KeyOwner,
        /// The owner's teams.
        teams: &'a [TeamId],
    },
    /// Make, change, rotate or revoke an owner's keys.
    ChangeKeys {
        /// Whose.
        owner: KeyOwner,
        /// The owner's teams.
        teams: &'a [TeamId],
    },
    /// See everybody's keys, service accounts, requests and usage. Those who may not get what is theirs.
    ReadAllCalls,
    /// See a team's service accounts, requests and usage.
    ReadTeamCalls(TeamId),
    /// See one person's requests and usage.
    ReadPersonCalls(UserId),
    /// Make, change, disable or delete a service account of a team.
    ManageServiceAccounts(TeamId),
    /// Send a test call to a model provider.
    TestProviders,
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
            Action::ManagePeople | Action::ManageTeams | Action::TestProviders => is_admin,
            Action::ListAllTeams
            | Action::ReadProviders
            | Action::ReadAudit
            | Action::ReadAllCalls => reads_all,
            Action::ListPeople { team } => reads_all || team.is_some_and(|team| self.manages(team)),
            Action::ReadPerson { target, teams } => {
                reads_all || target == self.user_id || teams.iter().any(|&team| self.manages(team))
            }
            Action::ReadSessions { of } | Action::ReadPersonCalls(of) => {
                reads_all || of == self.user_id
            }
            Action::RevokeSessions { of } => is_admin || of == self.user_id,
            Action::ReadTeam(team) => reads_all || self.role_in(team).is_some(),
            Action::ChangeMember { team, from, to } => {
                is_admin || self.may_change_member(team, from, to)
            }
            Action::ReadTeamCalls(team) => reads_all || self.manages(team),
            Action::ReadKeys { owner, teams } => {
                reads_all || self.owns(owner) || teams.iter().any(|&team| self.manages(team))
            }
            Action::ChangeKeys { owner, teams } => match owner {
                KeyOwner::User(user) => is_admin || user == self.user_id,
                KeyOwner::ServiceAccount(_) => teams.iter().any(|&team| self.may_run(team)),
            },
            Action::ManageServiceAccounts(team) => self.may_run(team),
        }
    }

    fn owns(&self, owner: KeyOwner) -> bool {
        owner == KeyOwner::User(self.user_id)
    }

    /// Whether the person runs a team's programs: as platform admin, or as the team's admin. An auditor changes nothing.
    fn may_run(&self, team: TeamId) -> bool {
        match self.global_role {
            GlobalRole::PlatformAdmin => true,
            GlobalRole::Auditor => false,
            GlobalRole::User => self.manages(team),
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

    #[test]
    fn everybody_has_keys_of_their_own_and_only_admins_those_of_others() {
        let other = KeyOwner::User(UserId::new());
        let team = TeamId::new();
        let in_team = [team];
        for role in GlobalRole::ALL {
            let person = person(*role, &[(team, TeamRole::Owner)]);
            let owner = KeyOwner::User(person.user_id);
            assert!(person.may(Action::ReadKeys { owner, teams: &[] }), "{role}");
            assert!(
                person.may(Action::ChangeKeys { owner, teams: &[] }),
                "{role}"
            );
            let teams = &in_team;
            assert!(person.may(Action::ReadKeys {
                owner: other,
                teams
            }));
            let change = Action::ChangeKeys {
                owner: other,
                teams,
            };
            assert_eq!(person.may(change), *role == GlobalRole::PlatformAdmin);
            let read = Action::ReadKeys {
                owner: other,
                teams: &[],
            };
            assert_eq!(person.may(read), *role >= GlobalRole::Auditor);
        }
        let member = person(GlobalRole::User, &[(team, TeamRole::Member)]);
        assert!(!member.may(Action::ReadKeys {
            owner: other,
            teams: &in_team
        }));
    }

    #[test]
    fn a_teams_programs_are_run_by_its_admins() {
        let (team, other) = (TeamId::new(), TeamId::new());
        let program = KeyOwner::ServiceAccount(crate::ServiceAccountId::new());
        let changes = |person: &Principal, team| {
            let manage = person.may(Action::ManageServiceAccounts(team));
            let keys = person.may(Action::ChangeKeys {
                owner: program,
                teams: &[team],
            });
            assert_eq!(manage, keys);
            manage
        };
        let reads = |person: &Principal, team| {
            let calls = person.may(Action::ReadTeamCalls(team));
            let keys = person.may(Action::ReadKeys {
                owner: program,
                teams: &[team],
            });
            assert_eq!(calls, keys);
            calls
        };
        for role in TeamRole::ALL {
            let person = person(GlobalRole::User, &[(team, *role)]);
            let is_admin = *role >= TeamRole::Admin;
            assert_eq!(changes(&person, team), is_admin, "{role}");
            assert_eq!(reads(&person, team), is_admin, "{role}");
            assert!(!changes(&person, other) && !reads(&person, other));
        }
        let auditor = person(GlobalRole::Auditor, &[(team, TeamRole::Owner)]);
        assert!(!changes(&auditor, team) && reads(&auditor, other));
        let admin = person(GlobalRole::PlatformAdmin, &[]);
        assert!(changes(&admin, team) && reads(&admin, team));
        let nobodys = Action::ChangeKeys {
            owner: program,
            teams: &[],
        };
        assert!(!admin.may(nobodys), "a program without a team is none");
    }

    #[test]
    fn calls_are_seen_by_their_maker_and_tests_made_by_admins() {
        for role in GlobalRole::ALL {
            let person = person(*role, &[]);
            let reads_all = *role >= GlobalRole::Auditor;
            assert_eq!(person.may(Action::ReadAllCalls), reads_all);
            assert!(person.may(Action::ReadPersonCalls(person.user_id)));
            assert_eq!(
                person.may(Action::ReadPersonCalls(UserId::new())),
                reads_all
            );
            let is_admin = *role == GlobalRole::PlatformAdmin;
            assert_eq!(person.may(Action::TestProviders), is_admin);
        }
    }
}
