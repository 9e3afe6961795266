//! What the gate would say about touches that are still to come, as things stand: for people who
//! want to know before. By the code that decides when they are due; nothing is claimed or written.
//!
//! Known not to do: it takes a pause or a review for lasting, and does not know what people will
//! withdraw, grant or correct until then.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use domain::clock::date_time;
use domain::gate::Decision;
use domain::rules::RuleBook;
use domain::suppression::Purpose;
use domain::window::Windows;
use storage::claims::ClaimedTouch;
use storage::facts::Send;
use storage::registries::Registries;
use storage::{Database, StorageError};

use crate::facts::{TouchFacts, checks};
use crate::judge::Judge;
use crate::{Duties, Outlets};

/// What decisions are foreseen with: the same as a worker decides with.
#[derive(Clone)]
pub struct Foresight {
    /// Under the role of whoever asks.
    pub database: Database,
    /// When the jurisdictions allow recipients to be reached.
    pub rules: Arc<RuleBook>,
    /// When the team wants them to be reached.
    pub windows: Windows,
    /// Caps, registries, and what pauses may name.
    pub duties: Duties,
    /// The zone of contacts of whom nothing else is known.
    pub default_time_zone: String,
    /// What leaves the house, as far as whoever asks is told.
    pub outlets: Outlets,
}

impl Foresight {
    /// The decision about each touch, at the time it is due. `coming` is of one contact, in order of
    /// due time: each one that would be sent counts for the caps of those after it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn decisions(
        &self,
        coming: &[ClaimedTouch],
        now: DateTime<Utc>,
    ) -> Result<Vec<Decision>, StorageError> {
        let span = self.rules.longest_span().as_secs();
        let span = TimeDelta::try_seconds(span).unwrap_or(TimeDelta::MAX);
        let contacts: Vec<_> = coming.iter().take(1).map(|touch| touch.contact.id).collect();
        let registries = Registries::new(self.database.clone());
        let all: Vec<&ClaimedTouch> = coming.iter().collect();
        let (facts, mut checks) = tokio::try_join!(
            self.database.gate_facts(&contacts, now - span, now),
            checks(&registries, &self.duties, &all, now),
        )?;
        let judge = Judge {
            rules: &self.rules,
            windows: &self.windows,
            duties: &self.duties,
            default_time_zone: &self.default_time_zone,
            outlets: self.outlets,
        };
        let mut gone: Vec<Send> = Vec::new();
        let mut decisions = Vec::with_capacity(coming.len());
        for touch in coming {
            let at = touch.due_at.max(now);
            let mut own = TouchFacts::of(touch, &self.duties, at, &facts);
            own.sends.extend(gone.iter().cloned());
            own.check = checks.remove(&touch.id);
            let decision = judge.decide(touch, &own, at).decision;
            let leaves = match &decision {
                Decision::Send => Some(at),
                Decision::Wait { until, .. } => Some(date_time(*until)),
                Decision::Block(_) | Decision::Skip(_) | Decision::Hold(_) => None,
            };
            if let Some(at) = leaves.filter(|_| touch.purpose == Purpose::Marketing) {
                gone.push(Send {
                    touch: touch.id,
                    channel: touch.channel.contact_channel(),
                    topic: touch.topic.clone(),
                    at,
                    answered: false,
                    refused: false,
                });
            }
            decisions.push(decision);
        }
        Ok(decisions)
    }
}
