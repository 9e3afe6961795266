//! Operations: how the fleet is, what waits for a person, and what is paused.

mod cause;
mod decide;
mod desk;
mod glance;
mod live;
mod pauses;
mod told;
mod why;

pub use glance::Glances;

use crate::routes::Needs::Permission;
use crate::routes::Routes;
use domain::access::Permission::{FleetOperate, FleetRead};

/// The pages of this folder.
pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/fleet", Permission(FleetRead), live::show)
        .get("/fleet/desk", Permission(FleetRead), desk::show)
        .get("/fleet/desk/touches", Permission(FleetRead), desk::touches)
        .post("/fleet/desk/decide", Permission(FleetOperate), decide::decide)
        .get("/fleet/pauses", Permission(FleetRead), pauses::show)
        .post("/fleet/pauses", Permission(FleetOperate), pauses::open)
        .post("/fleet/pauses/{pause}/lift", Permission(FleetOperate), pauses::lift)
}
