//! One touch becomes one task.

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use domain::{Medium, TaskId};
use jiff::tz::TimeZone;
use storage::outcomes::NewTask;
use worker::{Handler, Outcome, ReadyTouch};

/// Makes tasks.
#[derive(Debug)]
pub struct CallHandler {
    /// Whose day counts when the owner's zone is not known.
    default_zone: TimeZone,
}

impl CallHandler {
    /// A handler for a team whose zone is `default_zone` (IANA name; UTC when unknown).
    #[must_use]
    pub fn new(default_zone: &str) -> Self {
        Self { default_zone: TimeZone::get(default_zone).unwrap_or(TimeZone::UTC) }
    }

    /// The local day on which the owner is to do it.
    fn day(&self, owner_zone: Option<&str>, due_at: DateTime<Utc>) -> NaiveDate {
        let zone = owner_zone.and_then(|name| TimeZone::get(name).ok());
        let zone = zone.unwrap_or_else(|| self.default_zone.clone());
        jiff::Timestamp::from_second(due_at.timestamp())
            .ok()
            .and_then(|instant| instant.to_zoned(zone).date().to_string().parse().ok())
            .unwrap_or_else(|| due_at.date_naive())
    }
}

#[async_trait]
impl Handler for CallHandler {
    fn medium(&self) -> Medium {
        Medium::Call
    }

    /// Tasks of sample people are made, so that agents can practise.
    fn is_real(&self) -> bool {
        false
    }

    async fn attempt(&self, touch: &ReadyTouch) -> Outcome {
        let rendering = touch.rendering();
        let rendered = match touch.template.renderer.task(touch.locale, &touch.fields) {
            Ok(rendered) => rendered,
            Err(error) => {
                let outcome = Outcome::from(error);
                outcome.end(rendering);
                return outcome;
            }
        };
        rendering.end();
        let claimed = &touch.claimed;
        let owner = claimed.owner.as_ref();
        Outcome::Task(Box::new(NewTask {
            id: TaskId::new(),
            contact: claimed.contact.id,
            owner: owner.map(|owner| owner.id),
            channel: claimed.channel,
            title: rendered.title,
            script: rendered.script,
            due_on: self.day(owner.and_then(|owner| owner.time_zone.as_deref()), claimed.due_at),
            due_at: claimed.due_at,
        }))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_day_is_the_owners() {
        let handler = CallHandler::new("Asia/Dubai");
        let late_evening: DateTime<Utc> = "2026-06-01T21:00:00Z".parse().unwrap();
        for (zone, day) in [
            (None, "2026-06-02"),
            (Some("America/New_York"), "2026-06-01"),
            (Some("No/Where"), "2026-06-02"),
        ] {
            assert_eq!(handler.day(zone, late_evening).to_string(), day);
        }
    }
}
