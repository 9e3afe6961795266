//! Weekends and holidays as a file.

use std::collections::BTreeMap;

use domain::Calendar;
use jiff::civil::{Date, Weekday};
use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

use crate::LoadError;
use crate::files::File;

domain::words! {
    /// A day of the week in `calendar.toml`.
    Day, "day of the week", {
        /// Monday.
        Monday = "mon",
        /// Tuesday.
        Tuesday = "tue",
        /// Wednesday.
        Wednesday = "wed",
        /// Thursday.
        Thursday = "thu",
        /// Friday.
        Friday = "fri",
        /// Saturday.
        Saturday = "sat",
        /// Sunday.
        Sunday = "sun",
    }
}

impl Day {
    const fn weekday(self) -> Weekday {
        match self {
            Self::Monday => Weekday::Monday,
            Self::Tuesday => Weekday::Tuesday,
            Self::Wednesday => Weekday::Wednesday,
            Self::Thursday => Weekday::Thursday,
            Self::Friday => Weekday::Friday,
            Self::Saturday => Weekday::Saturday,
            Self::Sunday => Weekday::Sunday,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CalendarFile {
    #[serde(default)]
    default_weekend: Option<Vec<Day>>,
    #[serde(default)]
    weekends: BTreeMap<String, Spanned<Vec<Day>>>,
    #[serde(default)]
    holidays: BTreeMap<String, Vec<Spanned<Datetime>>>,
}

/// What a calendar is made of, while files are still being added.
#[derive(Debug, Clone, Default)]
pub struct CalendarData {
    default_weekend: Option<Vec<Weekday>>,
    weekends: BTreeMap<String, Vec<Weekday>>,
    holidays: BTreeMap<String, Vec<Date>>,
}

impl CalendarData {
    /// Takes over every entry of `other`.
    pub fn merge(&mut self, other: Self) {
        if other.default_weekend.is_some() {
            self.default_weekend = other.default_weekend;
        }
        self.weekends.extend(other.weekends);
        self.holidays.extend(other.holidays);
    }

    /// The calendar made of it.
    pub fn calendar(&self) -> Calendar {
        Calendar::new(
            self.weekends.clone(),
            self.default_weekend.clone().unwrap_or_default(),
            self.holidays.clone(),
        )
    }
}

/// Reads a `calendar.toml`.
pub fn read(file: &File) -> Result<CalendarData, LoadError> {
    let parsed: CalendarFile = file.toml()?;
    let days = |days: Vec<Day>| days.into_iter().map(Day::weekday).collect();
    let mut weekends = BTreeMap::new();
    for (country, weekend) in parsed.weekends {
        if country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_uppercase()) {
            let reason = format!(
                "\"{country}\" is not a country code; write two capital letters (ISO 3166), like AE"
            );
            return Err(file.syntax(weekend.span().start, &reason));
        }
        weekends.insert(country, days(weekend.into_inner()));
    }
    let mut holidays = BTreeMap::new();
    for (key, dates) in parsed.holidays {
        let dates = dates.iter().map(|date| day_of(file, date)).collect::<Result<_, _>>()?;
        holidays.insert(key, dates);
    }
    Ok(CalendarData { default_weekend: parsed.default_weekend.map(days), weekends, holidays })
}

fn day_of(file: &File, written: &Spanned<Datetime>) -> Result<Date, LoadError> {
    let datetime = written.get_ref();
    datetime
        .date
        .filter(|_| datetime.time.is_none())
        .and_then(|date| {
            let (year, month) = (i16::try_from(date.year).ok()?, i8::try_from(date.month).ok()?);
            Date::new(year, month, i8::try_from(date.day).ok()?).ok()
        })
        .ok_or_else(|| {
            let reason = format!("{datetime} is not a day; write it as YYYY-MM-DD");
            file.syntax(written.span().start, &reason)
        })
}
