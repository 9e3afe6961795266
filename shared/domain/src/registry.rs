//! National do-not-call registries: which number belongs to which, how a line of a dataset is
//! read, and how old a dataset may be (compliance.md CALL-05 … CALL-09, V-10).
//!
//! A number is split into its area code and its last seven digits, so that a dataset is one set of
//! seven-digit numbers per area code. Where the datasets are kept is the storage's business.

use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use crate::phone::Phone;
use crate::suppression::SuppressionReason;

mod change;
mod line;

pub use change::{Change, ChangeLayout, LayoutError, MalformedChange};
pub use line::{LineError, RegistryNumber, number_in_line, number_of_phone};

/// Digits after the area code.
const LINE_DIGITS: u32 = 7;
/// How long after a download the next may be made, in hours (CALL-09).
const DOWNLOAD_EVERY_HOURS: i64 = 24;
/// A file with more malformed lines than one in this many is refused whole (CALL-07).
const LINES_PER_MALFORMED: u64 = 1000;
/// A list that kept no more than this share of its numbers, in percent, is refused (V-10).
const LEAST_PERCENT_KEPT: u64 = 80;

crate::words! {
    /// A do-not-call registry.
    Registry, "registry", {
        /// The National Do Not Call Registry of the United States, by area code.
        UsNational = "us-national",
        /// The UAE's do-not-call registry, as an upload for the whole country.
        AeDncr = "ae-dncr",
    }
}

crate::words! {
    /// What a load of a dataset brought.
    LoadKind, "kind of load", {
        /// Every number of the area codes it covers.
        Full = "full",
        /// Additions and deletions since the version before.
        Change = "change",
    }
}

crate::words! {
    /// What the registry says of a number.
    Verdict, "registry verdict", {
        /// The number is on it.
        Listed = "listed",
        /// The number is not on it, and the data is fresh.
        Clear = "clear",
        /// The data is older than the law allows at the moment of the call.
        Stale = "stale",
        /// No data for the number's area code was ever loaded.
        NotLicensed = "not_licensed",
    }
}

impl Registry {
    /// The registry that is responsible for a number, by the region libphonenumber gives it: the
    /// national registry for the United States and their territories, the DNCR for the UAE.
    #[must_use]
    pub fn for_phone(phone: &Phone) -> Option<Self> {
        match phone.region()?.as_str() {
            "US" | "PR" | "GU" | "VI" | "AS" | "MP" => Some(Self::UsNational),
            "AE" => Some(Self::AeDncr),
            _ => None,
        }
    }

    /// The country calling code of its numbers.
    #[must_use]
    pub const fn country_code(self) -> &'static str {
        match self {
            Self::UsNational => "1",
            Self::AeDncr => "971",
        }
    }

    /// How many days old its data may be on the day of a call: 31 in the United States (16 CFR
    /// 310.4(b)(3), 47 CFR 64.1200(c)(2)). No figure is known for the UAE; the same is taken.
    #[must_use]
    pub const fn max_age_days(self) -> u16 {
        31
    }

    /// Whether data is licensed area code by area code. Otherwise a full list speaks for every
    /// number of the country.
    #[must_use]
    pub const fn is_licensed_by_area(self) -> bool {
        matches!(self, Self::UsNational)
    }

    /// Why a listed number may not be called, as the suppression list words it.
    #[must_use]
    pub const fn reason(self) -> SuppressionReason {
        match self {
            Self::UsNational => SuppressionReason::NationalDnc,
            Self::AeDncr => SuppressionReason::AeDncr,
        }
    }

    /// The day of a call, where the data's age is counted: never a day earlier than the called
    /// person's own, so that no zone makes old data look fresh.
    #[must_use]
    pub fn day_of(self, now: Timestamp) -> Date {
        let hours = match self {
            Self::UsNational => 0,
            Self::AeDncr => 4,
        };
        let zone = Offset::from_hours(hours).map_or(TimeZone::UTC, TimeZone::fixed);
        now.to_zoned(zone).date()
    }

    /// The verdict on a number: `version_date` is that of the newest accepted data for its area
    /// code, `listed` whether the number stands in it.
    #[must_use]
    pub fn verdict(self, version_date: Option<Date>, listed: bool, now: Timestamp) -> Verdict {
        match version_date {
            None => Verdict::NotLicensed,
            Some(version_date) if self.is_stale(version_date, now) => Verdict::Stale,
            Some(_) if listed => Verdict::Listed,
            Some(_) => Verdict::Clear,
        }
    }

    /// Whether data of this date is too old for a call at `now`.
    #[must_use]
    pub fn is_stale(self, version_date: Date, now: Timestamp) -> bool {
        self.age_days(version_date, now) > i32::from(self.max_age_days())
    }

    /// How many days old data of this date is at `now`.
    #[must_use]
    pub fn age_days(self, version_date: Date, now: Timestamp) -> i32 {
        version_date.until(self.day_of(now)).map_or(i32::MAX, |span| span.get_days())
    }
}

/// Three digits of the United States, two or one of the UAE, in front of the last seven digits.
/// Zero stands for none: numbers of at most seven digits and, in an upload for a whole country,
/// every area code that no number of it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AreaCode(u32);

impl AreaCode {
    /// No area code.
    pub const NONE: Self = Self(0);

    /// The area code with this number.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }
}

impl std::fmt::Display for AreaCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if *self == Self::NONE { f.pad("-") } else { f.pad(&self.0.to_string()) }
    }
}

impl std::str::FromStr for AreaCode {
    type Err = std::num::ParseIntError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.trim().parse().map(Self)
    }
}

/// Why a list is refused; the one before stays in force.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListRefused {
    /// Too many lines are no numbers.
    #[error(
        "{malformed} of {lines} lines are no numbers, more than 0.1 %: this is another layout or a \
         damaged file; nothing was loaded"
    )]
    Malformed {
        /// Lines that are no numbers.
        malformed: u64,
        /// Lines in all, blank ones not counted.
        lines: u64,
    },
    /// No number at all.
    #[error("the file holds no number; nothing was loaded")]
    Empty,
    /// A list much shorter than the one before.
    #[error(
        "the list shrank from {before} to {now} numbers, by 20 % or more: it looks cut off; the \
         version of before stays in force. Download it again"
    )]
    Shrank {
        /// Numbers of the version in force.
        before: u64,
        /// Numbers of the list.
        now: u64,
    },
    /// An area code without numbers.
    #[error(
        "the list has no number of area code {areas}, which is subscribed: it looks incomplete; \
         the version of before stays in force. Name the area codes it covers with --area-code, or \
         download it again"
    )]
    AreaLost {
        /// The area codes, comma-separated.
        areas: String,
    },
    /// Numbers of an area code the list was not said to cover, or that was never subscribed.
    #[error(
        "the list has numbers of area code {areas}, which are not subscribed or were not said to \
         be in it; take them in with --new-area-codes, or correct --area-code"
    )]
    AreaUnknown {
        /// The area codes, comma-separated.
        areas: String,
    },
    /// Older than what is in force.
    #[error("the list is of {given}, and one of {in_force} is in force; the newer one stays")]
    Older {
        /// The date of the list.
        given: Date,
        /// The date of the version in force.
        in_force: Date,
    },
    /// A date that has not come.
    #[error("the list cannot be of {given}: it is {today} there; give the day it was made")]
    InFuture {
        /// The date of the list.
        given: Date,
        /// Today, where the registry is.
        today: Date,
    },
    /// A change list before the first full list.
    #[error("a change list needs a full list before it, and none was loaded; load a full list")]
    NothingToChange,
}

/// What was read of a file: lines that are not blank, those that are no numbers, those that name a
/// number once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct LineCounts {
    /// Lines, without blank ones and a header.
    pub lines: u64,
    /// Lines that are no numbers.
    pub malformed: u64,
    /// Numbers named before.
    pub duplicates: u64,
}

impl LineCounts {
    /// Whether enough of the file is numbers.
    ///
    /// # Errors
    /// [`ListRefused::Malformed`] above 0.1 %, [`ListRefused::Empty`] without any number.
    pub const fn accept(&self) -> Result<(), ListRefused> {
        let Self { lines, malformed, .. } = *self;
        if malformed.saturating_mul(LINES_PER_MALFORMED) > lines {
            return Err(ListRefused::Malformed { malformed, lines });
        }
        if lines == malformed {
            return Err(ListRefused::Empty);
        }
        Ok(())
    }
}

/// Whether a list with `now` numbers may follow one with `before`.
///
/// # Errors
/// [`ListRefused::Shrank`] when it lost 20 % or more.
pub const fn accept_size(before: u64, now: u64) -> Result<(), ListRefused> {
    if now < before && now.saturating_mul(100) <= before.saturating_mul(LEAST_PERCENT_KEPT) {
        return Err(ListRefused::Shrank { before, now });
    }
    Ok(())
}

/// Whether a list of this date may follow one of the date in force.
///
/// # Errors
/// [`ListRefused::InFuture`] and [`ListRefused::Older`].
pub fn accept_date(
    registry: Registry,
    given: Date,
    in_force: Option<Date>,
    now: Timestamp,
) -> Result<(), ListRefused> {
    let today = registry.day_of(now);
    if given > today {
        return Err(ListRefused::InFuture { given, today });
    }
    match in_force {
        Some(in_force) if given < in_force => Err(ListRefused::Older { given, in_force }),
        _ => Ok(()),
    }
}

/// The first instant at which the registry may be downloaded again, if that is not yet: at most
/// once in 24 hours (CALL-09).
#[must_use]
pub fn next_download(last: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    let pause = SignedDuration::from_hours(DOWNLOAD_EVERY_HOURS);
    let next = last?.saturating_add(pause).unwrap_or(Timestamp::MAX);
    (now < next).then_some(next)
}
