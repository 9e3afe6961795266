//! Links that let somebody in once: nobody ever has a password that somebody else chose.

use std::time::Duration;

use anyhow::Context as _;
use domain::access::UserRole;
use domain::{Locale, UserId};
use storage::Database;
use storage::users::NewUser;

use super::token;

/// How long a link works.
pub const LASTS: Duration = Duration::from_secs(24 * 3600);

/// The address of the first administrator until one is chosen (RFC 2606).
pub const FIRST_EMAIL: &str = "first.administrator@touchline.invalid";

/// A new link for a user; the user's earlier one ends.
///
/// # Errors
/// When the database does not answer.
pub async fn link_for(database: &Database, user: UserId, url: &str) -> anyhow::Result<String> {
    let token = token::new();
    database.make_sign_in_link(user, &token::hash(&token), LASTS, true).await?;
    Ok(format!("{url}/welcome/{token}"))
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
    let token = token::new();
    database.make_sign_in_link(user, &token::hash(&token), LASTS, false).await?;
    Ok(format!("{url}/welcome/{token}"))
}

/// Makes the first administrator and the link that lets them in.
///
/// # Errors
/// When the database does not answer.
pub async fn first_link(database: &Database, url: &str) -> anyhow::Result<String> {
    let first = NewUser {
        email: FIRST_EMAIL.to_owned(),
        full_name: "First administrator".to_owned(),
        roles: vec![UserRole::Admin],
        agent_email: None,
        locale: Locale::En,
        actor: "touchline".to_owned(),
    };
    let user = match database.add_user(&first).await? {
        Some(user) => user,
        // Another process makes one at this moment.
        None => {
            let users = database.users().await?;
            users.first().context("there is neither a user nor room for one")?.id
        }
    };
    link_for(database, user, url).await
}
