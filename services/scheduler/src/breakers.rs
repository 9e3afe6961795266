//! Circuit breakers: counts what went out and what came back, and pauses what does harm
//! (compliance.md EML-15, BNC-17). A pause is lifted by a person alone. Counting goes on where they are
//! switched off: the fleet's page shows it.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::Clock;
use domain::breaker::{Alarm, Breaker, Figure, Share, explain};
use domain::pause::PauseScope;
use metrics::{counter, gauge};
use storage::breakers::Counted;
use storage::pauses::NewPause;
use storage::{Database, StorageError};
use tokio_util::sync::CancellationToken;

use crate::settings::Limits;

/// An event is counted without waiting for older transactions after so long; no statement of ours
/// runs longer.
const PATIENCE: Duration = Duration::from_secs(120);

/// Between two looks for counts that no window reaches any more.
const FORGET_EVERY: TimeDelta = TimeDelta::hours(1);

/// Counts and judges until `shutdown`. Any number of schedulers may do so at once: one at a time
/// counts, and a pause is opened once.
pub(crate) struct Breakers {
    pub(crate) database: Database,
    pub(crate) clock: Clock,
    /// Without, it counts – for people to look at – and judges nothing.
    pub(crate) limits: Option<Limits>,
    /// The domain emails are from.
    pub(crate) sender_domain: Option<String>,
    pub(crate) every: Duration,
}

/// What was seen of one domain, plan, source or channel within one window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sight {
    breaker: Breaker,
    figure: Figure,
    window: TimeDelta,
    limit: Share,
    alarm: Alarm,
}

impl Breakers {
    pub(crate) async fn run(self, shutdown: CancellationToken) {
        let mut warned = BTreeSet::new();
        let mut forgotten: Option<DateTime<Utc>> = None;
        loop {
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = tokio::time::sleep(self.every) => {}
            }
            if let Err(error) = self.turn(&mut warned, &shutdown).await {
                tracing::warn!(%error, "the circuit breakers will look again");
                continue;
            }
            let now = self.clock.now();
            if forgotten.is_none_or(|at| now - at >= FORGET_EVERY)
                && self.database.forget_counts(now).await.is_ok()
            {
                forgotten = Some(now);
            }
        }
    }

    /// Counts what is new and judges the sums. `warned` remembers what people were told.
    async fn turn(
        &self,
        warned: &mut BTreeSet<String>,
        shutdown: &CancellationToken,
    ) -> Result<(), StorageError> {
        let domain = self.sender_domain.as_deref();
        while self.database.count_outcomes(self.clock.now(), domain, PATIENCE).await? {
            if shutdown.is_cancelled() {
                return Ok(());
            }
        }
        let now = self.clock.now();
        let mut warnings = BTreeSet::new();
        let counts = match &self.limits {
            Some(limits) => self.database.counts(now, limits.gateway_window).await?,
            None => Vec::new(),
        };
        let judged = |counted| self.limits.iter().flat_map(move |limits| sights(counted, limits));
        for counted in &counts {
            for sight in judged(counted) {
                show(counted, sight);
                match sight.alarm {
                    Alarm::Quiet => {}
                    Alarm::Warn => {
                        warnings.insert(in_words(counted, sight));
                    }
                    Alarm::Pause => self.pause(counted, sight, now).await?,
                }
            }
        }
        for warning in warnings.difference(warned) {
            tracing::warn!("{warning}");
        }
        *warned = warnings;
        #[allow(clippy::cast_precision_loss)] // A handful.
        gauge!("touchline_pauses_open").set(self.database.open_pauses().await?.len() as f64);
        Ok(())
    }

    async fn pause(
        &self,
        counted: &Counted,
        sight: Sight,
        now: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        let Sight { breaker, figure, window, limit, .. } = sight;
        let reason = in_words(counted, sight);
        let pause = NewPause {
            scope: counted.scope,
            key: counted.key.clone(),
            since: now,
            reason: reason.clone(),
            evidence: serde_json::json!({
                "breaker": breaker,
                "part": figure.part,
                "whole": figure.whole,
                "share": figure.share().to_string(),
                "limit": limit.to_string(),
                "window_minutes": window.num_minutes(),
            }),
        };
        if let Some(id) = self.database.pause(&pause).await? {
            counter!("touchline_pauses_opened_total", "breaker" => breaker.as_str()).increment(1);
            tracing::error!(pause.id = %id, scope = %counted.scope, key = counted.key, "paused until a person lifts it (`touchline pauses lift`): {reason}");
        }
        Ok(())
    }
}

fn in_words(counted: &Counted, sight: Sight) -> String {
    explain(sight.breaker, &counted.key, sight.figure, sight.window, sight.limit)
}

fn show(counted: &Counted, sight: Sight) {
    // Plans and sources are many; the sending domains and channels are few.
    if sight.figure.whole > 0 && sight.breaker != Breaker::HardBounces {
        #[allow(clippy::cast_precision_loss)] // A share for a chart.
        let share = sight.figure.part as f64 / sight.figure.whole as f64;
        let minutes = sight.window.num_minutes().to_string();
        gauge!("touchline_breaker_share", "breaker" => sight.breaker.as_str(),
            "key" => counted.key.clone(), "window_minutes" => minutes)
        .set(share);
    }
}

/// What each breaker that watches such counts sees.
fn sights(counted: &Counted, limits: &Limits) -> Vec<Sight> {
    let complaints = |figure, window| {
        let alarm = limits.complaints.judge(figure);
        let limit =
            if alarm == Alarm::Warn { limits.complaints.warn } else { limits.complaints.pause };
        Sight { breaker: Breaker::Complaints, figure, window, limit, alarm }
    };
    match counted.scope {
        PauseScope::SenderDomain => vec![
            complaints(counted.complaints_of_day, TimeDelta::hours(24)),
            complaints(counted.complaints_of_week, TimeDelta::days(7)),
        ],
        PauseScope::Plan | PauseScope::Import => vec![Sight {
            breaker: Breaker::HardBounces,
            figure: counted.bounces,
            window: TimeDelta::days(7),
            limit: limits.bounces.pause,
            alarm: limits.bounces.judge(counted.bounces),
        }],
        PauseScope::Channel => vec![Sight {
            breaker: Breaker::GatewayErrors,
            figure: counted.gateway,
            window: limits.gateway_window,
            limit: limits.gateway.pause,
            alarm: limits.gateway.judge(counted.gateway),
        }],
        PauseScope::Everything => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        let loaded = bootstrap::settings::Loaded::from_sources(None, Vec::new()).unwrap();
        Limits::load(&loaded).unwrap().unwrap()
    }

    fn counted(scope: PauseScope) -> Counted {
        let bad = Figure { part: 500, whole: 1000 };
        Counted {
            scope,
            key: "x".to_owned(),
            complaints_of_day: Figure { part: 3, whole: 1000 },
            complaints_of_week: Figure { part: 3, whole: 2000 },
            bounces: bad,
            gateway: bad,
        }
    }

    #[test]
    fn each_scope_has_its_breakers() {
        for (scope, expected) in [
            (
                PauseScope::SenderDomain,
                vec![(Breaker::Complaints, Alarm::Pause), (Breaker::Complaints, Alarm::Warn)],
            ),
            (PauseScope::Plan, vec![(Breaker::HardBounces, Alarm::Pause)]),
            (PauseScope::Import, vec![(Breaker::HardBounces, Alarm::Pause)]),
            (PauseScope::Channel, vec![(Breaker::GatewayErrors, Alarm::Pause)]),
            (PauseScope::Everything, vec![]),
        ] {
            let seen = sights(&counted(scope), &limits());
            let seen: Vec<_> = seen.iter().map(|sight| (sight.breaker, sight.alarm)).collect();
            assert_eq!(seen, expected, "{scope}");
        }
    }

    #[test]
    fn a_warning_names_the_limit_it_has_reached() {
        let seen = sights(&counted(PauseScope::SenderDomain), &limits());
        assert!(in_words(&counted(PauseScope::SenderDomain), seen[0]).ends_with("0.30 %"));
        assert!(in_words(&counted(PauseScope::SenderDomain), seen[1]).ends_with("0.10 %"));
    }
}
