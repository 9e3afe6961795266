//! What other programs use: tokens of the API, webhooks.

mod overview;
mod tokens;
mod webhooks;

use crate::routes::Needs::Permission;
use crate::routes::Routes;
use domain::access::Permission::Integrations;

/// The parts of the area, as its first page shows them: path and name of the text.
const PARTS: &[(&str, &str)] =
    &[("/integrations/tokens", "tokens"), ("/integrations/webhooks", "webhooks")];

/// The pages of this folder.
pub fn routes(routes: Routes) -> Routes {
    let routes = webhook_routes(routes);
    routes
        .get("/integrations", Permission(Integrations), overview::show)
        .get("/integrations/tokens", Permission(Integrations), tokens::list)
        .post("/integrations/tokens", Permission(Integrations), tokens::make)
        .post("/integrations/tokens/{token}/revoke", Permission(Integrations), tokens::revoke)
}

fn webhook_routes(routes: Routes) -> Routes {
    let needs = Permission(Integrations);
    routes
        .get("/integrations/webhooks", needs, webhooks::list)
        .post("/integrations/webhooks", needs, webhooks::add)
        .get("/integrations/webhooks/{webhook}", needs, webhooks::show)
        .post("/integrations/webhooks/{webhook}", needs, webhooks::change)
        .post("/integrations/webhooks/{webhook}/pause", needs, webhooks::pause)
        .post("/integrations/webhooks/{webhook}/resume", needs, webhooks::resume)
        .post("/integrations/webhooks/{webhook}/secret", needs, webhooks::rotate)
        .post("/integrations/webhooks/{webhook}/test", needs, webhooks::test)
        .post("/integrations/webhooks/{webhook}/replay", needs, webhooks::replay)
        .post("/integrations/webhooks/{webhook}/remove", needs, webhooks::remove)
}
