//! How long records are kept (compliance.md PRV-13, AUD-10): a schedule as data, of which the longest
//! applicable period wins. The list has no period: its entries are never let go of.

use jiff::Span;
use jiff::civil::Date;
use serde::Deserialize;

crate::words! {
    /// A kind of record that is let go of when its time is over.
    Kept, "kind of record", {
        /// Consents and other legal bases with their proof, when they are no longer in force.
        Consents = "consents",
        /// Withdrawals of consent.
        Withdrawals = "withdrawals",
        /// Requests of people about their data, when they are over.
        Requests = "requests",
        /// Tasks that are done or dropped.
        Tasks = "tasks",
        /// Tests that people of the team sent to themselves.
        Tests = "tests",
        /// Months of touches and their history; they are detached, not deleted.
        History = "history",
    }
}

/// A period for which records of one kind are kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// Of what.
    pub what: Kept,
    /// Only of people in this country (ISO 3166); of everybody without one.
    #[serde(default)]
    pub country: Option<String>,
    /// How long, counted from the last thing that happened with the record.
    pub months: i32,
    /// Where it stands.
    pub source: String,
    /// How well that is known, as in compliance.md.
    pub evidence: Vec<String>,
    /// The day somebody looked.
    pub verified: String,
}

/// Every period.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// In the order of the file.
    #[serde(default)]
    pub keep: Vec<Period>,
}

impl Schedule {
    /// Until when a record is kept that something happened with last on `last`; for ever when no
    /// period is known. Somebody whose country is not known is protected by the longest of all.
    #[must_use]
    pub fn keep_until(&self, what: Kept, country: Option<&str>, last: Date) -> Option<Date> {
        let months = self.applicable(what, country).map(|period| period.months).max()?;
        Some(last.saturating_add(Span::new().months(months)))
    }

    /// The shortest period of a kind: nothing younger is ever let go of.
    #[must_use]
    pub fn shortest(&self, what: Kept) -> Option<i32> {
        self.keep.iter().filter(|period| period.what == what).map(|period| period.months).min()
    }

    fn applicable<'a>(
        &'a self,
        what: Kept,
        country: Option<&'a str>,
    ) -> impl Iterator<Item = &'a Period> {
        self.keep.iter().filter(move |period| {
            period.what == what
                && match (&period.country, country) {
                    (Some(own), Some(country)) => own.eq_ignore_ascii_case(country),
                    _ => true,
                }
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn period(what: Kept, country: Option<&str>, months: i32) -> Period {
        Period {
            what,
            country: country.map(str::to_owned),
            months,
            source: "test".to_owned(),
            evidence: Vec::new(),
            verified: String::new(),
        }
    }

    #[test]
    fn the_longest_applicable_period_wins() {
        let schedule = Schedule {
            keep: vec![
                period(Kept::Consents, None, 24),
                period(Kept::Consents, Some("DE"), 60),
                period(Kept::Consents, Some("EG"), 36),
            ],
        };
        let used = date(2026, 3, 10);
        for (country, until) in [
            (Some("DE"), date(2031, 3, 10)),
            (Some("eg"), date(2029, 3, 10)),
            (Some("FR"), date(2028, 3, 10)),
            // Nobody knows where: the longest of all.
            (None, date(2031, 3, 10)),
        ] {
            let kept = schedule.keep_until(Kept::Consents, country, used);
            assert_eq!(kept, Some(until), "{country:?}");
        }
        assert_eq!(schedule.keep_until(Kept::Tasks, None, used), None, "for ever");
        assert_eq!(schedule.shortest(Kept::Consents), Some(24));
    }
}
