//! Plans as people write them, and the checks a plan must pass.

use std::collections::{BTreeMap, HashSet};

use jiff::civil::Time;
use serde::{Deserialize, Serialize};

use crate::suppression::{Purpose, Topic};
use crate::{Channel, Lane, Locale};

/// The most steps a plan may have: an enrolment remembers its planned steps in 64 bits.
pub const MAX_STEPS: usize = 64;

/// A plan: an ordered list of steps. Immutable once stored as a plan version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The name used in commands, settings and links, e.g. `8x8`.
    pub key: String,
    /// The name people see, per language.
    pub name: BTreeMap<Locale, String>,
    /// One sentence on who it is for, per language.
    #[serde(default)]
    pub description: BTreeMap<Locale, String>,
    /// How many touches the plan promises; the steps that count must add up to it.
    pub touches: u16,
    /// Which lane its touches take.
    #[serde(default = "bulk")]
    pub lane: Lane,
    /// What it is about, as the preference page offers it; plans of one kind share a topic.
    #[serde(default, skip_serializing_if = "Topic::is_general")]
    pub topic: Topic,
    /// Why it is sent; decides which entries of the list stop it.
    #[serde(default, skip_serializing_if = "Purpose::is_marketing")]
    pub purpose: Purpose,
    /// Whether it starts again every year.
    #[serde(default)]
    pub repeat: Repeat,
    /// The plan that follows when this one is complete.
    #[serde(default)]
    pub then: Option<Chain>,
    /// The steps, in the order of their days.
    pub steps: Vec<Step>,
}

const fn bulk() -> Lane {
    Lane::Bulk
}

/// Whether a plan ends or starts again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repeat {
    /// It ends after the last step.
    #[default]
    Never,
    /// It starts again on each anniversary of the enrolment.
    Yearly,
}

/// The plan that follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chain {
    /// The following plan's key.
    pub plan: String,
    /// The day of this plan on which the following one starts ("day 57" of 8x8: domain.md T6).
    pub day: u16,
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The day as people say it: day 1 is the day of enrolment (domain.md §0.5). For an anchored
    /// step, the day used when the anchor's date is not known or falls outside the year.
    pub day: u16,
    /// How it reaches the person.
    pub channel: Channel,
    /// What it is for, per language; shown to agents and in explanations.
    pub purpose: BTreeMap<Locale, String>,
    /// The key of the template.
    pub template: String,
    /// A date of the contact or of the calendar that decides instead of the day.
    #[serde(default)]
    pub anchor: Option<Anchor>,
    /// What to do when the date is not a working day; by default the channel decides.
    #[serde(default)]
    pub shift: Option<Shift>,
    /// Local time of day, `HH:MM`; by default the channel decides.
    #[serde(default, with = "time_of_day", skip_serializing_if = "Option::is_none")]
    pub at: Option<Time>,
    /// Whether it counts towards `touches`.
    #[serde(default = "yes")]
    pub counts: bool,
}

const fn yes() -> bool {
    true
}

/// A date other than a day number.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Anchor {
    /// The contact's birthday.
    Birthday,
    /// The spouse's birthday.
    SpouseBirthday,
    /// The anniversary of the closing.
    Closing,
    /// A holiday of the calendar, by key (`holiday:eid_al_fitr`).
    Holiday(String),
}

impl From<Anchor> for String {
    fn from(anchor: Anchor) -> Self {
        match anchor {
            Anchor::Birthday => "birthday".to_owned(),
            Anchor::SpouseBirthday => "spouse_birthday".to_owned(),
            Anchor::Closing => "closing".to_owned(),
            Anchor::Holiday(key) => format!("holiday:{key}"),
        }
    }
}

impl TryFrom<String> for Anchor {
    type Error = crate::UnknownWord;
    fn try_from(word: String) -> Result<Self, Self::Error> {
        match word.as_str() {
            "birthday" => Ok(Self::Birthday),
            "spouse_birthday" => Ok(Self::SpouseBirthday),
            "closing" => Ok(Self::Closing),
            _ => match word.strip_prefix("holiday:") {
                Some(key) if !key.is_empty() => Ok(Self::Holiday(key.to_owned())),
                _ => Err(crate::UnknownWord {
                    given: word,
                    set: "anchor",
                    allowed: "birthday, spouse_birthday, closing, holiday:<key>".to_owned(),
                }),
            },
        }
    }
}

/// What to do when a date is not a working day (domain.md T16).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shift {
    /// Keep the date.
    Same,
    /// The next working day.
    Next,
    /// The working day before.
    Previous,
}

impl Step {
    /// The shift in force: the step's own, else `previous` for what is posted and for anchored
    /// greetings, else `next` (domain.md T16).
    #[must_use]
    pub fn shift(&self) -> Shift {
        self.shift.unwrap_or(match (self.channel, &self.anchor) {
            (Channel::Email | Channel::Sms, Some(_)) => Shift::Same,
            (_, Some(_)) | (Channel::Letter | Channel::Card, None) => Shift::Previous,
            _ => Shift::Next,
        })
    }

    /// The local time in force: the step's own, else 10:00.
    #[must_use]
    pub fn at(&self) -> Time {
        self.at.unwrap_or(Time::constant(10, 0, 0, 0))
    }
}

/// What is wrong with a plan, in words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// There are no steps.
    #[error("plan \"{plan}\" has no steps; add at least one [[steps]] entry")]
    NoSteps {
        /// The plan's key.
        plan: String,
    },
    /// More steps than an enrolment can remember.
    #[error(
        "plan \"{plan}\" has {steps} steps; the most is {MAX_STEPS}: split it and chain the parts"
    )]
    TooManySteps {
        /// The plan's key.
        plan: String,
        /// How many it has.
        steps: usize,
    },
    /// The declared number of touches is not what the steps add up to.
    #[error(
        "plan \"{plan}\" declares {declared} touches, but its steps add up to {counted}: \
         correct `touches`, or the steps' `counts`"
    )]
    DoesNotAddUp {
        /// The plan's key.
        plan: String,
        /// The declared number.
        declared: u16,
        /// What the steps add up to.
        counted: u16,
    },
    /// A step's day is zero, or past the year of a yearly plan.
    #[error("plan \"{plan}\", step {step}: day {day} is not between 1 and {last}")]
    DayOutOfRange {
        /// The plan's key.
        plan: String,
        /// The step's number, from 1.
        step: usize,
        /// The day that stood there.
        day: u16,
        /// The last day allowed.
        last: u16,
    },
    /// Days run backwards.
    #[error(
        "plan \"{plan}\", step {step}: day {day} comes after day {before}; sort the steps by day"
    )]
    OutOfOrder {
        /// The plan's key.
        plan: String,
        /// The step's number, from 1.
        step: usize,
        /// Its day.
        day: u16,
        /// The day before it in the file.
        before: u16,
    },
    /// Two steps could send the same template on the same day.
    #[error("plan \"{plan}\", step {step}: \"{template}\" is already sent on day {day}")]
    Repeated {
        /// The plan's key.
        plan: String,
        /// The step's number, from 1.
        step: usize,
        /// The template.
        template: String,
        /// The day.
        day: u16,
    },
    /// A text people read is missing in a language.
    #[error("plan \"{plan}\": {what} has no text in \"{locale}\"")]
    MissingText {
        /// The plan's key.
        plan: String,
        /// Which text.
        what: String,
        /// The step's number, from 1, when it is a step's.
        step: Option<usize>,
        /// The language.
        locale: Locale,
    },
    /// A yearly plan cannot also chain.
    #[error("plan \"{plan}\" repeats yearly and chains to \"{then}\"; it can do only one")]
    RepeatsAndChains {
        /// The plan's key.
        plan: String,
        /// The following plan.
        then: String,
    },
    /// The following plan starts before this one's last step.
    #[error(
        "plan \"{plan}\" starts \"{then}\" on day {day}, before its own last step on day {last}"
    )]
    ChainsTooEarly {
        /// The plan's key.
        plan: String,
        /// The following plan.
        then: String,
        /// The chain's day.
        day: u16,
        /// The last step's day.
        last: u16,
    },
}

impl Plan {
    /// How many touches the steps add up to.
    #[must_use]
    pub fn counted_touches(&self) -> u16 {
        let counted = self.steps.iter().filter(|step| step.counts).count();
        u16::try_from(counted).unwrap_or(u16::MAX)
    }

    /// The name in `locale`, else in English, else the key.
    #[must_use]
    pub fn name_in(&self, locale: Locale) -> &str {
        self.name
            .get(&locale)
            .or_else(|| self.name.get(&Locale::En))
            .map_or(self.key.as_str(), String::as_str)
    }

    /// Everything that is wrong with the plan; empty when it may be stored.
    #[must_use]
    pub fn errors(&self) -> Vec<PlanError> {
        let plan = || self.key.clone();
        let mut errors = Vec::new();
        if self.steps.is_empty() {
            errors.push(PlanError::NoSteps { plan: plan() });
        }
        if self.steps.len() > MAX_STEPS {
            errors.push(PlanError::TooManySteps { plan: plan(), steps: self.steps.len() });
        }
        if self.counted_touches() != self.touches {
            errors.push(PlanError::DoesNotAddUp {
                plan: plan(),
                declared: self.touches,
                counted: self.counted_touches(),
            });
        }
        self.check_days(&mut errors);
        self.check_chain(&mut errors);
        self.check_texts(&mut errors);
        errors
    }

    fn check_days(&self, errors: &mut Vec<PlanError>) {
        let last = if self.repeat == Repeat::Yearly { 365 } else { 3650 };
        let mut before = 1;
        let mut seen = HashSet::new();
        for (index, step) in self.steps.iter().enumerate() {
            let (plan, number, day) = (self.key.clone(), index + 1, step.day);
            if day == 0 || day > last {
                errors.push(PlanError::DayOutOfRange { plan, step: number, day, last });
            } else if day < before {
                errors.push(PlanError::OutOfOrder { plan, step: number, day, before });
            } else if !seen.insert((day, step.template.as_str())) {
                let template = step.template.clone();
                errors.push(PlanError::Repeated { plan, step: number, template, day });
            }
            before = before.max(day);
        }
    }

    fn check_chain(&self, errors: &mut Vec<PlanError>) {
        let Some(chain) = &self.then else { return };
        let (plan, then, day) = (self.key.clone(), chain.plan.clone(), chain.day);
        if self.repeat == Repeat::Yearly {
            errors.push(PlanError::RepeatsAndChains { plan, then });
            return;
        }
        let last = self.steps.iter().map(|step| step.day).max().unwrap_or(0);
        if day <= last {
            errors.push(PlanError::ChainsTooEarly { plan, then, day, last });
        }
    }

    fn check_texts(&self, errors: &mut Vec<PlanError>) {
        for &locale in Locale::ALL {
            let mut need = |texts: &BTreeMap<Locale, String>, what: String, step| {
                if texts.get(&locale).is_none_or(|text| text.trim().is_empty()) {
                    let plan = self.key.clone();
                    errors.push(PlanError::MissingText { plan, what, step, locale });
                }
            };
            need(&self.name, "its name".to_owned(), None);
            for (number, step) in (1..).zip(&self.steps) {
                need(&step.purpose, format!("the purpose of step {number}"), Some(number));
            }
        }
    }
}

mod time_of_day {
    //! `HH:MM` in files.

    use jiff::civil::Time;
    use serde::{Deserialize, Deserializer, Serializer};

    // The signature is serde's.
    #[allow(clippy::ref_option)]
    pub fn serialize<S: Serializer>(time: &Option<Time>, serializer: S) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => serializer.collect_str(&time.strftime("%H:%M")),
            None => serializer.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Time>, D::Error> {
        let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
        Time::strptime("%H:%M", &text).map(Some).map_err(|_| {
            serde::de::Error::custom(format!("\"{text}\" is not a time of day; write it as HH:MM"))
        })
    }
}
