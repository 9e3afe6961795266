//! What retention lets go of, and when.

use chrono::{DateTime, TimeDelta, Utc};
use domain::consent::LegalBasis;
use domain::retention::{Kept, Period, Schedule};
use domain::rights::{PrivacyLaw, RequestKind, RequestStep};
use domain::suppression::Purpose;
use domain::{ContactChannel, ContactId};
use storage::Role;
use storage::consents::{NewConsent, Proof, Withdrawal};
use storage::rights::{NewRequest, RequestEvent};
use testkit::fixture::Deployment;

fn at(text: &str) -> DateTime<Utc> {
    format!("{text}T08:00:00Z").parse().unwrap()
}

fn schedule() -> Schedule {
    let period = |what, country: Option<&str>, months| Period {
        what,
        country: country.map(str::to_owned),
        months,
        source: "test".to_owned(),
        evidence: Vec::new(),
        verified: String::new(),
    };
    Schedule {
        keep: vec![
            period(Kept::Consents, None, 60),
            period(Kept::Consents, Some("AE"), 24),
            period(Kept::Withdrawals, None, 60),
            period(Kept::Requests, None, 24),
            period(Kept::Tasks, None, 24),
            period(Kept::History, None, 72),
        ],
    }
}

fn consent(contact: ContactId, given: &str, ends: Option<&str>) -> NewConsent {
    NewConsent {
        contact,
        address: None,
        channels: vec![ContactChannel::Sms],
        purposes: vec![Purpose::Marketing],
        basis: LegalBasis::Consent,
        proof: Proof {
            controller: "Palm".to_owned(),
            wording: "Text me".to_owned(),
            language: "en".to_owned(),
            snapshot: None,
            act: "ticked a box".to_owned(),
            given_at: at(given),
            given_zone: "Asia/Dubai".to_owned(),
            source: "fair".to_owned(),
            ip: None,
            user_agent: None,
            double_opt_in: None,
            document: None,
        },
        expires_at: ends.map(at),
        actor: "test".to_owned(),
    }
}

#[tokio::test]
async fn a_consent_is_kept_while_it_is_in_force_and_for_its_period_after() {
    let deployment = Deployment::create().await;
    let compliance = deployment.connect(Role::Compliance);
    let people = deployment.people(3).await;
    // In force; ended; withdrawn later than that.
    let consents = [
        consent(people[0], "2019-01-01", None),
        consent(people[1], "2019-01-01", Some("2020-01-31")),
        consent(people[2], "2019-01-01", None),
    ];
    for consent in &consents {
        deployment.operator.record_consent(consent).await.unwrap();
    }
    let withdrawal = Withdrawal {
        channel: ContactChannel::Sms,
        purpose: Purpose::Marketing,
        withdrawn_at: at("2020-06-01"),
        actor: "test".to_owned(),
        evidence: "ticket".to_owned(),
        suppression: None,
    };
    deployment.operator.withdraw_consent(people[2], &withdrawal).await.unwrap();
    for (day, over, left_over) in [("2025-01-31", 0, 0), ("2025-02-01", 1, 0), ("2025-06-02", 2, 0)]
    {
        let dry = compliance.retire(&schedule(), at(day), true).await.unwrap();
        assert_eq!((dry.consents, dry.withdrawals), (over, left_over), "{day}");
    }
    let done = compliance.retire(&schedule(), at("2025-06-02"), false).await.unwrap();
    // The withdrawal is let go of with the consent it ended.
    assert_eq!((done.consents, done.withdrawals), (2, 1));
    for (person, kept) in people.iter().zip([1, 0, 0]) {
        assert_eq!(compliance.consents(*person).await.unwrap().len(), kept);
    }
    compliance.note_retention("test", &[0; 32], &done).await.unwrap();
    let again = compliance.retire(&schedule(), at("2025-06-02"), false).await.unwrap();
    assert_eq!(again, storage::rights::Retired::default());
}

#[tokio::test]
async fn an_answered_request_goes_an_open_one_stays_and_a_hold_keeps_both() {
    let deployment = Deployment::create().await;
    let compliance = deployment.connect(Role::Compliance);
    let people = deployment.people(3).await;
    for (n, person) in people.iter().enumerate() {
        let request = NewRequest {
            kind: RequestKind::Access,
            law: PrivacyLaw::Ccpa,
            contact: Some(*person),
            received_at: at("2023-01-01"),
            received_on: jiff::civil::date(2023, 1, 1),
            how: "letter".to_owned(),
            actor: "test".to_owned(),
            evidence: None,
        };
        let id = deployment.operator.record_request(&request).await.unwrap();
        let answer = RequestEvent {
            step: RequestStep::Answered,
            on: jiff::civil::date(2023, 2, 1),
            note: "letter".to_owned(),
            actor: "test".to_owned(),
        };
        if n != 1 {
            deployment.operator.note_request(id, &answer).await.unwrap();
        }
    }
    let hold = storage::suppressions::NewSuppression {
        target: storage::suppressions::Target::Person(storage::contacts::person_key(
            &deployment.keyer,
            people[2],
        )),
        reason: domain::suppression::SuppressionReason::LegalHold,
        origin: domain::suppression::Origin::Staff,
        actor: "test".to_owned(),
        evidence: Some("case 12".to_owned()),
        touch: None,
        received_at: None,
    };
    deployment.operator.suppress_now(&hold).await.unwrap();
    for (day, over) in [("2025-02-01", 0), ("2025-02-02", 1)] {
        let dry = compliance.retire(&schedule(), at(day), true).await.unwrap();
        assert_eq!(dry.requests, over, "{day}");
    }
    compliance.retire(&schedule(), at("2025-02-02"), false).await.unwrap();
    let (open, past) = (compliance.open_requests().await, compliance.past_requests(None, 9).await);
    assert_eq!(open.unwrap().len() + past.unwrap().len(), 2);
}

#[tokio::test]
async fn old_months_are_detached_but_not_one_with_an_open_touch() {
    let channel = domain::Channel::Email;
    let deployment = Deployment::with_one_step(channel, 1, crate::monday()).await;
    let compliance = deployment.connect(Role::Compliance);
    let later = crate::noon() + TimeDelta::days(366 * 6 + 31);
    let months = |retired: storage::rights::Retired| retired.months;
    // The touch of June 2026 is still to be sent.
    let open = months(compliance.retire(&schedule(), later, false).await.unwrap());
    assert!(!open.contains(&"touches 2026-06".to_owned()), "{open:?}");
    let hints = crate::make_due(&deployment).await;
    let worker = deployment.connect(Role::EmailWorker);
    let touches = crate::claim(&worker, &hints).await;
    worker.record(&[crate::sent(&touches[0])], "w1").await.unwrap();
    let over = months(compliance.retire(&schedule(), later, false).await.unwrap());
    assert!(over.contains(&"touches 2026-06".to_owned()), "{over:?}");
    let gone = deployment.operator.touches(&Default::default(), 10).await.unwrap();
    assert!(gone.is_empty(), "{gone:?}");
}

#[tokio::test]
async fn only_compliance_lets_go() {
    let deployment = Deployment::create().await;
    for role in [Role::Operator, Role::Scheduler, Role::EmailWorker] {
        let database = deployment.connect(role);
        let run = database.note_retention("x", &[0; 32], &Default::default()).await;
        assert!(run.is_err(), "{role}");
    }
}
