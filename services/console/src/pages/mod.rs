//! The pages, one folder or file per area.

mod compliance;
pub mod contacts;
mod feed;
mod fleet;
mod happenings;
mod home;
mod images;
mod integrations;
pub mod list;
mod plans;
mod requests;
mod reviews;
mod sample;
mod tasks;
mod templates;
mod touches;
mod typed;

use domain::access::Permission;

pub use fleet::Glances;
pub use images::MOST_MEGABYTES;
pub use tasks::{day_of, end as end_task, outcomes};

use crate::access;
use crate::api;
use crate::app::App;
use crate::assets;
use crate::routes::Needs::{Nothing, Permission as May, Session};
use crate::routes::Routes;

/// An area of the console, as the menu shows it.
pub struct Area {
    /// Its first page.
    pub path: &'static str,
    /// The name of its text.
    pub name: &'static str,
    /// Who sees it in the menu.
    pub permission: Permission,
}

/// The menu, in its order.
pub const AREAS: &[Area] = &[
    Area { path: "/tasks", name: "area-tasks", permission: Permission::TasksWork },
    Area { path: "/tasks", name: "area-tasks", permission: Permission::TasksAll },
    Area { path: "/contacts", name: "area-contacts", permission: Permission::ContactsRead },
    Area { path: "/plans", name: "area-plans", permission: Permission::PlansRead },
    Area { path: "/templates", name: "area-templates", permission: Permission::PlansRead },
    Area { path: "/images", name: "area-images", permission: Permission::PlansRead },
    Area { path: "/list", name: "area-list", permission: Permission::ListRead },
    Area { path: "/reviews", name: "area-reviews", permission: Permission::Reviews },
    Area { path: "/requests", name: "area-requests", permission: Permission::Requests },
    Area { path: "/compliance", name: "area-compliance", permission: Permission::AuditRead },
    Area { path: "/fleet", name: "area-fleet", permission: Permission::FleetRead },
    Area { path: "/integrations", name: "area-integrations", permission: Permission::Integrations },
    Area { path: "/users", name: "area-users", permission: Permission::Users },
];

/// Every route of the console.
pub fn routes(app: &App) -> Routes {
    let routes = Routes::new(app).get("/assets/{name}", Nothing, assets::serve).get(
        "/",
        Session,
        home::show,
    );
    let routes = routes.get("/sample", May(Permission::Users), sample::show).post(
        "/sample",
        May(Permission::Users),
        sample::act,
    );
    let routes = plans::routes(routes);
    let routes = templates::routes(routes);
    let routes = images::routes(routes);
    let routes = list::routes(routes);
    let routes = tasks::routes(routes);
    let routes = feed::routes(routes);
    let routes = reviews::routes(routes);
    let routes = requests::routes(routes);
    let routes = compliance::routes(routes);
    let routes = contacts::routes(routes);
    let routes = touches::routes(routes);
    let routes = fleet::routes(routes);
    let routes = integrations::routes(routes);
    let routes = access::routes(routes);
    api::routes(routes)
}
