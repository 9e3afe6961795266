//! Correcting what is known of a contact, and pausing, resuming and stopping its plans.

use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use domain::contact::{Group, Level};
use domain::{ContactId, EnrolmentId, EnrolmentState, Locale, Reason, ReasonCode};
use office::intake::values;
use serde::Deserialize;
use storage::contacts::Contact;
use storage::rights::{Change, Correcting};

use super::new::LONGEST;
use super::show;
use crate::access::reader::visible_contact;
use crate::app::App;
use crate::page::Page;
use crate::trouble::{Answer, Trouble};

/// What was filled in.
#[derive(Debug, Deserialize)]
pub struct Filled {
    pub(crate) full_name: String,
    pub(crate) first_name: String,
    pub(crate) locale: Locale,
    #[serde(default)]
    pub(crate) time_zone: String,
    pub(crate) group: Group,
    pub(crate) level: Level,
}

/// Which plan goes on, and how.
#[derive(Debug, Deserialize)]
pub struct Moved {
    enrolment: EnrolmentId,
    to: EnrolmentState,
}

/// `POST /contacts/{contact}`. What is corrected, in open tasks too, is noted with who did it.
pub async fn correct(
    State(app): State<App>,
    page: Page,
    Path(id): Path<ContactId>,
    Form(filled): Form<Filled>,
) -> Answer {
    let contact = visible_contact(&app, &page, id).await?;
    let changes = match changes(&filled, &contact) {
        Ok(changes) => changes,
        Err(key) => return show::again(contact, page.say(key), &app, &page).await,
    };
    store(id, changes, page.actor()?, "corrected on the contact's page", &app).await?;
    Ok(Redirect::to(&format!("/contacts/{id}?notice=saved")).into_response())
}

/// Notes what was corrected, with who did it.
pub async fn store(
    contact: ContactId,
    changes: Vec<Change>,
    actor: &str,
    reason: &str,
    app: &App,
) -> Result<(), Trouble> {
    if !changes.is_empty() {
        let (actor, reason) = (actor.to_owned(), reason.to_owned());
        let correcting = Correcting { contact, changes, actor, reason };
        app.database.correct_person(&app.keyer, &correcting).await?;
    }
    Ok(())
}

/// What differs from what is stored, or the name of the text that says what is wrong.
pub fn changes(filled: &Filled, contact: &Contact) -> Result<Vec<Change>, &'static str> {
    let (full_name, first_name) = (filled.full_name.trim(), filled.first_name.trim());
    if full_name.is_empty() || first_name.is_empty() {
        return Err("name-missing");
    }
    if [full_name, first_name].iter().any(|name| name.chars().count() > LONGEST) {
        return Err("contact-too-long");
    }
    let zone = match filled.time_zone.trim() {
        "" => None,
        zone => Some(values::time_zone(zone).map_err(|_| "contact-zone-wrong")?),
    };
    let fields = [
        ("full_name", Some(contact.full_name.as_str()), Some(full_name)),
        ("first_name", Some(contact.first_name.as_str()), Some(first_name)),
        ("locale", Some(contact.locale.as_str()), Some(filled.locale.as_str())),
        ("time_zone", contact.time_zone.as_deref(), zone.as_deref()),
        ("group", Some(contact.group.as_str()), Some(filled.group.as_str())),
        ("level", Some(contact.level.as_str()), Some(filled.level.as_str())),
    ];
    let changed = fields.into_iter().filter(|(_, was, becomes)| was != becomes);
    let change =
        |name: &str, to: Option<&str>| Change::Field(name.to_owned(), to.map(str::to_owned));
    Ok(changed.map(|(name, _, to)| change(name, to)).collect())
}

/// `POST /contacts/{contact}/enrolments`.
pub async fn enrolment(
    State(app): State<App>,
    page: Page,
    Path(id): Path<ContactId>,
    Form(moved): Form<Moved>,
) -> Answer {
    visible_contact(&app, &page, id).await?;
    let is_moved = move_to(id, moved.enrolment, moved.to, page.actor()?, &app).await?;
    let notice = if is_moved { "saved" } else { "enrolment-was-over" };
    Ok(Redirect::to(&format!("/contacts/{id}?notice={notice}")).into_response())
}

/// Pauses, resumes or stops a contact's enrolment; false when it was over.
pub async fn move_to(
    contact: ContactId,
    enrolment: EnrolmentId,
    to: EnrolmentState,
    by: &str,
    app: &App,
) -> Result<bool, Trouble> {
    let own = app.database.enrolments_of(contact).await?;
    if !own.iter().any(|own| own.id == enrolment) {
        return Err(Trouble::NotFound);
    }
    let reason = match to {
        EnrolmentState::Active => String::new(),
        EnrolmentState::Paused => Reason::new(ReasonCode::Paused, by).to_string(),
        EnrolmentState::Stopped => Reason::new(ReasonCode::CancelledByPerson, by).to_string(),
        EnrolmentState::Completed => return Err(Trouble::NotFound),
    };
    Ok(app.database.move_enrolment(enrolment, to, &reason).await?)
}
