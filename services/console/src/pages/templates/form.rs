//! What was typed into the editor, as a template's source, and what is wrong with it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::{Locale, Medium};
use library::Library;
use templates::{Compiled, Part, Problem, Purpose, Source, Texts};

use super::visual::{Visual, Visuals};
use crate::pages::typed::Typed;
use crate::trouble::Trouble;

/// The draft's time that stood on the page.
pub fn seen(typed: &Typed) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_micros(typed.value("seen").parse().ok()?)
}

/// The template as it was typed. Browsers end lines with CR LF; files here do not.
pub fn source(typed: &Typed, key: &str, medium: Medium) -> Source {
    let mut locales = std::collections::BTreeMap::new();
    for &locale in Locale::ALL {
        let mut texts = Texts::default();
        for &part in Part::of(medium) {
            let text = typed.text(&format!("{locale}-{part}")).replace("\r\n", "\n");
            if !text.trim().is_empty() {
                put(&mut texts, part, text);
            }
        }
        if texts != Texts::default() {
            locales.insert(locale, texts);
        }
    }
    let purpose = typed.value("purpose").parse().unwrap_or(Purpose::Marketing);
    let source = Source { key: key.to_owned(), medium, purpose, locales };
    with_pages(source, &Visual::all(typed, medium))
}

/// A template with its pages as the block editor has them.
pub fn with_pages(mut source: Source, visuals: &Visuals) -> Source {
    for (locale, visual) in visuals {
        let page = Some(visual.source.clone()).filter(|page| !page.trim().is_empty());
        if page.is_some() || source.locales.contains_key(locale) {
            source.locales.entry(*locale).or_default().mjml = page;
        }
    }
    source.locales.retain(|_, texts| *texts != Texts::default());
    source
}

fn put(texts: &mut Texts, part: Part, text: String) {
    let place = match part {
        Part::Subject => &mut texts.subject,
        Part::Mjml => &mut texts.mjml,
        Part::Text => &mut texts.text,
        Part::Sms => &mut texts.sms,
        Part::Title => &mut texts.title,
        Part::Script => &mut texts.script,
    };
    *place = Some(text);
}

/// A source with everything that is wrong with it, and its compiled form where nothing keeps it from
/// working.
pub struct Checked {
    /// Errors first.
    pub problems: Vec<Problem>,
    /// What would be sent.
    pub compiled: Option<Compiled>,
}

impl Checked {
    /// Whether it must not be approved.
    pub fn is_faulty(&self) -> bool {
        self.compiled.is_none() || self.problems.iter().any(Problem::is_error)
    }
}

/// Checks and compiles, beside the threads that answer others: a long page takes its time.
///
/// # Errors
/// When the check panics; the log says where.
pub async fn check(source: &Source, library: &Arc<Library>) -> Result<Checked, Trouble> {
    let (source, library) = (source.clone(), Arc::clone(library));
    let checked = tokio::task::spawn_blocking(move || {
        let partials = library.partials();
        Checked {
            problems: templates::check(&source, partials),
            compiled: templates::compile(&source, partials).ok(),
        }
    });
    checked.await.map_err(|_| Trouble::Broken)
}
