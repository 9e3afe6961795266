//! Sending a template to oneself: asked for here, handed over by a worker, and what became of it.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use domain::Medium;
use domain::test_send::TestState;
use storage::test_sends::{NewTest, TestSend};
use templates::Source;

use super::editor::Stored;
use super::form;
use super::preview::{Shown, in_words};
use crate::app::App;
use crate::page::Page;
use crate::pages::typed::Typed;
use crate::trouble::{Answer, Trouble};

/// The tests a reader has asked for, and whether one is still under way.
pub struct Tests {
    pub rows: Vec<TestSend>,
    /// Why the last one was not asked for.
    pub problem: Option<String>,
}

impl Tests {
    /// The reader's own of a template.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn of(key: &str, page: &Page, app: &App) -> Result<Self, Trouble> {
        let user = page.session()?.user.id;
        Ok(Self { rows: app.database.tests_of(user, key).await?, problem: None })
    }

    /// Whether the page has to look again.
    pub fn are_under_way(&self) -> bool {
        self.rows.iter().any(|row| row.state.is_open())
    }

    /// The look of what became of one.
    pub fn badge(&self, row: &TestSend) -> &'static str {
        match row.state {
            TestState::Sent => "good",
            TestState::Waiting | TestState::Sending => "",
            TestState::Paused | TestState::Late | TestState::Doubt => "warn",
            TestState::Listed | TestState::Refused => "bad",
        }
    }
}

#[derive(Template)]
#[template(path = "templates/tests.html")]
struct TestsPart {
    page: Page,
    key: String,
    tests: Tests,
}

#[derive(Template)]
#[template(path = "templates/tests_page.html")]
struct TestsPage {
    page: Page,
    key: String,
    tests: Tests,
}

/// `GET /templates/{key}/tests`: what became of the reader's own tests.
pub async fn show(State(app): State<App>, page: Page, Path(key): Path<String>) -> Answer {
    let tests = Tests::of(&key, &page, &app).await?;
    shown(page, key, tests)
}

fn shown(page: Page, key: String, tests: Tests) -> Answer {
    if page.is_part() {
        return page.show(&TestsPart { page: page.clone(), key, tests });
    }
    match tests.problem {
        None => page.show(&TestsPage { page: page.clone(), key, tests }),
        Some(_) => page.show_again(&TestsPage { page: page.clone(), key, tests }),
    }
}

/// `POST /templates/{key}/test`: asks for a test of the draft, or of the version that is named, to the
/// reader's own address. No other address can be given.
pub async fn ask(
    State(app): State<App>,
    page: Page,
    Path(key): Path<String>,
    Form(typed): Form<Vec<(String, String)>>,
) -> Answer {
    match asked(&Typed(typed), &page, &key, &app).await {
        Ok(()) if page.is_part() => {
            shown(page.clone(), key.clone(), Tests::of(&key, &page, &app).await?)
        }
        Ok(()) => {
            Ok(Redirect::to(&format!("/templates/{key}/tests?notice=test-asked")).into_response())
        }
        Err(Trouble::Refused(why)) => {
            let mut tests = Tests::of(&key, &page, &app).await?;
            tests.problem = Some(why);
            shown(page, key, tests)
        }
        Err(trouble) => Err(trouble),
    }
}

async fn asked(typed: &Typed, page: &Page, key: &str, app: &App) -> Result<(), Trouble> {
    let refused = |name: &str| Trouble::Refused(page.say(name));
    let (source, version) = source(typed, key, app).await?;
    let user = &page.session()?.user;
    match source.medium {
        Medium::Email => {}
        Medium::Sms if app.database.phone_of(user.id).await?.is_some() => {}
        Medium::Sms => return Err(refused("test-no-phone")),
        Medium::Call => return Err(refused("test-no-task")),
    }
    let shown = Shown::of(typed, page, app).await?;
    if shown.is_undecided() {
        return Err(refused("test-as-whom"));
    }
    let checked = form::check(&source, app).await?;
    let compiled = checked.compiled.ok_or_else(|| refused("preview-faulty"))?;
    // What cannot be shown cannot be sent; what is shown here is thrown away.
    shown.rendered(&compiled).map_err(|error| Trouble::Refused(in_words(&error, page)))?;
    let new = NewTest {
        user: user.id,
        actor: page.actor()?,
        compiled: &compiled,
        version,
        contact: shown.contact(),
        locale: shown.locale(),
    };
    let most = app.settings.tests_per_hour;
    match app.database.ask_test(&new, most).await? {
        Some(_) => Ok(()),
        None => Err(Trouble::Refused(page.with("test-too-often", most))),
    }
}

/// What is to be sent: a version where one is named, else what the editor has saved.
async fn source(typed: &Typed, key: &str, app: &App) -> Result<(Source, Option<i32>), Trouble> {
    let named = typed.value("version");
    if !named.is_empty() {
        let version: i32 = named.parse().map_err(|_| Trouble::NotFound)?;
        let source = app.database.template_source(key, version).await?;
        return Ok((source.ok_or(Trouble::NotFound)?, Some(version)));
    }
    let stored = Stored::of(key, app).await?;
    let version = match stored.draft {
        Some(_) => None,
        None => stored.current.as_ref().map(|current| current.version),
    };
    Ok((stored.source()?.clone(), version))
}
