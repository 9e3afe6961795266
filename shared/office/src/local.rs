//! Instants and days as people read them, in the recipient's zone and the reader's language.

use chrono::{DateTime, Utc};
use domain::Locale;
use domain::clock::timestamp;
use jiff::Zoned;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use crate::words::embedded;

/// The instant in a zone.
#[must_use]
pub fn zoned(instant: DateTime<Utc>, zone: &TimeZone) -> Zoned {
    timestamp(instant).to_zoned(zone.clone())
}

/// "Tuesday 9 June 2026, 10:12 (Asia/Dubai)".
#[must_use]
pub fn moment(instant: DateTime<Utc>, zone: &TimeZone, locale: Locale) -> String {
    in_words(&zoned(instant, zone), locale)
}

/// The same, of an instant that knows its zone.
#[must_use]
pub fn in_words(local: &Zoned, locale: Locale) -> String {
    let (day, time, zone) =
        (day(local.date(), locale), local.strftime("%H:%M"), name(local.time_zone()));
    match locale {
        Locale::En => format!("{day}, {time} ({zone})"),
        Locale::Ar => format!("{day}، {time} ({})", embedded(zone, locale)),
    }
}

/// "Tuesday 9 June 2026".
#[must_use]
pub fn day(date: Date, locale: Locale) -> String {
    match locale {
        Locale::En => date.strftime("%A %-d %B %Y").to_string(),
        Locale::Ar => format!(
            "{} {} {} {}",
            arabic_weekday(date.weekday()),
            date.day(),
            arabic_month(date.month()),
            date.year()
        ),
    }
}

/// A zone's name.
#[must_use]
pub fn name(zone: &TimeZone) -> &str {
    zone.iana_name().unwrap_or("UTC")
}

const fn arabic_weekday(weekday: Weekday) -> &'static str {
    match weekday {
        Weekday::Monday => "الاثنين",
        Weekday::Tuesday => "الثلاثاء",
        Weekday::Wednesday => "الأربعاء",
        Weekday::Thursday => "الخميس",
        Weekday::Friday => "الجمعة",
        Weekday::Saturday => "السبت",
        Weekday::Sunday => "الأحد",
    }
}

/// The months as they are called in the Gulf and in Egypt.
const fn arabic_month(month: i8) -> &'static str {
    match month {
        1 => "يناير",
        2 => "فبراير",
        3 => "مارس",
        4 => "أبريل",
        5 => "مايو",
        6 => "يونيو",
        7 => "يوليو",
        8 => "أغسطس",
        9 => "سبتمبر",
        10 => "أكتوبر",
        11 => "نوفمبر",
        _ => "ديسمبر",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_in_the_readers_language() {
        let instant = "2026-06-09T06:12:00Z".parse().unwrap();
        let zone = TimeZone::get("Asia/Dubai").unwrap();
        let english = "Tuesday 9 June 2026, 10:12 (Asia/Dubai)";
        assert_eq!(moment(instant, &zone, Locale::En), english);
        let arabic = "الثلاثاء 9 يونيو 2026، 10:12 (\u{2068}Asia/Dubai\u{2069})";
        assert_eq!(moment(instant, &zone, Locale::Ar), arabic);
    }
}
