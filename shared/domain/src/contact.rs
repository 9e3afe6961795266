//! What is known about a person, as far as the rules need it.

use jiff::civil::Date;

crate::words! {
    /// The relationship with a person (domain.md S74–S77, §5.1).
    Group, "group", {
        /// Unknown; not addressed directly.
        GeneralPublic = "general_public",
        /// Chosen, not met yet.
        Target = "target",
        /// Met in person or by telephone.
        Met = "met",
        /// Met, and expected to refer regularly.
        Allied = "allied",
        /// A past client who actively sends people.
        Advocate = "advocate",
        /// A steady source of people.
        CoreAdvocate = "core_advocate",
    }
}

crate::words! {
    /// Whether a person is looking right now (domain.md S42).
    ContactStatus, "contact status", {
        /// Actively looking to buy or sell.
        Active = "active",
        /// Not looking at the moment.
        Potential = "potential",
    }
}

crate::words! {
    /// How likely a person is to become a client (domain.md S43).
    Level, "level", {
        /// High.
        A = "A",
        /// Medium.
        B = "B",
        /// Low.
        C = "C",
    }
}

/// The dates anchors point at; each may be unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PersonDates {
    /// The contact's birthday; the year may be any.
    pub birthday: Option<Date>,
    /// The spouse's birthday; the year may be any.
    pub spouse_birthday: Option<Date>,
    /// The day of the closing whose anniversary is kept.
    pub closing: Option<Date>,
}

impl PersonDates {
    /// The date an anchor points at, or `None` when it is unknown or not a personal one.
    #[must_use]
    pub const fn of(&self, anchor: &crate::plan::Anchor) -> Option<Date> {
        match anchor {
            crate::plan::Anchor::Birthday => self.birthday,
            crate::plan::Anchor::SpouseBirthday => self.spouse_birthday,
            crate::plan::Anchor::Closing => self.closing,
            crate::plan::Anchor::Holiday(_) => None,
        }
    }
}
