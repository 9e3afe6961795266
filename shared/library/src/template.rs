//! A template's folder: `template.toml` and one file per text and language.

use std::collections::BTreeMap;

use domain::{Locale, Medium};
use serde::Deserialize;
use templates::{Purpose, Source, Texts};

use crate::LoadError;
use crate::files::{File, Files};

/// What stands in `template.toml`: the one-line texts and what the template is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    medium: Medium,
    purpose: Purpose,
    #[serde(default)]
    description: BTreeMap<Locale, String>,
    #[serde(default)]
    subject: BTreeMap<Locale, String>,
    #[serde(default)]
    title: BTreeMap<Locale, String>,
}

const EXPECTED: &str = "a template has template.toml and, per language, en.mjml and en.txt (email), \
                        en.sms.txt (text message) or en.script.txt (task); ar likewise";

const EXPECTED_PIECE: &str =
    "a shared piece is _partials/<name>.mjml or .txt, or _partials/<language>/<name>";

/// Reads the template in `templates/<key>`: its source, and its description per language.
pub fn read(files: &Files, key: &str) -> Result<(Source, BTreeMap<Locale, String>), LoadError> {
    if let Some(file) = files.find(&format!("templates/{key}")) {
        return Err(file.misplaced("a template is a folder, templates/<key>/"));
    }
    let folder = format!("templates/{key}/");
    let Some(file) = files.find(&format!("{folder}template.toml")) else {
        return Err(LoadError::NoTemplateFile { folder: files.shown(&folder) });
    };
    let head: Head = file.toml()?;
    let mut locales: BTreeMap<Locale, Texts> = BTreeMap::new();
    for (locale, subject) in head.subject {
        locales.entry(locale).or_default().subject = Some(subject);
    }
    for (locale, title) in head.title {
        locales.entry(locale).or_default().title = Some(title);
    }
    for file in files.under(&folder).filter(|file| file.path != format!("{folder}template.toml")) {
        let (locale, slot) = file
            .path
            .strip_prefix(&folder)
            .and_then(|name| name.split_once('.'))
            .and_then(|(locale, kind)| Some((locale.parse().ok()?, slot(kind)?)))
            .ok_or_else(|| file.misplaced(EXPECTED))?;
        // A line end at the end of a file is the editor's, not the text's.
        *slot(locales.entry(locale).or_default()) = Some(file.content.trim_end().to_owned());
    }
    let source =
        Source { key: key.to_owned(), medium: head.medium, purpose: head.purpose, locales };
    Ok((source, head.description))
}

type Slot = fn(&mut Texts) -> &mut Option<String>;

/// The text a file of that kind holds.
fn slot(kind: &str) -> Option<Slot> {
    Some(match kind {
        "mjml" => |texts| &mut texts.mjml,
        "txt" => |texts| &mut texts.text,
        "sms.txt" => |texts| &mut texts.sms,
        "script.txt" => |texts| &mut texts.script,
        _ => return None,
    })
}

/// The language, if it is of one, and the name of a shared piece.
pub fn piece_name(file: &File) -> Result<(Option<Locale>, String), LoadError> {
    let misplaced = || file.misplaced(EXPECTED_PIECE);
    let name = file.path.strip_prefix("templates/_partials/").ok_or_else(misplaced)?;
    let (locale, name) = match name.split_once('/') {
        None => (None, name),
        Some((locale, name)) => (Some(locale.parse().map_err(|_| misplaced())?), name),
    };
    let is_piece = !name.contains('/')
        && matches!(name.rsplit_once('.'), Some((stem, "mjml" | "txt")) if !stem.is_empty());
    if is_piece { Ok((locale, name.to_owned())) } else { Err(misplaced()) }
}
