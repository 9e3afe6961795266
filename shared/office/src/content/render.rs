//! What a template looks like.

use anyhow::Context as _;
use domain::{Locale, Medium};
use library::Library;
use storage::contacts::Contact;
use storage::{Database, StorageError};
use templates::{Compiled, Fields, Renderer, fields};
use worker::Links;

use crate::suggestion;

domain::words! {
    /// A text of a template.
    Part, "part of a template", {
        /// An email's subject.
        Subject = "subject",
        /// An email's page.
        Html = "html",
        /// An email's text.
        Text = "text",
        /// A text message.
        Sms = "sms",
        /// A task's title.
        Title = "title",
        /// What to say or write.
        Script = "script",
    }
}

/// Why there is nothing to render.
#[derive(Debug, thiserror::Error)]
pub enum NoTemplate {
    /// There is none; what was probably meant.
    #[error("there is no template \"{key}\"; {hint}")]
    Unknown {
        /// The key that was named.
        key: String,
        /// "did you mean …?", or all there are.
        hint: String,
    },
    /// It does not compile; every problem.
    #[error("template \"{key}\" does not compile:\n  {}", .problems.join("\n  "))]
    Broken {
        /// The template's key.
        key: String,
        /// What is wrong.
        problems: Vec<String>,
    },
    /// The database does not answer.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// The rendered texts of one language, in the order people read them.
pub type Rendered = Vec<(Part, String)>;

/// The loaded version of a template with its number, where a database is given and has one; else
/// what the library's source compiles to.
///
/// # Errors
/// When there is no such template, it does not compile, or the database does not answer.
pub async fn compiled(
    key: &str,
    database: Option<&Database>,
    library: &Library,
) -> Result<(Compiled, Option<i32>), NoTemplate> {
    if let Some(database) = database
        && let Some(stored) = database.current_template(key).await?
    {
        return Ok((stored.compiled, Some(stored.version)));
    }
    let Some(source) = library.template(key) else {
        let known = library.templates().map(|source| source.key.as_str());
        let hint = suggestion::of(key, known);
        return Err(NoTemplate::Unknown { key: key.to_owned(), hint });
    };
    let compiled = templates::compile(source, library.partials()).map_err(|problems| {
        let problems = problems.iter().map(ToString::to_string).collect();
        NoTemplate::Broken { key: key.to_owned(), problems }
    })?;
    Ok((compiled, None))
}

/// What templates may know about a contact. The unsubscribe link, and where images are, are examples.
///
/// # Errors
/// When the contact is gone, or the database does not answer.
pub async fn fields_of(
    contact: &Contact,
    team: &worker::Team,
    database: &Database,
) -> anyhow::Result<Fields> {
    let facts = database.contact_facts(contact.id).await?;
    let (facts, owner) = facts.context("the contact was there a moment ago")?;
    let unsubscribe = fields::find("unsubscribe_url").map_or("", |known| known.example_en);
    let links = Links { unsubscribe, images: fields::EXAMPLE_IMAGES };
    Ok(team.fields(&facts, owner.as_ref(), links))
}

/// The texts of a template in a language, with these fields.
///
/// # Errors
/// When the template has not got the language, or a field it needs is missing.
pub fn render(compiled: &Compiled, locale: Locale, fields: &Fields) -> anyhow::Result<Rendered> {
    let renderer = Renderer::new(compiled)?;
    Ok(match compiled.medium {
        Medium::Email => {
            let email = renderer.email(locale, fields)?;
            vec![(Part::Subject, email.subject), (Part::Text, email.text), (Part::Html, email.html)]
        }
        Medium::Sms => vec![(Part::Sms, renderer.sms(locale, fields)?.text)],
        Medium::Call => {
            let task = renderer.task(locale, fields)?;
            vec![(Part::Title, task.title), (Part::Script, task.script)]
        }
    })
}
