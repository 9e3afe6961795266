//! Tokens of the API, made and revoked in the console.

use domain::access::UserRole;

use crate::world::{Browser, World};

const PATH: &str = "/integrations/tokens";

/// The token a page shows.
fn shown(body: &str) -> String {
    let rest = body.split("<bdi dir=\"ltr\">tl_").nth(1).expect("a token is shown");
    format!("tl_{}", rest.split('<').next().unwrap())
}

async fn knows(browser: &Browser, token: &str) -> u16 {
    let headers = format!("Authorization: Bearer {token}\r\n");
    browser.clone().ask("GET", "/api/v1/token", &headers, "").await.status
}

#[tokio::test]
async fn a_token_is_shown_once_lets_in_and_is_revoked() {
    let world = World::start().await;
    let mut admin = world.as_one_of(&[UserRole::Admin]).await;
    let empty = admin.get(PATH).await;
    assert!(empty.body.contains("There is no token yet"), "{}", empty.body);
    assert!(!empty.body.contains("name=\"enrol\""), "an administrator cannot give what it has not");
    let form =
        [("name", "Website <b>"), ("contacts_read", "on"), ("list_add", "on"), ("term", "30")];
    let made = admin.post(PATH, &form).await;
    assert_eq!(made.status, 200);
    let token = shown(&made.body);
    assert_eq!(token.len(), 46, "{token}");
    let nobody = world.browser();
    assert_eq!(knows(&nobody, &token).await, 200);
    let list = admin.get(PATH).await;
    assert!(!list.body.contains(&token), "it is shown once");
    assert!(list.body.contains(&token[..9]), "{}", list.body);
    assert!(list.body.contains("Website &#60;b&#62;") && list.body.contains("in force"));
    assert!(!list.body.contains("never"), "it was used today: {}", list.body);
    // Nothing in the database but its hash.
    let stored = world.database.api_tokens(10).await.unwrap();
    assert!(!format!("{stored:?}").contains(&token));
    let revoke = format!("{PATH}/{}/revoke", stored[0].id);
    let answer = admin.post(&revoke, &[]).await;
    assert_eq!(answer.location(), "/integrations/tokens?notice=token-revoked");
    assert_eq!(knows(&nobody, &token).await, 401);
    assert_eq!(admin.post(&revoke, &[]).await.status, 404, "it is revoked once");
    let arabic = admin.get(&format!("{PATH}?lang=ar")).await;
    assert!(arabic.body.contains("dir=\"rtl\"") && arabic.body.contains("ملغى"));
    world.stop().await;
}

#[tokio::test]
async fn a_token_needs_a_name_scopes_of_its_maker_and_an_end_within_a_year() {
    let world = World::start().await;
    let mut admin = world.as_one_of(&[UserRole::Admin]).await;
    let long = "x".repeat(101);
    for (form, why) in [
        (vec![("list_add", "on"), ("term", "30")], "Say what the token is for"),
        (vec![("name", long.as_str()), ("list_add", "on"), ("term", "30")], "Say it shorter"),
        (vec![("name", "CRM"), ("term", "30")], "at least one thing"),
        // What an administrator may not do is not there to be ticked.
        (vec![("name", "CRM"), ("enrol", "on"), ("term", "30")], "at least one thing"),
        (vec![("name", "CRM"), ("list_add", "on"), ("term", "3650")], "how long it lasts"),
        (vec![("name", "CRM"), ("list_add", "on")], "how long it lasts"),
    ] {
        let answer = admin.post(PATH, &form).await;
        assert_eq!(answer.status, 422, "{form:?}");
        assert!(answer.body.contains(why), "{form:?}: {}", answer.body);
    }
    assert!(world.database.api_tokens(10).await.unwrap().is_empty());
    world.stop().await;
}
