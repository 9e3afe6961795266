//! `touchline templates render`.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use domain::{Locale, Medium};
use office::Connection;
use office::suggestion;
use serde_json::{Map, Value, json};
use templates::{Compiled, Fields, Renderer, fields};

use super::{LibraryFolder, database_if_any};
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
    #[arg(long)]
    part: Option<Part>,
    /// Write the texts as files into this folder.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Folder whose template is rendered instead of the loaded one.
    #[command(flatten)]
    folder: LibraryFolder,
}

/// A text of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    Subject,
    Html,
    Text,
    Sms,
    Title,
    Script,
}

impl Part {
    const fn name(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Html => "html",
            Self::Text => "text",
            Self::Sms => "sms",
            Self::Title => "title",
            Self::Script => "script",
        }
    }

    const fn file_ending(self) -> &'static str {
        match self {
            Self::Subject => "subject.txt",
            Self::Html => "html",
            Self::Text => "txt",
            Self::Sms => "sms.txt",
            Self::Title => "title.txt",
            Self::Script => "script.txt",
        }
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
    let (compiled, version) = compiled(arguments, session, connection.as_ref()).await?;
    let (fields, locale) = match (&arguments.contact, &connection) {
        (Some(contact), Some(connection)) => of_contact(contact, connection, session).await?,
        _ => {
            let locale = arguments.locale.unwrap_or(Locale::En);
            (Fields::examples(locale, custom_fields(&compiled, locale)), locale)
        }
    };
    let locale = arguments.locale.unwrap_or(locale);
    let parts = render(&compiled, locale, &fields)?;
    tell(arguments, session, Rendered { key: compiled.key, version, locale, parts })
}

/// The loaded version, else what the library's source compiles to.
async fn compiled(
    arguments: &Arguments,
    session: &Session,
    connection: Option<&Connection>,
) -> anyhow::Result<(Compiled, Option<i32>)> {
    let key = &arguments.key;
    if let Some(connection) = connection.filter(|_| arguments.folder.dir.is_none())
        && let Some(stored) = connection.database.current_template(key).await?
    {
        return Ok((stored.compiled, Some(stored.version)));
    }
    let library = arguments.folder.library(session)?;
    let Some(source) = library.template(key) else {
        let known = library.templates().map(|source| source.key.as_str());
        anyhow::bail!("there is no template \"{key}\"; {}", suggestion::of(key, known));
    };
    let compiled = templates::compile(source, library.partials()).map_err(|problems| {
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("template \"{key}\" does not compile:\n  {}", problems.join("\n  "))
    })?;
    Ok((compiled, None))
}

async fn of_contact(
    contact: &str,
    connection: &Connection,
    session: &Session,
) -> anyhow::Result<(Fields, Locale)> {
    let contact = whom::contact(contact, connection, session).await?;
    let facts = connection.database.contact_facts(contact.id).await?;
    let (facts, owner) = facts.context("the contact was there a moment ago")?;
    let team: worker::Team = session.settings.section("team")?;
    let link = fields::find("unsubscribe_url").map_or("", |known| known.example_en);
    Ok((team.fields(&facts, owner.as_ref(), link), contact.locale))
}

fn custom_fields(compiled: &Compiled, locale: Locale) -> Vec<&str> {
    let required = compiled.locales.get(&locale).map(|texts| texts.required.as_slice());
    let names = required.unwrap_or_default().iter().map(String::as_str);
    names.filter(|name| name.starts_with("custom.")).collect()
}

fn render(
    compiled: &Compiled,
    locale: Locale,
    fields: &Fields,
) -> anyhow::Result<Vec<(Part, String)>> {
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

fn tell(arguments: &Arguments, session: &Session, mut done: Rendered) -> anyhow::Result<()> {
    if let Some(part) = arguments.part {
        done.parts.retain(|(own, _)| *own == part);
        if done.parts.is_empty() {
            let key = &done.key;
            return Err(usage(format!("template \"{key}\" has no {}", part.name())));
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
        object.insert(part.name().to_owned(), json!(text));
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
    parts.map(|(part, text)| format!("--- {} ---\n{text}\n", part.name())).collect()
}

fn write_files(done: &Rendered, dir: &Path) -> anyhow::Result<Vec<String>> {
    std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let mut files = Vec::new();
    for (part, text) in &done.parts {
        let file = dir.join(format!("{}.{}.{}", done.key, done.locale, part.file_ending()));
        std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        files.push(file.display().to_string());
    }
    Ok(files)
}
