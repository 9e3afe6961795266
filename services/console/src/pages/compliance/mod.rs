//! What officers and auditors look at: how fast opt-outs were, registries, pauses by circuit
//! breakers, why somebody was or was not contacted, evidence, and the audit log.

mod audit;
mod evidence;
mod overview;
mod why;

use domain::access::Permission::{AuditRead, Requests};

use crate::routes::Needs::Permission;
use crate::routes::Routes;

/// The pages of this folder.
pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/compliance", Permission(AuditRead), overview::show)
        .get("/compliance/why", Permission(AuditRead), why::show)
        .get("/compliance/evidence", Permission(Requests), evidence::form)
        .post("/compliance/evidence", Permission(Requests), evidence::take)
        .get("/compliance/audit", Permission(AuditRead), audit::show)
        .post("/compliance/audit/verify", Permission(AuditRead), audit::verify)
}
