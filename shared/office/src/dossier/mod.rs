//! Everything about a person, for programs or for people, or what the person gave us, to take along
//! (compliance.md PRV-06, PRV-07). That it was read is noted.

mod page;
mod portable;
pub(crate) mod readable;
mod words;

use domain::{EventId, Locale, RequestId};
use serde_json::{Map, Value, json};
use storage::StorageError;
use storage::contacts::Contact;
use storage::rights::Dossier;

use crate::Connection;

domain::words! {
    /// The form of an export.
    Format, "form of an export", {
        /// For programs.
        Json = "json",
        /// For people.
        Html = "html",
        /// For spreadsheets; of what the person gave us alone.
        Csv = "csv",
    }
}

/// Who takes what, and what for.
#[derive(Debug, Clone)]
pub struct Export {
    /// The form.
    pub format: Format,
    /// Only what the person gave us, to take along.
    pub portable: bool,
    /// The language of a page; the contact's when not given.
    pub language: Option<Locale>,
    /// The request it answers; see [`crate::requests::known`].
    pub request: Option<RequestId>,
    /// Who takes it: a person's own name.
    pub actor: String,
    /// What for.
    pub reason: String,
}

/// What was exported.
#[derive(Debug, Clone)]
pub struct Exported {
    /// The file, in UTF-8.
    pub content: String,
    /// The event that says who has read it.
    pub event: EventId,
}

/// Everything about a contact, or what the contact gave us. Needs a connection under the compliance
/// role.
///
/// # Errors
/// When the database does not answer, or does not let this person.
pub async fn export(
    contact: &Contact,
    export: &Export,
    connection: &Connection,
) -> Result<Exported, StorageError> {
    let why = match export.request {
        Some(id) => format!("{} (request {id})", export.reason),
        None => export.reason.clone(),
    };
    let dossier = connection.database.read_person(contact.id, &export.actor, &why).await?;
    let event = dossier.reading;
    let dossier = if export.portable { portable::given(&dossier) } else { dossier };
    let content = match export.format {
        Format::Html => readable::page(&dossier, export.language.unwrap_or(contact.locale)).html(),
        Format::Csv => portable::csv(&portable::given(&dossier)),
        Format::Json => format!("{:#}\n", everything(&dossier)),
    };
    Ok(Exported { content, event })
}

/// Everything, a list of rows per table.
fn everything(dossier: &Dossier) -> Value {
    let sections = dossier.sections.iter();
    let tables: Map<String, Value> =
        sections.map(|section| (section.table.clone(), json!(section.rows))).collect();
    json!({ "event": dossier.reading, "tables": tables })
}
