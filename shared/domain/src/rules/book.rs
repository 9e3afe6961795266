//! All rules together: which of them bind a touch.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use jiff::civil::Date;

use super::file::{CalendarEntry, Evidence, RuleEntry, RuleFile};
use super::frequency::{Cap, Refusal};
use super::{BadHours, Bound, Holidays, Hours, Notice};
use crate::ContactChannel;
use crate::consent::LegalBasis;
use crate::whereabouts::is_known_state;

/// The countries and states a person could be in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// ISO 3166-1 codes.
    pub countries: Vec<String>,
    /// ISO 3166-2 codes, of the countries that have any in the data.
    pub states: Vec<&'static str>,
}

impl Place {
    fn knows_state_of(&self, country: &str) -> bool {
        let is_inside = |state: &&str| state.split_once('-').is_some_and(|(of, _)| of == country);
        self.states.iter().any(is_inside)
    }
}

/// A rule that has been checked.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its id ("AE-SMS").
    pub id: String,
    /// What it binds.
    pub channels: Vec<ContactChannel>,
    /// How often people may be reached.
    pub caps: Vec<Cap>,
    /// What a refusal means.
    pub refusal: Option<Refusal>,
    /// The legal bases of which marketing needs one; empty when it needs none.
    pub basis: Vec<LegalBasis>,
    /// What marketing messages have to say besides.
    pub notice: Option<Notice>,
    /// How well it is known.
    pub evidence: Vec<Evidence>,
    /// Where it stands.
    pub source: String,
    /// When somebody last looked.
    pub verified: Date,
    /// What else has to be known.
    pub note: String,
    countries: Vec<String>,
    states: Vec<String>,
    state_unknown: bool,
    /// The name in force first.
    hours: Vec<(String, Hours)>,
}

impl Rule {
    /// The hours in force, under the name decisions are recorded with ("AE-SMS/strict"); nothing
    /// when the rule is about a basis or a notice alone.
    #[must_use]
    pub fn in_force(&self) -> Option<Bound<'_>> {
        let (name, hours) = self.hours.first()?;
        Some(Bound { name, hours })
    }

    /// Whether it protects people who could be in `place` on this channel.
    #[must_use]
    pub fn binds(&self, place: &Place, channel: ContactChannel) -> bool {
        self.channels.contains(&channel)
            && self.countries.iter().any(|country| {
                place.countries.contains(country)
                    && !(self.state_unknown && place.knows_state_of(country))
            })
            && (self.states.is_empty()
                || self.states.iter().any(|state| place.states.contains(&state.as_str())))
    }
}

/// What is wrong with a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// Another rule has the same id.
    #[error("there is another rule {id}; give each rule an id of its own")]
    IdTwice {
        /// The rule.
        id: String,
    },
    /// It binds nobody.
    #[error("{id} binds nobody: name channels (email, sms, call) and countries")]
    BindsNobody {
        /// The rule.
        id: String,
    },
    /// A country or state that is not known.
    #[error("{id}: \"{code}\" is no country or state of ISO 3166 that can be told apart")]
    UnknownPlace {
        /// The rule.
        id: String,
        /// What stands there.
        code: String,
    },
    /// Hours and modes, or neither, or a mode in force that is not among them.
    #[error("{id}: write hours, or modes and which mode is in force, or a basis, or a notice")]
    NoHours {
        /// The rule.
        id: String,
    },
    /// Hours that cannot be read.
    #[error("{id}: {why}")]
    BadHours {
        /// The rule.
        id: String,
        /// What is wrong with them.
        why: BadHours,
    },
    /// A calendar that does not exist.
    #[error("{id}: there is no calendar of holidays \"{calendar}\"")]
    UnknownCalendar {
        /// The rule.
        id: String,
        /// What stands there.
        calendar: String,
    },
}

impl RuleError {
    /// The rule it is about.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::IdTwice { id }
            | Self::BindsNobody { id }
            | Self::UnknownPlace { id, .. }
            | Self::NoHours { id }
            | Self::BadHours { id, .. }
            | Self::UnknownCalendar { id, .. } => id,
        }
    }
}

/// Every rule that is known.
#[derive(Debug, Clone, Default)]
pub struct RuleBook {
    rules: Vec<Rule>,
}

impl RuleBook {
    /// The rules of all files, and what is wrong with those that could not be taken.
    #[must_use]
    pub fn assemble<'f>(
        files: impl IntoIterator<Item = &'f RuleFile>,
        calendars: &BTreeMap<String, CalendarEntry>,
    ) -> (Self, Vec<RuleError>) {
        let calendars: BTreeMap<&str, Arc<Holidays>> = calendars
            .iter()
            .map(|(key, entry)| {
                (key.as_str(), Arc::new(Holidays::new(entry.days.clone(), entry.observed)))
            })
            .collect();
        let (mut book, mut errors) = (Self::default(), Vec::new());
        for entry in files.into_iter().flat_map(|file| &file.rules) {
            match checked(entry, &calendars) {
                Ok(rule) if book.rule(&rule.id).is_some() => {
                    errors.push(RuleError::IdTwice { id: rule.id });
                }
                Ok(rule) => book.rules.push(rule),
                Err(error) => errors.push(error),
            }
        }
        (book, errors)
    }

    /// Every rule, in the order of their files.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter()
    }

    /// The longest span any cap looks back, a week at least: the team's own caps do.
    #[must_use]
    pub fn longest_span(&self) -> SignedDuration {
        let caps = self.rules.iter().flat_map(|rule| &rule.caps);
        let week = SignedDuration::from_hours(24 * 7);
        caps.map(|cap| cap.within.length()).fold(week, SignedDuration::max)
    }

    /// The rule of that id, without a mode.
    #[must_use]
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == id)
    }

    /// The hours of a rule in force ("AE-SMS"), or in a certain mode ("AE-SMS/tdra").
    #[must_use]
    pub fn hours(&self, name: &str) -> Option<Bound<'_>> {
        if let Some(rule) = self.rule(name) {
            return rule.in_force();
        }
        let (name, hours) =
            self.rules.iter().flat_map(|rule| &rule.hours).find(|(mode, _)| mode == name)?;
        Some(Bound { name, hours })
    }

    /// The rules that bind a touch on this channel to a person who could be in `place`.
    #[must_use]
    pub fn binding(&self, place: &Place, channel: ContactChannel) -> Vec<&Rule> {
        self.rules.iter().filter(|rule| rule.binds(place, channel)).collect()
    }
}

fn checked(
    entry: &RuleEntry,
    calendars: &BTreeMap<&str, Arc<Holidays>>,
) -> Result<Rule, RuleError> {
    let id = entry.id.clone();
    let bindable = [ContactChannel::Email, ContactChannel::Sms, ContactChannel::Call];
    let binds_channels = entry.channels.iter().all(|channel| bindable.contains(channel));
    if entry.channels.is_empty() || !binds_channels || entry.countries.is_empty() {
        return Err(RuleError::BindsNobody { id });
    }
    if let Some(code) = unknown_place(entry) {
        return Err(RuleError::UnknownPlace { id, code: code.clone() });
    }
    Ok(Rule {
        hours: hours_of(entry, calendars)?,
        id,
        channels: entry.channels.clone(),
        caps: entry.caps.clone(),
        refusal: entry.refusal,
        basis: entry.basis.clone(),
        notice: entry.notice.clone(),
        evidence: entry.evidence.clone(),
        source: entry.source.clone(),
        verified: entry.verified.0,
        note: entry.note.clone(),
        countries: entry.countries.clone(),
        states: entry.states.clone(),
        state_unknown: entry.state_unknown,
    })
}

fn unknown_place(entry: &RuleEntry) -> Option<&String> {
    let is_country =
        |code: &&String| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    let country = entry.countries.iter().find(|code| !is_country(code));
    country.or_else(|| entry.states.iter().find(|code| !is_known_state(code)))
}

/// The hours of an entry by name, the ones in force first.
fn hours_of(
    entry: &RuleEntry,
    calendars: &BTreeMap<&str, Arc<Holidays>>,
) -> Result<Vec<(String, Hours)>, RuleError> {
    let id = || entry.id.clone();
    let mut holidays = Vec::new();
    for calendar in &entry.holidays {
        let unknown = || RuleError::UnknownCalendar { id: id(), calendar: calendar.clone() };
        holidays.push(Arc::clone(calendars.get(calendar.as_str()).ok_or_else(unknown)?));
    }
    let hours = |lines: &[String]| {
        let hours = Hours::from_lines(lines);
        let hours = hours.map_err(|why| RuleError::BadHours { id: id(), why })?;
        Ok(hours.closed_on(holidays.clone()))
    };
    match (&entry.mode, entry.hours.is_empty()) {
        (None, false) if entry.modes.is_empty() => Ok(vec![(id(), hours(&entry.hours)?)]),
        (Some(mode), true) if entry.modes.contains_key(mode) => {
            let mut all = Vec::new();
            for (name, lines) in &entry.modes {
                let place = if name == mode { 0 } else { all.len() };
                all.insert(place, (format!("{}/{name}", entry.id), hours(lines)?));
            }
            Ok(all)
        }
        (None, true)
            if entry.modes.is_empty() && (!entry.basis.is_empty() || entry.notice.is_some()) =>
        {
            Ok(Vec::new())
        }
        _ => Err(RuleError::NoHours { id: id() }),
    }
}
