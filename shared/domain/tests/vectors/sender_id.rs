//! V-12, sender names.

use domain::sender_id::Registrar::{Du, EAnd, SaudiArabia};
use domain::sender_id::SenderProblem::{
    Empty, ForeignCompany, NotRegistered, Numeric, PrefixMissing, PromotionalPrefix, SuffixMissing,
    TooLong,
};
use domain::sender_id::SenderRuling::{Accept, Block, Reject, Warn};
use domain::sender_id::{MessageClass, Sender, SenderRuling, check};

use MessageClass::{Promotional, Transactional};

fn ruling(country: &str, name: &str, class: MessageClass) -> SenderRuling {
    let registered = [EAnd, Du, SaudiArabia];
    check(country, &Sender { name, registered: &registered, established_in: country }, class)
}

#[test]
fn every_row_of_v12_holds() {
    for (country, name, class, expected) in [
        ("AE", "AD-EMAAR", Promotional, Accept),
        ("AE", "AD-MARINAGATE", Promotional, Reject(TooLong)),
        ("AE", "EMAAR", Promotional, Reject(PrefixMissing)),
        ("AE", "AD-EMAAR", Transactional, Warn(PromotionalPrefix)),
        ("SA", "RAFAL-AD", Promotional, Accept),
        ("SA", "RAFAL", Promotional, Reject(SuffixMissing)),
        ("SA", "966501234567", Promotional, Reject(Numeric)),
        ("KW", "+96550123456", Promotional, Reject(Numeric)),
        ("QA", "97450123456", Promotional, Reject(Numeric)),
        ("BH", "97339123456", Promotional, Reject(Numeric)),
        ("OM", "96892123456", Promotional, Reject(Numeric)),
        ("AE", "971501234567", Promotional, Reject(Numeric)),
    ] {
        assert_eq!(ruling(country, name, class), expected, "{country} {name} {class}");
    }
}

#[test]
fn a_company_from_abroad_sends_no_promotions_to_saudi_arabia() {
    let sender = Sender { name: "RAFAL-AD", registered: &[SaudiArabia], established_in: "AE" };
    assert_eq!(check("SA", &sender, Promotional), Block(ForeignCompany));
    assert_eq!(check("SA", &sender, Transactional), Accept);
}

#[test]
fn a_name_is_registered_with_every_operator_that_asks_for_it() {
    for registered in [&[][..], &[EAnd], &[Du], &[SaudiArabia, Du]] {
        let sender = Sender { name: "AD-EMAAR", registered, established_in: "AE" };
        assert_eq!(check("AE", &sender, Promotional), Reject(NotRegistered), "{registered:?}");
    }
    let sender = Sender { name: "RAFAL-AD", registered: &[], established_in: "SA" };
    assert_eq!(check("SA", &sender, Promotional), Reject(NotRegistered));
}

#[test]
fn elsewhere_numbers_and_names_are_free_within_their_length() {
    assert_eq!(ruling("US", "+14155552671", Promotional), Accept);
    assert_eq!(ruling("GB", "Touchline", Promotional), Accept);
    assert_eq!(ruling("GB", "TouchlineTeam", Transactional), Reject(TooLong));
    assert_eq!(ruling("GB", " ", Transactional), Reject(Empty));
}
