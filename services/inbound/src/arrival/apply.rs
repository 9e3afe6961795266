//! What an arrival does.

use std::time::Duration;

use domain::arrival::{AnswerKind, review_due};
use domain::bounce::{BounceClass, SmsFailure, Suppress, sms_failure};
use domain::clock::{date_time, timestamp};
use domain::reply::answer;
use domain::suppression::{Origin, SuppressionReason};
use domain::{AddressKey, ContactChannel};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use storage::arrivals::{Message, NewAnswer, NewBounce, NewReview, NewStart, Said};
use storage::suppressions::{NewSuppression, Request, Target};
use storage::{Database, StorageError};

use super::{
    ACTOR, Arrival, Delivery, DeliveryResult, Event, Notice, OptIn, OptOut, ReplyTo, Review,
};

/// How long an entry waits for what is being handed over. It is in force before that.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);

/// What applying an arrival needs to know of the team.
#[derive(Debug, Clone)]
pub(crate) struct Office {
    /// The sender, as recipients know it; may be empty.
    pub team: String,
    /// Where the team's working days are.
    pub zone: TimeZone,
}

impl Office {
    /// Does what an arrival calls for. Safe to repeat, and to cut off anywhere.
    pub(crate) async fn apply(
        &self,
        database: &Database,
        arrival: &Arrival,
    ) -> Result<(), StorageError> {
        let began = trace::now();
        let Some(Arrival { notice, event, .. }) = &addressed(database, arrival).await? else {
            tracing::error!(
                source = %arrival.notice.source,
                touch = arrival.address_of.map(|address| tracing::field::display(address.touch())),
                "something came back for a touch that is not known, or went to another address"
            );
            return Ok(());
        };
        match event {
            Event::OptOut(opt_out) => opt_out.apply(database, notice).await,
            Event::OptIn(opt_in) => self.start(database, notice, opt_in).await,
            Event::Review(review) => self.review(database, notice, *review).await,
            Event::Help(reply_to) => owe(database, notice, AnswerKind::Help, reply_to).await,
            Event::Delivery(delivery) => delivery.apply(database, notice).await,
        }?;
        tell(database, arrival, began);
        Ok(())
    }

    async fn start(
        &self,
        database: &Database,
        notice: &Notice,
        opt_in: &OptIn,
    ) -> Result<(), StorageError> {
        let OptIn { key, channel, topic, reply_to } = *opt_in;
        let language = reply_to.map_or(domain::reply::Language::English, |to| to.language);
        let team = if self.team.is_empty() { "we" } else { &self.team };
        let ended = database
            .start(&NewStart {
                said: notice.said_about(key, channel, topic),
                evidence: notice.evidence(),
                actor: ACTOR.to_owned(),
                controller: team.to_owned(),
                wording: (
                    answer(AnswerKind::Stop, language, team, ""),
                    language.as_str().to_owned(),
                ),
                act: format!("asked for messages again, by {}", notice.source),
            })
            .await?;
        match reply_to {
            // What others have entered goes on; then a promise would be a lie.
            Some(to) if ended > 0 && database.is_clear(key, channel).await? => {
                owe(database, notice, AnswerKind::Start, &to).await
            }
            _ => Ok(()),
        }
    }

    async fn review(
        &self,
        database: &Database,
        notice: &Notice,
        review: Review,
    ) -> Result<(), StorageError> {
        let due = review_due(timestamp(notice.accepted_at), &self.zone);
        database
            .open_review(&NewReview {
                message: notice.message(),
                key: review.key,
                request: notice.kept.map(|name| name.to_string()),
                arrived_at: notice.occurred_at,
                due_at: date_time(due),
            })
            .await
    }
}

/// Tells the trace of the touch that an arrival is about, where that is known. Nobody waits for it.
fn tell(database: &Database, arrival: &Arrival, began: std::time::SystemTime) {
    let of_address = arrival.address_of.map(|address| address.touch());
    let Some(touch) = arrival.touch().or(of_address).filter(|_| trace::is_on()) else { return };
    let (word, source, end) = (arrival.word(), arrival.notice.source.as_str(), trace::now());
    let result = match arrival.event {
        Event::Delivery(delivery) => delivery.result.word(),
        Event::OptOut(_) | Event::OptIn(_) | Event::Review(_) | Event::Help(_) => "applied",
    };
    let database = database.clone();
    tokio::spawn(async move {
        let Ok(place) = database.place_of_touch(touch).await else { return };
        place
            .step("arrival", trace::Kind::Answer)
            .since(began)
            .with("touchline.touch.id", touch.as_uuid())
            .with("touchline.arrival", word)
            .with("touchline.arrival.source", source)
            .with("touchline.result", result)
            .end_at(end);
    });
}

impl OptOut {
    async fn apply(&self, database: &Database, notice: &Notice) -> Result<(), StorageError> {
        let request = self.request(notice);
        let suppressed = if self.reason.is_of_recipient() {
            let said = notice.said_about(self.key, self.channel, self.topic);
            database.stop(&request, &said, PATIENCE).await?
        } else {
            database.carry_out(&request, PATIENCE).await?
        };
        if !suppressed.in_flight.is_empty() {
            let touches = suppressed.in_flight.len();
            tracing::info!(event = %suppressed.event, touches, "messages were already on their way");
        }
        match &self.reply_to {
            // A start that was said later may have lifted it already.
            Some(to) if !database.is_clear(self.key, self.channel).await? => {
                owe(database, notice, AnswerKind::Stop, to).await
            }
            _ => Ok(()),
        }
    }
}

impl Delivery {
    async fn apply(&self, database: &Database, notice: &Notice) -> Result<(), StorageError> {
        match self.result {
            DeliveryResult::Delivered => {
                database.take_delivery(self.key, self.channel, notice.occurred_at).await
            }
            DeliveryResult::Bounced { class, suppress, status } => {
                let status = status.map(|status| status.to_string());
                self.record(database, notice, class.as_str(), status, suppress).await?;
                self.count(database, notice, class, suppress).await
            }
            DeliveryResult::Refused { code } => {
                let failure = sms_failure(code);
                let status = Some(code.to_string());
                self.record(database, notice, failure.as_str(), status, Suppress::No).await?;
                self.count_refusals(database, notice, failure).await
            }
        }
    }

    async fn record(
        &self,
        database: &Database,
        notice: &Notice,
        class: &'static str,
        status: Option<String>,
        advice: Suppress,
    ) -> Result<(), StorageError> {
        // Whoever reports it, the touch is the same message.
        let message = match self.touch {
            Some(touch) => format!("touch {touch}"),
            None => format!("{} {:016x}", notice.source, notice.message),
        };
        let bounce = NewBounce {
            key: self.key,
            channel: self.channel,
            message,
            touch: self.touch,
            class,
            status: status.unwrap_or_else(|| class.to_owned()),
            advice,
            source: notice.source.as_str(),
            bounced_at: notice.occurred_at,
            actor: ACTOR.to_owned(),
        };
        database.take_bounce(&bounce).await?;
        Ok(())
    }

    /// Puts the address on the list at once, or when its bounce days are too many (BNC-03, BNC-04).
    async fn count(
        &self,
        database: &Database,
        notice: &Notice,
        class: BounceClass,
        suppress: Suppress,
    ) -> Result<(), StorageError> {
        let (reason, is_due) = match suppress {
            Suppress::No => return Ok(()),
            Suppress::Now => {
                debug_assert_eq!(class, BounceClass::Hard, "nothing else suppresses at once");
                let reason = SuppressionReason::HardBounce;
                let record =
                    database.bounce_record(self.key, self.channel, reason, notice.accepted_at);
                // Nothing left of the record: this very bounce has led to an entry before.
                (reason, !record.await?.bounces.is_empty())
            }
            Suppress::Counter | Suppress::CounterWhenRepeated => {
                let now = notice.accepted_at;
                let is_over = database.bounces_too_often(self.key, self.channel, now).await?;
                (SuppressionReason::SoftBounceLimit, is_over)
            }
        };
        if is_due { self.enter(database, notice, reason, Origin::System).await } else { Ok(()) }
    }

    /// Puts the number on the list when its code says so, or has said so often enough (BNC-18).
    async fn count_refusals(
        &self,
        database: &Database,
        notice: &Notice,
        failure: SmsFailure,
    ) -> Result<(), StorageError> {
        let Some(reason) = failure.suppresses(usize::MAX) else { return Ok(()) };
        let now = notice.accepted_at;
        let record = database.bounce_record(self.key, self.channel, reason, now).await?;
        let delivered = record.delivered.map_or(Timestamp::MIN, timestamp);
        let messages = record
            .bounces
            .iter()
            .filter(|(class, bounce)| class == failure.as_str() && bounce.at > delivered)
            .count();
        match failure.suppresses(messages) {
            Some(reason) if messages > 0 => {
                if failure == SmsFailure::OptedOut {
                    tracing::warn!("the gateway has an opt-out that the list did not have");
                }
                self.enter(database, notice, reason, Origin::Provider).await
            }
            _ => Ok(()),
        }
    }

    async fn enter(
        &self,
        database: &Database,
        notice: &Notice,
        reason: SuppressionReason,
        origin: Origin,
    ) -> Result<(), StorageError> {
        let touch = self.touch.map_or_else(String::new, |touch| format!(", touch {touch}"));
        let entry = NewSuppression {
            target: Target::Address { key: self.key, channel: self.channel, domain: None },
            reason,
            origin,
            actor: ACTOR.to_owned(),
            evidence: Some(format!("{}{touch}", notice.evidence())),
            touch: self.touch,
            received_at: Some(notice.accepted_at),
        };
        database.carry_out(&Request { entry, whole_person: false }, PATIENCE).await?;
        Ok(())
    }
}

impl Notice {
    const fn message(&self) -> Message {
        Message { source: self.source.as_str(), id: self.message }
    }

    const fn said_about(
        &self,
        key: AddressKey,
        channel: ContactChannel,
        topic: Option<domain::suppression::Topic>,
    ) -> Said {
        Said { message: self.message(), key, channel, topic, occurred_at: self.occurred_at }
    }
}

/// The arrival with the key of the address it is about, if there is such an address.
async fn addressed(
    database: &Database,
    arrival: &Arrival,
) -> Result<Option<Arrival>, StorageError> {
    let Some(address) = arrival.address_of else { return Ok(Some(*arrival)) };
    let key = database.address_of_touch(address.touch()).await?;
    Ok(key.filter(|key| address.is(key)).map(|key| arrival.found(key)))
}

async fn owe(
    database: &Database,
    notice: &Notice,
    kind: AnswerKind,
    to: &ReplyTo,
) -> Result<(), StorageError> {
    database
        .owe_answer(&NewAnswer {
            message: notice.message(),
            kind,
            key: to.key,
            number: format!("+{}", to.number),
            language: to.language.as_str(),
            asked_at: notice.accepted_at,
        })
        .await
}
