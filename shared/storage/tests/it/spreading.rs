//! A request and everything it covers; and rows that are no address.

use std::time::Duration;

use domain::suppression::{AUTOMATED_VOICE, Origin, SuppressionReason};
use domain::{AddressKind, ContactChannel};
use storage::contacts::person_key;
use storage::suppressions::{NewSuppression, Request, Target};
use testkit::fixture::{Deployment, person};

/// The entries at person 0, as scope, channel and topic.
async fn entered(
    deployment: &Deployment,
    channel: ContactChannel,
    reason: SuppressionReason,
    whole_person: bool,
) -> Vec<String> {
    let person = deployment.people(1).await[0];
    let keyer = &deployment.keyer;
    let email = keyer.key(AddressKind::Email, "p0@example.com");
    let phone = keyer.key(AddressKind::Phone, "+971500000000");
    let key = if channel == ContactChannel::Email { email } else { phone };
    let entry = NewSuppression {
        target: Target::Address { key, channel, domain: None },
        reason,
        origin: Origin::Recipient,
        actor: "test".to_owned(),
        evidence: None,
        touch: None,
        received_at: None,
    };
    let request = Request { entry, whole_person };
    let answer = deployment.operator.carry_out(&request, Duration::from_secs(5)).await.unwrap();
    assert!(answer.in_flight.is_empty());
    let keys = [email, phone, person_key(keyer, person)];
    let entries = deployment.operator.entries(&keys).await.unwrap();
    assert!(entries.iter().any(|entry| entry.event == answer.event));
    let mut words: Vec<String> = entries
        .iter()
        .map(|entry| {
            let channel = entry.channel.map_or("all", ContactChannel::as_str);
            let topic = entry.topic.map_or_else(String::new, |topic| format!("/{topic}"));
            format!("{}:{channel}{topic}", entry.scope)
        })
        .collect();
    words.sort();
    words
}

#[tokio::test]
async fn a_request_spreads_as_the_matrix_says() {
    use ContactChannel::{Call, Email, Sms};
    use SuppressionReason::{GdprObjection, OneClick, ReplyKeyword, VoiceRequest};
    let voice = format!("topic:call/{AUTOMATED_VOICE}");
    for (channel, reason, whole, expected) in [
        (Email, OneClick, false, vec!["channel:email"]),
        (Sms, ReplyKeyword, false, vec!["channel:sms", &voice]),
        (Call, VoiceRequest, false, vec!["channel:call", "channel:sms"]),
        (Email, GdprObjection, false, vec!["channel:email", "person:all"]),
        (Call, VoiceRequest, true, vec!["channel:call", "channel:sms", "person:all"]),
        (Sms, ReplyKeyword, true, vec!["channel:call", "channel:sms", "person:all", &voice]),
    ] {
        let deployment = Deployment::create().await;
        assert_eq!(
            entered(&deployment, channel, reason, whole).await,
            expected,
            "{channel} {reason}"
        );
    }
}

#[tokio::test]
async fn a_contact_with_a_quarantined_text_is_held_whoever_came_first() {
    let deployment = Deployment::create().await;
    let keyer = &deployment.keyer;
    let operator = &deployment.operator;
    let mut early = person(0);
    early.unreadable = vec!["050 12 garbage".to_owned()];
    operator.import_contacts(keyer, &[early]).await.unwrap();
    let rows = [keyer.raw_key("050  12 GARBAGE "), keyer.raw_key("call me")];
    let quarantine = async || {
        let reason = SuppressionReason::NationalDnc;
        operator.quarantine(&rows, reason, "officer", "list of June").await.unwrap()
    };
    assert_eq!(quarantine().await, 2);
    assert_eq!(quarantine().await, 0, "a list imported twice adds nothing");
    let mut late = person(1);
    late.unreadable = vec!["Call me".to_owned()];
    operator.import_contacts(keyer, &[late, person(2)]).await.unwrap();
    let people = deployment.people(3).await;
    for (n, person) in people.iter().enumerate() {
        let held = operator.entries(&[person_key(keyer, *person)]).await.unwrap();
        assert_eq!(held.len(), usize::from(n < 2), "person {n}");
    }
}
