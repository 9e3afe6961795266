//! The morning's email to an agent: when it is due, and what became of it.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// The hour, by the agent's clock.
const AT: Time = Time::constant(7, 0, 0, 0);
/// So long after it, a digest that was missed is still sent; later it would be no morning's.
const CATCH_UP: SignedDuration = SignedDuration::from_hours(3);

crate::words! {
    /// What became of a user's digest of a day.
    DigestState, "state of a digest", {
        /// A process is about to send it.
        Claimed = "claimed",
        /// It is being handed over.
        Sending = "sending",
        /// The relay took it.
        Sent = "sent",
        /// There was nothing to say.
        Nothing = "nothing",
        /// The address is on the list for every purpose.
        Listed = "listed",
        /// It was refused for good.
        Failed = "failed",
        /// It may have gone out.
        Doubt = "doubt",
    }
}

/// The local day whose digest is due at this moment, if one is.
#[must_use]
pub fn due(now: Timestamp, zone: &TimeZone) -> Option<Date> {
    let day = now.to_zoned(zone.clone()).date();
    // Where the clock skips the hour, the moment after the gap.
    let at = day.to_datetime(AT).to_zoned(zone.clone()).ok()?.timestamp();
    (at <= now && now < at + CATCH_UP).then_some(day)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn due_at(now: &str, zone: &str) -> Option<String> {
        let zone = TimeZone::get(zone).unwrap();
        due(now.parse().unwrap(), &zone).map(|day| day.to_string())
    }

    #[test]
    fn it_is_due_from_seven_to_ten_by_the_agents_clock() {
        for (now, zone, day) in [
            ("2026-06-01T02:59:59Z", "Asia/Dubai", None),
            ("2026-06-01T03:00:00Z", "Asia/Dubai", Some("2026-06-01")),
            ("2026-06-01T05:59:59Z", "Asia/Dubai", Some("2026-06-01")),
            ("2026-06-01T06:00:00Z", "Asia/Dubai", None),
            ("2026-06-01T11:00:00Z", "Asia/Dubai", None),
            // Yesterday evening in London, and today already in Auckland.
            ("2026-05-31T19:00:00Z", "Pacific/Auckland", Some("2026-06-01")),
            ("2026-05-31T19:00:00Z", "Europe/London", None),
        ] {
            assert_eq!(due_at(now, zone).as_deref(), day, "{now} {zone}");
        }
    }

    #[test]
    fn clock_changes_move_it_by_the_worlds_clock_and_not_by_the_agents() {
        for (now, zone, is_due) in [
            // Germany: winter, then the day the clocks go forward, then back.
            ("2026-03-28T06:00:00Z", "Europe/Berlin", true),
            ("2026-03-28T05:59:59Z", "Europe/Berlin", false),
            ("2026-03-29T05:00:00Z", "Europe/Berlin", true),
            ("2026-03-29T04:59:59Z", "Europe/Berlin", false),
            ("2026-10-25T05:59:59Z", "Europe/Berlin", false),
            ("2026-10-25T06:00:00Z", "Europe/Berlin", true),
            // A day that Samoa never had: the one after it has its own.
            ("2011-12-29T17:00:00Z", "Pacific/Apia", true),
            ("2011-12-30T17:00:00Z", "Pacific/Apia", true),
        ] {
            assert_eq!(due_at(now, zone).is_some(), is_due, "{now} {zone}");
        }
        let before = due_at("2011-12-29T17:00:00Z", "Pacific/Apia");
        assert_ne!(before, due_at("2011-12-30T17:00:00Z", "Pacific/Apia"));
    }
}
