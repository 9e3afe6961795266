//! V-11, deadlines, and V-11b, who may be called although the number is registered.

use domain::ContactId;
use domain::deadline::{
    BusinessDeadline, CcpaClock, GdprClock, Standing, ccpa_may_ask_again, federal_holidays,
    opt_out_due, uwg_keep_until, yahoo_opt_out_due,
};
use domain::registry::{Registry, Verdict};
use domain::relationship::{
    Ground, IntendedCall, Listing, Objection, Purpose, Relationship, RelationshipKind, Ruling,
    WrittenPermission, registry_exemption,
};
use domain::suppression::SuppressionReason;
use jiff::Timestamp;
use jiff::civil::Date;
use proptest::prelude::*;

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

#[test]
fn ten_business_days_end_on_the_earlier_of_the_two_counts() {
    for (received, weekends_only, with_holidays) in [
        ("2026-06-15", "2026-06-29", "2026-06-30"),
        ("2026-12-18", "2027-01-01", "2027-01-05"),
        ("2026-06-20", "2026-07-03", "2026-07-06"),
    ] {
        let due = opt_out_due(day(received));
        assert_eq!(due.weekends_only, day(weekends_only), "{received}");
        assert_eq!(due.with_holidays, day(with_holidays), "{received}");
        assert_eq!(due.shown(), day(weekends_only), "{received}");
    }
}

#[test]
fn holidays_on_a_weekend_are_observed_beside_it() {
    let of = |year: i16| -> Vec<String> {
        federal_holidays(year).iter().map(|date| date.strftime("%m-%d").to_string()).collect()
    };
    let expected = [
        "01-01", "01-19", "02-16", "05-25", "06-19", "07-03", "09-07", "10-12", "11-11", "11-26",
        "12-25",
    ];
    assert_eq!(of(2026), expected);
    // New Year of 2022 fell on a Saturday, that of 2023 on a Sunday.
    assert_eq!(of(2021).last().unwrap(), "12-31");
    assert!(!of(2022).contains(&"01-01".to_owned()) && of(2023).contains(&"01-02".to_owned()));
    assert!(!of(2020).contains(&"06-19".to_owned()));
}

#[test]
fn yahoo_waits_two_days_to_the_second() {
    let received: Timestamp = "2026-06-15T10:00:00Z".parse().unwrap();
    assert_eq!(yahoo_opt_out_due(received), "2026-06-17T10:00:00Z".parse().unwrap());
}

#[test]
fn a_month_is_clamped_and_an_extension_counts_when_told_in_time() {
    let clock = GdprClock::of(day("2026-01-31"));
    assert_eq!((clock.due, clock.extended), (day("2026-02-28"), day("2026-04-30")));
    assert_eq!(clock.last_day(None), clock.due);
    assert_eq!(clock.last_day(Some(day("2026-02-28"))), clock.extended);
    assert_eq!(clock.last_day(Some(day("2026-03-01"))), clock.due, "told too late");
    for (today, told, expected) in [
        ("2026-02-19", None, Standing::InTime),
        ("2026-02-20", None, Standing::Reminded),
        ("2026-02-28", None, Standing::Reminded),
        ("2026-03-01", None, Standing::Overdue),
        ("2026-03-01", Some("2026-02-20"), Standing::Reminded),
        ("2026-05-01", Some("2026-02-20"), Standing::Overdue),
    ] {
        assert_eq!(clock.standing(day(today), told.map(day)), expected, "{today} {told:?}");
    }
}

#[test]
fn the_clocks_of_the_ccpa_run_in_days_of_both_kinds() {
    let clock = CcpaClock::of(day("2026-01-01"));
    assert_eq!(clock.confirm.weekends_only, day("2026-01-15"));
    assert_eq!(clock.answer, day("2026-02-15"));
    assert_eq!(clock.extended, day("2026-04-01"));
    assert_eq!(clock.opt_out.weekends_only, day("2026-01-22"));
    assert_eq!(ccpa_may_ask_again(day("2026-01-05")), day("2027-01-05"));
}

#[test]
fn proof_is_kept_five_years_from_each_use() {
    let granted = day("2024-05-01");
    assert_eq!(uwg_keep_until(granted, Some(day("2026-03-10"))), day("2031-03-10"));
    assert_eq!(uwg_keep_until(granted, None), day("2029-05-01"));
}

fn related(kind: RelationshipKind, on: &str) -> Relationship {
    Relationship { kind, on: day(on), evidence: "closing 77".to_owned() }
}

#[test]
fn a_relationship_has_an_exact_last_day() {
    use RelationshipKind::{Inquiry, Transaction};
    for (kind, on, last, next) in [
        (Transaction, "2024-08-31", "2026-02-28", "2026-03-01"),
        (Transaction, "2024-08-15", "2026-02-15", "2026-02-16"),
        (Inquiry, "2025-11-30", "2026-02-28", "2026-03-01"),
    ] {
        let relationship = related(kind, on);
        assert_eq!(relationship.last_call_day(), day(last), "{kind} {on}");
        assert!(relationship.allows_call_on(day(on)) && relationship.allows_call_on(day(last)));
        assert!(!relationship.allows_call_on(day(next)), "{kind} {on}");
        assert!(!relationship.allows_call_on(day(on).yesterday().unwrap()), "before it began");
    }
    let implied = |kind| related(kind, "2026-02-28").implied_consent_until();
    assert_eq!(implied(Transaction), day("2028-02-28"));
    assert_eq!(implied(Inquiry), day("2026-08-28"));
}

const TODAY: &str = "2026-06-15";

/// A call on `TODAY` to a number on the national registry.
fn call<'a>(
    listing: Option<Listing>,
    purpose: Purpose,
    relationships: &'a [Relationship],
) -> IntendedCall<'a> {
    IntendedCall {
        on: day(TODAY),
        suppressed: None,
        registry: Some((Registry::UsNational, Verdict::Listed)),
        listing,
        purpose,
        relationships,
        permission: None,
    }
}

#[test]
fn every_row_of_v11b_holds() {
    use Listing::{ExpiredOther, ExpiredOurs, ForSaleByOwner, WithdrawnOther};
    use Purpose::{FollowUp, SolicitListing};
    let registered = Ruling::Block(Objection::Registered(Registry::UsNational));
    let buyer = ContactId::new();
    let for_buyer = |buyer| Purpose::BuyerRepresentation { buyer };
    let ended = [related(RelationshipKind::Transaction, "2025-08-15")];
    let asked = [related(RelationshipKind::Inquiry, "2026-04-15")];
    let asked_long_ago = [related(RelationshipKind::Inquiry, "2026-02-15")];
    let until = |date: &str| Ruling::Allow(Ground::Relationship { until: day(date) });
    let off_registry = |call: IntendedCall<'static>| IntendedCall {
        registry: Some((Registry::UsNational, Verdict::Clear)),
        ..call
    };
    let withdrawn = Ruling::Block(Objection::ListingWithdrawn);
    let rows: Vec<(u8, IntendedCall<'_>, Ruling)> = vec![
        (1, call(Some(ForSaleByOwner), SolicitListing, &[]), registered),
        (
            2,
            call(Some(ForSaleByOwner), for_buyer(Some(buyer)), &[]),
            Ruling::Allow(Ground::LinkedBuyer(buyer)),
        ),
        (3, call(Some(ForSaleByOwner), for_buyer(None), &[]), registered),
        (4, call(Some(ExpiredOther), SolicitListing, &[]), registered),
        (5, call(Some(ExpiredOurs), FollowUp, &ended), until("2027-02-15")),
        (6, call(Some(WithdrawnOther), SolicitListing, &[]), withdrawn),
        (6, off_registry(call(Some(WithdrawnOther), SolicitListing, &[])), withdrawn),
        (6, off_registry(call(Some(WithdrawnOther), for_buyer(None), &[])), withdrawn),
        (7, call(None, FollowUp, &asked), until("2026-07-15")),
        (7, call(None, SolicitListing, &asked), until("2026-07-15")),
        (8, call(None, FollowUp, &asked_long_ago), registered),
        (8, call(None, SolicitListing, &asked_long_ago), registered),
        (
            10,
            off_registry(call(Some(ExpiredOther), SolicitListing, &[])),
            Ruling::Allow(Ground::NotRegistered),
        ),
    ];
    for (row, call, expected) in &rows {
        assert_eq!(registry_exemption(call), *expected, "row {row}");
        // Row 9: "don't call me" beats each of them.
        let stop = SuppressionReason::VoiceRequest;
        let stopped = IntendedCall { suppressed: Some(stop), ..*call };
        let blocked = Ruling::Block(Objection::Suppressed(stop));
        assert_eq!(registry_exemption(&stopped), blocked, "row {row} and 9");
    }
}

#[test]
fn a_signed_permission_needs_its_document_and_a_past_date() {
    for (document, signed_on, allowed) in
        [("agreement.pdf", TODAY, true), ("", TODAY, false), ("agreement.pdf", "2026-06-16", false)]
    {
        let permission = Some(WrittenPermission { signed_on: day(signed_on), document });
        let call = IntendedCall { permission, ..call(None, Purpose::FollowUp, &[]) };
        let is_allowed = registry_exemption(&call) == Ruling::Allow(Ground::WrittenPermission);
        assert_eq!(is_allowed, allowed, "{document:?} {signed_on}");
    }
}

#[test]
fn old_or_missing_data_stops_whatever_is_not_exempt() {
    let asked = [related(RelationshipKind::Inquiry, "2026-05-15")];
    for (verdict, objection) in [
        (Verdict::Stale, "dnc_data_stale"),
        (Verdict::NotLicensed, "area_code_not_licensed"),
        (Verdict::Listed, "national_dnc"),
    ] {
        let registry = Some((Registry::UsNational, verdict));
        let stranger = IntendedCall { registry, ..call(None, Purpose::FollowUp, &[]) };
        let Ruling::Block(why) = registry_exemption(&stranger) else { panic!("{verdict}") };
        assert_eq!(why.as_str(), objection);
        let client = IntendedCall { registry, ..call(None, Purpose::FollowUp, &asked) };
        assert!(matches!(registry_exemption(&client), Ruling::Allow(_)), "{verdict}");
    }
    let nowhere = IntendedCall { registry: None, ..call(None, Purpose::FollowUp, &[]) };
    assert_eq!(registry_exemption(&nowhere), Ruling::Allow(Ground::NotRegistered));
}

#[test]
fn no_relationship_exempts_from_the_registry_of_the_uae() {
    let asked = [related(RelationshipKind::Inquiry, "2026-05-15")];
    let registry = Some((Registry::AeDncr, Verdict::Listed));
    let call = IntendedCall { registry, ..call(None, Purpose::FollowUp, &asked) };
    let Ruling::Block(why) = registry_exemption(&call) else { panic!("allowed") };
    assert_eq!(why.as_str(), "ae_dncr");
}

proptest! {
    #[test]
    fn business_days_are_counted_on_working_days_alone(
        offset in 0_i32..20_000, days in 1_u16..40,
    ) {
        let received = day("1990-01-01") + jiff::Span::new().days(offset);
        let due = BusinessDeadline::after(received, days);
        prop_assert!(due.weekends_only > received && due.shown() == due.weekends_only);
        prop_assert!(due.with_holidays >= due.weekends_only);
        prop_assert!(!federal_holidays(due.with_holidays.year()).contains(&due.with_holidays));
        // One day later is received, the deadline is the same or later.
        let later = BusinessDeadline::after(received.tomorrow().unwrap(), days);
        prop_assert!(later.weekends_only >= due.weekends_only);
    }
}
