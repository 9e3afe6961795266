//! Plans: the list, one as a timeline, its editor, enrolling people in it, and what is coming for one
//! of them.

mod calendar;
mod editor;
mod enrol;
mod form;
mod list;
mod problems;
mod timeline;

use crate::routes::Needs::Permission;
use crate::routes::Routes;
use domain::access::Permission::{ContactsReadAll, Enrol, PlansApprove, PlansEdit, PlansRead};

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
        .get("/contacts/{contact}/calendar", Permission(ContactsReadAll), calendar::show)
}
