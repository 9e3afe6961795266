//! What people see (compliance.md EML-04, EML-10, EML-26, SEC-06).

use domain::TestSendId;
use domain::token::{TestToken, TokenKeys, UnsubscribeToken};

use crate::world::{TOKEN_SECRET, World, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_there_in_both_languages_and_leads_to_an_opt_out() {
    let world = World::start().await;
    for (n, asked, headers, heading, button, done) in [
        (0, "", "", "Stop emails from <bdi>Palm Realty</bdi>?", "Stop emails", "unsubscribed"),
        (
            1,
            "",
            "Accept-Language: ar-AE,ar;q=0.9,en;q=0.5\r\n",
            "إيقاف رسائل البريد الإلكتروني من <bdi>Palm Realty</bdi>؟",
            "إيقاف رسائل البريد الإلكتروني",
            "تم إلغاء اشتراكك",
        ),
        (2, "?lang=ar", "Accept-Language: en\r\n", "<h1>إيقاف", "إيقاف", "تم إلغاء"),
        (3, "?lang=en", "Accept-Language: ar\r\n", "<h1>Stop", "Stop", "<h1>You are"),
    ] {
        let page = world.ask("GET", &format!("{}{asked}", world.link(n)), headers).await;
        assert_eq!(page.status, 200);
        assert!(page.body.contains(heading) && page.body.contains(button), "{page:?}");
        // The form, sent as a browser sends it.
        let (_, action) = page.body.split_once("action=\"").unwrap();
        let path = format!("{}{}", world.link(n), action.split('"').next().unwrap());
        let answer = world.post(&path, "from=page").await;
        assert_eq!(answer.status, 200);
        assert!(answer.body.contains(done), "{answer:?}");
        assert_eq!(world.entries(n).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_keeps_its_token_to_itself() {
    let world = World::start().await;
    let answers = [
        ("question", world.ask("GET", &world.link(0), "").await),
        ("done", world.post(&world.link(0), "").await),
        ("bad link", world.ask("GET", "/u/x", "").await),
    ];
    for (what, answer) in answers {
        for line in [
            "content-type: text/html; charset=utf-8",
            "cache-control: no-store",
            "referrer-policy: no-referrer",
            "x-robots-tag: noindex, nofollow",
            "x-content-type-options: nosniff",
            "x-frame-options: deny",
            "content-security-policy: default-src 'none'; style-src 'sha256-",
        ] {
            assert!(answer.head.contains(line), "{what} lacks {line}: {}", answer.head);
        }
        for nothing in ["set-cookie", "unsafe-inline", "script-src", "access-control"] {
            assert!(!answer.head.contains(nothing), "{what} has {nothing}: {}", answer.head);
        }
        for nothing in ["<script", "<img", "<link", "http:", "https:", "/u/"] {
            assert!(!answer.body.contains(nothing), "{what} has {nothing}: {}", answer.body);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_are_answered_where_no_other_server_does() {
    let world = World::start().await;
    assert_eq!(world.ask("GET", "/health/live", "").await.body, "live\n");
    assert_eq!(world.ask("GET", "/health/ready", "").await.body, "ready\n");
    assert_eq!(world.ask("GET", "/robots.txt", "").await.body, "User-agent: *\nDisallow: /\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_seen_among_the_fleet_until_it_stops() {
    let world = World::start().await;
    let operator = world.deployment.connect(storage::Role::Operator);
    eventually("it reports itself", async || {
        let members = operator.members().await.unwrap();
        members.iter().any(|member| member.service == "inbound" && !member.lost)
    })
    .await;
    let (_deployment, _journal) = world.stop_keeping().await;
    eventually("it leaves with a word", async || operator.members().await.unwrap().is_empty())
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_links_of_a_test_say_so_and_list_nobody() {
    let world = World::start().await;
    let keys = TokenKeys::new("k1", TOKEN_SECRET.as_bytes());
    let token = TestToken(TestSendId::new()).encode(&keys);
    for door in ["u", "p"] {
        let page = world.ask("GET", &format!("/{door}/{token}?lang=en"), "").await;
        assert_eq!(page.status, 200, "{page:?}");
        assert!(page.body.contains("This was a test") && page.body.contains("كانت هذه تجربة"));
        assert!(!page.body.contains("<form"), "there is nothing to press: {}", page.body);
    }
    // What a mail program posts, and what somebody would post to the other page.
    let clicked = world.post(&format!("/u/{token}"), "List-Unsubscribe=One-Click").await;
    assert_eq!(clicked.status, 200);
    assert!(clicked.body.contains("This was a test"), "{clicked:?}");
    let chosen = world.post("/p/", &format!("token={token}&do=everything")).await;
    assert_eq!(chosen.status, 400, "no form of ours says that");
    assert!(world.deployment.operator.newest_entries(9).await.unwrap().is_empty());
    // Another purpose, another token: it serves for nothing else.
    UnsubscribeToken::decode(&keys, &token).unwrap_err();
}
