//! Legal deadlines as calendar arithmetic (compliance.md V-11).
//!
//! Days are dates where the request was received; the caller turns an instant into one. A month
//! that has no such day ends on its last one: a month after 31 January is 28 or 29 February.

use jiff::civil::{Date, Weekday};
use jiff::{SignedDuration, Span, Timestamp};

/// Within how many business days CAN-SPAM (16 CFR 316.5) and the FCC (47 CFR 64.1200) want an
/// opt-out honoured.
pub const OPT_OUT_BUSINESS_DAYS: u16 = 10;
/// Within how many hours Yahoo wants an opt-out honoured.
const YAHOO_HOURS: i64 = 48;
/// The day of a request's first month on which somebody is reminded of it (PRV-05).
const REMINDER_DAYS: i32 = 20;
/// Within how many business days a request under the CCPA is confirmed (11 CCR 7021).
const CCPA_CONFIRM_BUSINESS_DAYS: u16 = 10;
/// Within how many days it is answered, and how many more a notice buys.
const CCPA_ANSWER_DAYS: i32 = 45;
/// Within how many business days an opt-out of sale or sharing is honoured.
const CCPA_OPT_OUT_BUSINESS_DAYS: u16 = 15;
/// How long nobody is asked to opt back in, in months.
const CCPA_SILENCE_MONTHS: i32 = 12;
/// How long proof of a consent to calls is kept in Germany, in years (§ 7a UWG).
const UWG_YEARS: i32 = 5;

/// A deadline in business days, counted both ways: statutes rarely say whether public holidays are
/// business days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BusinessDeadline {
    /// Every day from Monday to Friday counts.
    pub weekends_only: Date,
    /// Federal holidays of the United States do not count.
    pub with_holidays: Date,
}

impl BusinessDeadline {
    /// The last day of `days` business days, counted from the day after `received`.
    #[must_use]
    pub fn after(received: Date, days: u16) -> Self {
        Self {
            weekends_only: nth_day(received, days, is_weekday),
            with_holidays: nth_day(received, days, |date| {
                is_weekday(date) && !is_federal_holiday(date)
            }),
        }
    }

    /// The day to work to: the earlier of the two.
    #[must_use]
    pub fn shown(self) -> Date {
        self.weekends_only.min(self.with_holidays)
    }
}

/// By when an opt-out received on this day is honoured at the latest (CAN-SPAM, FCC). The product
/// honours it at once; this is what a report measures against.
#[must_use]
pub fn opt_out_due(received: Date) -> BusinessDeadline {
    BusinessDeadline::after(received, OPT_OUT_BUSINESS_DAYS)
}

/// By when Yahoo wants an opt-out honoured: two days to the second.
#[must_use]
pub fn yahoo_opt_out_due(received: Timestamp) -> Timestamp {
    received.saturating_add(SignedDuration::from_hours(YAHOO_HOURS)).unwrap_or(Timestamp::MAX)
}

crate::words! {
    /// How a request stands against its clock.
    Standing, "standing of a request", {
        /// There is time.
        InTime = "in_time",
        /// Day 20 has come: somebody is reminded.
        Reminded = "reminded",
        /// The last day is over.
        Overdue = "overdue",
    }
}

/// The clock of a request under the GDPR (Art. 12(3), PRV-05).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GdprClock {
    /// When somebody is reminded.
    pub remind_on: Date,
    /// One month from receipt.
    pub due: Date,
    /// Two months more, for those who were told within the first.
    pub extended: Date,
}

impl GdprClock {
    /// The clock of a request received on this day.
    #[must_use]
    pub fn of(received: Date) -> Self {
        Self {
            remind_on: received.saturating_add(Span::new().days(REMINDER_DAYS)),
            due: months_after(received, 1),
            // Counted from receipt, so that a short month is clamped once and not twice.
            extended: months_after(received, 3),
        }
    }

    /// The last day, given when the person was told of an extension. Told too late, it is none.
    #[must_use]
    pub fn last_day(self, told_of_extension: Option<Date>) -> Date {
        if told_of_extension.is_some_and(|told| told <= self.due) {
            self.extended
        } else {
            self.due
        }
    }

    /// How an unanswered request stands on this day.
    #[must_use]
    pub fn standing(self, today: Date, told_of_extension: Option<Date>) -> Standing {
        if today > self.last_day(told_of_extension) {
            Standing::Overdue
        } else if today >= self.remind_on {
            Standing::Reminded
        } else {
            Standing::InTime
        }
    }
}

/// The clock of a request under the CCPA (11 CCR 7021, PRV-16).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CcpaClock {
    /// By when receipt is confirmed.
    pub confirm: BusinessDeadline,
    /// By when it is answered; the time for verifying who asks is included.
    pub answer: Date,
    /// By when it is answered after a notice of extension.
    pub extended: Date,
    /// By when an opt-out of sale or sharing is honoured.
    pub opt_out: BusinessDeadline,
}

impl CcpaClock {
    /// The clock of a request received on this day.
    #[must_use]
    pub fn of(received: Date) -> Self {
        let after = |days: i32| received.saturating_add(Span::new().days(days));
        Self {
            confirm: BusinessDeadline::after(received, CCPA_CONFIRM_BUSINESS_DAYS),
            answer: after(CCPA_ANSWER_DAYS),
            extended: after(2 * CCPA_ANSWER_DAYS),
            opt_out: BusinessDeadline::after(received, CCPA_OPT_OUT_BUSINESS_DAYS),
        }
    }
}

/// The first day on which a Californian who opted out may be asked to opt back in (PRV-16).
#[must_use]
pub fn ccpa_may_ask_again(opted_out: Date) -> Date {
    months_after(opted_out, CCPA_SILENCE_MONTHS)
}

/// Until when proof of a consent to calls is kept: five years from the grant, and from each use
/// (§ 7a UWG, CALL-25).
#[must_use]
pub fn uwg_keep_until(granted: Date, last_used: Option<Date>) -> Date {
    let latest = last_used.map_or(granted, |used| used.max(granted));
    latest.saturating_add(Span::new().years(UWG_YEARS))
}

/// The same day some months later, or the last day of that month where it is shorter.
#[must_use]
pub fn months_after(date: Date, months: i32) -> Date {
    date.saturating_add(Span::new().months(months))
}

/// The days of the year on which federal offices of the United States are closed (5 U.S.C. 6103):
/// a holiday on a Saturday is observed the day before, one on a Sunday the day after.
#[must_use]
pub fn federal_holidays(year: i16) -> Vec<Date> {
    let fixed = |month: i8, day: i8| Date::new(year, month, day).ok();
    let nth = |month: i8, nth: i8, weekday: Weekday| {
        fixed(month, 1).and_then(|first| first.nth_weekday_of_month(nth, weekday).ok())
    };
    let new_year = |year: i16| Date::new(year, 1, 1).ok();
    let holidays = [
        new_year(year),
        nth(1, 3, Weekday::Monday),
        nth(2, 3, Weekday::Monday),
        nth(5, -1, Weekday::Monday),
        fixed(6, 19).filter(|_| year >= 2021),
        fixed(7, 4),
        nth(9, 1, Weekday::Monday),
        nth(10, 2, Weekday::Monday),
        fixed(11, 11),
        nth(11, 4, Weekday::Thursday),
        fixed(12, 25),
        // Where it falls on a Saturday it is observed in the year before.
        year.checked_add(1).and_then(new_year),
    ];
    let observed = holidays.into_iter().flatten().map(observed);
    observed.filter(|date| date.year() == year).collect()
}

fn observed(holiday: Date) -> Date {
    match holiday.weekday() {
        Weekday::Saturday => holiday.yesterday().unwrap_or(holiday),
        Weekday::Sunday => holiday.tomorrow().unwrap_or(holiday),
        _ => holiday,
    }
}

fn is_weekday(date: Date) -> bool {
    !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

fn is_federal_holiday(date: Date) -> bool {
    federal_holidays(date.year()).contains(&date)
}

/// The `days`-th day after `from` that counts.
fn nth_day(from: Date, days: u16, counts: impl Fn(Date) -> bool) -> Date {
    let mut date = from;
    let mut left = days;
    while left > 0 {
        let Ok(next) = date.tomorrow() else { return Date::MAX };
        date = next;
        left -= u16::from(counts(date));
    }
    date
}
