//! What a template looks like, made by the very code that sends: as an example or as a real contact.
//!
//! The page of an email stands in a frame of its own address, whose policy lets styles and pictures
//! in and nothing else: the console's own policy would refuse the styles of any email.

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{Html, IntoResponse};
use domain::access::Permission;
use domain::{ContactId, Locale, Medium};
use office::content::{self, Rendered};
use office::{Connection, people};
use serde::Deserialize;
use storage::contacts::Contact;
use templates::blocks;
use templates::fields::EXAMPLE_IMAGES;
use templates::{Compiled, Fields, Problem, RenderError, Source, fields, sms};

use super::editor::Stored;
use super::form::{self, Checked};
use super::visual::Visual;
use crate::app::App;
use crate::page::Page;
use crate::pages::images::FILES;
use crate::pages::typed::Typed;
use crate::settings::Settings;
use crate::trouble::{Answer, Trouble};

/// The policy of the frame, and of nothing else.
///
/// Its page has our origin so that the editor finds the block that was clicked; nothing in it runs.
const FRAME_POLICY: &str = "sandbox allow-same-origin; default-src 'none'; style-src 'unsafe-inline'; \
                            img-src 'self' https: data:; frame-ancestors 'self'";

/// More people than this are not offered.
const OFFERED: usize = 8;

/// As whom, and in which language.
pub struct Shown {
    locale: Locale,
    /// What was typed to find somebody.
    sought: String,
    person: Option<(Contact, Fields)>,
    /// Who else was meant.
    others: Vec<Contact>,
    is_unknown: bool,
}

impl Shown {
    /// An example in the reader's language.
    pub fn example(page: &Page) -> Self {
        let (sought, others) = Default::default();
        Self { locale: page.locale(), sought, person: None, others, is_unknown: false }
    }

    /// As the form asks. Who may not look at everybody's contacts is shown an example.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn of(typed: &Typed, page: &Page, app: &App) -> Result<Self, Trouble> {
        let (sought, chosen) = (typed.value("contact"), typed.value("chosen"));
        let mut shown = Self::found(sought, chosen, page, app).await?;
        if let Some((person, _)) = &shown.person {
            shown.locale = person.locale;
        }
        if let Some(locale) = Locale::of_tag(typed.value("shown")) {
            shown.locale = locale;
        }
        Ok(shown)
    }

    /// The same in another language.
    pub fn in_language(self, locale: Locale) -> Self {
        Self { locale, ..self }
    }

    async fn found(sought: &str, chosen: &str, page: &Page, app: &App) -> Result<Self, Trouble> {
        let mut shown = Self { sought: sought.to_owned(), ..Self::example(page) };
        if sought.is_empty() || !page.may(Permission::ContactsReadAll) {
            return Ok(shown);
        }
        let connection = Connection { database: app.database.clone(), keyer: app.keyer.clone() };
        let region = &app.settings.team.default_region;
        let mut found = people::find(sought, region, &connection).await?;
        found.truncate(OFFERED);
        let place = found.iter().position(|contact| contact.id.to_string() == chosen);
        let person = match (place, found.len()) {
            (Some(place), _) => Some(found.swap_remove(place)),
            (None, 1) => found.pop(),
            (None, n) => {
                shown.is_unknown = n == 0;
                None
            }
        };
        if let Some(person) = person {
            let fields = content::fields_of(&person, &app.settings.sender, &app.database).await?;
            shown.person = Some((person, fields));
        }
        shown.others = found;
        Ok(shown)
    }

    /// As whom; nobody for an example.
    pub fn contact(&self) -> Option<ContactId> {
        self.person.as_ref().map(|(person, _)| person.id)
    }

    /// In which language.
    pub const fn locale(&self) -> Locale {
        self.locale
    }

    /// Whether somebody was named and it is not known who.
    pub const fn is_undecided(&self) -> bool {
        self.is_unknown || (self.person.is_none() && !self.others.is_empty())
    }

    /// The texts, as they would be sent.
    ///
    /// # Errors
    /// When a field is missing, or the language.
    pub fn rendered(&self, compiled: &Compiled) -> anyhow::Result<Rendered> {
        match &self.person {
            Some((_, fields)) => content::render(compiled, self.locale, fields),
            None => {
                let fields = Fields::examples_for(compiled, self.locale);
                content::render(compiled, self.locale, &fields)
            }
        }
    }
}

/// What a text message costs.
pub struct Price {
    pub segments: usize,
    pub each: String,
    pub total: String,
    pub currency: String,
    pub country: String,
}

/// What stands beside the editor.
pub struct Preview {
    pub problems: Vec<Problem>,
    pub locale: Locale,
    pub sought: String,
    pub person: Option<(String, String)>,
    pub others: Vec<(String, String)>,
    pub is_unknown: bool,
    /// Label, language-independent name, text.
    pub parts: Vec<(content::Part, String)>,
    pub error: Option<String>,
    pub kilobytes: Option<usize>,
    /// How many images of ours it shows, and their kilobytes together.
    pub images: Option<(usize, u32)>,
    pub count: Option<sms::Count>,
    /// What a text message costs its sender: of one segment, of all, and in which country.
    pub price: Option<Price>,
    pub forced: Vec<sms::Suggestion>,
    /// Fields not everybody has, without which the template is not sent.
    pub needed: Vec<String>,
}

impl Preview {
    /// Of a source that was checked.
    pub fn of(source: &Source, checked: Checked, shown: &Shown, page: &Page) -> Self {
        let named = |contact: &Contact| (contact.id.to_string(), contact.full_name.clone());
        let mut preview = Self {
            problems: checked.problems,
            locale: shown.locale,
            sought: shown.sought.clone(),
            person: shown.person.as_ref().map(|(person, _)| named(person)),
            others: shown.others.iter().map(named).collect(),
            is_unknown: shown.is_unknown,
            parts: Vec::new(),
            error: None,
            kilobytes: None,
            images: checked.images.get(&shown.locale).map(|(n, bytes)| (*n, bytes.div_ceil(1000))),
            count: None,
            price: None,
            forced: Vec::new(),
            needed: Vec::new(),
        };
        let Some(compiled) = checked.compiled else {
            preview.error = Some(page.say("preview-faulty"));
            return preview;
        };
        preview.needed = needed(&compiled, shown.locale);
        match shown.rendered(&compiled) {
            Ok(parts) => preview.take(parts, source.medium),
            Err(error) => preview.error = Some(in_words(&error, page)),
        }
        preview
    }

    /// With what a text message costs where its reader is, if somebody has set prices.
    pub fn priced(mut self, shown: &Shown, settings: &Settings) -> Self {
        let own = shown.person.as_ref().and_then(|(person, _)| person.country.clone());
        let country = own.unwrap_or_else(|| settings.team.default_region.clone());
        if let (Some(count), Some(each)) = (&self.count, settings.prices.of(&country)) {
            let segments = u32::try_from(count.segments).map_or(f64::INFINITY, f64::from);
            let total = amount(each * segments);
            let currency = settings.prices.currency.clone();
            let segments = count.segments;
            self.price = Some(Price { segments, each: amount(each), total, currency, country });
        }
        self
    }

    fn take(&mut self, parts: Rendered, medium: Medium) {
        for (part, text) in parts {
            match part {
                content::Part::Html => self.kilobytes = Some(text.len().div_ceil(1000)),
                _ => self.parts.push((part, text)),
            }
        }
        if let (Medium::Sms, Some((_, text))) = (medium, self.parts.first()) {
            let count = sms::count(text, sms::Reference::EightBit);
            if count.encoding == sms::Encoding::Ucs2 && self.locale == Locale::En {
                self.forced = sms::suggestions(text);
            }
            self.count = Some(count);
        }
    }
}

/// Money to the hundredth of a cent, without zeros that say nothing.
fn amount(value: f64) -> String {
    let text = format!("{value:.4}");
    let short = text.trim_end_matches('0');
    let whole = short.ends_with('.') || short.len() + 2 > text.len();
    if whole { format!("{value:.2}") } else { short.to_owned() }
}

/// Fields the template cannot do without and not everybody has.
fn needed(compiled: &Compiled, locale: Locale) -> Vec<String> {
    let required = compiled.locales.get(&locale).map(|texts| texts.required.as_slice());
    let may_lack = |name: &&String| fields::find(name).is_none_or(|known| !known.always);
    required.unwrap_or_default().iter().filter(may_lack).cloned().collect()
}

/// Why it cannot be rendered, in the reader's language.
pub fn in_words(error: &anyhow::Error, page: &Page) -> String {
    let Some(error) = error.downcast_ref::<RenderError>() else {
        tracing::warn!(error = %format!("{error:#}"), "a template cannot be shown");
        return page.say("preview-broken");
    };
    match error {
        RenderError::MissingField { name } => page.with("preview-missing-field", name.as_str()),
        RenderError::UnsafeLink { name } => page.with("preview-unsafe-link", name.as_str()),
        RenderError::NotADate { name } => page.with("preview-not-a-date", name.as_str()),
        RenderError::ControlCharacter { part } => {
            page.with("preview-control-character", page.word("template-part", part))
        }
        RenderError::Empty { part } => page.with("preview-empty", page.word("template-part", part)),
        RenderError::TooLarge { .. } => page.say("preview-too-large"),
        RenderError::NoLocale { locale } => {
            page.with("preview-no-locale", office::words::language(*locale, page.locale()))
        }
        RenderError::WrongMedium { .. } | RenderError::Engine { .. } => {
            tracing::warn!(%error, "a template cannot be shown");
            page.say("preview-broken")
        }
    }
}

#[derive(Template)]
#[template(path = "templates/preview.html")]
struct PreviewPart {
    page: Page,
    preview: Preview,
}

#[derive(Template)]
#[template(path = "templates/preview_page.html")]
struct PreviewPage {
    page: Page,
    key: String,
    preview: Preview,
}

/// `POST /templates/{key}/preview`: what was typed, shown; nothing is kept.
pub async fn part(
    State(app): State<App>,
    page: Page,
    Path(key): Path<String>,
    Form(typed): Form<Vec<(String, String)>>,
) -> Answer {
    let (typed, stored) = (Typed(typed), Stored::of(&key, &app).await?);
    let source = form::source(&typed, &key, stored.medium()?);
    let checked = form::check(&source, &app).await?;
    let shown = Shown::of(&typed, &page, &app).await?;
    let preview = Preview::of(&source, checked, &shown, &page).priced(&shown, &app.settings);
    if page.is_part() {
        return page.show(&PreviewPart { page: page.clone(), preview });
    }
    page.show(&PreviewPage { page: page.clone(), key, preview })
}

/// What of a stored template is to be shown in the frame.
#[derive(Debug, Deserialize)]
pub struct Asked {
    #[serde(default)]
    shown: String,
}

/// `GET /templates/{key}/page`: the stored email as a page, in its frame.
pub async fn stored_page(
    State(app): State<App>,
    page: Page,
    Path(key): Path<String>,
    Query(asked): Query<Asked>,
) -> Answer {
    let stored = Stored::of(&key, &app).await?;
    let mut shown = Shown::example(&page);
    if let Some(locale) = Locale::of_tag(&asked.shown) {
        shown.locale = locale;
    }
    framed(stored.source()?, &shown, None, &page, &app).await
}

/// `POST /templates/{key}/page`: what was typed, as a page in its frame; nothing is kept.
pub async fn typed_page(
    State(app): State<App>,
    page: Page,
    Path(key): Path<String>,
    Form(typed): Form<Vec<(String, String)>>,
) -> Answer {
    let (typed, stored) = (Typed(typed), Stored::of(&key, &app).await?);
    let source = form::source(&typed, &key, stored.medium()?);
    let shown = Shown::of(&typed, &page, &app).await?;
    let visual = (source.medium == Medium::Email).then(|| Visual::of(&typed, shown.locale));
    let selected = visual.filter(|visual| visual.in_blocks).and_then(|visual| visual.selected);
    framed(&source, &shown, selected, &page, &app).await
}

#[derive(Template)]
#[template(path = "templates/no_page.html")]
struct NoPage<'a> {
    page: &'a Page,
    why: String,
}

/// The template with marks on the blocks of the page that is shown.
fn marked(source: &Source, locale: Locale, app: &App) -> Source {
    let mut marked = source.clone();
    if let Some(texts) = marked.locales.get_mut(&locale)
        && let Some(mjml) = &texts.mjml
    {
        texts.mjml = Some(blocks::marked(mjml, app.library.partials(), locale));
    }
    marked
}

/// How the marked blocks look: they can be pointed at, and one may be selected.
fn styled(selected: Option<usize>) -> String {
    let mark = blocks::CLASS;
    let own = selected.map_or_else(String::new, |index| {
        format!("[class~=\"{mark}{index}\"]{{outline:3px solid #0b6b57;outline-offset:-3px}}")
    });
    format!(
        "<style>[class*=\"{mark}\"]{{cursor:pointer}}[class*=\"{mark}\"]:hover{{outline:2px \
         dashed #0a5c8a;outline-offset:-2px}}{own}</style>"
    )
}

async fn framed(
    source: &Source,
    shown: &Shown,
    selected: Option<usize>,
    page: &Page,
    app: &App,
) -> Answer {
    let checked = form::check(&marked(source, shown.locale, app), app).await?;
    let html = match checked.compiled {
        None => Err(page.say("preview-faulty")),
        Some(compiled) => match shown.rendered(&compiled) {
            Ok(parts) => parts
                .into_iter()
                .find(|(part, _)| *part == content::Part::Html)
                .map(|(_, html)| html)
                .ok_or_else(|| page.say("preview-no-page")),
            Err(error) => Err(in_words(&error, page)),
        },
    };
    let html = match html {
        // People of the team see images here, also where the public edge cannot be reached.
        Ok(html) => html.replace(&format!("{EXAMPLE_IMAGES}/"), &format!("{FILES}/")).replacen(
            "</head>",
            &format!("{}</head>", styled(selected)),
            1,
        ),
        Err(why) => NoPage { page, why }.render()?,
    };
    Ok(([(header::CONTENT_SECURITY_POLICY, FRAME_POLICY)], Html(html)).into_response())
}
