//! Plans: the list, one as a timeline, its editor, enrolling people in it, and what is coming for one
//! of them.

mod calendar;
mod editor;
mod enrol;
mod form;
mod list;
mod problems;
mod timeline;

use std::collections::BTreeMap;

use domain::access::Permission::{ContactsReadAll, Enrol, PlansApprove, PlansEdit, PlansRead};
use storage::plans::PlanVersion;

use crate::page::Page;
use crate::routes::Needs::Permission;
use crate::routes::Routes;

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

/// What plans are called in the reader's language, by key.
pub fn plan_names(plans: &[PlanVersion], page: &Page) -> BTreeMap<String, String> {
    let named = |version: &PlanVersion| {
        (version.plan.key.clone(), version.plan.name_in(page.locale()).to_owned())
    };
    plans.iter().map(named).collect()
}
