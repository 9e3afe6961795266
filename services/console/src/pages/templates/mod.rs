//! Templates: the list, the editor with its preview, and what became of each version.

mod editor;
mod form;
mod list;
mod panel;
mod preview;
mod test;
mod versions;
mod visual;

use crate::routes::Needs::Permission;
use crate::routes::Routes;
use domain::access::Permission::{PlansApprove, PlansEdit, PlansRead};

/// The pages of this folder.
pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/templates", Permission(PlansRead), list::show)
        .post("/templates", Permission(PlansEdit), list::begin)
        .get("/templates/{key}", Permission(PlansRead), editor::show)
        .post("/templates/{key}", Permission(PlansEdit), editor::save)
        .post("/templates/{key}/blocks", Permission(PlansRead), panel::act)
        .post("/templates/{key}/preview", Permission(PlansRead), preview::part)
        .get("/templates/{key}/page", Permission(PlansRead), preview::stored_page)
        .post("/templates/{key}/page", Permission(PlansRead), preview::typed_page)
        .get("/templates/{key}/tests", Permission(PlansEdit), test::show)
        .post("/templates/{key}/test", Permission(PlansEdit), test::ask)
        .post("/templates/{key}/discard", Permission(PlansEdit), editor::discard)
        .post("/templates/{key}/approve", Permission(PlansApprove), editor::approve)
        .post("/templates/{key}/retire", Permission(PlansApprove), versions::retire)
        .post("/templates/{key}/restore", Permission(PlansApprove), versions::restore)
        .get("/templates/{key}/versions/{version}", Permission(PlansRead), versions::show)
        .post(
            "/templates/{key}/versions/{version}/approve",
            Permission(PlansApprove),
            versions::roll_back,
        )
}
