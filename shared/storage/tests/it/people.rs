//! Importing people.

use storage::contacts::{Imported, NewAgent};
use testkit::fixture::{Deployment, person};

#[tokio::test]
async fn importing_twice_changes_nothing() {
    let deployment = Deployment::create().await;
    let people: Vec<_> = (0..50).map(person).collect();
    let first = deployment.operator.import_contacts(&deployment.keyer, &people).await.unwrap();
    assert!(first.iter().all(|row| matches!(row, Imported::Added(_))));
    let second = deployment.operator.import_contacts(&deployment.keyer, &people).await.unwrap();
    assert!(second.iter().all(|row| matches!(row, Imported::Unchanged(_))));
    assert_eq!(deployment.operator.count_contacts().await.unwrap(), 50);
}

#[tokio::test]
async fn a_person_is_known_by_phone_and_by_email_too() {
    let deployment = Deployment::create().await;
    let keyer = &deployment.keyer;
    deployment.people(1).await;
    let mut by_phone = person(0);
    by_phone.external_id = None;
    by_phone.full_name = "Person Zero".to_owned();
    by_phone.addresses.remove(0);
    by_phone.locale = None;
    let answer = deployment.operator.import_contacts(keyer, &[by_phone.clone()]).await.unwrap();
    assert!(matches!(answer[0], Imported::Updated(_)));
    let found = deployment.operator.find_contacts("Person Z", &[]).await.unwrap();
    assert_eq!(found.len(), 1);
    // What the second row did not say is still there.
    assert_eq!(found[0].addresses.len(), 4);
    assert_eq!(found[0].external_id.as_deref(), Some("p0"));
    // Another external id is another person, even at the same number.
    let mut spouse = by_phone;
    spouse.external_id = Some("p0-spouse".to_owned());
    let answer = deployment.operator.import_contacts(keyer, &[spouse]).await.unwrap();
    assert!(matches!(answer[0], Imported::Added(_)));
}

#[tokio::test]
async fn the_same_person_twice_in_one_batch_is_one_contact() {
    let deployment = Deployment::create().await;
    let twice = [person(1), person(1), person(2)];
    let answer = deployment.operator.import_contacts(&deployment.keyer, &twice).await.unwrap();
    assert!(matches!(answer[..], [Imported::Added(_), Imported::Unchanged(_), Imported::Added(_)]));
}

#[tokio::test]
async fn the_source_is_recorded_once() {
    let deployment = Deployment::create().await;
    deployment.people(1).await;
    let mut again = person(0);
    again.source = "elsewhere".to_owned();
    deployment.operator.import_contacts(&deployment.keyer, &[again]).await.unwrap();
    let found = deployment.operator.find_contacts("p0", &[]).await.unwrap();
    assert_eq!(found[0].source, "test");
}

#[tokio::test]
async fn an_owner_is_found_by_email() {
    let deployment = Deployment::create().await;
    let agent = NewAgent {
        name: "Layla".to_owned(),
        email: "layla@team.example".to_owned(),
        phone: String::new(),
        locale: domain::Locale::Ar,
        time_zone: None,
    };
    deployment.operator.store_agents(&[agent]).await.unwrap();
    let mut owned = person(0);
    owned.owner_email = Some("layla@team.example".to_owned());
    deployment.operator.import_contacts(&deployment.keyer, &[owned]).await.unwrap();
    let found = deployment.operator.find_contacts("p0", &[]).await.unwrap();
    assert_eq!(found[0].owner_name.as_deref(), Some("Layla"));
}
