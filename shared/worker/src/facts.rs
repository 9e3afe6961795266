//! What the gate is told about a touch besides the list and the hours, read for a whole batch.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use domain::clock::timestamp;
use domain::consent::{Basis, Grant, LegalBasis, Needed, basis_at, basis_for};
use domain::pause::{Pausable, Pause};
use domain::phone::Phone;
use domain::registry::Registry;
use domain::relationship::{
    Ground, IntendedCall, Listing, Purpose as CallPurpose, Relationship, Ruling, WrittenPermission,
    registry_exemption,
};
use domain::rules::frequency::{PastAttempt, Subjects, Wish};
use domain::rules::{
    Asked, Holiday, Holidays, Hours, Notice, Occasion, Room, Rule, TeamLimits, caps_of, room,
};
use domain::suppression::Purpose;
use domain::window::Window;
use domain::{Channel, ContactChannel, TouchId};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use storage::StorageError;
use storage::claims::ClaimedTouch;
use storage::facts::{Blackout, ContactHistory, GateFacts, ListingFact, Send};
use storage::registries::{Registries, RegistryCheck};

use crate::{Duties, Worker};

/// Days of a blackout that are looked at; no touch waits longer.
const LONGEST_BLACKOUT: usize = 400;

/// Reads the facts of batches, and keeps what registries have decoded.
pub(crate) struct FactReader {
    registries: Registries,
    /// How far back the longest cap looks.
    span: TimeDelta,
}

/// The facts about one touch.
#[derive(Default)]
pub(crate) struct TouchFacts {
    /// The pause that covers it.
    pub(crate) pause: Option<Pause>,
    /// Days without messages on its channel.
    blackouts: Vec<Blackout>,
    /// When the person wants to be reached.
    preferred: Option<Window>,
    /// Whether nothing else has ever reached the person on the channel.
    is_first: bool,
    pub(crate) sends: Vec<Send>,
    in_hand: Vec<ContactChannel>,
    grants: Vec<Grant>,
    withdrawals: Vec<jiff::Timestamp>,
    /// The record with a signed agreement, and its day.
    permission: Option<(String, Date)>,
    relationships: Vec<Relationship>,
    listing: Option<ListingFact>,
    pub(crate) check: Option<RegistryCheck>,
}

/// What registries and the listing say of a touch.
pub(crate) struct AskedRegistry {
    pub(crate) ruling: Ruling,
    /// Of which day the data is, in words.
    pub(crate) data: String,
    pub(crate) evidence: Value,
}

impl FactReader {
    pub(crate) fn new(worker: &Worker) -> Self {
        let span = worker.rules.longest_span().as_secs();
        Self {
            registries: Registries::new(worker.database.clone()),
            span: TimeDelta::try_seconds(span).unwrap_or(TimeDelta::MAX),
        }
    }

    /// The facts of each claimed touch of a batch, in two statements at most.
    pub(crate) async fn of(
        &self,
        worker: &Worker,
        claimed: &[ClaimedTouch],
    ) -> Result<HashMap<TouchId, TouchFacts>, StorageError> {
        let open: Vec<&ClaimedTouch> =
            claimed.iter().filter(|touch| touch.suppressed_by.is_none()).collect();
        if open.is_empty() {
            return Ok(HashMap::new());
        }
        let now = worker.clock.now();
        let contacts: Vec<_> = open.iter().map(|touch| touch.contact.id).collect();
        let facts = worker.database.gate_facts(&contacts, now - self.span, now).await?;
        let mut checks = checks(&self.registries, &worker.duties, &open, now).await?;
        let places: HashMap<TouchId, usize> =
            open.iter().enumerate().map(|(place, touch)| (touch.id, place)).collect();
        let of_touch = |(place, touch): (usize, &&ClaimedTouch)| {
            let mut own = TouchFacts::of(touch, &worker.duties, now, &facts);
            // Of two touches in one batch the later one waits for the earlier; both are claimed, so
            // that every other batch sees both.
            own.in_hand = facts
                .of(touch.contact.id)
                .in_hand
                .iter()
                .filter(|other| other.touch != touch.id)
                .filter(|other| places.get(&other.touch).is_none_or(|other| *other < place))
                .map(|other| other.channel)
                .collect();
            own.check = checks.remove(&touch.id);
            (touch.id, own)
        };
        Ok(open.iter().enumerate().map(of_touch).collect())
    }
}

/// What the registries say of the numbers they must be asked about.
pub(crate) async fn checks(
    registries: &Registries,
    duties: &Duties,
    touches: &[&ClaimedTouch],
    now: DateTime<Utc>,
) -> Result<HashMap<TouchId, RegistryCheck>, StorageError> {
    let asked: Vec<(TouchId, Phone)> = touches
        .iter()
        .filter(|touch| touch.purpose == Purpose::Marketing)
        .filter_map(|touch| {
            let required = duties.registries.of(touch.channel);
            let phone = Phone::parse(touch.address.as_deref()?, "").phone?;
            let registry = Registry::for_phone(&phone)?;
            required.contains(&registry).then_some((touch.id, phone))
        })
        .collect();
    if asked.is_empty() {
        return Ok(HashMap::new());
    }
    let (ids, phones): (Vec<TouchId>, Vec<Phone>) = asked.into_iter().unzip();
    let checks = registries.verdicts(&phones, timestamp(now)).await?;
    Ok(ids.into_iter().zip(checks).filter_map(|(id, check)| Some((id, check?))).collect())
}

impl TouchFacts {
    pub(crate) fn of(
        touch: &ClaimedTouch,
        duties: &Duties,
        now: DateTime<Utc>,
        facts: &GateFacts,
    ) -> Self {
        let history = facts.of(touch.contact.id);
        let channel = touch.channel.contact_channel();
        let pausable = Pausable {
            channel,
            sender_domain: duties.sender_domain.as_deref(),
            plan: &touch.plan_key,
            source: &touch.contact.source,
        };
        let (grants, withdrawals) = history.bases(touch.address_key, channel, touch.purpose);
        let permission = permission(history, &grants, &withdrawals, now);
        let relationships = history.relationships.iter().map(|known| Relationship {
            kind: known.what,
            on: to_date(known.on),
            evidence: known.id.to_string(),
        });
        Self {
            blackouts: facts
                .blackouts
                .iter()
                .filter(|days| days.channel.is_none_or(|only| only == channel))
                .cloned()
                .collect(),
            preferred: touch.preferred_hours.as_deref().and_then(|hours| hours.parse().ok()),
            pause: facts.pauses.iter().find(|pause| pause.covers(pausable)).cloned(),
            sends: history.sends.iter().filter(|send| send.touch != touch.id).cloned().collect(),
            is_first: history.is_first(touch.id, channel),
            in_hand: Vec::new(),
            grants,
            withdrawals,
            permission,
            relationships: relationships.collect(),
            listing: history.listing.filter(|_| touch.channel == Channel::Call),
            check: None,
        }
    }

    /// When the person wants to be reached, as hours with their name.
    pub(crate) fn preferred(&self) -> Option<(String, Hours)> {
        let window = self.preferred?;
        Some((format!("the contact's own {window}"), Hours::daily(window)))
    }

    /// Days without messages, as hours that are closed on them, with their names.
    pub(crate) fn blackouts(&self) -> Vec<(String, Hours)> {
        let of = |days: &Blackout| {
            let closed = days.first_day.iter_days().take_while(|day| *day <= days.last_day);
            let closed = closed.take(LONGEST_BLACKOUT).map(|day| Holiday::Once(to_date(day)));
            let closed = Arc::new(Holidays::new(closed.collect(), false));
            let hours = Hours::daily(Window::whole_day()).closed_on(vec![closed]);
            (format!("blackout: {}", days.reason), hours)
        };
        self.blackouts.iter().map(of).collect()
    }

    /// Whether all caps leave room for a marketing touch; no other kind is capped.
    pub(crate) fn room(
        &self,
        touch: &ClaimedTouch,
        rules: &[&Rule],
        limits: TeamLimits,
        zones: &[TimeZone],
        now: jiff::Timestamp,
    ) -> Room {
        if touch.purpose != Purpose::Marketing {
            return Room::Free;
        }
        let history: Vec<PastAttempt<'_>> = self.sends.iter().map(past).collect();
        room(Asked {
            rules,
            limits,
            channel: touch.channel.contact_channel(),
            history: &history,
            in_hand: &self.in_hand,
            wish: Wish { at: now, subject: &touch.topic, subjects: Subjects::Ignored, zones },
        })
    }

    /// On which legal basis the person is reached. Rules ask for one for marketing alone.
    pub(crate) fn basis(
        &self,
        touch: &ClaimedTouch,
        rules: &[&Rule],
        now: jiff::Timestamp,
    ) -> Basis {
        let needed: Vec<Needed<'_>> = rules
            .iter()
            .filter(|rule| touch.purpose == Purpose::Marketing && !rule.basis.is_empty())
            .map(|rule| Needed { rule: &rule.id, accepts: &rule.basis })
            .collect();
        basis_for(&needed, &self.grants, &self.withdrawals, now)
    }

    /// What registries and the listing say; nothing where none was asked.
    pub(crate) fn registry(&self, now: jiff::Timestamp) -> Option<AskedRegistry> {
        let listing = self.listing.filter(|known| known.listing.is_some());
        if self.check.is_none() && listing.is_none() {
            return None;
        }
        let check = self.check.as_ref();
        let registry = check.map_or(Registry::UsNational, |check| check.registry);
        let ruling = registry_exemption(&IntendedCall {
            on: registry.day_of(now),
            suppressed: None,
            registry: check.map(|check| (check.registry, check.verdict)),
            listing: listing.and_then(|known| known.listing),
            purpose: listing
                .map_or(CallPurpose::FollowUp, |known| known.purpose.for_buyer(known.buyer)),
            relationships: &self.relationships,
            permission: self
                .permission
                .as_ref()
                .map(|(document, signed_on)| WrittenPermission { signed_on: *signed_on, document }),
        });
        let data = match check {
            None => listing.and_then(|known| known.listing).map_or("", Listing::as_str).to_owned(),
            Some(check) => match check.version_date {
                Some(day) => format!("{}, data of {day}", check.registry),
                None => format!("{}, area code {}", check.registry, check.area_code),
            },
        };
        let evidence = json!({
            "registry": check.map(|check| check.registry.as_str()),
            "verdict": check.map(|check| check.verdict.as_str()),
            "area_code": check.map(|check| check.area_code),
            "version_date": check.and_then(|check| Some(check.version_date?.to_string())),
            "load": check.and_then(|check| check.load),
            "listing": listing.map(|known| known.id),
            "exempt_by": exempt_by(ruling),
        });
        Some(AskedRegistry { ruling, data, evidence })
    }

    /// What the caps were counted over.
    pub(crate) fn cap_evidence(
        &self,
        touch: &ClaimedTouch,
        rules: &[&Rule],
        limits: TeamLimits,
    ) -> Value {
        if touch.purpose != Purpose::Marketing {
            return Value::Null;
        }
        let looked_at = caps_of(rules, limits, touch.channel.contact_channel());
        let (sent, in_hand) = (self.sends.len(), self.in_hand.len());
        json!({ "looked_at": looked_at, "sent": sent, "in_hand": in_hand })
    }

    /// The rules whose notices a marketing message owes; `one_way` is whether its sender cannot be
    /// answered.
    pub(crate) fn notices<'r>(
        &self,
        touch: &ClaimedTouch,
        rules: &[&'r Rule],
        one_way: bool,
    ) -> Vec<(&'r str, &'r Notice)> {
        let is_owed = |notice: &&Notice| match notice.when {
            Occasion::First => self.is_first,
            Occasion::OneWay => one_way && touch.channel == Channel::Sms,
        };
        rules
            .iter()
            .filter(|_| touch.purpose == Purpose::Marketing)
            .filter_map(|rule| Some((rule.id.as_str(), rule.notice.as_ref().filter(is_owed)?)))
            .collect()
    }
}

/// The basis a decision relied on, for the history.
pub(crate) fn basis_evidence(basis: &Basis) -> Value {
    match basis {
        Basis::NotNeeded => "not needed".into(),
        Basis::On(grant) => json!({ "record": grant.id, "basis": grant.basis }),
        Basis::Missing(why) => json!({ "missing": why }),
    }
}

fn exempt_by(ruling: Ruling) -> Option<String> {
    match ruling {
        Ruling::Allow(Ground::Relationship { until }) => {
            Some(format!("relationship until {until}"))
        }
        Ruling::Allow(Ground::WrittenPermission) => Some("written permission".to_owned()),
        Ruling::Allow(Ground::LinkedBuyer(buyer)) => Some(format!("buyer {buyer}")),
        Ruling::Allow(Ground::NotRegistered) | Ruling::Block(_) => None,
    }
}

/// The consent in force, where a signed document stands behind it.
fn permission(
    history: &ContactHistory,
    grants: &[Grant],
    withdrawals: &[jiff::Timestamp],
    now: DateTime<Utc>,
) -> Option<(String, Date)> {
    let counts = basis_at(grants, withdrawals, timestamp(now))?;
    let signed_on =
        history.document_of(counts.id).filter(|_| counts.basis == LegalBasis::Consent)?;
    Some((counts.id.to_string(), to_date(signed_on)))
}

fn past(send: &Send) -> PastAttempt<'_> {
    PastAttempt {
        at: timestamp(send.at),
        channel: send.channel,
        subject: &send.topic,
        answered: send.answered,
        refused: send.refused,
    }
}

fn to_date(day: chrono::NaiveDate) -> Date {
    use chrono::Datelike as _;
    // chrono's months and days fit an i8 and jiff's years reach from -9999 to 9999.
    let year = i16::try_from(day.year()).unwrap_or(9999);
    let part = |value: u32| i8::try_from(value).unwrap_or(1);
    Date::new(year, part(day.month()), part(day.day())).unwrap_or(Date::MAX)
}
