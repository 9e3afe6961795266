//! A rule file as people write it: one jurisdiction, its rules, each with its source and date.

use jiff::civil::Date;
use std::collections::BTreeMap;

use super::frequency::{Cap, Refusal};
use super::{Holiday, Notice};
use crate::ContactChannel;
use crate::consent::LegalBasis;

crate::words! {
    /// How well a rule is known (compliance.md, evidence tags).
    Evidence, "evidence tag", {
        /// The wording of the law or of the authority's own page was seen.
        Primary = "P",
        /// Seen in a secondary source.
        Secondary = "S",
        /// Computed here.
        Computed = "C",
        /// A choice of this project, not law.
        Design = "D",
        /// Not verified, or sources conflict.
        Unverified = "U",
    }
}

/// The rules of one jurisdiction.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    /// The key: an ISO 3166 code ("AE", "US-FL"), or another name in capitals ("EU").
    pub jurisdiction: String,
    /// Its name for people.
    pub name: String,
    /// Its rules.
    pub rules: Vec<RuleEntry>,
}

/// One rule as it is written.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleEntry {
    /// Its id, unique among all files ("US-FL", "AE-SMS").
    pub id: String,
    /// What it binds: email, sms, call.
    pub channels: Vec<ContactChannel>,
    /// The ISO 3166-1 countries whose people it protects.
    pub countries: Vec<String>,
    /// The ISO 3166-2 states whose people it protects; empty for the whole country.
    #[serde(default)]
    pub states: Vec<String>,
    /// Whether it protects just those people of the country whose state nobody knows.
    #[serde(default)]
    pub state_unknown: bool,
    /// Lines of days and windows. Empty when there are modes, or the rule is about a basis alone.
    #[serde(default)]
    pub hours: Vec<String>,
    /// Alternative hours by name, where sources conflict.
    #[serde(default)]
    pub modes: BTreeMap<String, Vec<String>>,
    /// The mode in force.
    #[serde(default)]
    pub mode: Option<String>,
    /// Calendars on whose days it is closed.
    #[serde(default)]
    pub holidays: Vec<String>,
    /// How often people may be reached.
    #[serde(default)]
    pub caps: Vec<Cap>,
    /// What a refusal means.
    #[serde(default)]
    pub refusal: Option<Refusal>,
    /// The legal bases of which marketing needs one; empty when it needs none.
    #[serde(default)]
    pub basis: Vec<LegalBasis>,
    /// What messages have to say besides.
    #[serde(default)]
    pub notice: Option<Notice>,
    /// How well it is known.
    pub evidence: Vec<Evidence>,
    /// Where it stands.
    pub source: String,
    /// When somebody last looked.
    pub verified: VerifiedOn,
    /// What else has to be known.
    #[serde(default)]
    pub note: String,
}

/// A calendar of holidays as it is written.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalendarEntry {
    /// Its days.
    pub days: Vec<Holiday>,
    /// Whether days of the weekend are kept on the nearest weekday, too.
    #[serde(default)]
    pub observed: bool,
    /// Where it stands.
    pub source: String,
    /// When somebody last looked.
    pub verified: VerifiedOn,
}

/// The day somebody last looked at the source, written `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct VerifiedOn(pub Date);

impl TryFrom<String> for VerifiedOn {
    type Error = String;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let date = Date::strptime("%Y-%m-%d", &text);
        date.map(Self).map_err(|_| format!("\"{text}\" is not a day; write it as \"YYYY-MM-DD\""))
    }
}
