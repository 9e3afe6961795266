//! Holidays as data: dates, days of every year, and days that move with the week or with Easter.

use std::str::FromStr;

use jiff::Span;
use jiff::civil::{Date, Weekday};

use super::hours::weekday;

/// One holiday, as calendars write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "String")]
pub enum Holiday {
    /// One date: `2026-05-01`.
    Once(Date),
    /// The same day every year: `07-14`.
    Yearly {
        /// From 1.
        month: i8,
        /// From 1.
        day: i8,
    },
    /// A weekday of a month: `11-thu-4` is the fourth Thursday of November.
    Nth {
        /// From 1.
        month: i8,
        /// Which day.
        weekday: Weekday,
        /// From 1.
        nth: i8,
    },
    /// The last such weekday of a month: `05-mon-last`.
    Last {
        /// From 1.
        month: i8,
        /// Which day.
        weekday: Weekday,
    },
    /// Days after (before, if negative) Easter Sunday of the western churches: `easter+39`.
    Easter(i16),
}

/// A text that is not a holiday.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is not a holiday; write a date (2026-05-01), a day of every year (07-14), a weekday \
     (11-thu-4, 05-mon-last) or days from Easter (easter+39)"
)]
pub struct BadHoliday(String);

impl TryFrom<String> for Holiday {
    type Error = BadHoliday;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl FromStr for Holiday {
    type Err = BadHoliday;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parsed(text).ok_or_else(|| BadHoliday(text.to_owned()))
    }
}

fn parsed(text: &str) -> Option<Holiday> {
    if let Some(days) = text.strip_prefix("easter") {
        let days = if days.is_empty() { 0 } else { days.parse().ok()? };
        return Some(Holiday::Easter(days));
    }
    if let Ok(date) = Date::strptime("%Y-%m-%d", text) {
        return Some(Holiday::Once(date));
    }
    let mut parts = text.split('-');
    let month: i8 = parts.next()?.parse().ok().filter(|month| (1..=12).contains(month))?;
    let second = parts.next()?;
    let holiday = match parts.next() {
        None => {
            let day = second.parse().ok()?;
            // A leap year has every day a year can have.
            Date::new(2024, month, day).ok()?;
            Holiday::Yearly { month, day }
        }
        Some("last") => Holiday::Last { month, weekday: weekday(second)? },
        Some(nth) => {
            let nth = nth.parse().ok().filter(|nth| (1..=5).contains(nth))?;
            Holiday::Nth { month, weekday: weekday(second)?, nth }
        }
    };
    parts.next().is_none().then_some(holiday)
}

impl Holiday {
    /// Whether it falls on the date.
    #[must_use]
    pub fn falls_on(&self, date: Date) -> bool {
        match *self {
            Self::Once(once) => date == once,
            Self::Yearly { month, day } => (date.month(), date.day()) == (month, day),
            Self::Nth { month, weekday, nth } => {
                date.month() == month
                    && date.weekday() == weekday
                    && (date.day() - 1) / 7 + 1 == nth
            }
            Self::Last { month, weekday } => {
                date.month() == month
                    && date.weekday() == weekday
                    && date.day() + 7 > date.days_in_month()
            }
            Self::Easter(days) => {
                easter(date.year())
                    .and_then(|easter| easter.checked_add(Span::new().days(days)).ok())
                    == Some(date)
            }
        }
    }
}

/// Easter Sunday of a year by the Gregorian calendar (the anonymous algorithm of 1876).
fn easter(year: i16) -> Option<Date> {
    let year_number = i32::from(year);
    let golden = year_number % 19;
    let (century, of_century) = (year_number / 100, year_number % 100);
    let skipped = (century - (century + 8) / 25 + 1) / 3;
    let moon = (19 * golden + century - century / 4 - skipped + 15) % 30;
    let week = (32 + 2 * (century % 4) + 2 * (of_century / 4) - moon - of_century % 4) % 7;
    let late = (golden + 11 * moon + 22 * week) / 451;
    let sum = moon + week - 7 * late + 114;
    Date::new(year, i8::try_from(sum / 31).ok()?, i8::try_from(sum % 31 + 1).ok()?).ok()
}

/// A calendar of holidays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holidays {
    days: Vec<Holiday>,
    observed: bool,
}

impl Holidays {
    /// A calendar of these days. With `observed`, a day of every year that falls on a Saturday is
    /// kept on the Friday before too, and one on a Sunday on the Monday after (5 U.S.C. 6103).
    #[must_use]
    pub const fn new(days: Vec<Holiday>, observed: bool) -> Self {
        Self { days, observed }
    }

    /// Whether the date is a holiday, or the day one is kept on.
    #[must_use]
    pub fn include(&self, date: Date) -> bool {
        self.days.iter().any(|day| day.falls_on(date))
            || (self.observed && self.kept_of(date).is_some_and(|day| self.is_yearly(day)))
    }

    /// The day of the weekend that would be kept on this date.
    fn kept_of(&self, date: Date) -> Option<Date> {
        match date.weekday() {
            Weekday::Friday => date.tomorrow().ok(),
            Weekday::Monday => date.yesterday().ok(),
            _ => None,
        }
    }

    fn is_yearly(&self, date: Date) -> bool {
        let yearly = self.days.iter().filter(|day| matches!(day, Holiday::Yearly { .. }));
        yearly.into_iter().any(|day| day.falls_on(date))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_holiday_falls_where_the_calendar_of_its_country_has_it() {
        for (holiday, dates) in [
            ("2026-05-01", ["2026-05-01"].as_slice()),
            ("07-14", &["2026-07-14", "2031-07-14"]),
            ("11-thu-4", &["2026-11-26", "2027-11-25"]),
            ("05-mon-last", &["2026-05-25", "2027-05-31"]),
            ("easter", &["2026-04-05", "2027-03-28", "2038-04-25", "2024-03-31"]),
            ("easter+39", &["2026-05-14"]),
            ("easter-2", &["2026-04-03"]),
            ("02-29", &["2028-02-29"]),
        ] {
            let parsed: Holiday = holiday.parse().unwrap();
            for date in dates {
                let date: Date = date.parse().unwrap();
                assert!(parsed.falls_on(date), "{holiday} {date}");
                assert!(!parsed.falls_on(date.tomorrow().unwrap()), "{holiday} {date}");
            }
        }
    }

    #[test]
    fn what_is_no_holiday_is_refused_with_how_to_write_one() {
        for text in ["", "13-01", "02-30", "easter*2", "11-thu-6", "11-day-1", "01-02-03-04", "x"] {
            let why = text.parse::<Holiday>().unwrap_err();
            assert!(why.to_string().contains("2026-05-01"), "{why}");
        }
    }

    #[test]
    fn a_day_of_the_weekend_is_kept_on_the_nearest_weekday() {
        // 4 July 2026 is a Saturday, 4 July 2027 a Sunday.
        let kept = Holidays::new(vec!["07-04".parse().unwrap()], true);
        let plain = Holidays::new(vec!["07-04".parse().unwrap()], false);
        for (date, observed, unobserved) in [
            ("2026-07-03", true, false),
            ("2026-07-04", true, true),
            ("2026-07-06", false, false),
            ("2027-07-05", true, false),
        ] {
            let date: Date = date.parse().unwrap();
            assert_eq!((kept.include(date), plain.include(date)), (observed, unobserved), "{date}");
        }
    }
}
