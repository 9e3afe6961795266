//! What people ask about their own data, by when it is answered, and what happened on the way. A
//! request is never changed, only added to.

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect};
use domain::access::Permission::Requests;
use domain::deadline;
use domain::rights::{PrivacyLaw, RequestKind, RequestStep};
use domain::{Locale, RequestId};
use jiff::civil::Date;
use office::requests::{self, Incoming, Refused};
use office::{local, words};
use serde::Deserialize;
use storage::rights::{Request, RequestEvent, Standing};

use crate::app::App;
use crate::page::Page;
use crate::routes::Needs::Permission;
use crate::routes::Routes;
use crate::trouble::{Answer, Trouble};

/// Requests that are over, on a page.
const ROWS: u32 = 50;

/// The pages of this folder.
pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/requests", Permission(Requests), list)
        .post("/requests", Permission(Requests), add)
        .get("/requests/{request}", Permission(Requests), show)
        .post("/requests/{request}", Permission(Requests), step)
}

/// A request as it is shown.
struct Shown {
    id: RequestId,
    kind: &'static str,
    law: &'static str,
    contact: Option<String>,
    received: String,
    how: String,
    last_day: String,
    days_left: i32,
    standing: String,
    /// `bad`, `warn` or nothing.
    badge: &'static str,
    is_over: bool,
    may_be_extended: bool,
    confirm_by: Option<String>,
    evidence: Option<String>,
    actor: String,
    events: Vec<Happened>,
}

struct Happened {
    on: String,
    step: &'static str,
    note: String,
    actor: String,
}

/// Which requests.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    over: Option<String>,
    before: Option<RequestId>,
}

/// A request that came in.
#[derive(Debug, Default, Deserialize)]
pub struct New {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    law: String,
    #[serde(default)]
    contact: String,
    #[serde(default)]
    how: String,
    #[serde(default)]
    evidence: String,
}

/// What happened to one.
#[derive(Debug, Default, Deserialize)]
pub struct Step {
    #[serde(default)]
    step: String,
    #[serde(default)]
    note: String,
    #[serde(default)]
    told: String,
}

#[derive(Template)]
#[template(path = "requests/list.html")]
struct List {
    page: Page,
    requests: Vec<Shown>,
    is_over: bool,
    older: Option<RequestId>,
    new: New,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "requests/request.html")]
struct OneRequest {
    page: Page,
    request: Shown,
    /// The name of who asks, while there is a contact.
    whose: Option<String>,
    filled: Step,
    problem: Option<String>,
}

/// A kind of request in the reader's language, for templates.
fn kind_in_words(kind: &RequestKind, page: &Page) -> &'static str {
    words::request_kind(*kind, page.locale())
}

/// A law in the reader's language, for templates.
fn law_in_words(law: &PrivacyLaw, page: &Page) -> &'static str {
    words::privacy_law(*law, page.locale())
}

/// A step in the reader's language, for templates.
fn step_in_words(step: &RequestStep, page: &Page) -> &'static str {
    words::request_step(*step, page.locale())
}

async fn list(State(app): State<App>, page: Page, Query(asked): Query<Asked>) -> Answer {
    if asked.over.is_some() {
        return page.show(&over(asked.before, &app, &page).await?);
    }
    page.show(&listed(New::default(), None, &app, &page).await?)
}

async fn add(State(app): State<App>, page: Page, Form(new): Form<New>) -> Answer {
    let (Ok(kind), Ok(law)) = (new.kind.parse(), new.law.parse()) else {
        let problem = Some(page.say("request-which"));
        return page.show_again(&listed(new, problem, &app, &page).await?);
    };
    let mut contact = None;
    if !new.contact.trim().is_empty() {
        let region = &app.settings.team.default_region;
        match office::people::one(&new.contact, region, &app.office()).await {
            Ok(found) => contact = Some(found.id),
            Err(why) => {
                let Some(problem) = why.in_words(page.locale()) else {
                    return Err(anyhow::Error::new(why).into());
                };
                return page.show_again(&listed(new, Some(problem), &app, &page).await?);
            }
        }
    }
    let now = app.clock.now();
    let evidence = new.evidence.trim();
    let incoming = Incoming {
        contact,
        kind,
        law,
        received_at: now,
        how: new.how.trim().to_owned(),
        evidence: (!evidence.is_empty()).then(|| evidence.to_owned()),
        actor: page.actor()?.to_owned(),
    };
    match requests::record(incoming, now, &app.settings.zone, &app.database).await {
        Ok(request) => {
            let to = format!("/requests/{}?notice=request-noted", request.id);
            Ok(Redirect::to(&to).into_response())
        }
        Err(why) => {
            let problem = Some(in_words(why, page.locale())?);
            page.show_again(&listed(new, problem, &app, &page).await?)
        }
    }
}

async fn show(State(app): State<App>, page: Page, Path(id): Path<RequestId>) -> Answer {
    let request = known(id, &app).await?;
    page.show(&one(&request, Step::default(), None, &app, &page).await?)
}

async fn step(
    State(app): State<App>,
    page: Page,
    Path(id): Path<RequestId>,
    Form(filled): Form<Step>,
) -> Answer {
    let request = known(id, &app).await?;
    let refused = match filled.step.parse::<RequestStep>() {
        Err(_) => Some(page.say("request-which")),
        Ok(step) => match note(id, step, &filled, &app, &page).await? {
            Ok(_) => None,
            Err(why) => Some(in_words(why, page.locale())?),
        },
    };
    if refused.is_none() {
        let to = format!("/requests/{id}?notice=request-noted");
        return Ok(Redirect::to(&to).into_response());
    }
    page.show_again(&one(&request, filled, refused, &app, &page).await?)
}

async fn one(
    request: &Request,
    filled: Step,
    problem: Option<String>,
    app: &App,
    page: &Page,
) -> Result<OneRequest, Trouble> {
    let contact = match request.contact {
        Some(id) => app.database.contact(id).await?,
        None => None,
    };
    let whose = contact.map(|contact| contact.full_name);
    let request = shown(request, today(app), page);
    Ok(OneRequest { page: page.clone(), request, whose, filled, problem })
}

async fn note(
    id: RequestId,
    step: RequestStep,
    filled: &Step,
    app: &App,
    page: &Page,
) -> Result<Result<Request, Refused>, Trouble> {
    let (today, database) = (today(app), &app.database);
    let (note, actor) = (filled.note.trim().to_owned(), page.actor()?.to_owned());
    if step == RequestStep::Extended {
        let told = filled.told.trim().parse::<Date>().unwrap_or(today);
        return Ok(requests::extend(id, told, note, actor, today, database).await);
    }
    let event = RequestEvent { step, on: today, note, actor };
    Ok(match step.is_final() {
        true => requests::answer(id, &event, database).await,
        false => requests::note(id, event, database).await,
    })
}

/// The team's day.
fn today(app: &App) -> Date {
    local::zoned(app.clock.now(), &app.settings.zone).date()
}

async fn known(id: RequestId, app: &App) -> Result<Request, Trouble> {
    app.database.request(id).await?.ok_or(Trouble::NotFound)
}

fn in_words(why: Refused, locale: Locale) -> Result<String, Trouble> {
    match why.in_words(locale) {
        Some(text) => Ok(text),
        None => Err(anyhow::Error::new(why).into()),
    }
}

async fn listed(
    new: New,
    problem: Option<String>,
    app: &App,
    page: &Page,
) -> Result<List, Trouble> {
    let today = today(app);
    let requests = requests::open(today, &app.database).await?;
    let requests = requests.iter().map(|one| shown(one, today, page)).collect();
    Ok(List { page: page.clone(), requests, is_over: false, older: None, new, problem })
}

/// A page of the requests that are over.
async fn over(before: Option<RequestId>, app: &App, page: &Page) -> Result<List, Trouble> {
    let (today, new) = (today(app), New::default());
    let requests = app.database.past_requests(before, ROWS).await?;
    let older = requests.last().filter(|_| requests.len() == ROWS as usize).map(|last| last.id);
    let requests = requests.iter().map(|one| shown(one, today, page)).collect();
    Ok(List { page: page.clone(), requests, is_over: true, older, new, problem: None })
}

fn shown(request: &Request, today: Date, page: &Page) -> Shown {
    let locale = page.locale();
    let day = |date: Date| local::day(date, locale);
    let standing = request.standing(today);
    let badge = match standing {
        Standing::Open(deadline::Standing::Overdue) => "bad",
        Standing::Open(deadline::Standing::Reminded) => "warn",
        _ => "",
    };
    let confirmed = request.events.iter().any(|event| event.step == RequestStep::Confirmed);
    Shown {
        id: request.id,
        kind: words::request_kind(request.kind, locale),
        law: words::privacy_law(request.law, locale),
        contact: request.contact.map(|id| id.to_string()),
        received: day(request.received_on),
        how: request.how.clone(),
        last_day: day(request.last_day()),
        days_left: today.until(request.last_day()).map_or(0, |span| span.get_days()),
        standing: match standing {
            Standing::Open(standing) => page.word("standing", standing),
            Standing::Over(step, _) => words::request_step(step, locale).to_owned(),
        },
        badge,
        is_over: matches!(standing, Standing::Over(..)),
        may_be_extended: request.clock.extended.is_some() && request.told_of_extension().is_none(),
        confirm_by: request.clock.confirm_by.filter(|_| !confirmed).map(day),
        evidence: request.evidence.clone(),
        actor: request.actor.clone(),
        events: request
            .events
            .iter()
            .map(|event| Happened {
                on: day(event.on),
                step: words::request_step(event.step, locale),
                note: event.note.clone(),
                actor: event.actor.clone(),
            })
            .collect(),
    }
}
