//! Relationships that allow a call or a message, computed from what happened and never typed in
//! (compliance.md CALL-10 … CALL-13, V-11, V-11b).
//!
//! An exemption is one from the national registry of the United States alone. "Don't call me" beats
//! all of them, and other registries know none.

use jiff::Span;
use jiff::civil::Date;

use crate::ContactId;
use crate::deadline::months_after;
use crate::registry::{Registry, Verdict};
use crate::suppression::SuppressionReason;

crate::words! {
    /// What made the relationship.
    RelationshipKind, "kind of relationship", {
        /// A purchase, a payment, a closing, the end of our listing.
        Transaction = "transaction",
        /// A question or an application.
        Inquiry = "inquiry",
    }
}

/// The newest thing of its kind that happened between a person and the seller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relationship {
    /// What it was.
    pub kind: RelationshipKind,
    /// When it was.
    pub on: Date,
    /// What proves it: a closing, a form, a message.
    pub evidence: String,
}

impl Relationship {
    /// The last day on which it allows a call: 18 months after a transaction, 3 after an inquiry
    /// (47 CFR 64.1200(f)(5)).
    #[must_use]
    pub fn last_call_day(&self) -> Date {
        months_after(
            self.on,
            match self.kind {
                RelationshipKind::Transaction => 18,
                RelationshipKind::Inquiry => 3,
            },
        )
    }

    /// Whether it allows a call on this day.
    #[must_use]
    pub fn allows_call_on(&self, day: Date) -> bool {
        (self.on..=self.last_call_day()).contains(&day)
    }

    /// The last day of the consent it implies in Canada: 2 years after a purchase, 6 months after
    /// an inquiry (CASL, EML-20).
    #[must_use]
    pub fn implied_consent_until(&self) -> Date {
        match self.kind {
            RelationshipKind::Transaction => self.on.saturating_add(Span::new().years(2)),
            RelationshipKind::Inquiry => months_after(self.on, 6),
        }
    }
}

crate::words! {
    /// The property a call is about.
    Listing, "listing", {
        /// For sale by its owner.
        ForSaleByOwner = "fsbo",
        /// A listing of ours that ended.
        ExpiredOurs = "expired_ours",
        /// Another broker's listing that ended.
        ExpiredOther = "expired_other",
        /// Taken off the market while another broker's contract runs.
        WithdrawnOther = "withdrawn_other",
    }
}

crate::words! {
    /// Why a call is made, as it is stored.
    CallPurpose, "purpose of a call", {
        /// To win the listing.
        SolicitListing = "solicit_listing",
        /// For somebody who wants to buy.
        BuyerRepresentation = "buyer_representation",
        /// To stay in touch.
        FollowUp = "follow_up",
    }
}

impl CallPurpose {
    /// The purpose, with the buyer a call is made for.
    #[must_use]
    pub const fn for_buyer(self, buyer: Option<ContactId>) -> Purpose {
        match self {
            Self::SolicitListing => Purpose::SolicitListing,
            Self::BuyerRepresentation => Purpose::BuyerRepresentation { buyer },
            Self::FollowUp => Purpose::FollowUp,
        }
    }
}

/// Why a call is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To win the listing.
    SolicitListing,
    /// For somebody who wants to buy.
    BuyerRepresentation {
        /// The active buyer the call is linked to.
        buyer: Option<ContactId>,
    },
    /// To stay in touch.
    FollowUp,
}

/// A signed agreement of the person with the seller that calls to the number are welcome (CALL-12).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrittenPermission<'a> {
    /// The day it was signed.
    pub signed_on: Date,
    /// The attached document; without one there is no permission.
    pub document: &'a str,
}

/// A call somebody wants to make.
#[derive(Debug, Clone, Copy)]
pub struct IntendedCall<'a> {
    /// The day of the call.
    pub on: Date,
    /// Why our own list says no, if it does.
    pub suppressed: Option<SuppressionReason>,
    /// What the registry of the number's country says; nothing where there is none.
    pub registry: Option<(Registry, Verdict)>,
    /// The property it is about.
    pub listing: Option<Listing>,
    /// Why it is made.
    pub purpose: Purpose,
    /// What happened between the person and us.
    pub relationships: &'a [Relationship],
    /// What the person signed.
    pub permission: Option<WrittenPermission<'a>>,
}

/// Whether the call may be made, as far as lists and registries go; hours and caps are for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling {
    /// It may, for this reason.
    Allow(Ground),
    /// It may not, for this reason.
    Block(Objection),
}

/// What allows a call. Kept with the task as evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// The number is on no registry.
    NotRegistered,
    /// An established business relationship, which ends after this day.
    Relationship {
        /// The last day it allows a call.
        until: Date,
    },
    /// A written permission.
    WrittenPermission,
    /// An owner who sells alone is called for this buyer, and not about the listing.
    LinkedBuyer(ContactId),
}

/// What forbids a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Objection {
    /// Our own list says no.
    Suppressed(SuppressionReason),
    /// The number is on the registry, and nothing exempts the call.
    Registered(Registry),
    /// The registry's data is too old to know.
    DataStale,
    /// The registry's data for the area code was never bought.
    AreaCodeNotLicensed,
    /// The property is under contract with another broker (NAR Code of Ethics, Art. 16).
    ListingWithdrawn,
}

impl Objection {
    /// The word for it: of the list where it has one.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Suppressed(reason) => reason.as_str(),
            Self::Registered(registry) => registry.reason().as_str(),
            Self::DataStale => "dnc_data_stale",
            Self::AreaCodeNotLicensed => "area_code_not_licensed",
            Self::ListingWithdrawn => "listing_withdrawn",
        }
    }
}

/// Decides about a call: our own list first, then the listing's state, then the registry with what
/// exempts from it. An exempt call needs no registry, so that neither old nor missing data stops it.
#[must_use]
pub fn registry_exemption(call: &IntendedCall<'_>) -> Ruling {
    if let Some(reason) = call.suppressed {
        return Ruling::Block(Objection::Suppressed(reason));
    }
    if call.listing == Some(Listing::WithdrawnOther) {
        return Ruling::Block(Objection::ListingWithdrawn);
    }
    let Some((registry, verdict)) = call.registry else {
        return Ruling::Allow(Ground::NotRegistered);
    };
    let objection = match verdict {
        Verdict::Clear => return Ruling::Allow(Ground::NotRegistered),
        Verdict::Listed => Objection::Registered(registry),
        Verdict::Stale => Objection::DataStale,
        Verdict::NotLicensed => Objection::AreaCodeNotLicensed,
    };
    match exemption(call).filter(|_| registry == Registry::UsNational) {
        Some(ground) => Ruling::Allow(ground),
        None => Ruling::Block(objection),
    }
}

/// What exempts the call from the national registry of the United States.
fn exemption(call: &IntendedCall<'_>) -> Option<Ground> {
    let relationships = call.relationships.iter().filter(|known| known.allows_call_on(call.on));
    if let Some(until) = relationships.map(Relationship::last_call_day).max() {
        return Some(Ground::Relationship { until });
    }
    if call.permission.is_some_and(|given| !given.document.is_empty() && given.signed_on <= call.on)
    {
        return Some(Ground::WrittenPermission);
    }
    match (call.listing, call.purpose) {
        (Some(Listing::ForSaleByOwner), Purpose::BuyerRepresentation { buyer: Some(buyer) }) => {
            Some(Ground::LinkedBuyer(buyer))
        }
        _ => None,
    }
}
