//! One touch: the gate, the handler, and what is written down about both.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use domain::clock::date_time;
use domain::gate::Decision;
use domain::rules::Notice;
use domain::{ContactChannel, Locale, Reason, ReasonCode, TemplateVersionId};
use futures_util::FutureExt;
use storage::StorageError;
use storage::claims::ClaimedTouch;
use storage::outcomes::AttemptRecord;
use trace::Kind;

use crate::content::{Found, OwedText, ReadyTouch};
use crate::facts::TouchFacts;
use crate::judge::{Decided, Judge};
use crate::{Outcome, Settings, Worker, traces};

/// A touch whose facts could not be read comes back after this.
const UNREADABLE_PAUSE: Duration = Duration::from_secs(1);

/// What an attempt needs besides the touch.
pub(crate) struct Attempt {
    pub(crate) worker: Arc<Worker>,
    /// What the gate asks about the touch; nothing when it could not be read.
    pub(crate) facts: Option<TouchFacts>,
    pub(crate) deadline: Instant,
}

impl Attempt {
    /// Takes a claimed touch to its outcome. Never panics, never fails: everything that can happen
    /// is an outcome.
    pub(crate) async fn make(&self, touch: ClaimedTouch, begin: bool) -> AttemptRecord {
        let now = self.worker.clock.now();
        let too_late = self.deadline < Instant::now() + Settings::SHORTEST_ATTEMPT;
        let Some(facts) = self.facts.as_ref().filter(|_| begin && !too_late) else {
            let after = if self.facts.is_some() { Duration::ZERO } else { UNREADABLE_PAUSE };
            let outcome = Outcome::NotBegun { after };
            return outcome.into_record(&touch, now, None, None, jitter(&touch));
        };
        let judge = Judge::of(&self.worker);
        let gate = touch.place().step("gate", Kind::Inside);
        let Decided { decision, detail, notices } = judge.decide(&touch, facts, now);
        traces::gated(gate, &decision);
        let (outcome, template) = match decision {
            Decision::Send => self.hand_over(&touch, now, &notices).await,
            Decision::Wait { until, reason } => {
                (Outcome::Wait { until: date_time(until), reason }, None)
            }
            Decision::Block(reason) => (Outcome::Blocked(reason), None),
            Decision::Skip(reason) => (Outcome::Skipped(reason), None),
            Decision::Hold(reason) => (Outcome::Held(reason), None),
        };
        let decided_at = self.worker.clock.now();
        outcome.into_record(&touch, decided_at, template, Some(detail), jitter(&touch))
    }

    /// Prepares the touch and lets the handler try, with a panic caught and a deadline kept.
    async fn hand_over(
        &self,
        touch: &ClaimedTouch,
        now: DateTime<Utc>,
        notices: &[Notice],
    ) -> (Outcome, Option<TemplateVersionId>) {
        let ready = match self.prepare(touch, now, notices).await {
            Ok(ready) => ready,
            Err(outcome) => return (outcome, None),
        };
        let template = Some(ready.template.id);
        let attempt = AssertUnwindSafe(self.worker.handler.attempt(&ready)).catch_unwind();
        let outcome = match attempt.await {
            Ok(outcome) => outcome,
            Err(panic) => {
                let message = panic_message(panic.as_ref());
                tracing::error!(touch.id = %touch.id, attempt.number = touch.attempt, message, "the handler panicked");
                // A panic may have come after the hand-over: only the doubt is certain.
                Outcome::Unknown(Reason::new(ReasonCode::Panicked, message))
            }
        };
        (outcome, template)
    }

    async fn prepare(
        &self,
        touch: &ClaimedTouch,
        now: DateTime<Utc>,
        notices: &[Notice],
    ) -> Result<ReadyTouch, Outcome> {
        let content = &self.worker.content;
        let plan = content.plan(touch.plan_version).await.map_err(|error| cannot_read(&error))?;
        let Some(step) = plan.steps.get(touch.step) else {
            return Err(Outcome::Failed(Reason::new(ReasonCode::TemplateError, "no such step")));
        };
        let template =
            content.template(&step.template).await.map_err(|error| cannot_read(&error))?;
        let key = &step.template;
        let no_template = || Outcome::Blocked(Reason::new(ReasonCode::NoTemplate, key.as_str()));
        let template = match template {
            Found::Ready(template) => template,
            Found::Missing => return Err(no_template()),
            Found::Retired => {
                let reason = Reason::new(ReasonCode::NoTemplate, format!("{key} (retired)"));
                return Err(Outcome::Blocked(reason));
            }
        };
        let wanted = self.reader(touch);
        let locale = template
            .renderer
            .locale_for(wanted, content.team.default_locale)
            .ok_or_else(no_template)?;
        let unsubscribe_url = match touch.channel.contact_channel() {
            ContactChannel::Email => content.unsubscribe_url(touch, ContactChannel::Email),
            ContactChannel::Sms => content.unsubscribe_url(touch, ContactChannel::Sms),
            _ => String::new(),
        };
        let fields = content.fields(touch, &unsubscribe_url);
        let claimed = touch.clone();
        let deadline = self.deadline;
        let texts = notices.iter().map(|notice| OwedText {
            text: notice.text(locale, &content.team.name, &unsubscribe_url),
            exit: notice.exit,
        });
        let notices = texts.collect();
        Ok(ReadyTouch {
            claimed,
            plan,
            template,
            locale,
            fields,
            unsubscribe_url,
            notices,
            now,
            deadline,
        })
    }

    /// The language of whoever reads it: the contact. A script too is spoken or written in the
    /// contact's language, whatever the agent's own.
    const fn reader(&self, touch: &ClaimedTouch) -> Locale {
        touch.contact.locale
    }
}

/// The database did not answer while the touch was prepared: nothing was handed over.
fn cannot_read(error: &StorageError) -> Outcome {
    if error.is_unavailable() {
        return Outcome::NotBegun { after: Duration::from_secs(1) };
    }
    Outcome::Failed(Reason::new(ReasonCode::TemplateError, error.to_string()))
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without words")
}

/// A number in 0..=1 that spreads retries: any will do that differs from touch to touch and from
/// attempt to attempt.
fn jitter(touch: &ClaimedTouch) -> f64 {
    let id = touch.id.as_uuid().as_u128();
    let spread = (id ^ u128::from(touch.attempt.unsigned_abs()).wrapping_mul(0x9e37)) % 1000;
    f64::from(u16::try_from(spread).unwrap_or(0)) / 1000.0
}
