//! What people may ask about their own data, and by when they are answered (compliance.md §6, V-11).

use jiff::Span;
use jiff::civil::Date;

use crate::deadline::{CcpaClock, GdprClock, Standing};

/// The day of a request on which somebody is reminded of it (PRV-05).
const REMINDER_DAYS: i32 = 20;

crate::words! {
    /// What somebody asks for.
    RequestKind, "kind of request", {
        /// To see everything that is kept about them (GDPR Art. 15).
        Access = "access",
        /// To take along what they gave us (Art. 20).
        Portability = "portability",
        /// To have it corrected (Art. 16).
        Rectification = "rectification",
        /// To have it erased (Art. 17).
        Erasure = "erasure",
        /// Not to be marketed to (Art. 21); under the CCPA, to opt out of sale or sharing.
        Objection = "objection",
        /// To have it kept and not used (Art. 18).
        Restriction = "restriction",
    }
}

crate::words! {
    /// The law a request is answered under.
    PrivacyLaw, "law", {
        /// The European Union's.
        Gdpr = "gdpr",
        /// The United Kingdom's.
        UkGdpr = "uk_gdpr",
        /// California's.
        Ccpa = "ccpa",
        /// Saudi Arabia's.
        SaPdpl = "sa_pdpl",
        /// The United Arab Emirates'.
        AePdpl = "ae_pdpl",
        /// Egypt's.
        EgPdpl = "eg_pdpl",
    }
}

crate::words! {
    /// What happened to a request.
    RequestStep, "step of a request", {
        /// Receipt was confirmed to the person.
        Confirmed = "confirmed",
        /// It is clear who asks, by something that was known already (PRV-21).
        Verified = "verified",
        /// The person was told that it takes longer.
        Extended = "extended",
        /// Somebody who has the data from us was told (PRV-12).
        Forwarded = "forwarded",
        /// And has answered.
        Acknowledged = "acknowledged",
        /// It was done, and the person told.
        Answered = "answered",
        /// It was refused, and the person told why.
        Refused = "refused",
    }
}

impl RequestStep {
    /// Whether the request is over.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Answered | Self::Refused)
    }
}

/// The clock of one request, in days where it was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestClock {
    /// By when receipt is confirmed, where the law asks for it.
    pub confirm_by: Option<Date>,
    /// When somebody is reminded.
    pub remind_on: Date,
    /// The last day to answer.
    pub due: Date,
    /// The last day for those who were told of an extension in time.
    pub extended: Option<Date>,
}

impl RequestClock {
    /// The clock of a request received on this day. Where the law's own deadline is not known from
    /// its text (all but the GDPR and the CCPA) the GDPR's month counts.
    #[must_use]
    pub fn of(law: PrivacyLaw, kind: RequestKind, received: Date) -> Self {
        if law != PrivacyLaw::Ccpa {
            let GdprClock { remind_on, due, extended } = GdprClock::of(received);
            return Self { confirm_by: None, remind_on, due, extended: Some(extended) };
        }
        let clock = CcpaClock::of(received);
        let remind_on = received.saturating_add(Span::new().days(REMINDER_DAYS));
        if kind == RequestKind::Objection {
            let due = clock.opt_out.shown();
            return Self { confirm_by: None, remind_on: remind_on.min(due), due, extended: None };
        }
        Self {
            confirm_by: Some(clock.confirm.shown()),
            remind_on,
            due: clock.answer,
            extended: Some(clock.extended),
        }
    }

    /// The last day to answer, given when the person was told of an extension. Told too late, it is
    /// none.
    #[must_use]
    pub fn last_day(&self, told_of_extension: Option<Date>) -> Date {
        match self.extended {
            Some(extended) if told_of_extension.is_some_and(|told| told <= self.due) => extended,
            _ => self.due,
        }
    }

    /// How an open request stands on this day.
    #[must_use]
    pub fn standing(&self, today: Date, told_of_extension: Option<Date>) -> Standing {
        if today > self.last_day(told_of_extension) {
            Standing::Overdue
        } else if today >= self.remind_on {
            Standing::Reminded
        } else {
            Standing::InTime
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn each_law_has_its_clock() {
        for (law, kind, received, due, extended, confirm) in [
            (
                PrivacyLaw::Gdpr,
                RequestKind::Access,
                date(2026, 1, 31),
                date(2026, 2, 28),
                Some(date(2026, 4, 30)),
                None,
            ),
            (
                PrivacyLaw::Ccpa,
                RequestKind::Erasure,
                date(2026, 1, 1),
                date(2026, 2, 15),
                Some(date(2026, 4, 1)),
                Some(date(2026, 1, 15)),
            ),
            (
                PrivacyLaw::Ccpa,
                RequestKind::Objection,
                date(2026, 1, 1),
                date(2026, 1, 22),
                None,
                None,
            ),
        ] {
            let clock = RequestClock::of(law, kind, received);
            assert_eq!((clock.due, clock.extended), (due, extended), "{law} {kind}");
            assert_eq!(clock.confirm_by, confirm, "{law} {kind}");
            assert_eq!(clock.last_day(Some(due)), extended.unwrap_or(due), "{law} {kind}");
            assert_eq!(clock.last_day(due.tomorrow().ok()), due, "told too late: {law} {kind}");
        }
    }

    #[test]
    fn day_twenty_reminds_and_the_day_after_the_last_is_overdue() {
        let clock = RequestClock::of(PrivacyLaw::SaPdpl, RequestKind::Access, date(2026, 6, 1));
        for (today, told, standing) in [
            (date(2026, 6, 20), None, Standing::InTime),
            (date(2026, 6, 21), None, Standing::Reminded),
            (date(2026, 7, 1), None, Standing::Reminded),
            (date(2026, 7, 2), None, Standing::Overdue),
            (date(2026, 7, 2), Some(date(2026, 6, 30)), Standing::Reminded),
            (date(2026, 9, 2), Some(date(2026, 6, 30)), Standing::Overdue),
        ] {
            assert_eq!(clock.standing(today, told), standing, "{today}");
        }
    }
}
