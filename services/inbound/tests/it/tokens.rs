//! Bad tokens: one answer, byte for byte (compliance.md V-9, SEC-01, SEC-03, EML-13).

use domain::token::{Purpose, TokenKeys};

use crate::world::{TOKEN_SECRET, World, token};

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_token_gets_the_same_answer() {
    let world = World::start().await;
    let deployment = &world.deployment;
    let good = token(deployment, 0, TOKEN_SECRET);
    let other = token(deployment, 1, TOKEN_SECRET);
    let (payload, mac) = good.split_once('.').unwrap();
    let (other_payload, other_mac) = other.split_once('.').unwrap();
    let click = TokenKeys::new("k1", TOKEN_SECRET.as_bytes()).sign(Purpose::Click, "{}");
    let bad = vec![
        String::new(),
        ".".to_owned(),
        payload.to_owned(),
        format!("{payload}."),
        format!("{payload}.{other_mac}"),
        format!("{other_payload}.{mac}"),
        format!("{good}{good}"),
        good[..good.len() - 1].to_owned(),
        "%FF%FE".to_owned(),
        "alice@example.com".to_owned(),
        "x".repeat(4000),
        token(deployment, 0, "a secret nobody signs with"),
        token(deployment, 0, ""),
        TokenKeys::new("k1", TOKEN_SECRET.as_bytes()).sign(Purpose::Unsubscribe, "{\"v\":2}"),
        click,
    ];
    let expected = world.post("/u/unknown", "List-Unsubscribe=One-Click").await;
    assert_eq!(expected.status, 400);
    let expected_look = world.ask("GET", "/u/unknown", "").await;
    assert_eq!(expected_look, expected, "looking tells as little as posting");
    for token in bad {
        let path = format!("/u/{token}");
        let answer = world.post(&path, "List-Unsubscribe=One-Click").await;
        assert_eq!(answer, expected, "POST {path}");
        assert_eq!(world.ask("GET", &path, "").await, expected, "GET {path}");
        let arabic = world.ask("GET", &path, "Accept-Language: ar\r\nCookie: a=b\r\n").await;
        assert_eq!(arabic, expected, "GET {path} in Arabic");
    }
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut bytes = good.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            let path: String = bytes.iter().map(|byte| format!("%{byte:02X}")).collect();
            let answer = world.post(&format!("/u/{path}"), "List-Unsubscribe=One-Click").await;
            assert_eq!(answer, expected, "bit {bit} of byte {at} is changed");
        }
    }
    assert!(world.entries(0).await.is_empty() && world.entries(1).await.is_empty());
    assert_eq!(world.ask("GET", "/elsewhere", "").await.status, 404);
}
