//! Why a touch did not (yet) go out: a closed set of codes, each with an optional detail.

use std::fmt;
use std::str::FromStr;

crate::words! {
    /// The code of a reason; stable, used in SQL, metrics and on screen.
    ReasonCode, "reason", {
        /// The suppression list says no; the detail is the entry.
        Suppressed = "suppressed",
        /// The contact has no address for the channel.
        NoAddress = "no_address",
        /// The address cannot be used for the channel; the detail says why.
        BadAddress = "bad_address",
        /// The enrolment was paused, stopped or completed meanwhile.
        PlanNotActive = "plan_not_active",
        /// The person is of the sample data, and it would have left the house.
        SamplePerson = "sample_person",
        /// Outside the recipient's local sending window.
        OutsideWindow = "outside_window",
        /// No time zone could be found for the recipient.
        ZoneUnknown = "zone_unknown",
        /// A pause covers it; the detail says which and why.
        Paused = "paused",
        /// The person was reached as often as is allowed; the detail is the cap.
        FrequencyCap = "frequency_cap",
        /// There is no legal basis to reach the person; the detail says who asks for which.
        NoBasis = "no_basis",
        /// The number is on the national do-not-call registry; the detail is the data's date.
        NationalDnc = "national_dnc",
        /// The number is on the UAE's do-not-call registry; the detail is the data's date.
        AeDncr = "ae_dncr",
        /// The registry's data is older than the law allows; the detail is its date.
        DncDataStale = "dnc_data_stale",
        /// The registry's data was never loaded for the number; the detail is the area code.
        AreaCodeNotLicensed = "area_code_not_licensed",
        /// The property is under contract with another broker.
        ListingWithdrawn = "listing_withdrawn",
        /// A field the template needs is empty; the detail names it.
        MissingField = "missing_field",
        /// The template could not be rendered; the detail says where.
        TemplateError = "template_error",
        /// There is no template in the contact's language or the default one.
        NoTemplate = "no_template",
        /// The SMS needs more segments than allowed; the detail gives both numbers.
        SegmentsOverCap = "segments_over_cap",
        /// The receiving side said no for good; the detail is its answer.
        Refused = "refused",
        /// The receiving side said not now; the detail is its answer.
        Deferred = "deferred",
        /// No connection, or it broke before anything was handed over.
        Unreachable = "unreachable",
        /// It may or may not have been handed over; the detail says in which phase it broke.
        InDoubt = "in_doubt",
        /// The provider's settings are wrong; the detail says what.
        Misconfigured = "misconfigured",
        /// The handler panicked; the detail is the panic's message.
        Panicked = "panicked",
        /// All attempts were used; the detail is the last reason.
        AttemptsExhausted = "attempts_exhausted",
        /// The process that held it died or stalled past its lease.
        LeaseExpired = "lease_expired",
        /// A person cancelled it.
        CancelledByPerson = "cancelled_by_person",
        /// A person let go on what was held or in doubt; the detail is why.
        ResumedByPerson = "resumed_by_person",
        /// A person had it tried anew; the detail is why.
        ReplayedByPerson = "replayed_by_person",
        /// A person knows that it arrived; the detail is how.
        ConfirmedByPerson = "confirmed_by_person",
        /// A person has to read an answer from the number first; the detail is the review.
        UnderReview = "under_review",
        /// Too old to be of use when it could have gone out.
        TooLate = "too_late",
    }
}

impl ReasonCode {
    /// Whether it speaks of what we have set up or loaded – settings, templates, data of registries –
    /// rather than of the person, the list or the plan: once put right, a touch it blocked can go.
    #[must_use]
    pub const fn is_of_settings(self) -> bool {
        matches!(
            self,
            Self::ZoneUnknown
                | Self::DncDataStale
                | Self::AreaCodeNotLicensed
                | Self::MissingField
                | Self::TemplateError
                | Self::NoTemplate
                | Self::SegmentsOverCap
                | Self::Misconfigured
        )
    }
}

/// A code and, where there is one, the detail that makes it useful to a person.
///
/// Written as `code` or `code: detail`. The detail never holds an address or a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The code.
    pub code: ReasonCode,
    /// What makes it useful, without personal data.
    pub detail: Option<String>,
}

impl Reason {
    /// A reason with a detail. An empty detail is none.
    #[must_use]
    pub fn new(code: ReasonCode, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self { code, detail: (!detail.is_empty()).then_some(detail) }
    }
}

impl From<ReasonCode> for Reason {
    fn from(code: ReasonCode) -> Self {
        Self { code, detail: None }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.detail {
            Some(detail) => write!(f, "{}: {detail}", self.code),
            None => write!(f, "{}", self.code),
        }
    }
}

impl FromStr for Reason {
    type Err = crate::UnknownWord;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(": ") {
            Some((code, detail)) => Ok(Self::new(code.parse()?, detail)),
            None => Ok(Self::from(text.parse::<ReasonCode>()?)),
        }
    }
}
