//! When a scripted fault strikes: for whom, and how often.

use std::str::FromStr;
use std::time::Duration;

/// Which of the matching occasions a script acts on. By default on all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct When {
    recipient: Option<String>,
    skip: u64,
    every: u64,
    times: u64,
    seen: u64,
    acted: u64,
}

impl Default for When {
    fn default() -> Self {
        Self { recipient: None, skip: 0, every: 1, times: u64::MAX, seen: 0, acted: 0 }
    }
}

impl When {
    /// Only for a recipient: the whole address or number, or its end (`@slow.example`, `.example`).
    #[must_use]
    pub fn recipient(mut self, recipient: &str) -> Self {
        self.recipient = Some(recipient.to_owned());
        self
    }

    /// Not for the first `n` occasions.
    #[must_use]
    pub const fn skip(mut self, n: u64) -> Self {
        self.skip = n;
        self
    }

    /// For every `n`th occasion only, the first of each `n`; 0 counts as 1.
    #[must_use]
    pub const fn every(mut self, n: u64) -> Self {
        self.every = n;
        self
    }

    /// For `n` occasions only, then never again.
    #[must_use]
    pub const fn times(mut self, n: u64) -> Self {
        self.times = n;
        self
    }

    /// Counts an occasion and says whether to act on it.
    pub(crate) fn strikes<'a>(&mut self, recipients: impl IntoIterator<Item = &'a str>) -> bool {
        if let Some(wanted) = &self.recipient
            && !recipients.into_iter().any(|recipient| recipient.ends_with(wanted.as_str()))
        {
            return false;
        }
        self.seen += 1;
        let number = self.seen.checked_sub(self.skip + 1);
        let due = number.is_some_and(|number| number % self.every.max(1) == 0);
        let strikes = due && self.acted < self.times;
        self.acted += u64::from(strikes);
        strikes
    }

    /// Takes one `name=value` of a script's text form; `None` if it is not about when.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> Option<Result<(), String>> {
        let number = |field: &mut u64| parse(name, value).map(|number| *field = number);
        Some(match name {
            "to" => {
                self.recipient = Some(value.to_owned());
                Ok(())
            }
            "skip" => number(&mut self.skip),
            "every" => number(&mut self.every),
            "times" => number(&mut self.times),
            _ => return None,
        })
    }
}

/// Milliseconds of a script's text form.
pub(crate) fn milliseconds(name: &str, value: &str) -> Result<Duration, String> {
    parse(name, value.trim_end_matches("ms")).map(Duration::from_millis)
}

fn parse<T: FromStr>(name: &str, value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("{name}={value}: not a number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(mut when: When, occasions: usize) -> String {
        (0..occasions).map(|_| if when.strikes(["a@x.example"]) { 'x' } else { '.' }).collect()
    }

    #[test]
    fn occasions_are_counted_from_the_first_that_matches() {
        assert_eq!(pattern(When::default(), 4), "xxxx");
        assert_eq!(pattern(When::default().times(2), 4), "xx..");
        assert_eq!(pattern(When::default().skip(1).every(3), 8), ".x..x..x");
        assert_eq!(pattern(When::default().skip(2).times(1), 5), "..x..");
        assert_eq!(pattern(When::default().recipient("@x.example").times(1), 3), "x..");
        assert_eq!(pattern(When::default().recipient("@y.example"), 3), "...");
    }
}
