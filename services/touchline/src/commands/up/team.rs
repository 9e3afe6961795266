//! How people come into the console: in a demonstration by a link that asks for nothing, else as the
//! first administrator, else with what they have.

use bootstrap::Loaded;
use console::Serving;
use domain::Locale;
use domain::access::UserRole;
use storage::users::NewUser;
use storage::{Database, Role};

/// Who shows the demonstration around: may do everything.
const HOST: (&str, &str) = ("amal@palm-realty.example", "Amal Nasser");

/// The sample team's users.
const TEAM: [(&str, &str, UserRole, Locale); 5] = [
    ("dina@palm-realty.example", "Dina Farouk", UserRole::Marketer, Locale::En),
    ("salem@palm-realty.example", "سالم الحربي", UserRole::Compliance, Locale::Ar),
    ("maya@palm-realty.example", "Maya Rahal", UserRole::Agent, Locale::En),
    ("karim@palm-realty.example", "كريم سليمان", UserRole::Agent, Locale::Ar),
    ("omar@palm-realty.example", "Omar Aziz", UserRole::Operator, Locale::En),
];

/// What people open.
///
/// # Errors
/// When the database does not answer.
pub async fn door(settings: &Loaded, console: &Serving, demo: bool) -> anyhow::Result<String> {
    let url = console.url().to_owned();
    if !demo {
        return Ok(match console.first_link().await? {
            Some(link) => format!("{link} (once, for the first administrator)"),
            None => url,
        });
    }
    let database = Database::new(&settings.section("database")?, Some(Role::Console))?;
    let user = |email: &str, full_name: &str, roles, locale| NewUser {
        email: email.to_owned(),
        full_name: full_name.to_owned(),
        roles,
        agent_email: Some(email.to_owned()),
        locale,
        actor: "touchline up --demo".to_owned(),
    };
    let everything = UserRole::ALL.to_vec();
    database.add_user(&user(HOST.0, HOST.1, everything, Locale::En)).await?;
    for (email, name, role, locale) in TEAM {
        database.add_user(&user(email, name, vec![role], locale)).await?;
    }
    let host = database.credentials(HOST.0).await?;
    let link = match host {
        Some(host) => console::demonstration_link(&database, host.user.id, &url).await?,
        None => url,
    };
    database.close().await;
    Ok(format!("{link} (opens once)"))
}
