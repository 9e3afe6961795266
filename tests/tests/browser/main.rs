//! The console in a real Chromium: what people see and do, in both languages, on a desk and a phone.
//!
//! Scenarios are scripts in `tests/browser/scenarios`, played by playwright; the test starts the
//! program they look at. `TOUCHLINE_TEST_WITHOUT=chromium` leaves them out.
#![allow(clippy::unwrap_used)]

mod facts;
mod rig;
mod work;

use domain::Locale;
use domain::access::UserRole;
use mail_parser::MessageParser;
use rig::{Fleet, play, play_with};
use serde_json::json;

/// Routes that are no pages to be looked at, beside those for programs: files, downloads, frames, and
/// what needs no visitor.
const NO_PAGES: &[&str] = &[
    "/assets/{name}",
    "/welcome/{token}",
    "/sign-in/provider",
    "/sign-in/back",
    "/calendar/{file}",
    "/templates/{key}/page",
    "/images/file/{name}",
    "/list/files/{file}/result",
];

/// Pages that only a form leads to, or only some of their kind.
const ALSO: &[&str] = &["/find?q=layla", "/list/lifts", "/templates/nl_d1_welcome/tests"];

/// A demonstration sends to nobody who could refuse or fall silent; so what such relays leave on the desk
/// is written behind its back.
const TROUBLES: &str = "
    UPDATE touches t SET doubts = t.doubts, state = s.state::touch_state, reason = s.reason
      FROM (SELECT id, due_month, row_number() OVER (ORDER BY id) AS n FROM touches
             WHERE state = 'sent' AND channel = 'email' ORDER BY id LIMIT 5) p
      JOIN (VALUES (1, 'failed', 'refused: 550 5.1.1 no such user'),
                   (2, 'failed', 'refused: 554 5.7.1 your address is listed'),
                   (3, 'failed', 'refused: 554 5.7.1 your address is listed'),
                   (4, 'unknown', 'lease_expired'), (5, 'held', 'plan_not_active')) AS s (n, state, reason)
        ON s.n = p.n
     WHERE t.id = p.id AND t.due_month = p.due_month";

/// An image somebody has uploaded: the sea, and a beach.
const IMAGE: &str = "
    WITH content AS (SELECT decode('89504e470d0a1a0a0000000d49484452000000600000004008020000006a56e559000000724944415478daedd0410900200c00c0fd0d688895b38e0d8cb1068381cf834b70b172d3080582040912244890204108122448902041820421489020418204091284204182040912244890200409122448902041821034087af7d0102448902041820409128420418204091224481082047d5366b387d2eff21ce80000000049454e44ae426082', 'hex') AS c),
    kept AS (
        INSERT INTO images (id, sha256, kind, width, height, bytes, name, alt_en, actor)
        SELECT uuid_v7(), sha256(c), 'png', 96, 64, octet_length(c), 'Beach', 'The sea, and a beach', 'test'
          FROM content RETURNING id)
    INSERT INTO image_contents (image_id, content) SELECT id, c FROM kept, content";

#[tokio::test]
async fn every_page_is_sound_in_both_languages_at_every_width() {
    let Some(fleet) = Fleet::demonstration_with_gateway().await else { return };
    let sent = "SELECT least(count(*), 5) FROM touches WHERE state = 'sent' AND channel = 'email'";
    fleet.becomes(sent, 5).await;
    fleet.write(TROUBLES).await;
    fleet.write(IMAGE).await;
    let routes = rig::pages().await;
    let pictures = rig::pictures();
    let job = json!({ "link": fleet.link(), "edge": fleet.edge(), "secret": rig::SECRET,
                      "routes": routes, "leave": NO_PAGES, "also": ALSO, "pictures": pictures });
    let answer = async |asked: serde_json::Value| {
        let query = asked["becomes"].as_str().unwrap();
        fleet.becomes(query, asked["wanted"].as_i64().unwrap()).await;
        serde_json::Value::Null
    };
    play_with("sound", &job, answer).await;
    let visited = std::fs::read_to_string(pictures.join("visited.json")).unwrap();
    let visited: Vec<String> = serde_json::from_str(&visited).unwrap();
    let is_left = |route: &&String| {
        !visited.contains(route)
            && !route.starts_with("/api/")
            && !NO_PAGES.contains(&route.as_str())
    };
    let unseen: Vec<&String> = routes.iter().filter(is_left).collect();
    assert!(unseen.is_empty(), "no link leads to {unseen:?}; pictures are in {pictures:?}");
    fleet.stop().await;
}

#[tokio::test]
async fn a_first_start_leads_from_the_printed_link_to_emails_that_left() {
    let Some(fleet) = Fleet::hurried().await else { return };
    let answer = async |asked: serde_json::Value| {
        let to = asked["email"].as_str().unwrap();
        serde_json::Value::from(fleet.emails_with(to, 1).await.len())
    };
    play_with("first_start", &json!({ "link": fleet.link() }), answer).await;
    fleet.stop().await;
}

#[tokio::test]
async fn a_sample_team_is_one_click_away_and_gone_by_another() {
    let Some(fleet) = Fleet::hurried().await else { return };
    let job = json!({ "link": fleet.link(), "pictures": rig::pictures_of("sample") });
    play("sample", &job).await;
    fleet.stop().await;
}

#[tokio::test]
async fn what_a_marketer_approves_is_what_leaves() {
    let Some(fleet) = Fleet::hurried().await else { return };
    let people = "name,email,country,source,language
Sara Haddad,sara@example.com,AE,fair,en
Omar Nasser,omar@example.com,AE,fair,en
ليلى قاسم,layla@example.com,AE,fair,ar
";
    fleet.import(people).await;
    let words = "A lantern for";
    // Of each channel of the plan, as the page lists them: three emails and a call for each.
    let job = json!({ "link": fleet.link(), "words": words, "counts": ["9", "3"],
                      "block": "Lanternlight", "arabic": "ضوء الفانوس",
                      "pictures": rig::pictures_of("marketer") });
    play("marketer", &job).await;
    let emails = fleet.emails_with(words, 2).await;
    let visual = emails.iter().all(|email| email.contains(">Lanternlight</h2>"));
    assert!(visual, "what was edited in blocks has left: {emails:?}");
    assert!(emails.iter().any(|email| email.contains("A lantern for Sara")), "{emails:?}");
    let pages = fleet.emails_with("layla@example.com", 1).await.into_iter().map(|email| {
        let parsed = MessageParser::new().parse(email.as_bytes()).expect("it is an email");
        parsed.body_html(0).map(|page| page.into_owned()).unwrap_or_default()
    });
    let pages: Vec<String> = pages.collect();
    assert!(pages.iter().any(|page| page.contains(">ضوء الفانوس</h2>")), "{pages:?}");
    fleet.stop().await;
}

#[tokio::test]
async fn an_officer_stops_somebody_and_two_lift_it_again() {
    let Some(fleet) = Fleet::demonstration().await else { return };
    let mut pairs = Vec::new();
    for (locale, names, address, spelled) in [
        (Locale::En, ["Lina Khoury", "Omar Aziz"], "+971 50 000 00 20", "0500000020"),
        // Arabic digits, without the country code.
        (Locale::Ar, ["سالم الحربي", "عمر عزيز"], "+971 50 000 00 21", "٠٥٠ ٠٠٠ ٠٠٢١"),
    ] {
        let first = fleet.somebody(names[0], UserRole::Compliance, locale).await;
        let email = format!("second.{locale}@palm.example");
        let second = fleet.user(&email, names[1], UserRole::Compliance, locale).await;
        let pair = json!({ "first": first, "second": second, "address": address,
                           "spelled": spelled });
        pairs.push(pair);
    }
    play("officers", &json!({ "pairs": pairs })).await;
    let lifted = "SELECT count(*) FROM suppression_events WHERE action = 'lift'
                     AND actor IN ('second.en@palm.example', 'second.ar@palm.example')";
    assert_eq!(fleet.count(lifted).await, 2, "each by the second officer");
    fleet.stop().await;
}

#[tokio::test]
async fn somebody_signs_in_through_a_real_identity_provider() {
    let Some((fleet, _provider)) = Fleet::beside_provider().await else { return };
    play("provider", &json!({ "link": fleet.link() })).await;
    fleet.stop().await;
}
