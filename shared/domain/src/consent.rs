//! On which legal basis a person is reached, per channel and purpose (compliance.md PRV-01, PRV-15).
//!
//! Records are never changed. What counts at an instant is the newest one that is in force; a
//! withdrawal ends everything given before it, and only a later act of the person begins anew.

use jiff::Timestamp;

use crate::ConsentId;

crate::words! {
    /// Why a person may be reached.
    LegalBasis, "legal basis", {
        /// The person agreed.
        Consent = "consent",
        /// What happened between the person and the seller implies it, for a time (CASL).
        ImpliedConsent = "implied_consent",
        /// A customer, similar products, and the choice offered each time (ePrivacy Art. 13(2)).
        SoftOptIn = "soft_opt_in",
        /// An interest that was weighed against the person's, in a document.
        LegitimateInterest = "legitimate_interest",
        /// A contract with the person needs it.
        Contract = "contract",
        /// None: it was looked for, and there is no ground to write or call.
        None = "none",
    }
}

/// A record about one contact, channel and purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// The record.
    pub id: ConsentId,
    /// The basis it states.
    pub basis: LegalBasis,
    /// Since when.
    pub given_at: Timestamp,
    /// From when on it counts no more; nothing when it does not end by itself.
    pub expires_at: Option<Timestamp>,
}

/// The record that counts at `at`, of those about one contact, channel and purpose. There is none
/// when the newest in force says that there is no basis. A withdrawal leaves nothing but a contract.
#[must_use]
pub fn basis_at(grants: &[Grant], withdrawals: &[Timestamp], at: Timestamp) -> Option<Grant> {
    let withdrawn = withdrawals.iter().copied().filter(|withdrawn| *withdrawn <= at).max();
    let is_in_force = |grant: &&Grant| {
        grant.given_at <= at
            && grant.expires_at.is_none_or(|expires| at < expires)
            && (grant.basis == LegalBasis::Contract
                || withdrawn.is_none_or(|withdrawn| withdrawn < grant.given_at))
    };
    let newest = grants.iter().filter(is_in_force).max_by_key(|grant| (grant.given_at, grant.id));
    newest.copied().filter(|grant| grant.basis != LegalBasis::None)
}

/// What somebody asks for before a person is reached: a rule, and the bases it accepts.
#[derive(Debug, Clone, Copy)]
pub struct Needed<'a> {
    /// The rule's id ("EU-CONSENT").
    pub rule: &'a str,
    /// Any of these will do.
    pub accepts: &'a [LegalBasis],
}

/// On which legal basis a person is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Basis {
    /// No rule asks for one, and none is on file.
    NotNeeded,
    /// This record.
    On(Grant),
    /// A rule asks for one that is not there, or it is on file that there is none; in words.
    Missing(String),
}

/// The basis on which a person may be reached at `at`, of the records about one contact, channel and
/// purpose: every rule that binds must accept the record that counts. Where the newest record in
/// force says that there is no basis, nobody is reached, whatever the rules ask (PRV-15).
#[must_use]
pub fn basis_for(
    needed: &[Needed<'_>],
    grants: &[Grant],
    withdrawals: &[Timestamp],
    at: Timestamp,
) -> Basis {
    let in_force = |grant: &&Grant| {
        grant.given_at <= at && grant.expires_at.is_none_or(|expires| at < expires)
    };
    let newest = grants.iter().filter(in_force).max_by_key(|grant| (grant.given_at, grant.id));
    if let Some(none) = newest.filter(|grant| grant.basis == LegalBasis::None) {
        return Basis::Missing(format!("none, says record {}", none.id));
    }
    let found = basis_at(grants, withdrawals, at);
    for rule in needed {
        if !found.is_some_and(|grant| rule.accepts.contains(&grant.basis)) {
            let accepted: Vec<&str> = rule.accepts.iter().map(|basis| basis.as_str()).collect();
            return Basis::Missing(format!("{} asks for {}", rule.rule, accepted.join(" or ")));
        }
    }
    found.map_or(Basis::NotNeeded, Basis::On)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn at(day: i8) -> Timestamp {
        jiff::civil::date(2026, 6, day).to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp()
    }

    fn grant(basis: LegalBasis, given: i8, expires: Option<i8>) -> Grant {
        Grant { id: ConsentId::new(), basis, given_at: at(given), expires_at: expires.map(at) }
    }

    #[test]
    fn the_newest_record_in_force_counts() {
        let old = grant(LegalBasis::LegitimateInterest, 1, None);
        let new = grant(LegalBasis::Consent, 3, Some(10));
        let both = [new, old];
        assert_eq!(basis_at(&both, &[], at(2)), Some(old));
        assert_eq!(basis_at(&both, &[], at(3)), Some(new));
        assert_eq!(basis_at(&both, &[], at(10)), Some(old), "expired to the second");
        assert_eq!(basis_at(&[], &[], at(10)), None);
        let refused = [old, new, grant(LegalBasis::None, 5, None)];
        assert_eq!(basis_at(&refused, &[], at(6)), None);
    }

    #[test]
    fn a_withdrawal_ends_what_was_given_before_it_and_a_later_act_begins_anew() {
        let first = grant(LegalBasis::Consent, 1, None);
        let interest = grant(LegalBasis::LegitimateInterest, 2, None);
        let again = grant(LegalBasis::Consent, 8, None);
        let all = [first, interest, again];
        assert_eq!(basis_at(&all, &[at(4)], at(3)), Some(interest));
        assert_eq!(basis_at(&all, &[at(4)], at(5)), None);
        assert_eq!(basis_at(&all, &[at(4)], at(9)), Some(again));
        assert_eq!(basis_at(&[first], &[at(1)], at(1)), None, "at the same instant, no is heard");
        let contract = grant(LegalBasis::Contract, 1, None);
        assert_eq!(basis_at(&[contract, first], &[at(4)], at(5)), Some(contract));
    }

    #[test]
    fn every_rule_that_binds_must_accept_the_basis_on_file() {
        use LegalBasis as B;
        let europe = Needed { rule: "EU", accepts: &[B::Consent, B::SoftOptIn] };
        let strict = Needed { rule: "FR", accepts: &[B::Consent] };
        let missing = |why: &str| Basis::Missing(why.to_owned());
        let ask = |needed: &[Needed<'_>], basis: Option<Grant>| {
            basis_for(needed, basis.as_slice(), &[], at(9))
        };
        let [consent, soft, interest, none] =
            [B::Consent, B::SoftOptIn, B::LegitimateInterest, B::None].map(|b| grant(b, 1, None));
        assert_eq!(ask(&[], None), Basis::NotNeeded);
        assert_eq!(ask(&[], Some(interest)), Basis::On(interest));
        assert_eq!(ask(&[europe], Some(soft)), Basis::On(soft));
        assert_eq!(ask(&[europe, strict], Some(consent)), Basis::On(consent));
        assert_eq!(ask(&[europe, strict], Some(soft)), missing("FR asks for consent"));
        for basis in [None, Some(interest)] {
            assert_eq!(ask(&[europe], basis), missing("EU asks for consent or soft_opt_in"));
        }
        let why = missing(&format!("none, says record {}", none.id));
        assert_eq!(ask(&[], Some(none)), why, "a basis that was looked for and not found");
        let withdrawn = basis_for(&[europe], &[consent], &[at(3)], at(9));
        assert_eq!(withdrawn, missing("EU asks for consent or soft_opt_in"));
        let expired = grant(B::Consent, 1, Some(5));
        assert!(matches!(ask(&[europe], Some(expired)), Basis::Missing(_)));
    }
}
