//! What was typed into the editor, as a template's source, and what is wrong with it.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::image::ImageName;
use domain::{Locale, Medium};
use templates::{Compiled, Part, Problem, ProblemCode, Purpose, Source, Texts, said};

use super::visual::{Visual, Visuals};
use crate::app::App;
use crate::pages::typed::Typed;
use crate::trouble::Trouble;

/// Images of more bytes together are heavy: seconds on a slow line.
const HEAVY: u32 = 1_000_000;

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
    /// What its images weigh.
    pub images: Weights,
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
pub async fn check(source: &Source, app: &App) -> Result<Checked, Trouble> {
    let (images, found) = images(source, app).await?;
    let (source, library) = (source.clone(), Arc::clone(&app.library));
    let checked = tokio::task::spawn_blocking(move || {
        let (problems, compiled) = templates::check_and_compile(&source, library.partials());
        Checked { problems, compiled, images }
    });
    let mut checked = checked.await.map_err(|_| Trouble::Broken)?;
    checked.problems.extend(found);
    checked.problems.sort_by_key(|problem| problem.severity);
    Ok(checked)
}

/// Images of ours that a page shows: in each language how many, and their bytes together.
pub type Weights = BTreeMap<Locale, (usize, u32)>;

/// The images of each language's page, and what is wrong with them: one that is not there, or too much to
/// fetch for whoever opens the mail on the way.
async fn images(source: &Source, app: &App) -> Result<(Weights, Vec<Problem>), Trouble> {
    let (mut weights, mut problems) = (Weights::new(), Vec::new());
    for (&locale, texts) in &source.locales {
        let mut named = ImageName::all_in(texts.mjml.as_deref().unwrap_or_default());
        named.sort_unstable();
        named.dedup();
        if named.is_empty() {
            continue;
        }
        let sizes = app.database.image_sizes(&named).await?;
        for missing in named.iter().filter(|name| !sizes.iter().any(|(own, _)| own == *name)) {
            let message = said!(
                "there is no image {missing}; choose one of those there are",
                "لا توجد صورة {missing}؛ اختر صورة موجودة",
            );
            let problem = Problem::error(ProblemCode::UnknownImage, message);
            problems.push(problem.within(locale, Part::Mjml.as_str()));
        }
        let bytes: u32 = sizes.iter().map(|(_, bytes)| bytes).sum();
        if bytes > HEAVY {
            let kilobytes = bytes.div_ceil(1000);
            let message = said!(
                "the images have {kilobytes} kB together; show fewer or smaller ones",
                "حجم الصور مجتمعة {kilobytes} كيلوبايت؛ اعرض صورًا أقل أو أصغر",
            );
            let problem = Problem::warning(ProblemCode::HeavyImages, message);
            problems.push(problem.within(locale, Part::Mjml.as_str()));
        }
        weights.insert(locale, (sizes.len(), bytes));
    }
    Ok((weights, problems))
}
