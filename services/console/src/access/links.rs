//! Links that let somebody in once: nobody ever has a password that somebody else chose.

use std::time::Duration;

use domain::access::UserRole;
use domain::{Locale, UserId};
use storage::Database;
use storage::users::NewUser;

use super::token;

/// How long a link works.
pub const LASTS: Duration = Duration::from_secs(24 * 3600);

/// The address of the first administrator until one is chosen (RFC 2606).
pub const FIRST_EMAIL: &str = "first.administrator@touchline.invalid";

/// Who makes links before anybody can sign in.
const NOBODY_YET: &str = "touchline";

/// A new link for a user, made by `actor`; the user's earlier one ends.
///
/// # Errors
/// When the database does not answer.
pub async fn link_for(
    database: &Database,
    user: UserId,
    url: &str,
    actor: &str,
) -> anyhow::Result<String> {
    new_link(database, user, url, true, actor).await
}

/// A new link that lets a user in without a password: for demonstrations.
///
/// # Errors
/// When the database does not answer.
pub async fn demonstration_link(
    database: &Database,
    user: UserId,
    url: &str,
) -> anyhow::Result<String> {
    new_link(database, user, url, false, NOBODY_YET).await
}

async fn new_link(
    database: &Database,
    user: UserId,
    url: &str,
    asks_password: bool,
    actor: &str,
) -> anyhow::Result<String> {
    let token = token::new();
    database.make_sign_in_link(user, &token::hash(&token), LASTS, asks_password, actor).await?;
    Ok(format!("{url}/welcome/{token}"))
}

/// The link that lets the first administrator in, until one has come in by it: each start makes a new
/// one, so that nobody is shut out who has missed it. Nothing once there is a user.
///
/// # Errors
/// When the database does not answer.
pub async fn first_link(database: &Database, url: &str) -> anyhow::Result<Option<String>> {
    let first = NewUser {
        email: FIRST_EMAIL.to_owned(),
        full_name: "First administrator".to_owned(),
        roles: vec![UserRole::Admin],
        agent_email: None,
        locale: Locale::En,
        actor: NOBODY_YET.to_owned(),
    };
    if database.count_users().await? == 0 {
        // Nothing where another process makes one at this moment.
        database.add_user(&first).await?;
    }
    let Some(waiting) = database.credentials(FIRST_EMAIL).await? else { return Ok(None) };
    Ok(Some(link_for(database, waiting.user.id, url, NOBODY_YET).await?))
}
