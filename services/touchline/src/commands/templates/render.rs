//! `touchline templates render`.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use domain::Locale;
use office::Connection;
use office::content::{self, NoTemplate, Part};
use serde_json::{Map, Value, json};
use templates::Fields;

use super::{LibraryFolder, database_if_any};
use crate::choices;
use crate::commands::whom;
use crate::connect::Session;
use crate::error::usage;

/// What to render.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The template's key.
    key: String,
    /// The language; by default the contact's, else English.
    #[arg(long)]
    locale: Option<Locale>,
    /// With this contact's fields (id, external id, email address or phone number) instead of
    /// examples. The unsubscribe link stays an example.
    #[arg(long)]
    contact: Option<String>,
    /// Only this text, without anything around it.
    #[arg(long, value_parser = choices::part())]
    part: Option<Part>,
    /// Write the texts as files into this folder.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Folder whose template is rendered instead of the loaded one.
    #[command(flatten)]
    folder: LibraryFolder,
}

const fn file_ending(part: Part) -> &'static str {
    match part {
        Part::Subject => "subject.txt",
        Part::Html => "html",
        Part::Text => "txt",
        Part::Sms => "sms.txt",
        Part::Title => "title.txt",
        Part::Script => "script.txt",
    }
}

/// The rendered texts of one language, in the order people read them.
struct Rendered {
    key: String,
    version: Option<i32>,
    locale: Locale,
    parts: Vec<(Part, String)>,
}

/// Runs the command.
///
/// # Errors
/// When there is no such template, contact or part, a field is missing, or a file cannot be written.
pub async fn run(arguments: &Arguments, session: &Session) -> anyhow::Result<()> {
    let connection = match &arguments.contact {
        Some(_) => Some(session.connect().await?),
        None => database_if_any(session).await?,
    };
    let library = arguments.folder.library(session)?;
    let loaded = connection.as_ref().filter(|_| arguments.folder.dir.is_none());
    let loaded = loaded.map(|connection| &connection.database);
    let (compiled, version) =
        content::compiled(&arguments.key, loaded, &library).await.map_err(no_template)?;
    let (fields, locale) = match (&arguments.contact, &connection) {
        (Some(contact), Some(connection)) => of_contact(contact, connection, session).await?,
        _ => {
            let locale = arguments.locale.unwrap_or(Locale::En);
            (Fields::examples_for(&compiled, locale), locale)
        }
    };
    let locale = arguments.locale.unwrap_or(locale);
    let parts = content::render(&compiled, locale, &fields)?;
    tell(arguments, session, Rendered { key: compiled.key, version, locale, parts })
}

fn no_template(why: NoTemplate) -> anyhow::Error {
    match why {
        NoTemplate::Storage(error) => error.into(),
        why => why.into(),
    }
}

async fn of_contact(
    contact: &str,
    connection: &Connection,
    session: &Session,
) -> anyhow::Result<(Fields, Locale)> {
    let contact = whom::contact(contact, connection, session).await?;
    let team = session.settings.section("team")?;
    let fields = content::fields_of(&contact, &team, &connection.database).await?;
    Ok((fields, contact.locale))
}

fn tell(arguments: &Arguments, session: &Session, mut done: Rendered) -> anyhow::Result<()> {
    if let Some(part) = arguments.part {
        done.parts.retain(|(own, _)| *own == part);
        if done.parts.is_empty() {
            let key = &done.key;
            return Err(usage(format!("template \"{key}\" has no {}", part)));
        }
    }
    let output = session.output;
    let mut object = Map::new();
    object.insert("key".to_owned(), json!(done.key));
    object.insert("version".to_owned(), json!(done.version));
    object.insert("locale".to_owned(), json!(done.locale));
    if let Some(dir) = &arguments.out {
        let files = write_files(&done, dir)?;
        object.insert("files".to_owned(), json!(files));
        return Ok(output.object(&Value::Object(object), |_| files.join("\n"))?);
    }
    for (part, text) in &done.parts {
        object.insert(part.to_string(), json!(text));
        if *part == Part::Sms {
            let count = templates::sms::count(text, templates::sms::Reference::EightBit);
            object.insert("count".to_owned(), json!(count));
        }
    }
    Ok(output.object(&Value::Object(object), |_| in_words(&done, arguments.part.is_some()))?)
}

fn in_words(done: &Rendered, bare: bool) -> String {
    if let ([(_, text)], true) = (done.parts.as_slice(), bare) {
        return text.clone();
    }
    let parts = done.parts.iter();
    parts.map(|(part, text)| format!("--- {} ---\n{text}\n", part)).collect()
}

fn write_files(done: &Rendered, dir: &Path) -> anyhow::Result<Vec<String>> {
    std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let mut files = Vec::new();
    for (part, text) in &done.parts {
        let file = dir.join(format!("{}.{}.{}", done.key, done.locale, file_ending(*part)));
        std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        files.push(file.display().to_string());
    }
    Ok(files)
}
