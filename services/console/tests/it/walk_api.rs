//! Every route and method of the API, with every kind of token: what the table says is what happens.

use std::time::Duration;

use console::routes::{Needs, Route};
use domain::access::{Permission, UserRole, may};

use crate::walk::path;
use crate::world::{Answer, Browser, World};

/// The routes of the API.
fn api(world: &World) -> Vec<Route> {
    let routes: Vec<Route> = world.serving.routes().iter().copied().filter(Route::is_api).collect();
    assert!(routes.len() > 1, "{routes:?}");
    routes
}

/// What a route asks for, any of them being enough; nothing for a route that asks for no token.
fn scopes(route: &Route) -> Option<&'static [Permission]> {
    match route.needs {
        Needs::Nothing => None,
        Needs::Token(one) => Permission::ALL
            .iter()
            .position(|other| *other == one)
            .map(|at| &Permission::ALL[at..=at]),
        Needs::AnyToken(some) => Some(some),
        Needs::Session | Needs::Permission(_) | Needs::Any(_) => panic!("{route:?} is no page"),
    }
}

async fn ask(browser: &Browser, route: &Route, headers: &str) -> Answer {
    let body = if route.method == "GET" { "" } else { "{}" };
    let kind = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
    let headers = format!("{headers}{kind}");
    browser.clone().ask(route.method, &path(route), &headers, body).await
}

async fn with(browser: &Browser, route: &Route, token: &str) -> Answer {
    ask(browser, route, &format!("Authorization: Bearer {token}\r\n")).await
}

/// What every answer of the API has, whatever it says.
fn is_of_the_api(answer: &Answer, route: &Route) {
    let kind = answer.header("content-type");
    let expected =
        if answer.status < 400 { "application/json" } else { "application/problem+json" };
    if answer.status != 204 {
        assert_eq!(kind, Some(expected), "{route:?}: {answer:?}");
    }
    assert!(answer.status < 500, "{route:?}: {answer:?}");
    assert!(answer.header("x-request-id").is_some(), "{route:?}: {answer:?}");
    assert_eq!(answer.header("set-cookie"), None, "{route:?}");
    assert_eq!(answer.header("access-control-allow-origin"), None, "{route:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{route:?}");
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{route:?}");
    if answer.status >= 400 {
        let problem = answer.json();
        assert_eq!(problem["status"], answer.status, "{route:?}: {problem}");
        let kind = problem["type"].as_str().unwrap();
        assert!(kind.starts_with("urn:touchline:problem:"), "{route:?}: {problem}");
        let id = answer.header("x-request-id").unwrap();
        assert_eq!(problem["instance"], format!("urn:uuid:{id}"), "{route:?}");
    }
}

#[tokio::test]
async fn without_a_token_in_force_no_route_of_the_api_is_open() {
    let world = World::with(&[("console.api_requests_per_minute", "100000")]).await;
    let user = world.user("amal@palm.example", UserRole::ALL).await;
    let (revoked, id) = world.token_for(user, Permission::ALL, Duration::from_secs(3600)).await;
    assert!(world.database.revoke_api_token(id, "test").await.unwrap());
    let (expired, _) = world.token_for(user, Permission::ALL, Duration::ZERO).await;
    let disabled = world.user("gone@palm.example", UserRole::ALL).await;
    let of_disabled = world.token(disabled, Permission::ALL).await;
    let change = storage::users::UserChange {
        full_name: "Gone".to_owned(),
        roles: UserRole::ALL.to_vec(),
        locale: domain::Locale::En,
        disabled: true,
    };
    assert!(world.database.change_user(disabled, &change, "test").await.unwrap());
    let in_force = world.token(user, Permission::ALL).await;
    // A session opens no route of the API, and a token in a cookie is none.
    let mut with_cookies = world.signed_in(user).await;
    with_cookies.cookies.push(("token".to_owned(), in_force.clone()));
    let made_up = format!("tl_{:0<43}", "made-up");
    let nobody = world.browser();
    for route in api(&world) {
        let mut answers = vec![
            ask(&nobody, &route, "").await,
            ask(&with_cookies, &route, "Sec-Fetch-Site: same-origin\r\n").await,
            ask(&nobody, &route, "Authorization: Basic YTpi\r\n").await,
        ];
        for token in ["", "tl_", &made_up, &revoked, &expired, &of_disabled] {
            answers.push(with(&nobody, &route, token).await);
        }
        for answer in answers {
            is_of_the_api(&answer, &route);
            assert_eq!(answer.status == 401, scopes(&route).is_some(), "{route:?}: {answer:?}");
            if answer.status == 401 {
                let asked = answer.header("www-authenticate").unwrap();
                assert!(asked.starts_with("Bearer"), "{asked}");
            }
        }
        let answer = with(&nobody, &route, &in_force).await;
        is_of_the_api(&answer, &route);
        assert!(![401, 403].contains(&answer.status), "{route:?}: {answer:?}");
    }
    world.stop().await;
}

#[tokio::test]
async fn a_token_may_what_its_scopes_say_and_its_user_may_now() {
    let world = World::with(&[("console.api_requests_per_minute", "100000")]).await;
    let nobody = world.browser();
    for role in UserRole::ALL {
        let user = world.user(&format!("{role}@palm.example"), &[*role]).await;
        let all = world.token(user, Permission::ALL).await;
        let everybody = world.user(&format!("all-{role}@palm.example"), UserRole::ALL).await;
        // The roles of the one, as scopes of the other, who may everything.
        let narrow = world.token(everybody, role.grants()).await;
        for route in api(&world) {
            let Some(scopes) = scopes(&route) else { continue };
            let is_open = scopes.is_empty() || scopes.iter().any(|one| may(&[*role], *one));
            for token in [&all, &narrow] {
                let answer = with(&nobody, &route, token).await;
                is_of_the_api(&answer, &route);
                assert_eq!(answer.status != 403, is_open, "{role}: {route:?}: {answer:?}");
            }
        }
    }
    world.stop().await;
}

#[tokio::test]
async fn a_token_loses_what_its_user_loses() {
    let world = World::start().await;
    let user = world.user("amal@palm.example", &[UserRole::Admin, UserRole::Marketer]).await;
    let token = world.token(user, &[Permission::Enrol, Permission::ContactsRead]).await;
    let headers = format!("Authorization: Bearer {token}\r\n");
    let scopes = async || {
        let answer = world.browser().ask("GET", "/api/v1/token", &headers, "").await;
        answer.json()["scopes"].clone()
    };
    assert_eq!(scopes().await, serde_json::json!(["contacts_read", "enrol"]));
    let change = storage::users::UserChange {
        full_name: "Amal".to_owned(),
        roles: vec![UserRole::Admin],
        locale: domain::Locale::En,
        disabled: false,
    };
    assert!(world.database.change_user(user, &change, "test").await.unwrap());
    assert_eq!(scopes().await, serde_json::json!(["contacts_read"]));
    world.stop().await;
}
#[tokio::test]
async fn tokens_can_be_given_what_some_route_asks_for_and_nothing_else() {
    let world = World::start().await;
    let mut asked: Vec<Permission> =
        api(&world).iter().filter_map(scopes).flatten().copied().collect();
    asked.sort_unstable();
    asked.dedup();
    let mut admin = world.as_one_of(UserRole::ALL).await;
    let page = admin.get("/integrations/tokens").await.body;
    let offered = |one: &Permission| page.contains(&format!("name=\"{one}\""));
    let mut offered: Vec<Permission> =
        Permission::ALL.iter().copied().filter(|one| offered(one)).collect();
    offered.sort_unstable();
    // What only widens what a route shows: whose contacts and tasks.
    asked.extend([Permission::ContactsReadAll]);
    asked.sort_unstable();
    assert_eq!(offered, asked);
    world.stop().await;
}
