//! Every route and method of the pages, as everybody: what the table says is what happens. Those of the
//! API are walked with tokens (`walk_api`).

use console::routes::{Needs, Route};
use domain::access::UserRole;

use crate::world::{Browser, World};

/// Text that stands on the page for those who may not.
const FORBIDDEN: &str = "Your roles do not allow it";

/// The path with something put in for what varies: ids that nothing has.
pub fn path(route: &Route) -> String {
    let parts = route.path.split('/').map(|part| match part.starts_with('{') {
        true => "00000000-0000-7000-8000-000000000000",
        false => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

/// The routes of the pages.
fn pages(world: &World) -> Vec<Route> {
    world.serving.routes().iter().copied().filter(|route| !route.is_api()).collect()
}

async fn ask(browser: &mut Browser, route: &Route) -> (u16, String, String) {
    let path = path(route);
    let answer = match route.method {
        "GET" => browser.get(&path).await,
        _ => browser.post(&path, &[]).await,
    };
    let location = answer.location().to_owned();
    (answer.status, location, answer.body)
}

#[tokio::test]
async fn every_route_answers_each_role_as_the_table_says() {
    let world = World::start().await;
    let table = pages(&world);
    assert!(table.len() > 10, "{table:?}");
    for role in UserRole::ALL {
        let user = world.user(&format!("{role}@palm.example"), &[*role]).await;
        for route in &table {
            // A session for each: some routes end it.
            let mut browser = world.signed_in(user).await;
            let (status, location, body) = ask(&mut browser, route).await;
            let is_refused = status == 403 && body.contains(FORBIDDEN);
            let should_be = match route.needs {
                Needs::Nothing | Needs::Session => false,
                Needs::Permission(permission) => !role.grants().contains(&permission),
                Needs::Any(some) => !role.grants().iter().any(|own| some.contains(own)),
                Needs::Token(_) | Needs::AnyToken(_) => unreachable!("{route:?} is a page"),
            };
            assert_eq!(is_refused, should_be, "{role}: {route:?} {status} {body}");
            assert!(status < 500, "{role}: {route:?} {status} {body}");
            let is_sent_away = location.starts_with("/sign-in") && route.path != "/sign-out";
            assert!(!is_sent_away, "{role}: {route:?} leads to {location}");
        }
    }
    world.stop().await;
}

#[tokio::test]
async fn without_a_session_every_route_but_the_way_in_leads_to_signing_in() {
    let world = World::start().await;
    let mut stale = world.browser();
    stale.cookies.push(("touchline-session".to_owned(), "made-up".to_owned()));
    for route in pages(&world) {
        for browser in [world.browser(), stale.clone()] {
            let (status, location, _) = ask(&mut browser.clone(), &route).await;
            let is_sent_away = status == 303 && location.starts_with("/sign-in");
            assert_eq!(is_sent_away, route.needs != Needs::Nothing, "{route:?}: {status}");
        }
    }
    world.stop().await;
}

#[tokio::test]
async fn no_form_of_another_site_changes_anything() {
    let world = World::start().await;
    let user = world.user("amal@palm.example", UserRole::ALL).await;
    let posts: Vec<Route> =
        pages(&world).into_iter().filter(|route| route.method == "POST").collect();
    assert!(!posts.is_empty());
    for route in &posts {
        for headers in [
            "",
            "Origin: https://evil.example\r\n",
            "Origin: null\r\nSec-Fetch-Site: cross-site\r\n",
            "Sec-Fetch-Site: same-site\r\n",
        ] {
            let mut browser = world.signed_in(user).await;
            let answer = browser.ask("POST", &path(route), headers, "").await;
            assert_eq!(answer.status, 403, "{route:?} {headers}");
            assert!(answer.body.contains("nothing was changed"), "{route:?}: {}", answer.body);
        }
    }
    world.stop().await;
}

#[tokio::test]
async fn other_methods_and_other_paths_are_not_there() {
    let world = World::start().await;
    let user = world.user("amal@palm.example", UserRole::ALL).await;
    let mut browser = world.signed_in(user).await;
    for (method, path, status) in [
        ("DELETE", "/users", 405),
        ("PUT", "/account", 405),
        ("GET", "/nowhere", 404),
        ("GET", "/users/../../etc/passwd", 404),
        ("GET", "/assets/console.css", 404),
        ("GET", "/users/not-an-id", 400),
    ] {
        let answer = browser.ask(method, path, "Sec-Fetch-Site: same-origin\r\n", "").await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
    }
    world.stop().await;
}
