//! Consent records: what they keep, what they refuse, what counts.

use chrono::{DateTime, TimeDelta, Utc};
use domain::consent::LegalBasis;
use domain::suppression::Purpose;
use domain::{AddressKind, ContactChannel, ContactId};
use sqlx::Connection;
use storage::Role;
use storage::consents::{NewConsent, Proof, Snapshot, Withdrawal};
use testkit::fixture::Deployment;

use crate::noon;

use ContactChannel::{Call, Email, Sms};
use Purpose::{Marketing, Transactional};

fn given(contact: ContactId, basis: LegalBasis, at: DateTime<Utc>) -> NewConsent {
    NewConsent {
        contact,
        address: None,
        channels: vec![Sms, Call],
        purposes: vec![Marketing],
        basis,
        proof: Proof {
            controller: "Palm Realty LLC".to_owned(),
            wording: "أوافق على تلقي الرسائل".to_owned(),
            language: "ar".to_owned(),
            snapshot: Some(Snapshot { name: "form.png".to_owned(), bytes: vec![1, 2, 3] }),
            act: "ticked a box".to_owned(),
            given_at: at,
            given_zone: "Asia/Dubai".to_owned(),
            source: "https://example.com/form/7".to_owned(),
            ip: Some("192.0.2.7".to_owned()),
            user_agent: Some("Example/1.0".to_owned()),
            double_opt_in: Some("code 4711 answered".to_owned()),
            document: None,
        },
        expires_at: None,
        actor: "form service".to_owned(),
    }
}

#[tokio::test]
async fn a_record_keeps_everything_that_proves_it() {
    let deployment = Deployment::create().await;
    let operator = &deployment.operator;
    let contact = ContactId::new();
    let consent = given(contact, LegalBasis::Consent, noon());
    let id = operator.record_consent(&consent).await.unwrap();
    let kept = operator.consents(contact).await.unwrap();
    assert_eq!((kept.len(), kept[0].id, kept[0].basis), (1, id, LegalBasis::Consent));
    assert_eq!(kept[0].uses, [(Sms, Marketing), (Call, Marketing)]);
    let (proof, before) = (&kept[0].proof, &consent.proof);
    assert_eq!((&proof.wording, &proof.act), (&before.wording, &before.act));
    assert_eq!((&proof.controller, &proof.source), (&before.controller, &before.source));
    assert_eq!((proof.given_at, &proof.given_zone), (noon(), &before.given_zone));
    assert_eq!((&proof.ip, &proof.user_agent), (&before.ip, &before.user_agent));
    assert_eq!((&proof.double_opt_in, &proof.language), (&before.double_opt_in, &before.language));
    assert_eq!(proof.snapshot.as_ref().unwrap().name, "form.png");
    assert_eq!(kept[0].wording_hash.len(), 64);
}

#[tokio::test]
async fn the_basis_is_asked_for_each_channel_and_purpose() {
    let deployment = Deployment::create().await;
    let (operator, contact) = (&deployment.operator, ContactId::new());
    let worker = deployment.connect(Role::CallWorker);
    let basis = async |channel, purpose, days| {
        let at = noon() + TimeDelta::days(days);
        let grant = worker.legal_basis(contact, None, channel, purpose, at).await.unwrap();
        grant.map(|grant| grant.basis)
    };
    assert_eq!(basis(Sms, Marketing, 0).await, None);
    let mut consent = given(contact, LegalBasis::Consent, noon());
    consent.expires_at = Some(noon() + TimeDelta::days(30));
    operator.record_consent(&consent).await.unwrap();
    assert_eq!(basis(Sms, Marketing, 0).await, Some(LegalBasis::Consent));
    assert_eq!(basis(Call, Marketing, 29).await, Some(LegalBasis::Consent));
    assert_eq!(basis(Sms, Marketing, 30).await, None, "expired");
    assert_eq!(basis(Sms, Marketing, -1).await, None, "not given yet");
    assert_eq!(basis(Email, Marketing, 0).await, None);
    assert_eq!(basis(Sms, Transactional, 0).await, None);
    let withdrawal = Withdrawal {
        channel: Sms,
        purpose: Marketing,
        withdrawn_at: noon() + TimeDelta::days(2),
        actor: "agent".to_owned(),
        evidence: "call 12".to_owned(),
        suppression: None,
    };
    operator.withdraw_consent(contact, &withdrawal).await.unwrap();
    assert_eq!(basis(Sms, Marketing, 1).await, Some(LegalBasis::Consent));
    assert_eq!(basis(Sms, Marketing, 3).await, None);
    assert_eq!(basis(Call, Marketing, 3).await, Some(LegalBasis::Consent));
    assert_eq!(operator.withdrawals(contact).await.unwrap().len(), 1);
    let again = given(contact, LegalBasis::Consent, noon() + TimeDelta::days(4));
    operator.record_consent(&again).await.unwrap();
    assert_eq!(basis(Sms, Marketing, 5).await, Some(LegalBasis::Consent));
}

#[tokio::test]
async fn a_record_for_one_number_counts_for_that_number() {
    let deployment = Deployment::create().await;
    let (operator, contact) = (&deployment.operator, ContactId::new());
    let key = |n: &str| Some(deployment.keyer.key(AddressKind::Phone, n));
    let consent =
        NewConsent { address: key("+14155552671"), ..given(contact, LegalBasis::Consent, noon()) };
    operator.record_consent(&consent).await.unwrap();
    for (address, counts) in
        [(key("+14155552671"), true), (key("+14155552672"), false), (None, false)]
    {
        let grant = operator.legal_basis(contact, address, Sms, Marketing, noon()).await.unwrap();
        assert_eq!(grant.is_some(), counts, "{address:?}");
    }
}

#[tokio::test]
async fn a_basis_without_its_proof_is_refused() {
    let deployment = Deployment::create().await;
    let refused = async |consent: NewConsent| {
        let error = deployment.operator.record_consent(&consent).await.unwrap_err();
        error.constraint().unwrap().to_owned()
    };
    let new = |basis| given(ContactId::new(), basis, noon());
    let mut wordless = new(LegalBasis::Consent);
    wordless.proof.wording = String::new();
    assert_eq!(refused(wordless).await, "consents_consent_shown");
    let interest = new(LegalBasis::LegitimateInterest);
    assert_eq!(refused(interest).await, "consents_interest_weighed");
    assert_eq!(refused(new(LegalBasis::ImpliedConsent)).await, "consents_implied_ends");
    let ended = NewConsent { expires_at: Some(noon()), ..new(LegalBasis::Contract) };
    assert_eq!(refused(ended).await, "consents_ends_after");
}

#[tokio::test]
async fn records_never_change_and_workers_see_no_more_than_the_basis() {
    let deployment = Deployment::create().await;
    let consent = given(ContactId::new(), LegalBasis::Consent, noon());
    deployment.operator.record_consent(&consent).await.unwrap();
    let mut database = sqlx::PgConnection::connect(deployment.url()).await.unwrap();
    // The owner of the tables, whom no privilege stops.
    for sql in [
        "UPDATE consents SET basis = 'contract'",
        "DELETE FROM consent_uses",
        "TRUNCATE consents CASCADE",
        "TRUNCATE consent_withdrawals",
    ] {
        let error = sqlx::query(sql).execute(&mut database).await.unwrap_err();
        assert!(error.to_string().contains("append-only"), "{sql}: {error}");
    }
    sqlx::query("SET ROLE touchline_call_worker").execute(&mut database).await.unwrap();
    let error = sqlx::query("SELECT ip FROM consents").execute(&mut database).await.unwrap_err();
    assert!(error.to_string().contains("permission denied"), "{error}");
}
