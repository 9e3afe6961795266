//! Unclear answers, the most urgent first. Until a person has decided one, nothing automatic goes to
//! the number or mailbox it came from.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use chrono::{DateTime, Utc};
use domain::access::Permission::Reviews;
use domain::arrival::ReviewDecision;
use domain::suppression::{Origin, SuppressionReason};
use domain::{Clock, ContactChannel};
use serde::Deserialize;
use storage::arrivals::Review;
use storage::suppressions::{NewSuppression, Request, Target};
use uuid::Uuid;

use super::list::PATIENCE;
use crate::app::App;
use crate::page::Page;
use crate::routes::Needs::Permission;
use crate::routes::Routes;
use crate::trouble::{Answer, Trouble};

/// Reviews on the page.
const ROWS: u32 = 100;
/// Of a kept request no more is shown.
const MOST_TEXT: usize = 20_000;
/// What gateways call the text of an answer, in lower case.
const TEXT_FIELDS: [&str; 5] = ["body", "text", "message", "msg", "content"];

/// The pages of this file.
pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/reviews", Permission(Reviews), list)
        .get("/reviews/{review}", Permission(Reviews), show)
        .post("/reviews/{review}", Permission(Reviews), decide)
}

/// A review as it is shown.
struct Shown {
    id: Uuid,
    arrived: String,
    due: String,
    is_overdue: bool,
    contacts: Vec<(Uuid, String)>,
    source: String,
    text: Option<String>,
    decision: Option<ReviewDecision>,
    decided_by: String,
    why: String,
}

#[derive(Template)]
#[template(path = "reviews/list.html")]
struct Queue {
    page: Page,
    reviews: Vec<Shown>,
}

#[derive(Template)]
#[template(path = "reviews/review.html")]
struct OneReview {
    page: Page,
    review: Shown,
    reason: String,
    problem: Option<String>,
}

/// A decision.
#[derive(Debug, Deserialize)]
pub struct Filled {
    decision: ReviewDecision,
    #[serde(default)]
    reason: String,
}

async fn list(State(app): State<App>, page: Page) -> Answer {
    let open = app.database.reviews(false, ROWS).await?;
    let mut reviews = Vec::with_capacity(open.len());
    for review in &open {
        reviews.push(shown(review, &app, &page).await);
    }
    page.show(&Queue { page: page.clone(), reviews })
}

async fn show(State(app): State<App>, page: Page, Path(id): Path<Uuid>) -> Answer {
    let review = app.database.review(id).await?.ok_or(Trouble::NotFound)?;
    let review = shown(&review, &app, &page).await;
    page.show(&OneReview { page: page.clone(), review, reason: String::new(), problem: None })
}

async fn decide(
    State(app): State<App>,
    page: Page,
    Path(id): Path<Uuid>,
    Form(filled): Form<Filled>,
) -> Answer {
    let review = app.database.review(id).await?.ok_or(Trouble::NotFound)?;
    let reason = filled.reason.trim().to_owned();
    let problem = match (&review.decision, reason.is_empty()) {
        (Some(_), _) => Some("review-over"),
        (None, true) => Some("review-unsaid"),
        (None, false) => None,
    };
    if let Some(problem) = problem {
        let (review, problem) = (shown(&review, &app, &page).await, Some(page.say(problem)));
        return page.show_again(&OneReview { page: page.clone(), review, reason, problem });
    }
    let actor = page.actor()?;
    if filled.decision == ReviewDecision::Stop {
        // First on the list, then the pause ends: nothing can leave between.
        stop(&review, actor, &app).await?;
    }
    if !app.database.decide_review(id, filled.decision, actor, &reason).await? {
        return Err(Trouble::Refused(page.say("review-over")));
    }
    Ok(Redirect::to("/reviews?notice=review-decided").into_response())
}

async fn stop(review: &Review, actor: &str, app: &App) -> Result<(), Trouble> {
    let is_mail = review.source == "mail";
    let channel = if is_mail { ContactChannel::Email } else { ContactChannel::Sms };
    let entry = NewSuppression {
        target: Target::Address { key: review.key, channel, domain: None },
        reason: SuppressionReason::ReplyFreetext,
        origin: Origin::Recipient,
        actor: actor.to_owned(),
        evidence: Some(format!("review {}", review.id)),
        touch: None,
        received_at: Some(review.arrived_at),
    };
    app.database.carry_out(&Request { entry, whole_person: false }, PATIENCE).await?;
    Ok(())
}

/// Answers come in, and are to be read, by the machine's clock: who wrote them lives by it.
fn machine_now() -> DateTime<Utc> {
    Clock::system().now()
}

async fn shown(review: &Review, app: &App, page: &Page) -> Shown {
    Shown {
        id: review.id,
        arrived: page.by_machine(&review.arrived_at),
        due: page.by_machine(&review.due_at),
        is_overdue: review.decision.is_none() && review.due_at < machine_now(),
        contacts: review.contacts.clone(),
        source: review.source.clone(),
        text: text_of(review, app).await,
        decision: review.decision,
        decided_by: review.decided_by.clone().unwrap_or_default(),
        why: review.why.clone().unwrap_or_default(),
    }
}

/// What was written, where the requests are kept on this machine.
async fn text_of(review: &Review, app: &App) -> Option<String> {
    let (folder, name) = (app.settings.replies_dir.as_ref()?, review.request.as_ref()?);
    let bytes = tokio::fs::read(folder.join(format!("{name}.request"))).await.ok()?;
    let raw = String::from_utf8_lossy(&bytes);
    let text = of_json(&raw).or_else(|| of_form(&raw)).unwrap_or_else(|| raw.into_owned());
    Some(text.chars().take(MOST_TEXT).collect())
}

/// The text within an object of JSON, behind the head of the request.
fn of_json(raw: &str) -> Option<String> {
    let body = raw.split_once("\n\n").map_or(raw, |(_, body)| body);
    let body: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(body.trim()).ok()?;
    let named = |(name, value): (String, serde_json::Value)| {
        let is_text = TEXT_FIELDS.contains(&name.to_lowercase().as_str());
        value.as_str().filter(|_| is_text).map(str::to_owned)
    };
    body.into_iter().find_map(named)
}

/// The text within a form, as most gateways post answers.
fn of_form(raw: &str) -> Option<String> {
    let body = raw.lines().rfind(|line| line.contains('='))?;
    form_urlencoded::parse(body.trim().as_bytes())
        .find(|(name, _)| TEXT_FIELDS.contains(&name.to_lowercase().as_str()))
        .map(|(_, text)| text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_out_of_what_gateways_post() {
        let head = "POST /hooks/sms/generic\n\n";
        let json =
            format!("{head}{{\"id\":\"m1\",\"from\":\"+97150\",\"text\":\"not interested\"}}");
        assert_eq!(of_json(&json).as_deref(), Some("not interested"));
        assert_eq!(of_json(&format!("{head}From=1&Body=maybe")), None);
        assert_eq!(of_form(&format!("{head}From=1&Body=may+be")).as_deref(), Some("may be"));
    }
}
