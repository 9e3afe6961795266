//! Who of the team may do what. One table, [`UserRole::grants`]: the console and its API ask it for
//! every route, and the tests walk all of them.

crate::words! {
    /// What somebody of the team is trusted with. A user has one or more.
    UserRole, "role", {
        /// Keeps users, tokens and settings; sees everything.
        Admin = "admin",
        /// Templates, plans, enrolments.
        Marketer = "marketer",
        /// The list, registries, consents, people's requests.
        Compliance = "compliance",
        /// Tasks, and the own contacts.
        Agent = "agent",
        /// The running fleet: pauses, failures, doubts.
        Operator = "operator",
        /// Reads everything, changes nothing.
        Auditor = "auditor",
    }
}

crate::words! {
    /// What a route asks for. A token of the API has some of these as its scopes.
    Permission, "permission", {
        /// Look at the contacts one owns.
        ContactsRead = "contacts_read",
        /// Look at everybody's contacts.
        ContactsReadAll = "contacts_read_all",
        /// Add, correct and import contacts.
        ContactsWrite = "contacts_write",
        /// Work the own tasks.
        TasksWork = "tasks_work",
        /// Look at everybody's tasks.
        TasksAll = "tasks_all",
        /// Give tasks, and contacts, to another agent.
        TasksHandOver = "tasks_hand_over",
        /// Look at plans, enrolments and templates.
        PlansRead = "plans_read",
        /// Edit plans and templates.
        PlansEdit = "plans_edit",
        /// Approve and retire plans and templates.
        PlansApprove = "plans_approve",
        /// Enrol contacts, stop and resume enrolments.
        Enrol = "enrol",
        /// Look at touches, and why each was or was not sent.
        TouchesRead = "touches_read",
        /// Search the suppression list.
        ListRead = "list_read",
        /// Put somebody on the list. Whoever may change anything may do that.
        ListAdd = "list_add",
        /// Import into the list, scrub files against it, export its keyed hashes.
        ListFiles = "list_files",
        /// Lift entries, approve lifts, export in clear.
        ListLift = "list_lift",
        /// Load do-not-call registries.
        Registries = "registries",
        /// Decide unclear answers.
        Reviews = "reviews",
        /// People's requests about their own data, evidence, consents.
        Requests = "requests",
        /// The audit log.
        AuditRead = "audit_read",
        /// Look at the fleet.
        FleetRead = "fleet_read",
        /// Pause and resume sending, settle touches in doubt, replay failed ones.
        FleetOperate = "fleet_operate",
        /// Users and their roles.
        Users = "users",
        /// Tokens of the API and webhooks.
        Integrations = "integrations",
    }
}

impl UserRole {
    /// What the role may do.
    #[must_use]
    pub const fn grants(self) -> &'static [Permission] {
        use Permission as P;
        match self {
            Self::Admin => &[
                P::ContactsRead,
                P::ContactsReadAll,
                P::ContactsWrite,
                P::TasksAll,
                P::TasksHandOver,
                P::PlansRead,
                P::TouchesRead,
                P::ListRead,
                P::ListAdd,
                P::AuditRead,
                P::FleetRead,
                P::Users,
                P::Integrations,
            ],
            Self::Marketer => &[
                P::ContactsRead,
                P::ContactsReadAll,
                P::ContactsWrite,
                P::PlansRead,
                P::PlansEdit,
                P::PlansApprove,
                P::Enrol,
                P::TouchesRead,
                P::ListRead,
                P::ListAdd,
            ],
            Self::Compliance => &[
                P::ContactsRead,
                P::ContactsReadAll,
                P::PlansRead,
                P::TouchesRead,
                P::ListRead,
                P::ListAdd,
                P::ListFiles,
                P::ListLift,
                P::Registries,
                P::Reviews,
                P::Requests,
                P::AuditRead,
                P::FleetRead,
            ],
            Self::Agent => &[P::ContactsRead, P::TasksWork, P::ListAdd],
            Self::Operator => {
                &[P::PlansRead, P::TouchesRead, P::ListAdd, P::FleetRead, P::FleetOperate]
            }
            Self::Auditor => &[
                P::ContactsRead,
                P::ContactsReadAll,
                P::TasksAll,
                P::PlansRead,
                P::TouchesRead,
                P::ListRead,
                P::AuditRead,
                P::FleetRead,
            ],
        }
    }
}

/// Whether somebody with these roles may do it.
#[must_use]
pub fn may(roles: &[UserRole], permission: Permission) -> bool {
    roles.iter().any(|role| role.grants().contains(&permission))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_is_granted_by_some_role() {
        for permission in Permission::ALL {
            assert!(may(UserRole::ALL, *permission), "{permission}");
        }
    }

    #[test]
    fn an_auditor_changes_nothing_and_only_compliance_lifts() {
        let reading = |permission: &Permission| {
            permission.as_str().contains("read") || *permission == Permission::TasksAll
        };
        assert!(UserRole::Auditor.grants().iter().all(reading));
        for role in UserRole::ALL {
            let lifts = may(&[*role], Permission::ListLift);
            assert_eq!(lifts, *role == UserRole::Compliance, "{role}");
            let adds = may(&[*role], Permission::ListAdd);
            assert_eq!(adds, *role != UserRole::Auditor, "{role}");
        }
        assert!(!may(&[], Permission::ListAdd));
    }
}
