//! Every route that changes something is safe in a way that is said, and what asks first asks.

use std::collections::BTreeSet;

use console::safety::{CHANGES, Safety};
use domain::access::UserRole;

use crate::world::World;

#[tokio::test]
async fn every_route_that_changes_something_says_how_it_is_safe() {
    let world = World::start().await;
    let routes = world.serving.routes();
    let changes = routes.iter().filter(|route| route.method != "GET");
    let changes: BTreeSet<_> = changes.map(|route| (route.method, route.path)).collect();
    let said: BTreeSet<_> = CHANGES.iter().map(|(method, path, ..)| (*method, *path)).collect();
    assert_eq!(said.len(), CHANGES.len(), "a route stands twice");
    let unsaid: Vec<_> = changes.difference(&said).collect();
    assert!(unsaid.is_empty(), "say in console::safety how these are safe: {unsaid:?}");
    let gone: Vec<_> = said.difference(&changes).collect();
    assert!(gone.is_empty(), "there are no such routes: {gone:?}");
    for (_, path, safety, why) in CHANGES {
        assert!(!why.is_empty(), "{path}");
        if let Safety::Undo(place) = safety {
            assert!(routes.iter().any(|route| route.path == *place), "{path}: {place}");
        }
    }
    world.stop().await;
}

#[tokio::test]
async fn a_whole_domain_is_put_on_the_list_once_the_number_of_its_addresses_was_shown() {
    let world = World::start().await;
    world.deployment.people(3).await;
    let mut officer = world.as_one_of(&[UserRole::Compliance]).await;
    let mut fields = vec![("address", "@Example.com"), ("reason", "staff_entry")];
    let asked = officer.post("/list/add", &fields).await;
    assert_eq!(asked.status, 200, "{}", asked.body);
    assert!(asked.body.contains("3 addresses we know are covered"), "{}", asked.body);
    assert!(asked.body.contains("name=\"address\" value=\"@Example.com\""), "{}", asked.body);
    let listed = officer.get("/list?q=p0%40example.com").await.body;
    assert!(!listed.contains("On the list. Stopped"), "{listed}");
    fields.push(("confirmed", "on"));
    officer.post("/list/add", &fields).await;
    let listed = officer.get("/list?q=p0%40example.com").await.body;
    assert!(listed.contains("On the list. Stopped"), "{listed}");
    world.stop().await;
}
