//! What other programs use: tokens of the API, webhooks.

mod overview;
mod tokens;

use crate::routes::Needs::Permission;
use crate::routes::Routes;
use domain::access::Permission::Integrations;

/// The parts of the area, as its first page shows them: path and name of the text.
const PARTS: &[(&str, &str)] = &[("/integrations/tokens", "tokens")];

/// The pages of this folder.
pub fn routes(routes: Routes) -> Routes {
    routes.get("/integrations", Permission(Integrations), overview::show).get(
        "/integrations/tokens",
        Permission(Integrations),
        tokens::list,
    )
}
