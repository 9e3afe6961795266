//! compliance.md V-13, row by row, and EML-09 … EML-11.

use std::time::Duration;

use domain::suppression::{ListAction, Origin, Scope, SuppressionReason};
use domain::{ContactChannel, Locale};
use testkit::fixture::Deployment;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::world::{FORMER_SECRET, World, eventually, key, parse, post_request, send, token};

const FORM: &str = "application/x-www-form-urlencoded";
const ONE_CLICK: &str = "List-Unsubscribe=One-Click";
const MULTIPART: &str = "multipart/form-data; boundary=b1";
const MULTIPART_BODY: &str = "--b1\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b1--\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_post_is_an_opt_out() {
    use SuppressionReason::{OneClick, UnsubscribeLink};
    let world = World::start().await;
    let cookie = "Cookie: session=of-somebody-else\r\n";
    let foreign = "Origin: https://evil.example\r\nAuthorization: Basic eDp5\r\n";
    let link = |n| world.link(n);
    let rows: [(&str, String, &str, &str, &str, SuppressionReason); 14] = [
        ("1 the header's POST", link(0), FORM, ONE_CLICK, "", OneClick),
        ("2 multipart", link(1), MULTIPART, MULTIPART_BODY, "", OneClick),
        ("7 a trailing slash", format!("{}/", link(2)), FORM, ONE_CLICK, "", OneClick),
        ("7 an extra query", format!("{}?utm_source=x", link(3)), FORM, ONE_CLICK, "", OneClick),
        ("7 an uppercase host", link(4), FORM, ONE_CLICK, "X-Forwarded-Host: U.X\r\n", OneClick),
        ("7 a doubled slash", format!("/{}", link(5)), FORM, ONE_CLICK, "", OneClick),
        ("8 a cookie of another", link(6), FORM, ONE_CLICK, cookie, OneClick),
        ("9 another case", link(7), FORM, "List-Unsubscribe=one-click", "", OneClick),
        ("9 all capitals", link(8), FORM, "LIST-UNSUBSCRIBE=ONE-CLICK", "", OneClick),
        ("the page's form", format!("{}?lang=ar", link(9)), FORM, "from=page", "", UnsubscribeLink),
        ("an empty body", link(10), FORM, "", "", UnsubscribeLink),
        ("a body of any kind", link(11), "application/json", "{}", "", UnsubscribeLink),
        ("broken multipart", link(12), MULTIPART, "--b2", "", UnsubscribeLink),
        ("another site's form", link(13), FORM, "", foreign, UnsubscribeLink),
    ];
    for (n, (row, path, kind, body, headers, reason)) in rows.into_iter().enumerate() {
        let request = post_request(&path, kind, body, headers);
        let request = request.replace("Host: u.example", "Host: U.EXAMPLE");
        let answer = send(world.address, &request).await.unwrap();
        assert_eq!(answer.status, 200, "{row}: {answer:?}");
        for nothing in ["location:", "set-cookie:"] {
            assert!(!answer.head.contains(nothing), "{row}: {answer:?}");
        }
        let entries = world.entries(n).await;
        let [entry] = entries.as_slice() else { panic!("{row}: {entries:?}") };
        assert_eq!((entry.reason, entry.origin), (reason, Origin::Recipient), "{row}");
        let covers = (entry.scope, entry.channel, entry.key);
        let expected = (Scope::Channel, Some(ContactChannel::Email), key(&world.deployment, n));
        assert_eq!(covers, expected, "{row}");
    }
    assert_eq!(world.stop().await, 0, "nothing had to wait in the journal");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_opt_out_is_answered_again_and_stays_one_entry() {
    let world = World::start().await;
    for _ in 0..2 {
        assert_eq!(world.post(&world.link(0), ONE_CLICK).await.status, 200);
    }
    assert_eq!(world.reasons(0).await, [SuppressionReason::OneClick]);
    let history =
        world.deployment.operator.list_history(&[key(&world.deployment, 0)]).await.unwrap();
    let asked = history.iter().filter(|event| event.action == ListAction::Suppress);
    assert_eq!(asked.count(), 2, "each request is an event");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opt_out_after_a_lift_counts_again() {
    let world = World::start().await;
    world.post(&world.link(0), ONE_CLICK).await;
    let target = storage::suppressions::Target::Address {
        key: key(&world.deployment, 0),
        channel: ContactChannel::Email,
        domain: None,
    };
    let lifting = storage::suppressions::Lifting {
        target,
        actor: "officer".to_owned(),
        reason: "asked for mail".to_owned(),
        evidence: "ticket 1".to_owned(),
        approve: false,
    };
    let compliance = world.deployment.connect(storage::Role::Compliance);
    assert_eq!(compliance.lift(&lifting).await.unwrap().lifted, 1);
    world.post(&world.link(0), "").await;
    assert_eq!(world.reasons(0).await, [SuppressionReason::UnsubscribeLink]);
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_never_changes_anything() {
    let world = World::start().await;
    let link = world.link(0);
    let rows = [
        ("GET", "User-Agent: Mozilla/5.0\r\n", 200),
        ("GET", "Purpose: prefetch\r\nSec-Purpose: prefetch\r\n", 200),
        ("HEAD", "", 200),
        ("OPTIONS", "Origin: https://evil.example\r\n", 204),
        ("PUT", "", 405),
        ("DELETE", "", 405),
        ("PATCH", "X-HTTP-Method-Override: POST\r\n", 405),
        ("GET", "X-HTTP-Method-Override: POST\r\n", 200),
    ];
    for (method, headers, status) in rows {
        let query = format!("{link}?List-Unsubscribe=One-Click");
        let answer = world.ask(method, &query, headers).await;
        assert_eq!(answer.status, status, "{method} {headers}");
        assert_eq!(answer.body.is_empty(), method != "GET", "{method} {headers}");
    }
    let scanners = [
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 BingPreview/1.0b",
        "Barracuda Sentinel (EE)",
        "Mozilla/5.0 (compatible; ProofpointURLDefense)",
        "GoogleImageProxy",
        "YahooMailProxy; https://help.yahoo.com",
        "Outlook-iOS/2.0",
        "Mimecast URL Protect",
        "",
    ];
    for round in 0..1000 {
        let method = if round % 2 == 0 { "GET" } else { "HEAD" };
        let agent = format!("User-Agent: {}\r\n", scanners[round % scanners.len()]);
        assert_eq!(world.ask(method, &link, &agent).await.status, 200);
    }
    assert!(world.entries(0).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn links_of_any_age_and_of_erased_people_work() {
    let world = World::start().await;
    // Nobody was ever imported here: the address behind the token belongs to no contact.
    let former = format!("/u/{}", token(&world.deployment, 0, FORMER_SECRET));
    assert_eq!(world.post(&former, ONE_CLICK).await.status, 200);
    assert_eq!(world.entries(0).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn long_slow_and_broken_off_bodies_are_opt_outs_all_the_same() {
    let world = World::start().await;
    let long = format!("{ONE_CLICK}&x={}", "x".repeat(2_000_000));
    assert_eq!(world.post(&world.link(0), &long).await.status, 200);
    assert_eq!(world.reasons(0).await, [SuppressionReason::OneClick]);

    let begun = |n| {
        let request = post_request(&world.link(n), FORM, ONE_CLICK, "");
        request.strip_suffix(ONE_CLICK).unwrap().to_owned() + "List-"
    };
    let mut slow = TcpStream::connect(world.address).await.unwrap();
    slow.write_all(begun(1).as_bytes()).await.unwrap();
    let mut gone = TcpStream::connect(world.address).await.unwrap();
    gone.write_all(begun(2).as_bytes()).await.unwrap();
    gone.shutdown().await.unwrap();
    let mut bytes = Vec::new();
    let answered = tokio::time::timeout(Duration::from_secs(30), slow.read_to_end(&mut bytes));
    answered.await.unwrap().unwrap();
    assert_eq!(parse(&bytes).unwrap().status, 200);
    assert_eq!(world.entries(1).await.len(), 1);
    eventually("the opt-out of who hung up is in force", async || {
        world.entries(2).await.len() == 1
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_that_writes_arabic_has_arabic_pages_for_browsers_without_preference() {
    let deployment = Deployment::create().await;
    let url = deployment.url().to_owned();
    let further = [("team.default_locale", Locale::Ar.as_str())];
    let world = World::with_database(deployment, &url, &further).await;
    let page = world.ask("GET", &world.link(0), "").await;
    assert!(page.body.contains("<html lang=\"ar\" dir=\"rtl\">"), "{page:?}");
}
