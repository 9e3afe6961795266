//! Webhooks: which there are, what came of their deliveries, trying one, sending something again.

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect};
use chrono::{DateTime, Utc};
use domain::WebhookId;
use domain::outgoing::{Reach, check_within};
use domain::webhook::{BOTH_SECRETS, WebhookEvent, WebhookOutcome, WebhookPause, WebhookProblem};
use jiff::civil;
use serde::Deserialize;
use storage::webhooks::{DeliveryAttempt, Webhook, WebhookForm};
use uuid::Uuid;

use crate::access::seal::Sealed;
use crate::app::App;
use crate::page::Page;
use crate::trouble::{Answer, Trouble};
use crate::webhooks::message::new_secret;

/// Webhooks of a deployment: whatever happens is looked at for each.
const MOST: u32 = 20;
/// Attempts on a page.
const ROWS: u32 = 50;
/// Letters of a name, and of an address.
const NAME: usize = 100;
const URL: usize = 1000;

/// A form, field by field: there are several events.
pub type Fields = Vec<(String, String)>;

/// What was filled in.
struct Filled {
    id: WebhookId,
    name: String,
    url: String,
    events: Vec<WebhookEvent>,
}

impl Filled {
    fn read(fields: &Fields) -> Self {
        let one = |wanted: &str| {
            let found = fields.iter().find(|(name, _)| name == wanted);
            found.map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
        };
        let ticked = |event: &WebhookEvent| {
            fields.iter().any(|(name, value)| name == "event" && value == event.as_str())
        };
        Self {
            id: one("id").parse().unwrap_or_else(|_| WebhookId::new()),
            name: one("name"),
            url: one("url"),
            events: WebhookEvent::subscribable().filter(ticked).collect(),
        }
    }

    fn of(webhook: &Webhook) -> Self {
        let Webhook { id, name, url, events, .. } = webhook.clone();
        Self { id, name, url, events }
    }

    fn blank() -> Self {
        Self { id: WebhookId::new(), name: String::new(), url: String::new(), events: Vec::new() }
    }

    /// What is wrong with it: the name of the text.
    fn problem(&self, app: &App) -> Option<&'static str> {
        if self.name.is_empty() || self.name.chars().count() > NAME {
            return Some("webhook-name-wrong");
        }
        let may_be_reached = match &app.webhook_client {
            Some(client) => client.check(&self.url).is_ok(),
            None => check_within(&self.url, app.settings.webhook_reach).is_ok(),
        };
        if !may_be_reached || self.url.len() > URL {
            return Some("webhook-url-wrong");
        }
        self.events.is_empty().then_some("webhook-events-missing")
    }

    fn form(&self) -> WebhookForm {
        let (name, url) = (self.name.clone(), self.url.clone());
        WebhookForm { name, url, events: self.events.clone() }
    }
}

/// Which part of the log.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    before: Option<Uuid>,
    failed: Option<String>,
}

#[derive(Template)]
#[template(path = "integrations/webhooks.html")]
struct Webhooks {
    page: Page,
    webhooks: Vec<Webhook>,
    filled: Filled,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "integrations/webhook.html")]
struct OneWebhook {
    page: Page,
    webhook: Webhook,
    filled: Filled,
    /// A new secret; it is shown this once.
    secret: Option<String>,
    attempts: Vec<DeliveryAttempt>,
    failed: bool,
    /// Where the log goes on.
    older: Option<Uuid>,
    may_reach_inside: bool,
    problem: Option<String>,
}

/// The look of how an attempt ended.
const fn badge(outcome: &WebhookOutcome) -> &'static str {
    match outcome {
        WebhookOutcome::Delivered => "good",
        WebhookOutcome::Retried => "warn",
        WebhookOutcome::GivenUp => "bad",
    }
}

/// `GET /integrations/webhooks`.
pub async fn list(State(app): State<App>, page: Page) -> Answer {
    let webhooks = app.database.webhooks().await?;
    let filled = Filled::blank();
    page.show(&Webhooks { page: page.clone(), webhooks, filled, problem: None })
}

/// `POST /integrations/webhooks`: the answer is the one page that shows the secret.
pub async fn add(State(app): State<App>, page: Page, Form(fields): Form<Fields>) -> Answer {
    let filled = Filled::read(&fields);
    let mut problem = filled.problem(&app);
    if problem.is_none() {
        let secret = new_secret();
        let sealed = Sealed::Webhook.seal(&app.keyer, filled.id.as_uuid(), &secret)?;
        let (form, actor) = (filled.form(), page.actor()?);
        if app.database.add_webhook(filled.id, &form, &sealed, MOST, actor).await? {
            return page.show(&shown(&app, &page, filled.id, Some(secret), None).await?);
        }
        if app.database.webhook(filled.id).await?.is_some() {
            // The form was sent twice.
            return back(filled.id, "webhook-added");
        }
        problem = Some("webhooks-enough");
    }
    let webhooks = app.database.webhooks().await?;
    let problem = problem.map(|key| page.with(key, MOST));
    page.show_again(&Webhooks { page: page.clone(), webhooks, filled, problem })
}

/// `GET /integrations/webhooks/{webhook}`.
pub async fn show(
    State(app): State<App>,
    page: Page,
    Path(id): Path<WebhookId>,
    Query(asked): Query<Asked>,
) -> Answer {
    page.show(&shown(&app, &page, id, None, Some(asked)).await?)
}

/// `POST /integrations/webhooks/{webhook}`.
pub async fn change(
    State(app): State<App>,
    page: Page,
    Path(id): Path<WebhookId>,
    Form(fields): Form<Fields>,
) -> Answer {
    let filled = Filled::read(&fields);
    if let Some(problem) = filled.problem(&app) {
        let mut again = shown(&app, &page, id, None, None).await?;
        (again.filled, again.problem) = (filled, Some(page.say(problem)));
        return page.show_again(&again);
    }
    found(app.database.change_webhook(id, &filled.form(), page.actor()?).await?)?;
    back(id, "saved")
}

/// `POST /integrations/webhooks/{webhook}/pause`.
pub async fn pause(State(app): State<App>, page: Page, Path(id): Path<WebhookId>) -> Answer {
    app.database.pause_webhook(id, page.actor()?).await?;
    back(id, "webhook-paused")
}

/// `POST /integrations/webhooks/{webhook}/resume`.
pub async fn resume(State(app): State<App>, page: Page, Path(id): Path<WebhookId>) -> Answer {
    app.database.resume_webhook(id, page.actor()?).await?;
    back(id, "webhook-resumed")
}

/// `POST /integrations/webhooks/{webhook}/remove`.
pub async fn remove(State(app): State<App>, page: Page, Path(id): Path<WebhookId>) -> Answer {
    found(app.database.remove_webhook(id, page.actor()?).await?)?;
    Ok(Redirect::to("/integrations/webhooks?notice=webhook-removed").into_response())
}

/// `POST /integrations/webhooks/{webhook}/secret`: shows the new one, once.
pub async fn rotate(State(app): State<App>, page: Page, Path(id): Path<WebhookId>) -> Answer {
    let secret = new_secret();
    let sealed = Sealed::Webhook.seal(&app.keyer, id.as_uuid(), &secret)?;
    let actor = page.actor()?;
    found(app.database.rotate_webhook_secret(id, &sealed, BOTH_SECRETS, actor).await?)?;
    page.show(&shown(&app, &page, id, Some(secret), None).await?)
}

/// `POST /integrations/webhooks/{webhook}/test`.
pub async fn test(State(app): State<App>, page: Page, Path(id): Path<WebhookId>) -> Answer {
    match app.database.test_webhook(id, page.actor()?).await? {
        Some(_) => back(id, "webhook-tested"),
        None => refuse(&app, &page, id, "webhook-test-paused").await,
    }
}

/// What is to be sent again: one event, or all since a time of the team's clock.
#[derive(Debug, Deserialize)]
pub struct Again {
    event: Option<Uuid>,
    since: Option<String>,
}

/// `POST /integrations/webhooks/{webhook}/replay`.
pub async fn replay(
    State(app): State<App>,
    page: Page,
    Path(id): Path<WebhookId>,
    Form(again): Form<Again>,
) -> Answer {
    let actor = page.actor()?;
    if let Some(event) = again.event {
        if app.database.replay_event(id, event, actor).await? {
            return back(id, "webhook-replayed");
        }
        return refuse(&app, &page, id, "webhook-event-gone").await;
    }
    let Some(since) = moment(again.since.as_deref().unwrap_or_default(), &app) else {
        return refuse(&app, &page, id, "webhook-since-wrong").await;
    };
    if app.database.replay_since(id, since, actor).await? == 0 {
        return refuse(&app, &page, id, "webhook-nothing-since").await;
    }
    back(id, "webhook-replayed")
}

/// A time of the team's clock.
fn moment(text: &str, app: &App) -> Option<DateTime<Utc>> {
    let at: civil::DateTime = text.trim().parse().ok()?;
    let at = at.to_zoned(app.settings.zone.clone()).ok()?.timestamp();
    DateTime::from_timestamp(at.as_second(), 0)
}

fn found(is_there: bool) -> Result<(), Trouble> {
    if is_there { Ok(()) } else { Err(Trouble::NotFound) }
}

fn back(id: WebhookId, notice: &str) -> Answer {
    Ok(Redirect::to(&format!("/integrations/webhooks/{id}?notice={notice}")).into_response())
}

async fn refuse(app: &App, page: &Page, id: WebhookId, problem: &str) -> Answer {
    let mut again = shown(app, page, id, None, None).await?;
    again.problem = Some(page.say(problem));
    page.show_again(&again)
}

async fn shown(
    app: &App,
    page: &Page,
    id: WebhookId,
    secret: Option<String>,
    asked: Option<Asked>,
) -> Result<OneWebhook, Trouble> {
    let webhook = app.database.webhook(id).await?.ok_or(Trouble::NotFound)?;
    let asked = asked.unwrap_or_default();
    let failed = asked.failed.is_some();
    // One more than is shown says whether there are more.
    let mut attempts = app.database.delivery_attempts(id, asked.before, failed, ROWS + 1).await?;
    let has_more = attempts.len() > ROWS as usize;
    attempts.truncate(ROWS as usize);
    let older = attempts.last().filter(|_| has_more).map(|last| last.id);
    Ok(OneWebhook {
        page: page.clone(),
        filled: Filled::of(&webhook),
        webhook,
        secret,
        attempts,
        failed,
        older,
        may_reach_inside: app.settings.webhook_reach == Reach::Inner,
        problem: None,
    })
}

/// Why there was no answer, in the reader's language.
fn problem_in_words(problem: &str, page: &Page) -> String {
    match problem.parse::<WebhookProblem>() {
        Ok(problem) => page.word("delivery-problem", problem),
        Err(_) => problem.to_owned(),
    }
}
