//! The editor of a template: its texts, what is wrong with them, and what can be done with them.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use domain::access::Permission;
use domain::{Locale, Medium};
use storage::drafts::{Draft, TemplateDecision, TemplatePast};
use storage::images::Image;
use storage::plans::TemplateVersion;
use templates::fields::KNOWN;
use templates::{Part, Purpose, Source};

use super::form::{self, Checked};
use super::list::plans_by_template;
use super::panel::{self, Panel};
use super::preview::{Preview, Shown};
use super::test::Tests;
use super::visual::{self, Visual, Visuals};
use crate::app::App;
use crate::page::Page;
use crate::pages::typed::Typed;
use crate::trouble::{Answer, Trouble};

/// A template's draft and the version that is sent; one of them is there.
pub struct Stored {
    /// What is being edited.
    pub draft: Option<Draft>,
    /// What is sent.
    pub current: Option<TemplateVersion>,
}

impl Stored {
    /// Of a key.
    ///
    /// # Errors
    /// [`Trouble::NotFound`] when there is neither, and when the database does not answer.
    pub async fn of(key: &str, app: &App) -> Result<Self, Trouble> {
        let draft = app.database.template_draft(key).await?;
        let current = app.database.current_template(key).await?;
        if draft.is_none() && current.is_none() {
            return Err(Trouble::NotFound);
        }
        Ok(Self { draft, current })
    }

    /// What the editor begins with.
    pub fn source(&self) -> Result<&Source, Trouble> {
        let draft = self.draft.as_ref().map(|draft| &draft.source);
        draft.or(self.current.as_ref().map(|current| &current.source)).ok_or(Trouble::NotFound)
    }

    /// The worker it is for, which never changes.
    pub fn medium(&self) -> Result<Medium, Trouble> {
        match &self.current {
            Some(current) => Ok(current.medium),
            None => Ok(self.source()?.medium),
        }
    }

    fn version(&self) -> Option<i32> {
        self.current.as_ref().map(|current| current.version)
    }
}

/// A text of the template in the form.
struct Field {
    name: String,
    label: String,
    text: String,
    rows: usize,
    is_one_line: bool,
    locale: Locale,
    /// Of a page: its block editor.
    panel: Option<Panel>,
}

#[derive(Template)]
#[template(path = "templates/editor.html")]
struct Editor {
    page: Page,
    key: String,
    description: Option<String>,
    medium: &'static str,
    is_email: bool,
    purpose: Purpose,
    languages: Vec<(Locale, Vec<Field>)>,
    stored: Stored,
    retired: bool,
    seen: String,
    plans: Vec<(String, String)>,
    past: Vec<TemplatePast>,
    decisions: Vec<TemplateDecision>,
    preview: Preview,
    /// The reader's own tests, where there can be some.
    tests: Option<Tests>,
    problem: Option<String>,
}

impl Editor {
    fn may_edit(&self) -> bool {
        self.page.may(Permission::PlansEdit)
    }

    fn may_approve(&self) -> bool {
        self.page.may(Permission::PlansApprove)
    }

    /// Whether somebody approved another version since the draft was begun.
    fn is_overtaken(&self) -> bool {
        let draft = self.stored.draft.as_ref();
        draft.is_some_and(|draft| draft.based_on != self.stored.version())
    }

    /// The fields texts may use, for the completion of the source editor: names, and names for people.
    fn fields_as_json(&self) -> String {
        let field = |name| serde_json::json!([name, self.page.word("field", name)]);
        serde_json::Value::Array(KNOWN.iter().map(|known| field(known.name)).collect()).to_string()
    }

    /// The fields texts may use: name, what it is or an example, whether everybody has it.
    fn known(&self) -> Vec<(String, &'static str, bool)> {
        let example = |field: &templates::fields::Known| match self.page.locale() {
            Locale::En => field.example_en,
            Locale::Ar => field.example_ar,
        };
        let field = |field: &templates::fields::Known| {
            (visual::written(field.name), example(field), field.always)
        };
        KNOWN.iter().map(field).collect()
    }
}

/// `GET /templates/{key}`.
pub async fn show(State(app): State<App>, page: Page, Path(key): Path<String>) -> Answer {
    let stored = Stored::of(&key, &app).await?;
    let source = stored.source()?.clone();
    let checked = form::check(&source, &app).await?;
    let shown = Shown::example(&page);
    let visuals = Visual::fresh_ones(&source);
    let open = Open { stored, source, checked, visuals, problem: None };
    page.show(&editor(&app, &page, open, &shown).await?)
}

/// A template in the editor.
struct Open {
    stored: Stored,
    source: Source,
    checked: Checked,
    visuals: Visuals,
    problem: Option<String>,
}

async fn editor(app: &App, page: &Page, open: Open, shown: &Shown) -> Result<Editor, Trouble> {
    let Open { stored, source, checked, visuals, problem } = open;
    let key = source.key.clone();
    let (plans, past, decisions) = tokio::try_join!(
        app.database.current_plans(),
        app.database.template_past(&key),
        app.database.template_decisions(&key),
    )?;
    let plans = plans_by_template(&plans, page);
    let seen = stored.draft.as_ref().map(|draft| draft.edited_at.timestamp_micros().to_string());
    let medium = stored.medium()?;
    let images = if medium == Medium::Email { app.database.images().await? } else { Vec::new() };
    let tests = if page.may(Permission::PlansEdit) && medium != Medium::Call {
        Some(Tests::of(&key, page, app).await?)
    } else {
        None
    };
    Ok(Editor {
        tests,
        description: app.library.description(&key, page.locale()).map(str::to_owned),
        medium: office::words::medium(medium, page.locale()),
        is_email: medium == Medium::Email,
        purpose: source.purpose,
        languages: languages(&source, medium, visuals, (app, &images), page),
        retired: stored.current.as_ref().is_some_and(|current| current.retired),
        seen: seen.unwrap_or_default(),
        plans: plans.get(&key).cloned().unwrap_or_default(),
        past,
        decisions,
        preview: Preview::of(&source, checked, shown, page).priced(shown, &app.settings),
        page: page.clone(),
        key,
        stored,
        problem,
    })
}

fn languages(
    source: &Source,
    medium: Medium,
    mut visuals: Visuals,
    (app, images): (&App, &[Image]),
    page: &Page,
) -> Vec<(Locale, Vec<Field>)> {
    let mut fields = |locale: Locale| {
        let texts = source.locales.get(&locale);
        let field = |part: &Part| {
            let text = texts.and_then(|texts| texts.part(*part)).unwrap_or_default().to_owned();
            let rows = if matches!(part, Part::Text | Part::Script) { 10 } else { 4 };
            let (name, label) = (format!("{locale}-{part}"), page.word("template-part", part));
            let visual = (*part == Part::Mjml).then(|| visuals.remove(&locale)).flatten();
            let panel = visual.map(|visual| {
                Panel::of(visual, &source.key, panel::stock(app, images, locale), page)
            });
            Field { name, label, text, rows, is_one_line: part.is_one_line(), locale, panel }
        };
        Part::of(medium).iter().map(field).collect()
    };
    Locale::ALL.iter().map(|locale| (*locale, fields(*locale))).collect()
}

/// `POST /templates/{key}`: keeps what was typed as the draft.
pub async fn save(
    State(app): State<App>,
    page: Page,
    Path(key): Path<String>,
    Form(typed): Form<Vec<(String, String)>>,
) -> Answer {
    let (typed, stored) = (Typed(typed), Stored::of(&key, &app).await?);
    let source = form::source(&typed, &key, stored.medium()?);
    let actor = page.actor()?;
    if app
        .database
        .save_template_draft(&source, stored.version(), form::seen(&typed), actor)
        .await?
    {
        return Ok(Redirect::to(&format!("/templates/{key}?notice=draft-saved")).into_response());
    }
    again(&app, &page, source, &typed, "draft-taken").await
}

/// The editor again with what was typed, and why it was not taken.
async fn again(app: &App, page: &Page, source: Source, typed: &Typed, why: &str) -> Answer {
    let stored = Stored::of(&source.key, app).await?;
    let checked = form::check(&source, app).await?;
    let shown = Shown::of(typed, page, app).await?;
    let (visuals, problem) = (Visual::all(typed, source.medium), Some(page.say(why)));
    let open = Open { stored, source, checked, visuals, problem };
    page.show_again(&editor(app, page, open, &shown).await?)
}

/// The editor with what was typed and a step of its block editor, which nobody has kept.
pub async fn shown_as(
    app: &App,
    page: &Page,
    source: Source,
    typed: &Typed,
    visuals: Visuals,
    locale: Locale,
) -> Answer {
    let stored = Stored::of(&source.key, app).await?;
    let checked = form::check(&source, app).await?;
    let shown = Shown::of(typed, page, app).await?.in_language(locale);
    let open = Open { stored, source, checked, visuals, problem: None };
    page.show(&editor(app, page, open, &shown).await?)
}

/// `POST /templates/{key}/approve`: makes what stands on the page the version that is sent.
pub async fn approve(
    State(app): State<App>,
    page: Page,
    Path(key): Path<String>,
    Form(typed): Form<Vec<(String, String)>>,
) -> Answer {
    let (typed, stored) = (Typed(typed), Stored::of(&key, &app).await?);
    let source = form::source(&typed, &key, stored.medium()?);
    if stored.draft.as_ref().is_some_and(|draft| form::seen(&typed) != Some(draft.edited_at)) {
        return again(&app, &page, source, &typed, "draft-taken").await;
    }
    let checked = form::check(&source, &app).await?;
    let Some(compiled) = checked.compiled.as_ref().filter(|_| !checked.is_faulty()) else {
        return again(&app, &page, source, &typed, "not-approved").await;
    };
    app.database.approve_template(&source, compiled, page.actor()?).await?;
    Ok(Redirect::to(&format!("/templates/{key}?notice=template-approved")).into_response())
}

/// `POST /templates/{key}/discard`: throws the draft away.
pub async fn discard(State(app): State<App>, page: Page, Path(key): Path<String>) -> Answer {
    let stored = Stored::of(&key, &app).await?;
    app.database.discard_template_draft(&key, page.actor()?).await?;
    let to = match stored.current {
        Some(_) => format!("/templates/{key}?notice=draft-discarded"),
        None => "/templates?notice=draft-discarded".to_owned(),
    };
    Ok(Redirect::to(&to).into_response())
}
