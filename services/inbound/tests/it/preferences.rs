//! The preference page: what it stops, what it takes back, what it leaves alone (compliance.md EML-04,
//! EML-06, EML-10, EML-13, EML-26, EML-27, PRV-24, SEC-02 … SEC-06).

use domain::suppression::{Origin, Scope, SuppressionReason, Topic};
use domain::{AddressKey, AddressKind, Channel, ContactChannel};
use storage::suppressions::Entry;
use testkit::fixture::{Deployment, plan};

use crate::proxy::{Proxy, Way};
use crate::world::{
    Answer, TOKEN_SECRET, World, eventually, files, key, post_request, send, token,
};

/// Two people, and plans about two topics.
async fn deployment() -> Deployment {
    let deployment = Deployment::create().await;
    for (name, topic) in [("news", "general"), ("homes", "listings"), ("open-doors", "open_houses")]
    {
        let mut plan = plan(name, &[(1, Channel::Email)]);
        plan.topic = topic.parse().unwrap();
        deployment.store_plan(&plan).await;
    }
    deployment.people(2).await;
    deployment
}

async fn world() -> World {
    let deployment = deployment().await;
    let url = deployment.url().to_owned();
    World::with_database(deployment, &url, &[("team.privacy_url", "https://palm.example/privacy")])
        .await
}

fn token_of(world: &World, n: usize) -> String {
    token(&world.deployment, n, TOKEN_SECRET)
}

fn phone(world: &World, n: usize) -> AddressKey {
    world.deployment.keyer.key(AddressKind::Phone, &format!("+97150{n:07}"))
}

async fn page(world: &World, token: &str, query: &str) -> String {
    let answer = world.ask("GET", &format!("/p/{token}{query}"), "").await;
    assert_eq!(answer.status, 200);
    answer.body
}

/// Sends the page's form.
async fn choose(world: &World, token: &str, fields: &str) -> Answer {
    world.post("/p/?lang=en", &format!("token={token}&{fields}")).await
}

async fn entries_of(world: &World, key: AddressKey) -> Vec<Entry> {
    world.deployment.operator.entries(&[key]).await.unwrap()
}

/// How many entries are on the list, of anybody.
async fn all_entries(world: &World) -> usize {
    let mut keys = Vec::new();
    for n in 0..2 {
        keys.extend([key(&world.deployment, n), phone(world, n)]);
    }
    let operator = &world.deployment.operator;
    let people = operator.people_with(&keys).await.unwrap();
    keys.extend(people.into_iter().map(|(_, person)| person));
    operator.entries(&keys).await.unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_is_stopped_and_nothing_else() {
    let world = world().await;
    let token = token_of(&world, 0);
    let answer = choose(&world, &token, "do=chosen&topic=listings").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.body.contains("Your choice is noted"));
    let entries = world.entries(0).await;
    assert_eq!(entries.len(), 1);
    let entry = &entries[0];
    assert_eq!(entry.topic, Some("listings".parse::<Topic>().unwrap()));
    assert_eq!(
        (entry.channel, entry.reason, entry.origin),
        (Some(ContactChannel::Email), SuppressionReason::PreferencePage, Origin::Recipient)
    );
    assert_eq!(all_entries(&world).await, 1);
    let page = page(&world, &token, "").await;
    let stopped = "value=\"listings\" checked disabled";
    assert!(page.contains(stopped) && page.matches(" disabled").count() == 1, "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_is_stopped_wherever_the_person_is_reached_on_it() {
    let world = world().await;
    let token = token_of(&world, 0);
    let answer = choose(&world, &token, "do=chosen&channel=call&channel=post").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(world.entries(0).await.is_empty(), "emails go on");
    let of_phone = entries_of(&world, phone(&world, 0)).await;
    let mut channels: Vec<_> = of_phone.iter().filter_map(|entry| entry.channel).collect();
    channels.sort_unstable();
    assert_eq!(channels, [ContactChannel::Sms, ContactChannel::Call], "no calls means no texts");
    assert_eq!(choose(&world, &token, "do=chosen&channel=email").await.status, 200);
    assert_eq!(world.reasons(0).await, [SuppressionReason::PreferencePage]);
    let page = page(&world, &token, "").await;
    assert_eq!(page.matches("checked disabled").count(), 3 + 4, "three topics, four channels");
    assert!(entries_of(&world, phone(&world, 1)).await.is_empty(), "nobody else is touched");
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_stopped_with_one_button_and_nothing_filled_in() {
    let world = world().await;
    let answer = choose(&world, &token_of(&world, 0), "do=everything").await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("Everything is stopped"));
    let people = world.deployment.operator.people_with(&[key(&world.deployment, 0)]).await.unwrap();
    let of_person = entries_of(&world, people[0].1).await;
    assert_eq!(of_person.len(), 1);
    assert_eq!(of_person[0].scope, Scope::Person);
    assert_eq!(of_person[0].reason, SuppressionReason::PreferencePage);
    let page = page(&world, &token_of(&world, 0), "").await;
    assert_eq!(page.matches("checked disabled").count(), 3 + 4);
    assert!(world.entries(1).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_takes_back_what_it_has_stopped_and_leaves_the_event() {
    let world = world().await;
    let token = token_of(&world, 0);
    for (path, stop) in [
        ("/p/".to_owned(), format!("token={token}&do=everything")),
        ("/p/".to_owned(), format!("token={token}&do=chosen&topic=listings&channel=call")),
        (format!("/u/{token}"), "List-Unsubscribe=One-Click".to_owned()),
        (format!("/u/{token}"), "from=page".to_owned()),
    ] {
        let answer = world.post(&path, &stop).await;
        assert_eq!(answer.status, 200);
        assert!(answer.body.contains("value=\"undo\""), "{path}: {}", answer.body);
        assert!(all_entries(&world).await > 0);
        let answer = choose(&world, &token, "do=undo").await;
        assert!(answer.body.contains("It is undone"), "{path}: {answer:?}");
        assert_eq!(all_entries(&world).await, 0, "{path} {stop}");
    }
    assert!(choose(&world, &token, "do=undo").await.body.contains("nothing to undo"));
    let again = choose(&world, &token, "do=chosen&channel=email").await;
    assert_eq!(again.status, 200);
    assert_eq!(world.entries(0).await.len(), 1, "who undoes may stop again");
    let history =
        world.deployment.operator.list_history(&[key(&world.deployment, 0)]).await.unwrap();
    let lifts = history.iter().filter(|event| event.action.as_str() == "lift").count();
    assert!(lifts >= 4, "{history:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_day_nothing_is_taken_back() {
    let world = world().await;
    let token = token_of(&world, 0);
    assert_eq!(choose(&world, &token, "do=everything").await.status, 200);
    let entries = all_entries(&world).await;
    let back = "UPDATE suppressions SET since = since - interval";
    world
        .deployment
        .tamper(&format!("{back} '23 hours 59 minutes'; {back} '1 minute 1 second'"))
        .await;
    let answer = choose(&world, &token, "do=undo").await;
    assert!(answer.body.contains("nothing to undo"), "{answer:?}");
    assert_eq!(all_entries(&world).await, entries);
    let forward = "UPDATE suppressions SET since = since + interval '2 minutes'";
    world.deployment.tamper(forward).await;
    assert!(choose(&world, &token, "do=undo").await.body.contains("It is undone"));
    assert_eq!(all_entries(&world).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_link_takes_anything_back() {
    let world = world().await;
    let own = token_of(&world, 0);
    let later = token_of(&world, 0);
    let foreign = token_of(&world, 1);
    assert_eq!(choose(&world, &own, "do=everything").await.status, 200);
    let entries = all_entries(&world).await;
    for other in [&later, &foreign] {
        let answer = choose(&world, other, "do=undo").await;
        assert!(answer.body.contains("nothing to undo"), "{answer:?}");
    }
    assert_eq!(all_entries(&world).await, entries);
    // What another message's reader has asked for too stays.
    assert_eq!(choose(&world, &later, "do=chosen&channel=email").await.status, 200);
    choose(&world, &own, "do=undo").await;
    assert_eq!(world.reasons(0).await, [SuppressionReason::PreferencePage]);
    // And so does what others than recipients have entered.
    let world = self::world().await;
    let token = token_of(&world, 0);
    let hex = key(&world.deployment, 0).to_hex();
    let staff = format!(
        "SELECT suppress(uuid_v7(), 'channel', '\\x{hex}', 'email', NULL, 'staff_entry', 'staff', \
         'sara', 'asked on the phone', NULL)"
    );
    world.deployment.tamper(&staff).await;
    assert!(choose(&world, &token, "do=undo").await.body.contains("nothing to undo"));
    assert_eq!(world.reasons(0).await, [SuppressionReason::StaffEntry]);
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_changes_nothing_and_no_form_re_subscribes() {
    let world = world().await;
    let token = token_of(&world, 0);
    for query in ["", "?lang=ar", "?do=everything", "?do=chosen&channel=email", "?do=undo"] {
        for method in ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"] {
            let agent = "User-Agent: Barracuda Link Protection\r\nPurpose: prefetch\r\n";
            world.ask(method, &format!("/p/{token}{query}"), agent).await;
        }
    }
    assert_eq!(all_entries(&world).await, 0);
    assert_eq!(choose(&world, &token, "do=everything").await.status, 200);
    let entries = all_entries(&world).await;
    for fields in ["do=start", "do=chosen", "do=subscribe&topic=listings", "lang=en", ""] {
        choose(&world, &token_of(&world, 0), fields).await;
        assert!(all_entries(&world).await >= entries, "{fields}");
    }
    let hint = choose(&world, &token, "do=chosen").await;
    assert!(hint.body.contains("role=\"status\">Choose at least one line"), "{hint:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn stops_hold_while_the_database_is_away() {
    let deployment = deployment().await;
    let proxy = Proxy::start(deployment.url(), Way::Cut);
    let world = World::with_database(deployment, &proxy.url(), &[]).await;
    let (token, other) = (token_of(&world, 0), token_of(&world, 1));
    let page = page(&world, &token, "").await;
    assert!(page.contains("We cannot read your present choices just now."), "{page}");
    assert_eq!(page.matches("type=\"checkbox\"").count(), 1, "the link's own channel is offered");
    let answer = choose(&world, &token, "do=everything").await;
    assert_eq!(answer.status, 202, "{answer:?}");
    assert!(answer.body.contains("Everything is stopped") && !answer.body.contains("undo"));
    let answer = choose(&world, &other, "do=chosen&channel=email&topic=listings").await;
    assert_eq!(answer.status, 202);
    // A page that was opened before may name other channels. What they come to is not known now.
    let answer = choose(&world, &other, "do=chosen&channel=call&topic=open_houses").await;
    assert_eq!(answer.status, 503);
    assert!(answer.body.contains("A part of it is noted"), "{answer:?}");
    let answer = choose(&world, &other, "do=undo").await;
    assert_eq!(answer.status, 503);
    assert!(answer.head.contains("retry-after: 60"));
    proxy.set(Way::Open);
    eventually("the journal is removed", async || files(world.journal.path()) == 0).await;
    assert_eq!(world.entries(1).await.len(), 3, "a channel and two topics");
    let people = world.deployment.operator.people_with(&[key(&world.deployment, 0)]).await.unwrap();
    assert_eq!(entries_of(&world, people[0].1).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_speaks_both_languages_and_labels_every_box() {
    let world = world().await;
    let token = token_of(&world, 0);
    for (query, root, other, parts) in [
        (
            "?lang=en",
            "<html lang=\"en\" dir=\"ltr\">",
            format!("<a href=\"../p/{token}?lang=ar\" hreflang=\"ar\" lang=\"ar\" dir=\"rtl\">"),
            [
                "no longer come from <bdi>Palm Realty</bdi>",
                "Kinds of emails",
                "New listings",
                "Open houses",
                "Emails",
            ],
        ),
        (
            "?lang=ar",
            "<html lang=\"ar\" dir=\"rtl\">",
            format!("<a href=\"../p/{token}?lang=en\" hreflang=\"en\" lang=\"en\" dir=\"ltr\">"),
            [
                "يصلك من <bdi>Palm Realty</bdi>",
                "أنواع رسائل البريد الإلكتروني",
                "العقارات الجديدة",
                "البيوت المفتوحة",
                "المكالمات، ومعها الرسائل النصية",
            ],
        ),
    ] {
        let page = page(&world, &token, query).await;
        for part in [root, &other, "https://palm.example/privacy", "<bdi>test</bdi>"] {
            assert!(page.contains(part), "{part} is missing in {page}");
        }
        for part in parts {
            assert!(page.contains(part), "{part} is missing in {page}");
        }
        let boxes = page.matches("type=\"checkbox\"").count();
        assert_eq!(boxes, 3 + 4);
        assert_eq!(page.matches("<label><input type=\"checkbox\"").count(), boxes);
        assert_eq!(page.matches("<fieldset>\n<legend>").count(), 2);
        for nothing in ["<script", "required", "password", "type=\"text\"", "type=\"email\""] {
            assert!(!page.contains(nothing), "{nothing} is in {page}");
        }
        // The same element, but for what it is called and says (EML-06).
        let (_, both) = page.split_once("<div class=\"both\">\n").unwrap();
        let buttons: Vec<&str> = both.split("</div>").next().unwrap().lines().collect();
        assert_eq!(buttons.len(), 2);
        for (button, name) in buttons.iter().zip(["chosen", "everything"]) {
            let tag = format!("<button type=\"submit\" name=\"do\" value=\"{name}\">");
            assert!(button.starts_with(&tag), "{button}");
        }
    }
    // The question leads to it, and so does what stands there after the click.
    let question = world.ask("GET", &format!("/u/{token}"), "").await;
    assert!(question.body.contains(&format!("href=\"../p/{token}?lang=en\"")), "{question:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_in_the_contacts_language_where_nothing_else_is_asked_for() {
    let world = world().await;
    let sql = "UPDATE contacts SET locale = 'ar' WHERE external_id = 'p1'";
    world.deployment.tamper(sql).await;
    assert!(page(&world, &token_of(&world, 1), "").await.contains("<html lang=\"ar\""));
    assert!(page(&world, &token_of(&world, 0), "").await.contains("<html lang=\"en\""));
    assert!(page(&world, &token_of(&world, 1), "?lang=en").await.contains("<html lang=\"en\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_tokens_and_other_sites_get_the_one_answer() {
    let world = world().await;
    let token = token_of(&world, 0);
    let expected = world.ask("GET", "/u/unknown", "").await;
    let other = token_of(&world, 1);
    let swapped = {
        let (payload, _) = token.split_once('.').unwrap();
        let (_, mac) = other.split_once('.').unwrap();
        format!("{payload}.{mac}")
    };
    for bad in ["", "x", "p0%40example.com", &swapped] {
        assert_eq!(world.ask("GET", &format!("/p/{bad}"), "").await, expected, "{bad}");
        for button in ["everything", "chosen&channel=email", "undo"] {
            let answer = choose(&world, bad, &format!("do={button}")).await;
            assert_eq!(answer, expected, "{bad} {button}");
            // The token counts that stands in the form, not the one in the path.
            let path = format!("/p/{token}");
            let answer = world.post(&path, &format!("token={bad}&do={button}")).await;
            assert_eq!(answer, expected, "{bad} {button}");
        }
    }
    let form = "application/x-www-form-urlencoded";
    let body = format!("token={token}&do=everything");
    for headers in [
        "Origin: https://evil.example\r\n",
        "Origin: https://u.example.evil.example\r\n",
        "Origin: null\r\nSec-Fetch-Site: cross-site\r\n",
        "Sec-Fetch-Site: same-site\r\n",
    ] {
        let request = post_request("/p/", form, &body, headers);
        assert_eq!(send(world.address, &request).await.unwrap(), expected, "{headers}");
    }
    assert_eq!(all_entries(&world).await, 0);
    for headers in
        ["Origin: https://u.example\r\n", "Origin: null\r\nSec-Fetch-Site: same-origin\r\n"]
    {
        let request = post_request("/p/", form, &body, headers);
        assert_eq!(send(world.address, &request).await.unwrap().status, 200, "{headers}");
    }
    assert!(all_entries(&world).await > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_keeps_the_token_to_itself() {
    let world = world().await;
    let token = token_of(&world, 0);
    for answer in [
        world.ask("GET", &format!("/p/{token}"), "").await,
        choose(&world, &token, "do=chosen").await,
        choose(&world, &token, "do=everything").await,
        choose(&world, &token, "do=undo").await,
    ] {
        for line in [
            "cache-control: no-store",
            "referrer-policy: no-referrer",
            "x-robots-tag: noindex, nofollow",
            "content-security-policy: default-src 'none'; style-src 'sha256-",
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ] {
            assert!(answer.head.contains(line), "{line} is missing in {}", answer.head);
        }
        for nothing in ["set-cookie", "location:", "unsafe-inline"] {
            assert!(!answer.head.contains(nothing), "{nothing} is in {}", answer.head);
        }
        let body = answer.body.replace("https://palm.example/privacy", "");
        for nothing in ["<script", "<img", "<link", "http:", "https:", "p0@example.com", "Person"] {
            assert!(!body.contains(nothing), "{nothing} is in {body}");
        }
    }
}
