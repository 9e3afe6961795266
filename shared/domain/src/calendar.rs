//! Working days and holidays.

use std::collections::BTreeMap;

use jiff::civil::{Date, Weekday};

use crate::plan::Shift;

/// Weekends per country, and the dates of holidays, as data.
#[derive(Debug, Clone, Default)]
pub struct Calendar {
    weekends: BTreeMap<String, Vec<Weekday>>,
    default_weekend: Vec<Weekday>,
    holidays: BTreeMap<String, Vec<Date>>,
}

impl Calendar {
    /// A calendar from its data: weekends by ISO 3166 country code, the weekend of every other
    /// country, and the dates of each holiday by key.
    #[must_use]
    pub fn new(
        weekends: BTreeMap<String, Vec<Weekday>>,
        default_weekend: Vec<Weekday>,
        mut holidays: BTreeMap<String, Vec<Date>>,
    ) -> Self {
        for dates in holidays.values_mut() {
            dates.sort_unstable();
        }
        Self { weekends, default_weekend, holidays }
    }

    /// Whether people of `country` work on `date`.
    #[must_use]
    pub fn is_working_day(&self, country: Option<&str>, date: Date) -> bool {
        let weekend =
            country.and_then(|country| self.weekends.get(country)).unwrap_or(&self.default_weekend);
        !weekend.contains(&date.weekday())
    }

    /// `date` moved by `shift` to a working day of `country`. A country whose whole week is a
    /// weekend does not exist; after seven days the date is kept.
    #[must_use]
    pub fn shifted(&self, country: Option<&str>, date: Date, shift: Shift) -> Date {
        let step = match shift {
            Shift::Same => return date,
            Shift::Next => jiff::Span::new().days(1),
            Shift::Previous => jiff::Span::new().days(-1),
        };
        let mut moved = date;
        for _ in 0..7 {
            if self.is_working_day(country, moved) {
                return moved;
            }
            moved = moved.saturating_add(step);
        }
        date
    }

    /// The first date of the holiday on or after `from`, if the data reaches that far.
    #[must_use]
    pub fn holiday_from(&self, key: &str, from: Date) -> Option<Date> {
        self.holidays.get(key)?.iter().copied().find(|date| *date >= from)
    }

    /// Whether the calendar knows a holiday of this key.
    #[must_use]
    pub fn knows_holiday(&self, key: &str) -> bool {
        self.holidays.contains_key(key)
    }
}
