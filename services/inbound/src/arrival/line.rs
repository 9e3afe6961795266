//! An arrival as a line of the journal: JSON, version 2. Lines of version 1 held opt-outs alone and
//! are still read.

use chrono::{DateTime, Utc};
use domain::bounce::{BounceClass, Suppress};
use domain::reply::Language;
use domain::return_path::ReturnPath;
use domain::suppression::{SuppressionReason, Topic};
use domain::{AddressKey, ContactChannel, TouchId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    AddressOf, AgentClass, Arrival, Delivery, DeliveryResult, Event, Notice, OptIn, OptOut,
    ReplyTo, Review, Source,
};
use crate::kept::KeptName;

impl Arrival {
    /// One line of JSON.
    pub(crate) fn to_json(self) -> String {
        let Notice { source, message, occurred_at, accepted_at, kept } = self.notice;
        let line = Line {
            v: 2,
            source,
            message,
            at: accepted_at.timestamp_micros(),
            said: (occurred_at != accepted_at).then(|| occurred_at.timestamp_micros()),
            kept: kept.map(|name| name.to_string()),
            key: self.key().to_hex(),
            of: self.address_of.map(Into::into),
            event: self.event.into(),
        };
        serde_json::to_string(&line)
            .expect("a struct of strings and numbers always has a JSON form")
    }

    /// What a line says, or `None` if it is not one.
    pub(crate) fn from_json(line: &str) -> Option<Self> {
        let version: Version = serde_json::from_str(line).ok()?;
        match version.v {
            1 => serde_json::from_str::<OldLine>(line).ok()?.arrival(line),
            2 => serde_json::from_str::<Line>(line).ok()?.arrival(),
            _ => None,
        }
    }
}

#[derive(Deserialize)]
struct Version {
    v: u8,
}

#[derive(Serialize, Deserialize)]
struct Line {
    v: u8,
    source: Source,
    message: u64,
    /// Microseconds since 1970, as `said`.
    at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    said: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kept: Option<String>,
    key: String,
    /// Set where the key only stands in for that of a touch's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    of: Option<OfLine>,
    event: EventLine,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OfLine {
    Touch(TouchId),
    ReturnPath(TouchId),
}

impl From<AddressOf> for OfLine {
    fn from(address: AddressOf) -> Self {
        match address {
            AddressOf::Touch(touch) => Self::Touch(touch),
            AddressOf::ReturnPath(path) => Self::ReturnPath(path.touch),
        }
    }
}

impl OfLine {
    /// The recipient of a return path is the beginning of the key that stands in for it.
    fn address(self, stand_in: &AddressKey) -> AddressOf {
        match self {
            Self::Touch(touch) => AddressOf::Touch(touch),
            Self::ReturnPath(touch) => AddressOf::ReturnPath(ReturnPath::new(touch, stand_in)),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum EventLine {
    OptOut {
        channel: ContactChannel,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        topic: Option<Topic>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        whole_person: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        touch: Option<TouchId>,
        reason: SuppressionReason,
        agent: AgentClass,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<ReplyLine>,
    },
    OptIn {
        channel: ContactChannel,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        topic: Option<Topic>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<ReplyLine>,
    },
    Review,
    Help(ReplyLine),
    Delivered {
        channel: ContactChannel,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        touch: Option<TouchId>,
    },
    Bounced {
        channel: ContactChannel,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        touch: Option<TouchId>,
        class: BounceClass,
        suppress: Suppress,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<String>,
    },
    Refused {
        channel: ContactChannel,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        touch: Option<TouchId>,
        code: u32,
    },
}

#[derive(Serialize, Deserialize)]
struct ReplyLine {
    number: u64,
    language: Language,
}

impl From<ReplyTo> for ReplyLine {
    fn from(ReplyTo { number, language, .. }: ReplyTo) -> Self {
        Self { number, language }
    }
}

impl ReplyLine {
    const fn to(&self, key: AddressKey) -> ReplyTo {
        ReplyTo { key, number: self.number, language: self.language }
    }
}

impl From<Event> for EventLine {
    fn from(event: Event) -> Self {
        match event {
            Event::OptOut(OptOut {
                channel,
                topic,
                whole_person,
                touch,
                reason,
                agent,
                reply_to,
                ..
            }) => {
                let reply_to = reply_to.map(Into::into);
                Self::OptOut { channel, topic, whole_person, touch, reason, agent, reply_to }
            }
            Event::OptIn(OptIn { channel, topic, reply_to, .. }) => {
                Self::OptIn { channel, topic, reply_to: reply_to.map(Into::into) }
            }
            Event::Review(_) => Self::Review,
            Event::Help(reply_to) => Self::Help(reply_to.into()),
            Event::Delivery(Delivery { channel, touch, result, .. }) => match result {
                DeliveryResult::Delivered => Self::Delivered { channel, touch },
                DeliveryResult::Bounced { class, suppress, status } => {
                    let status = status.map(|status| status.to_string());
                    Self::Bounced { channel, touch, class, suppress, status }
                }
                DeliveryResult::Refused { code } => Self::Refused { channel, touch, code },
            },
        }
    }
}

impl EventLine {
    fn event(self, key: AddressKey) -> Option<Event> {
        let delivery =
            |channel, touch, result| Event::Delivery(Delivery { key, channel, touch, result });
        Some(match self {
            Self::OptOut { channel, topic, whole_person, touch, reason, agent, reply_to } => {
                let reply_to = reply_to.map(|line| line.to(key));
                Event::OptOut(OptOut {
                    key,
                    channel,
                    topic,
                    whole_person,
                    touch,
                    reason,
                    agent,
                    reply_to,
                })
            }
            Self::OptIn { channel, topic, reply_to } => {
                let reply_to = reply_to.map(|line| line.to(key));
                Event::OptIn(OptIn { key, channel, topic, reply_to })
            }
            Self::Review => Event::Review(Review { key }),
            Self::Help(line) => Event::Help(line.to(key)),
            Self::Delivered { channel, touch } => {
                delivery(channel, touch, DeliveryResult::Delivered)
            }
            Self::Bounced { channel, touch, class, suppress, status } => {
                let status = match status {
                    Some(status) => Some(status.parse().ok()?),
                    None => None,
                };
                delivery(channel, touch, DeliveryResult::Bounced { class, suppress, status })
            }
            Self::Refused { channel, touch, code } => {
                delivery(channel, touch, DeliveryResult::Refused { code })
            }
        })
    }
}

impl Line {
    fn arrival(self) -> Option<Arrival> {
        let kept = match self.kept {
            Some(name) => Some(name.parse().ok()?),
            None => None,
        };
        let notice = Notice {
            source: self.source,
            message: self.message,
            occurred_at: instant(self.said.unwrap_or(self.at))?,
            accepted_at: instant(self.at)?,
            kept,
        };
        let key = AddressKey::from_hex(&self.key)?;
        let event = self.event.event(key)?;
        Some(Arrival { notice, event, address_of: self.of.map(|of| of.address(&key)) })
    }
}

/// A line of version 1.
#[derive(Deserialize)]
struct OldLine {
    key: String,
    channel: ContactChannel,
    #[serde(default)]
    whole_person: bool,
    touch: Option<TouchId>,
    reason: SuppressionReason,
    agent: AgentClass,
    text: Option<OldText>,
    at: i64,
}

#[derive(Deserialize)]
struct OldText {
    gateway: Source,
    message: u64,
}

impl OldLine {
    fn arrival(self, line: &str) -> Option<Arrival> {
        let accepted_at = instant(self.at)?;
        let by_mail =
            matches!(self.reason, SuppressionReason::HardBounce | SuppressionReason::Complaint);
        let (source, message) = match self.text {
            Some(OldText { gateway, message }) => (gateway, message),
            // The line is all there is to tell it by, and the same whenever it is read.
            None => (if by_mail { Source::Mail } else { Source::Link }, hash(line)),
        };
        let notice = Notice {
            source,
            message,
            occurred_at: accepted_at,
            accepted_at,
            kept: None::<KeptName>,
        };
        let Self { channel, whole_person, touch, reason, agent, .. } = self;
        let key = AddressKey::from_hex(&self.key)?;
        let opt_out = OptOut { whole_person, touch, agent, ..OptOut::new(key, channel, reason) };
        Some(Arrival::new(notice, opt_out))
    }
}

fn instant(microseconds: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_micros(microseconds)
}

fn hash(line: &str) -> u64 {
    let hash = Sha256::digest(line);
    hash.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use domain::{AddressKeyer, AddressKind};

    use super::*;

    fn at() -> DateTime<Utc> {
        DateTime::from_timestamp_nanos(1_780_000_000_123_456_789)
    }

    fn key() -> AddressKey {
        AddressKeyer::new(b"k").key(AddressKind::Phone, "+971501234567")
    }

    /// One of each kind, with everything set.
    fn arrivals() -> Vec<Arrival> {
        let (key, touch) = (key(), Some(TouchId::new()));
        let (sms, email) = (ContactChannel::Sms, ContactChannel::Email);
        let topic = Some("listings".parse().unwrap());
        let reply_to = ReplyTo { key, number: 971_501_234_567, language: Language::Arabic };
        let opt_out = OptOut::new(key, sms, SuppressionReason::ReplyKeyword);
        let bounced = DeliveryResult::Bounced {
            class: BounceClass::SoftMailbox,
            suppress: Suppress::Counter,
            status: "5.2.2".parse().ok(),
        };
        let delivery = |channel, result| Delivery { key, channel, touch, result };
        let events: [Event; 9] = [
            opt_out.into(),
            OptOut { whole_person: true, touch, reply_to: Some(reply_to), ..opt_out }.into(),
            OptOut { topic, ..opt_out }.into(),
            OptIn { key, channel: sms, topic, reply_to: Some(reply_to) }.into(),
            Review { key }.into(),
            Event::Help(reply_to),
            delivery(email, DeliveryResult::Delivered).into(),
            delivery(email, bounced).into(),
            delivery(sms, DeliveryResult::Refused { code: 30005 }).into(),
        ];
        let notice = Notice::new(Source::Twilio, "SM1", at());
        let said = notice.said(at() - chrono::TimeDelta::seconds(7)).kept(KeptName::of(b"raw"));
        let on = |notice| move |event| Arrival { notice, event, address_of: None };
        let path = ReturnPath::new(TouchId::new(), &key);
        let unknown = [AddressOf::Touch(path.touch), AddressOf::ReturnPath(path)]
            .map(|address| Arrival::about(Err(address), notice, |key| OptOut { key, ..opt_out }));
        let known = events.into_iter().map(on(notice)).chain(events.into_iter().map(on(said)));
        known.chain(unknown).collect()
    }

    #[test]
    fn every_kind_survives_its_line_and_no_other_line_is_one() {
        for arrival in arrivals() {
            let line = arrival.to_json();
            assert!(!line.contains('\n'), "{line}");
            assert_eq!(Arrival::from_json(&line), Some(arrival), "{line}");
            for broken in
                [&line[1..], &line.replace("\"v\":2", "\"v\":3"), &line.replace("at", "am")]
            {
                assert_eq!(Arrival::from_json(broken), None, "{broken}");
            }
        }
        assert_eq!(Arrival::from_json(""), None);
        assert_eq!(Arrival::from_json("{}"), None);
    }

    #[test]
    fn lines_of_version_1_are_read_the_same_each_time() {
        let hex = key().to_hex();
        let link = format!(
            r#"{{"v":1,"key":"{hex}","channel":"email","reason":"one_click","agent":"browser","at":7}}"#
        );
        let read = Arrival::from_json(&link).unwrap();
        assert_eq!(
            (read.notice.source, read.notice.accepted_at.timestamp_micros()),
            (Source::Link, 7)
        );
        let expected = OptOut {
            agent: AgentClass::Browser,
            ..OptOut::new(key(), ContactChannel::Email, SuppressionReason::OneClick)
        };
        assert_eq!(read.event, expected.into());
        assert_eq!(Arrival::from_json(&link), Some(read));
        let text = format!(
            r#"{{"v":1,"key":"{hex}","channel":"sms","whole_person":true,"reason":"reply_keyword","agent":"program","text":{{"gateway":"kannel","message":9}},"at":7}}"#
        );
        let read = Arrival::from_json(&text).unwrap();
        assert_eq!((read.notice.source, read.notice.message), (Source::Kannel, 9));
        let Event::OptOut(opt_out) = read.event else { panic!("{read:?}") };
        assert!(opt_out.whole_person);
        let bounce = link.replace("one_click", "hard_bounce");
        assert_eq!(Arrival::from_json(&bounce).unwrap().notice.source, Source::Mail);
    }

    #[test]
    fn a_clock_ahead_of_ours_is_not_believed() {
        let notice = Notice::new(Source::Twilio, "SM1", at());
        let ahead = notice.said(at() + chrono::TimeDelta::hours(1));
        assert_eq!(ahead.occurred_at, notice.accepted_at);
    }
}
