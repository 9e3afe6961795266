//! Plans: the list, one as a timeline, its editor, and enrolling people in it.

mod editor;
mod enrol;
mod form;
mod list;
mod problems;
mod timeline;

use crate::routes::Needs::Permission;
use crate::routes::Routes;
use domain::access::Permission::{Enrol, PlansApprove, PlansEdit, PlansRead};

/// The pages of this folder.
pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/plans", Permission(PlansRead), list::show)
        .post("/plans/load", Permission(PlansApprove), list::load)
        .get("/plans/{key}", Permission(PlansRead), timeline::show)
        .get("/plans/{key}/edit", Permission(PlansEdit), editor::show)
        .post("/plans/{key}/edit", Permission(PlansEdit), editor::work)
        .get("/plans/{key}/enrol", Permission(Enrol), enrol::show)
        .post("/plans/{key}/enrol", Permission(Enrol), enrol::enrol)
}
