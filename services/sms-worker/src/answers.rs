//! Answers to STOP, START and HELP: taken from the database and handed to the gateway, outside of
//! plans and hints (compliance.md SMS-05 … SMS-07).
//!
//! They look at no list: a stop is confirmed to a number that is on it. One that is older than five
//! minutes is recorded and not sent. A worker that dies with one leaves its lease; another sends it
//! once more under the same reference, and a second doubt is the end of it.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use domain::arrival::AnswerState;
use domain::reply::{ANSWER_WITHIN, Language, answer};
use domain::{Clock, ReasonCode, TouchId};
use storage::arrivals::DueAnswer;
use storage::{Database, StorageError};
use templates::sms::{Encoding, Reference, count};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use worker::Team;

use crate::gateway::{Coding, SmsGateway, SmsMessage};
use crate::reply::{Verdict, verdict};

/// Between two looks at what is owed.
const POLL: Duration = Duration::from_secs(1);
/// The pause while the database is away.
const AWAY: Duration = Duration::from_secs(5);
/// Answers taken up at once; they are sent one after the other.
const BATCH: u32 = 20;
/// How long one may take to be handed over.
const ATTEMPT: Duration = Duration::from_secs(20);
/// How long a batch belongs to its worker.
const LEASE: Duration = Duration::from_secs(20 * 20 + 30);
/// The pause before a gateway that said not now is asked again.
const AGAIN: Duration = Duration::from_secs(10);

/// Sends what is owed.
pub struct Answers {
    /// The gateway, the same as for touches.
    pub gateway: Arc<dyn SmsGateway>,
    /// Under the SMS worker's role.
    pub database: Database,
    /// What five minutes are measured by.
    pub clock: Clock,
    /// Who speaks.
    pub team: Team,
    /// The sender recipients see.
    pub sender: String,
    /// The worker's name.
    pub worker: String,
}

impl Answers {
    /// Sends until `stop`; what was taken up is finished.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let pause = match self.turn().await {
                Ok(sent) if sent > 0 => Duration::ZERO,
                Ok(_) => POLL,
                Err(error) => {
                    tracing::warn!(%error, "answers to text messages wait for the database");
                    AWAY
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Takes up what is owed and sends it. Returns how many were taken up.
    ///
    /// # Errors
    /// When the database does not answer. What was handed over and not recorded comes back when its
    /// lease is over.
    pub async fn turn(&self) -> Result<usize, StorageError> {
        let within = TimeDelta::from_std(ANSWER_WITHIN.unsigned_abs()).unwrap_or_default();
        let oldest = self.clock.now() - within;
        let due = self.database.take_answers(&self.worker, LEASE, oldest, BATCH).await?;
        for answer in &due {
            self.send(answer, within).await?;
        }
        Ok(due.len())
    }

    async fn send(&self, due: &DueAnswer, within: TimeDelta) -> Result<(), StorageError> {
        if self.clock.now() - due.asked_at > within {
            return self.end(due, AnswerState::Late, Some("too_late"), None).await;
        }
        if due.is_sample && self.gateway.is_real() {
            let reason = ReasonCode::SamplePerson.as_str();
            return self.end(due, AnswerState::Failed, Some(reason), None).await;
        }
        let result = self.gateway.send(&self.message(due), Instant::now() + ATTEMPT).await;
        match verdict(result) {
            Verdict::Sent { provider_ref } => {
                self.end(due, AnswerState::Sent, None, provider_ref.as_deref()).await
            }
            // It waits again, until it is too late.
            Verdict::Later { after } => self.again(due, after).await,
            Verdict::Retry { after, .. } => self.again(due, after.unwrap_or(AGAIN)).await,
            Verdict::Unknown { safe_to_repeat_for: Some(_), .. } => self.again(due, AGAIN).await,
            Verdict::Misconfigured { reason } => {
                tracing::error!(%reason, "the SMS gateway's settings are wrong; answers wait");
                self.again(due, AGAIN).await
            }
            Verdict::Failed { reason, .. } => {
                self.end(due, AnswerState::Failed, Some(&reason.to_string()), None).await
            }
            Verdict::Unknown { reason, safe_to_repeat_for: None } => {
                self.end(due, AnswerState::Unknown, Some(&reason.to_string()), None).await
            }
        }
    }

    async fn again(&self, due: &DueAnswer, after: Duration) -> Result<(), StorageError> {
        let (waiting, worker) = (AnswerState::Waiting, &self.worker);
        self.database.end_answer(due, worker, waiting, None, None, after).await
    }

    async fn end(
        &self,
        due: &DueAnswer,
        state: AnswerState,
        reason: Option<&str>,
        provider_ref: Option<&str>,
    ) -> Result<(), StorageError> {
        tracing::info!(answer = %due.id, kind = %due.kind, %state, "an answer has come to its end");
        let worker = &self.worker;
        self.database.end_answer(due, worker, state, reason, provider_ref, Duration::ZERO).await
    }

    fn message(&self, due: &DueAnswer) -> SmsMessage {
        let language = due.language.parse().unwrap_or(Language::English);
        let contact = [&self.team.phone, &self.team.reply_to];
        let contact = contact.into_iter().find(|text| !text.is_empty());
        let contact = contact.map_or("", String::as_str);
        let text = answer(due.kind, language, &self.team.name, contact);
        let counted = count(&text, Reference::EightBit);
        SmsMessage {
            to: due.number.clone(),
            sender: self.sender.clone(),
            reference: TouchId::from(due.id),
            attempt: due.attempt.unsigned_abs(),
            coding: match counted.encoding {
                Encoding::Gsm7 => Coding::Gsm7,
                Encoding::Ucs2 => Coding::Ucs2,
            },
            segments: u32::try_from(counted.segments).unwrap_or(u32::MAX),
            first_attempt_age: (self.clock.now() - due.asked_at).to_std().unwrap_or_default(),
            text,
        }
    }
}
