//! The month a touch is due in, which is also the name of its partition.

use std::fmt;
use std::str::FromStr;

/// A calendar month in UTC, written `2026-11`. It leads a claim to the one partition of `touches`
/// that can hold the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    year: i32,
    month: u8,
}

/// Why a text or a pair of numbers is not a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MonthError {
    /// The text is not four digits, a dash and two digits.
    #[error("a month is written like 2026-11: four digits, a dash, two digits")]
    Form,
    /// The year is outside 1–9999 or the month outside 1–12.
    #[error("a month lies between 0001-01 and 9999-12")]
    Range,
}

impl Month {
    /// Takes a year (1–9999) and a month (1–12).
    ///
    /// # Errors
    /// [`MonthError::Range`] when either number is outside its range.
    pub fn new(year: i32, month: u8) -> Result<Self, MonthError> {
        if (1..=9999).contains(&year) && (1..=12).contains(&month) {
            Ok(Self { year, month })
        } else {
            Err(MonthError::Range)
        }
    }

    /// The year, 1–9999.
    pub fn year(self) -> i32 {
        self.year
    }

    /// The month of the year, 1–12.
    pub fn month(self) -> u8 {
        self.month
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl FromStr for Month {
    type Err = MonthError;

    fn from_str(text: &str) -> Result<Self, MonthError> {
        let (year, month) = text.split_once('-').ok_or(MonthError::Form)?;
        // `parse` alone would accept "+026" and "1".
        let digits = |part: &str, length| {
            part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !digits(year, 4) || !digits(month, 2) {
            return Err(MonthError::Form);
        }
        let year = year.parse().map_err(|_| MonthError::Form)?;
        let month = month.parse().map_err(|_| MonthError::Form)?;
        Self::new(year, month)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_reads_back_what_it_writes() {
        for (year, month) in [(1, 1), (2026, 11), (9999, 12)] {
            let written = Month::new(year, month).unwrap();
            assert_eq!(written.to_string().parse(), Ok(written));
        }
        assert_eq!(Month::new(2026, 3).unwrap().to_string(), "2026-03");
    }

    #[test]
    fn months_sort_by_time() {
        assert!(Month::new(2026, 12).unwrap() < Month::new(2027, 1).unwrap());
    }

    #[test]
    fn anything_else_is_not_a_month() {
        for text in ["", "2026", "2026-1", "26-11", "2026-11-01", "+026-11", "2026-+1", "2026/11"] {
            assert_eq!(text.parse::<Month>(), Err(MonthError::Form), "{text}");
        }
        for text in ["2026-00", "2026-13", "0000-01"] {
            assert_eq!(text.parse::<Month>(), Err(MonthError::Range), "{text}");
        }
    }
}
