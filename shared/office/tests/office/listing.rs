//! The list, and looking somebody up.

use std::time::Duration;

use domain::Locale;
use domain::suppression::{Origin, Scope, SuppressionReason};
use office::Connection;
use office::addresses::Named;
use office::people::{self, Unfound};
use office::suppression::{self, Asked, NewEntry, NewLift, Refused};
use storage::Role;
use testkit::fixture::Deployment;

use super::{connection, sendable};

fn asked(address: &str) -> Asked {
    let (address, region) = (address.to_owned(), "AE".to_owned());
    Asked { address, channel: None, scope: None, topic: None, region }
}

fn entry(asked: Asked) -> NewEntry {
    NewEntry {
        asked,
        reason: SuppressionReason::VoiceRequest,
        origin: Origin::Recipient,
        actor: "Amal".to_owned(),
        evidence: Some("ticket 7".to_owned()),
        patience: Duration::from_secs(5),
    }
}

fn lift(asked: Asked, actor: &str, approve: bool) -> NewLift {
    let (reason, evidence) = ("a slip".to_owned(), "ticket 8".to_owned());
    NewLift { asked, actor: actor.to_owned(), reason, evidence, approve }
}

#[tokio::test]
async fn any_spelling_is_listed_looked_up_and_lifted_by_two_people() {
    let deployment = Deployment::create().await;
    let operator = connection(&deployment);
    let new = entry(asked("٠٥٠ ١٢٣ ٤٥٦٧"));
    let added = sendable(suppression::add(&new, &operator)).await.unwrap();
    assert_eq!(added.status(), "clear");
    let named = Named::parse("+971 50 123 4567", None, "AE").unwrap();
    let checked = suppression::check(&named, &operator).await.unwrap();
    assert!(checked.entries.iter().any(|entry| entry.event == added.event), "{checked:?}");

    let officer = Connection { database: deployment.connect(Role::Compliance), ..operator.clone() };
    let number = || asked("0501234567");
    let alone = suppression::lift(&lift(number(), "Amal", true), &officer).await.unwrap_err();
    assert!(matches!(alone, Refused::NotRequested(_)), "{alone}");
    let request = suppression::lift(&lift(number(), "Amal", false), &officer).await.unwrap();
    assert_eq!((request.lifted, request.requested > 0), (0, true));
    let done = suppression::lift(&lift(number(), "Badr", true), &officer).await.unwrap();
    assert!(done.lifted > 0, "{done:?}");
    assert!(!suppression::check(&named, &operator).await.unwrap().suppressed);
}

#[tokio::test]
async fn what_cannot_be_is_refused_in_both_languages() {
    let deployment = Deployment::create().await;
    let operator = connection(&deployment);
    let whole_person = Asked { scope: Some(Scope::Person), ..asked("nobody.known@example.com") };
    for (asked, english) in [
        (asked("nobody"), "cannot be used"),
        (whole_person, "no contact has this address"),
        (Asked { scope: Some(Scope::Person), ..asked("@example.com") }, "does not fit"),
    ] {
        let why = suppression::add(&entry(asked), &operator).await.unwrap_err();
        assert!(why.in_words(Locale::En).unwrap().contains(english), "{why}");
        let arabic = why.in_words(Locale::Ar).unwrap();
        assert!(!arabic.is_empty() && !arabic.contains(english), "{arabic}");
    }
}

#[tokio::test]
async fn a_name_of_two_people_names_neither() {
    let deployment = Deployment::create().await;
    let people = deployment.people(2).await;
    let operator = connection(&deployment);
    let several = people::one("Person", "AE", &operator).await.unwrap_err();
    assert!(matches!(several, Unfound::Several(2)), "{several}");
    let contact = sendable(people::one(" P0@Example.com ", "AE", &operator)).await.unwrap();
    assert_eq!(contact.id, people[0]);
    let card = people::card(contact, &operator).await.unwrap();
    assert!(card.addresses.iter().all(|address| address.suppressed.is_empty()));
}
