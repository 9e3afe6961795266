//! What every answer of the API has in common.

use domain::access::UserRole;

use crate::world::World;

#[tokio::test]
async fn a_path_or_method_that_is_not_there_is_a_problem_and_no_page() {
    let world = World::start().await;
    let mut program = world.program(UserRole::ALL).await;
    for (method, path, status, kind) in [
        ("GET", "/nowhere", 404, "not-found"),
        ("GET", "", 404, "not-found"),
        ("GET", "/", 404, "not-found"),
        ("DELETE", "/token", 405, "other-method"),
        ("OPTIONS", "/token", 405, "other-method"),
        ("TRACE", "/token", 405, "other-method"),
    ] {
        let answer = program.ask(method, path, "", "").await;
        assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{path}");
        assert_eq!(answer.json()["type"], format!("urn:touchline:problem:{kind}"));
        assert_eq!(answer.header("allow").is_some(), status == 405, "{method} {path}");
    }
    let outside = world.browser().ask("GET", "/api", "", "").await;
    assert_eq!(outside.header("content-type"), Some("application/problem+json"));
    world.stop().await;
}

#[tokio::test]
async fn a_token_that_asks_too_often_is_told_when_to_come_back() {
    let world = World::with(&[("console.api_requests_per_minute", "2")]).await;
    let (mut one, mut other) =
        (world.program(UserRole::ALL).await, world.program(UserRole::ALL).await);
    let first = one.get("/token").await;
    assert_eq!(first.status, 200);
    assert_eq!(first.header("ratelimit-policy"), Some("\"token\";q=2;w=60"));
    assert!(first.header("ratelimit").unwrap().starts_with("\"token\";r=1;t="), "{first:?}");
    assert_eq!(one.get("/token").await.status, 200);
    let refused = one.get("/token").await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.json()["type"], "urn:touchline:problem:too-many");
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{refused:?}");
    assert_eq!(other.get("/token").await.status, 200, "another token has its own share");
    world.stop().await;
}
