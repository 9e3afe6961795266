//! A row of a file of legal bases: which column says what, and the record it makes.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::consent::LegalBasis;
use domain::suppression::Purpose;
use domain::{AddressKey, AddressKeyer, ContactChannel, ContactId};
use jiff::tz::TimeZone;
use storage::consents::{NewConsent, Proof};

use crate::addresses::Named;
use crate::intake::columns::{ColumnProblem, folded};
use crate::intake::rejects::{OWN_COLUMNS, original};
use crate::intake::rows::Row;
use crate::intake::values::{self, DateOrder};

domain::words! {
    /// What a column holds.
    Column, "column of consents", {
        /// Whom it is about.
        Contact = "contact",
        /// What it covers.
        Channels = "channels",
        /// What for.
        Purposes = "purposes",
        /// The basis.
        Basis = "basis",
        /// When it was given.
        GivenAt = "given_at",
        /// The last instant or day it counts.
        ExpiresAt = "expires_at",
        /// The text that was shown.
        Wording = "wording",
        /// Its language.
        Language = "language",
        /// What the person did.
        Act = "act",
        /// Where.
        Source = "source",
        /// To whom it was given.
        Seller = "seller",
        /// The network address.
        Ip = "ip",
        /// The program.
        UserAgent = "user_agent",
        /// The proof that the address confirmed it.
        DoubleOptIn = "double_opt_in",
        /// The weighing of interests, or the signed agreement.
        Document = "document",
        /// Its day.
        DocumentDate = "document_date",
        /// The person's time zone then.
        Zone = "zone",
    }
}

/// Further names of columns, as [`folded`] writes them.
const NAMES: &[(Column, &str)] = &[
    (
        Column::Contact,
        "contact_id external_id id address email e_mail email_address phone phone_number mobile \
         number البريد_الالكتروني رقم_الجوال الهاتف المعرف",
    ),
    (Column::Channels, "channel القناه القنوات"),
    (Column::Purposes, "purpose الغرض"),
    (Column::Basis, "legal_basis الاساس_القانوني"),
    (Column::GivenAt, "given date consent_date consented_at timestamp at تاريخ_الموافقه التاريخ"),
    (Column::ExpiresAt, "expires expiry until تاريخ_الانتهاء"),
    (Column::Wording, "text text_shown consent_text نص_الموافقه النص"),
    (Column::Language, "locale lang اللغه"),
    (Column::Source, "url form المصدر"),
    (Column::Seller, "controller company البائع الشركه"),
    (Column::Ip, "ip_address"),
    (Column::DoubleOptIn, "confirmation"),
    (Column::Document, "proof المستند"),
    (Column::DocumentDate, "document_on تاريخ_المستند"),
    (Column::Zone, "time_zone timezone المنطقه_الزمنيه"),
];

/// What each column of a header holds; nothing for those that are passed over.
///
/// # Errors
/// Columns nobody knows, two for the same, or none that names people or says when.
pub fn columns(
    header: &[String],
    ignore_unknown: bool,
) -> Result<Vec<Option<Column>>, Vec<ColumnProblem>> {
    let mut columns: Vec<Option<Column>> = Vec::with_capacity(header.len());
    let mut strangers = Vec::new();
    for name in header {
        let folded = folded(name);
        let further = || {
            let mut names = NAMES.iter();
            let found = names.find(|(_, all)| all.split_whitespace().any(|own| own == folded));
            found.map(|(column, _)| *column)
        };
        let column = folded.parse().ok().or_else(further);
        if column.is_none() && !folded.is_empty() && !OWN_COLUMNS.contains(&folded.as_str()) {
            strangers.push(name.clone());
        }
        if column.is_some() && columns.contains(&column) {
            return Err(vec![ColumnProblem::Twice(name.clone())]);
        }
        columns.push(column);
    }
    if !strangers.is_empty() && !ignore_unknown {
        return Err(vec![ColumnProblem::Strangers(strangers)]);
    }
    for needed in [Column::Contact, Column::GivenAt] {
        if !columns.contains(&Some(needed)) {
            return Err(vec![ColumnProblem::Missing(needed.to_string())]);
        }
    }
    Ok(columns)
}

/// What counts where a row says nothing.
#[derive(Debug, Clone)]
pub struct Defaults {
    /// What a record covers.
    pub channels: Vec<ContactChannel>,
    /// What for.
    pub purposes: Vec<Purpose>,
    /// The basis.
    pub basis: LegalBasis,
    /// The seller or controller it was given to.
    pub controller: Option<String>,
    /// The exact text that was shown.
    pub wording: String,
    /// Its language.
    pub language: String,
    /// What the people did.
    pub act: String,
    /// Where it was given: a URL, a form, an agent, a recording.
    pub source: Option<String>,
    /// The people's time zone then, an IANA name.
    pub zone: String,
    /// Who records it.
    pub actor: String,
}

/// Whom a row names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// Whoever has this address.
    Address(AddressKey),
    /// The contact of this id or external id.
    Name(String),
}

impl Whom {
    /// The address's key, if it is one.
    pub const fn key(&self) -> Option<AddressKey> {
        match self {
            Self::Address(key) => Some(*key),
            Self::Name(_) => None,
        }
    }

    /// The id, if it is one.
    pub fn name(&self) -> Option<String> {
        match self {
            Self::Address(_) => None,
            Self::Name(name) => Some(name.clone()),
        }
    }
}

/// A record without its contact.
#[derive(Debug, Clone)]
pub struct Unnamed(NewConsent);

impl Unnamed {
    /// The record.
    pub fn for_contact(self, contact: ContactId) -> NewConsent {
        NewConsent { contact, ..self.0 }
    }
}

/// A row that can be recorded once its contact is known.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Where it stands.
    pub line: u64,
    /// As it stands there.
    pub fields: Vec<String>,
    /// Whom it names.
    pub whom: Whom,
    /// The record.
    pub consent: Unnamed,
}

/// How rows are read.
pub struct Reading {
    pub columns: Vec<Option<Column>>,
    pub defaults: Defaults,
    pub region: String,
    pub dates: Option<DateOrder>,
    pub keyer: AddressKeyer,
}

impl Reading {
    /// The record of a row, or why there is none.
    pub fn candidate(&self, row: &Row) -> Result<Candidate, String> {
        let field = |column: Column| {
            let place = self.columns.iter().position(|own| *own == Some(column))?;
            let text = original(row.fields.get(place)?.trim()).trim();
            (!text.is_empty()).then(|| text.to_owned())
        };
        let defaults = &self.defaults;
        let channels = list(field(Column::Channels), &defaults.channels, "channels")?;
        let purposes = list(field(Column::Purposes), &defaults.purposes, "purposes")?;
        let basis = match field(Column::Basis) {
            Some(text) => folded(&text).parse().map_err(|_| format!("basis is not {BASES}"))?,
            None => defaults.basis,
        };
        let (whom, address) =
            self.whom(&field(Column::Contact).ok_or("no contact is named")?, &channels)?;
        let zone = field(Column::Zone).unwrap_or_else(|| defaults.zone.clone());
        let time_zone = TimeZone::get(&zone).map_err(|_| "zone is no time zone, as Asia/Dubai")?;
        let given = field(Column::GivenAt).ok_or("given_at is empty; when was it given?")?;
        let given_at = self.instant(&given, &time_zone, false, "given_at")?;
        let expires_at = field(Column::ExpiresAt)
            .map(|text| self.instant(&text, &time_zone, true, "expires_at"))
            .transpose()?;
        let document = match (field(Column::Document), field(Column::DocumentDate)) {
            (Some(document), Some(day)) => Some((document, self.day(&day, "document_date")?)),
            (None, None) => None,
            _ => return Err("document and document_date belong together".to_owned()),
        };
        let proof = Proof {
            controller: field(Column::Seller)
                .or_else(|| defaults.controller.clone())
                .ok_or("seller is empty; add --controller, or set [team] name")?,
            wording: field(Column::Wording).unwrap_or_else(|| defaults.wording.clone()),
            language: field(Column::Language).unwrap_or_else(|| defaults.language.clone()),
            snapshot: None,
            act: field(Column::Act).unwrap_or_else(|| defaults.act.clone()),
            given_at,
            given_zone: zone,
            source: field(Column::Source)
                .or_else(|| defaults.source.clone())
                .ok_or("source is empty; where was it given? (--source)")?,
            ip: field(Column::Ip),
            user_agent: field(Column::UserAgent),
            double_opt_in: field(Column::DoubleOptIn),
            document,
        };
        complete(basis, &proof, expires_at)?;
        let actor = defaults.actor.clone();
        let contact = ContactId::new();
        let consent =
            NewConsent { contact, address, channels, purposes, basis, proof, expires_at, actor };
        let (line, fields) = (row.line, row.fields.clone());
        Ok(Candidate { line, fields, whom, consent: Unnamed(consent) })
    }

    /// Whom a text names; and the address, where the record is for that one alone: it serves all of
    /// the channels.
    fn whom(
        &self,
        text: &str,
        channels: &[ContactChannel],
    ) -> Result<(Whom, Option<AddressKey>), String> {
        match Named::parse(text, None, &self.region) {
            Ok(Named::Address(address)) => {
                let key = address.key(&self.keyer);
                let serves = |channel| address.kind.channels().contains(channel);
                Ok((Whom::Address(key), channels.iter().all(serves).then_some(key)))
            }
            Ok(Named::Domain(_)) => Err("contact is a domain; a record is about a person".into()),
            Ok(Named::Person(id)) => Ok((Whom::Name(id.to_string()), None)),
            Err(why) if text.contains('@') => Err(format!("contact: {why}")),
            Err(_) => Ok((Whom::Name(text.to_owned()), None)),
        }
    }

    fn day(&self, text: &str, what: &str) -> Result<NaiveDate, String> {
        values::date(text, self.dates).map_err(|why| format!("{what} {why}"))
    }

    /// An instant, or the begin of a local day; as an end, the begin of the day after it.
    fn instant(
        &self,
        text: &str,
        zone: &TimeZone,
        is_end: bool,
        what: &str,
    ) -> Result<DateTime<Utc>, String> {
        if let Ok(instant) = text.parse::<DateTime<Utc>>() {
            return Ok(instant);
        }
        if text.contains(':') {
            return Err(format!("{what} is no instant; write it as 2026-06-01T08:00:00Z"));
        }
        let day = self.day(text, what)?;
        let day = if is_end { day + TimeDelta::days(1) } else { day };
        let begin: jiff::civil::Date = day.to_string().parse().map_err(|_| what.to_owned())?;
        let begin = begin.to_zoned(zone.clone()).map_err(|_| what.to_owned())?.timestamp();
        DateTime::from_timestamp_micros(begin.as_microsecond())
            .ok_or_else(|| format!("{what} is out of range"))
    }
}

const BASES: &str = "consent, implied_consent, soft_opt_in, legitimate_interest, contract or none";

/// What a basis needs to be proved, as the database asks for it.
fn complete(
    basis: LegalBasis,
    proof: &Proof,
    expires_at: Option<DateTime<Utc>>,
) -> Result<(), String> {
    let missing = match basis {
        LegalBasis::Consent if proof.wording.is_empty() => "a consent needs the wording shown",
        LegalBasis::Consent if proof.act.is_empty() => "a consent needs the act of the person",
        LegalBasis::LegitimateInterest if proof.document.is_none() => {
            "a legitimate interest needs document and document_date"
        }
        LegalBasis::ImpliedConsent if expires_at.is_none() => "an implied consent needs expires_at",
        _ if expires_at.is_some_and(|end| end <= proof.given_at) => {
            "expires_at is before it was given"
        }
        _ => return Ok(()),
    };
    Err(missing.to_owned())
}

/// Words between commas, semicolons, bars or blanks.
fn list<T: std::str::FromStr + Copy>(
    text: Option<String>,
    default: &[T],
    what: &str,
) -> Result<Vec<T>, String> {
    let listed = match text {
        None => default.to_vec(),
        Some(text) => text
            .split([',', ';', '|', ' '])
            .filter(|word| !word.is_empty())
            .map(|word| word.to_lowercase().parse())
            .collect::<Result<_, _>>()
            .map_err(|_| format!("{what} holds a word that is none"))?,
    };
    if listed.is_empty() { Err(format!("{what} is empty")) } else { Ok(listed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_known_by_their_usual_names_and_strangers_are_refused() {
        let header =
            |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let usual = header(&["Email", "Consent Date", "Text shown", "rejected_line"]);
        let expected = [Some(Column::Contact), Some(Column::GivenAt), Some(Column::Wording), None];
        assert_eq!(columns(&usual, false).as_deref(), Ok(&expected[..]));
        assert!(columns(&header(&["Email", "Date", "Shoe size"]), false).is_err());
        assert!(columns(&header(&["Email", "Date", "Shoe size"]), true).is_ok());
        assert!(columns(&header(&["Email", "Phone", "Date"]), true).is_err(), "two name people");
        assert!(columns(&header(&["Email"]), true).is_err(), "nothing says when");
    }
}
