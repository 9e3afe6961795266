//! One touch becomes one text message.

mod test_send;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::retry::Backoff;
use domain::suppression::Origin;
use domain::{Medium, Reason, ReasonCode};
use storage::Database;
use storage::suppressions::{NewSuppression, Target};
use templates::RenderedSms;
use templates::sms::{Encoding, Reference, Refusal};
use tokio::time::Instant;
use worker::{Handler, Outcome, ReadyTouch, Team};

use crate::gateway::{Coding, SmsGateway, SmsMessage};
use crate::reply::{SuppressionHint, Verdict, verdict};
use crate::sender::{Purpose, SenderVerdict, judge_sender};
use crate::settings::Settings;

/// How long touches wait while the gateway's settings are wrong: time for people to put it right.
const MISCONFIGURED_PAUSE: Duration = Duration::from_secs(300);

/// Hands texts to a gateway.
pub struct SmsHandler {
    gateway: Arc<dyn SmsGateway>,
    settings: Settings,
    database: Database,
    team_country: String,
}

impl SmsHandler {
    /// A handler for a gateway. The database is for entries the gateway's answers call for.
    #[must_use]
    pub fn new(
        gateway: Arc<dyn SmsGateway>,
        settings: Settings,
        database: Database,
        team: &Team,
    ) -> Self {
        Self { gateway, settings, database, team_country: team.default_region.clone() }
    }

    /// The message, or why there must be none.
    fn compose(&self, touch: &ReadyTouch) -> Result<SmsMessage, Outcome> {
        let mut rendered = touch.template.renderer.sms(touch.locale, &touch.fields)?;
        if !touch.notices.is_empty() {
            let text = touch.with_notices(rendered.text, " ");
            let count = templates::sms::count(&text, Reference::EightBit);
            rendered = RenderedSms { text, count };
        }
        let claimed = &touch.claimed;
        self.allowed(&rendered, claimed.contact.country.as_deref()).map_err(Outcome::Blocked)?;
        let attempt = claimed.attempt.unsigned_abs();
        // Of a first attempt nothing can be doubled; later ones are as old as the touch is due.
        let age = if attempt <= 1 { chrono::TimeDelta::zero() } else { touch.now - claimed.due_at };
        Ok(SmsMessage {
            to: claimed.address.clone().unwrap_or_default(),
            sender: self.settings.sender.clone(),
            reference: claimed.id,
            attempt,
            coding: coding_of(&rendered),
            segments: u32::try_from(rendered.count.segments).unwrap_or(u32::MAX),
            first_attempt_age: age.to_std().unwrap_or_default(),
            text: rendered.text,
        })
    }

    /// Whether such a text may go to somebody in `country`, as far as that is known.
    fn allowed(&self, rendered: &RenderedSms, country: Option<&str>) -> Result<(), Reason> {
        if let Err(refusal) = rendered.count.allowed(self.settings.max_segments as usize) {
            let detail = match refusal {
                Refusal::OverCap { segments, cap } => format!("{segments}>{cap}"),
                Refusal::Empty => "0".to_owned(),
            };
            return Err(Reason::new(ReasonCode::SegmentsOverCap, detail));
        }
        if self.settings.sender.is_empty() {
            // The gateway's account has a sender of its own.
            return Ok(());
        }
        let (purpose, country) = (Purpose::Promotional, country.unwrap_or_default());
        match judge_sender(&self.settings.sender, purpose, country, &self.team_country) {
            SenderVerdict::Refused(why) => Err(Reason::new(ReasonCode::Misconfigured, why)),
            _ => Ok(()),
        }
    }

    /// Puts a number on the list that the provider says must not or cannot be reached.
    async fn note(&self, touch: &ReadyTouch, hint: SuppressionHint) {
        let claimed = &touch.claimed;
        let entry = NewSuppression {
            target: Target::Address {
                key: claimed.address_key,
                channel: hint.channel,
                domain: None,
            },
            reason: hint.reason,
            origin: Origin::Provider,
            actor: "sms-worker".to_owned(),
            evidence: Some(format!("answer to touch {}", claimed.id)),
            touch: Some(claimed.id),
            received_at: None,
        };
        if let Err(error) = self.database.suppress_now(&entry).await {
            tracing::error!(touch.id = %claimed.id, %error, "the list could not learn what the provider said");
        }
    }
}

const fn coding_of(rendered: &RenderedSms) -> Coding {
    match rendered.count.encoding {
        Encoding::Gsm7 => Coding::Gsm7,
        Encoding::Ucs2 => Coding::Ucs2,
    }
}

#[async_trait]
impl Handler for SmsHandler {
    fn medium(&self) -> Medium {
        Medium::Sms
    }

    fn is_real(&self) -> bool {
        self.gateway.is_real()
    }

    async fn attempt(&self, touch: &ReadyTouch) -> Outcome {
        let rendering = touch.rendering();
        let message = match self.compose(touch) {
            Ok(message) => message,
            Err(outcome) => {
                outcome.end(rendering);
                return outcome;
            }
        };
        rendering.end();
        let handing_over = touch.handing_over("http");
        let outcome = self.hand_over(touch, &message).await;
        outcome.end(handing_over);
        outcome
    }
}

impl SmsHandler {
    async fn hand_over(&self, touch: &ReadyTouch, message: &SmsMessage) -> Outcome {
        let result = self.gateway.send(message, Instant::from_std(touch.deadline)).await;
        domain::failpoint::pass("gateway.accepted_unrecorded");
        match verdict(result) {
            Verdict::Sent { provider_ref } => Outcome::Sent { provider_ref },
            Verdict::Later { after } => Outcome::NotBegun { after },
            Verdict::Retry { after, reason } => {
                let backoff = match reason.code {
                    ReasonCode::Unreachable => Backoff::UNREACHABLE,
                    _ => Backoff::DEFERRED,
                };
                Outcome::Retry { reason, backoff, after }
            }
            Verdict::Failed { reason, suppress } => {
                if let Some(hint) = suppress {
                    self.note(touch, hint).await;
                }
                Outcome::Failed(reason)
            }
            // Within the gateway's idempotency a repeat cannot double the message.
            Verdict::Unknown { reason, safe_to_repeat_for: Some(_) } => {
                Outcome::Retry { reason, backoff: Backoff::UNREACHABLE, after: None }
            }
            Verdict::Unknown { reason, safe_to_repeat_for: None } => Outcome::Unknown(reason),
            Verdict::Misconfigured { reason } => {
                tracing::error!(%reason, "the SMS gateway's settings are wrong; touches wait");
                Outcome::Wait { until: touch.now + MISCONFIGURED_PAUSE, reason }
            }
        }
    }
}
