//! Contacts and the story of a touch: what is found, shown, added, corrected, and to whom.

use domain::access::UserRole;
use domain::contact::Level;
use domain::{Channel, ContactId, EnrolmentState};

use crate::agents::{LAYLA, OMAR, PROBE, Team, is_text, today};
use crate::world::Browser;

async fn marketer(team: &Team) -> Browser {
    team.world.as_one_of(&[UserRole::Marketer]).await
}

#[tokio::test]
async fn contacts_are_found_by_name_email_and_phone_in_any_spelling() {
    let team = Team::start().await;
    let sara = team
        .contact(LAYLA, 7, Level::A, |person| {
            person.full_name = "Sara O'Neill Haddad".to_owned();
            person.source = "open_house".to_owned();
        })
        .await;
    team.contacts(OMAR, 100, 3).await;
    let mut browser = marketer(&team).await;
    let path = format!("/contacts/{sara}\"");
    for text in [
        "sara",
        "SARA O'N",
        "haddad",
        "p7@example.com",
        "P7@EXAMPLE",
        "050 000 0007",
        "00971500000007",
        "+971-50-000-0007",
        "٠٥٠ ٠٠٠ ٠٠٠٧",
        "p7",
        &sara.to_string(),
    ] {
        let query = form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let page = browser.get(&format!("/contacts?q={query}")).await.body;
        assert!(page.contains(&path), "{text}: {page}");
        assert!(!page.contains("Person 100"), "{text}: {page}");
    }
    for (filter, is_in) in [
        ("level=A", true),
        ("level=B", false),
        ("source=open_house", true),
        ("source=test", false),
        ("group=target", true),
        ("group=allied", false),
        ("q=sara&level=A", true),
        ("q=sara&level=C", false),
        ("q=%25", false),
        ("q=_ara", false),
        ("q=%5C", false),
    ] {
        let page = browser.get(&format!("/contacts?{filter}")).await.body;
        assert_eq!(page.contains(&path), is_in, "{filter}: {page}");
    }
    let page = browser.get("/contacts?q=nobody").await.body;
    assert!(page.contains("Nobody fits"), "{page}");
    team.world.stop().await;
}

#[tokio::test]
async fn long_lists_have_pages_that_show_each_contact_once() {
    let team = Team::start().await;
    let people = team.contacts(LAYLA, 0, 120).await;
    let mut browser = marketer(&team).await;
    for start in ["/contacts", "/contacts?q=person", "/contacts?level=C"] {
        let (mut path, mut seen) = (start.to_owned(), Vec::<&ContactId>::new());
        for _ in 0..5 {
            let page = browser.get(&path).await.body;
            let here = |id: &&ContactId| page.contains(&format!("/contacts/{id}\""));
            seen.extend(people.iter().filter(here));
            let Some(more) = page.split("<p class=\"pages\">").nth(1) else { break };
            let Some(more) =
                more.split("href=\"/contacts?").last().filter(|it| it.contains("after"))
            else {
                break;
            };
            let query = more.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
            path = format!("/contacts?{query}");
        }
        assert_eq!(seen.len(), 120, "{start}");
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 120, "{start}");
    }
    team.world.stop().await;
}

#[tokio::test]
async fn agents_see_their_own_contacts_and_touches_alone() {
    let mut team = Team::start().await;
    let hers = team.contacts(LAYLA, 0, 1).await[0];
    let his = team.contacts(OMAR, 1, 1).await[0];
    team.tasks("calls", Channel::Call, &[hers, his], today()).await;
    let (her_touch, his_touch) =
        (team.touch(hers, "calls").await.id, team.touch(his, "calls").await.id);
    let list = team.layla.get("/contacts").await.body;
    assert!(list.contains(&hers.to_string()) && !list.contains(&his.to_string()), "{list}");
    let agents = team.world.database.agents().await.unwrap();
    let omar = agents.iter().find(|agent| agent.email == OMAR).unwrap().id;
    for query in [format!("owner={omar}"), "q=p1%40example.com".to_owned(), format!("q={his}")] {
        let list = team.layla.get(&format!("/contacts?{query}")).await.body;
        assert!(!list.contains(&format!("/contacts/{his}\"")), "{query}: {list}");
    }
    for (own, other) in [
        (format!("/contacts/{hers}"), format!("/contacts/{his}")),
        (format!("/touches/{her_touch}"), format!("/touches/{his_touch}")),
    ] {
        assert_eq!(team.layla.get(&own).await.status, 200, "{own}");
        assert_eq!(team.layla.get(&other).await.status, 404, "{other}");
        assert_eq!(team.omar.get(&own).await.status, 404, "{own}");
    }
    // What an agent may not do is refused, whoever's contact it is.
    for path in [format!("/contacts/{hers}"), format!("/contacts/{hers}/enrolments")] {
        assert_eq!(team.layla.post(&path, &[]).await.status, 403, "{path}");
    }
    let mut nobody = team.world.as_one_of(&[UserRole::Agent]).await;
    assert!(!nobody.get("/contacts").await.body.contains(&hers.to_string()));
    assert_eq!(nobody.get(&format!("/contacts/{hers}")).await.status, 404);
    team.world.stop().await;
}

#[tokio::test]
async fn a_contact_is_added_once_and_corrected_with_a_trace() {
    let team = Team::start().await;
    let mut browser = marketer(&team).await;
    let form = browser.get("/contacts/new").await.body;
    assert!(form.contains("is no consent"), "{form}");
    let base = [("locale", "ar"), ("group", "met"), ("level", "B"), ("source", "walk_in")];
    for (fields, why) in [
        (vec![("full_name", ""), ("email", "a@b.example")], "A name is missing"),
        (vec![("full_name", "Sara"), ("email", "")], "is needed"),
        (vec![("full_name", "Sara"), ("email", "nobody")], "no email address"),
        (vec![("full_name", "Sara"), ("phone", "12")], "no phone number"),
        (vec![("full_name", "Sara"), ("email", "a@b.example"), ("time_zone", "Mars")], "time zone"),
    ] {
        let answer = browser.post("/contacts", &[base.as_slice(), &fields].concat()).await;
        assert!(answer.status == 422 && answer.body.contains(why), "{why}: {}", answer.body);
    }
    let fields = [
        ("full_name", "Sara Haddad"),
        ("email", "Sara@b.example"),
        ("phone", "0501234567"),
        ("owner", LAYLA),
        ("time_zone", "Asia/Dubai"),
    ];
    let fields = [base.as_slice(), &fields].concat();
    let answer = browser.post("/contacts", &fields).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let page = browser.get(answer.location()).await.body;
    for text in ["Sara Haddad", "Sara@b.example", "+971501234567", "walk_in", "layla", "Clear"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    let again = browser.post("/contacts", &fields).await;
    assert!(again.status == 422 && again.body.contains("has this address"), "{}", again.body);
    // Corrected.
    let path = answer.location().split('?').next().unwrap().to_owned();
    let right = [
        ("full_name", "Sarah Haddad"),
        ("first_name", "Sarah"),
        ("locale", "en"),
        ("time_zone", ""),
        ("group", "allied"),
        ("level", "A"),
    ];
    assert_eq!(browser.post(&path, &right).await.status, 303);
    let page = browser.get(&path).await.body;
    assert!(page.contains("Sarah Haddad") && page.contains("A (high)"), "{page}");
    let wrong = browser.post(&path, &[right.as_slice(), &[("full_name", " ")]].concat()[1..]).await;
    assert!(wrong.status == 422 && wrong.body.contains("A name is missing"), "{}", wrong.body);
    let links = team.world.deployment.operator.audit_head().await.unwrap();
    assert!(links.seq > 0);
    team.world.stop().await;
}

#[tokio::test]
async fn plans_are_paused_resumed_and_stopped_on_the_contacts_page() {
    let team = Team::start().await;
    let people = team.contacts(LAYLA, 0, 2).await;
    team.tasks("calls", Channel::Call, &people, today()).await;
    let mut browser = marketer(&team).await;
    let path = format!("/contacts/{}", people[0]);
    let own = team.world.database.enrolments_of(people[0]).await.unwrap()[0].id.to_string();
    let other = team.world.database.enrolments_of(people[1]).await.unwrap()[0].id.to_string();
    let to = format!("{path}/enrolments");
    for (state, shown) in [("paused", "Resume"), ("active", "Pause"), ("stopped", "Stopped")] {
        let answer = browser.post(&to, &[("enrolment", &own), ("to", state)]).await;
        assert!(answer.location().ends_with("notice=saved"), "{}", answer.location());
        let page = browser.get(&path).await.body;
        assert!(page.contains(shown), "{state}: {page}");
    }
    let late = browser.post(&to, &[("enrolment", &own), ("to", "active")]).await;
    assert!(late.location().contains("enrolment-was-over"), "{}", late.location());
    assert_eq!(browser.post(&to, &[("enrolment", &other), ("to", "stopped")]).await.status, 404);
    let untouched = team.world.database.enrolments_of(people[1]).await.unwrap()[0].state;
    assert_eq!(untouched, EnrolmentState::Active);
    team.world.stop().await;
}

#[tokio::test]
async fn a_contacts_timeline_tells_everything_the_newest_first() {
    let mut team = Team::start().await;
    let contact = team
        .contact(LAYLA, 1, Level::A, |person| {
            person.full_name = PROBE.to_owned();
            person.notes = Some(PROBE.to_owned());
            person.city = Some(PROBE.to_owned());
            person.source = PROBE.to_owned();
        })
        .await;
    let task = team.tasks("calls", Channel::Call, &[contact], today()).await[0];
    let note = format!("{PROBE} wants no calls");
    let fields = [("outcome", "refused"), ("note", note.as_str())];
    team.layla.post(&format!("/tasks/{task}/outcome"), &fields).await;
    let page = team.layla.get(&format!("/contacts/{contact}")).await.body;
    is_text(&page);
    for text in ["Refused", "wants no calls", "Put on the list", "Said on the phone", "Sent"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(page.contains(&format!("/list/add?contact={contact}")), "{page}");
    let place = |text: &str| page.rfind(text).unwrap();
    assert!(place("wants no calls") < place("/touches/"), "{page}");
    let mut marketer = marketer(&team).await;
    is_text(&marketer.get("/contacts").await.body);
    let filled = [("full_name", PROBE), ("source", PROBE), ("notes", PROBE), ("email", PROBE)];
    let again = marketer.post("/contacts", &filled).await;
    assert_eq!(again.status, 422);
    is_text(&again.body);
    is_text(
        &marketer.get(&format!("/contacts?q={}", "%3Cscript%3Ealert(1)%3C/script%3E")).await.body,
    );
    // The touch's own story, in both languages.
    let touch = team.touch(contact, "calls").await.id;
    let story = team.layla.get(&format!("/touches/{touch}")).await.body;
    is_text(&story);
    for text in ["Why this day", "What happened", "The list now", "became a task"] {
        assert!(story.contains(text), "{text}: {story}");
    }
    let story = team.layla.get(&format!("/touches/{touch}?lang=ar")).await.body;
    assert!(story.contains("لماذا هذا اليوم") && story.contains("dir=\"rtl\""), "{story}");
    team.world.stop().await;
}

#[tokio::test]
async fn a_long_timeline_has_pages() {
    let mut team = Team::start().await;
    let contact = team.contacts(LAYLA, 0, 1).await[0];
    for n in 0..14 {
        let task = team.tasks(&format!("p{n}"), Channel::Letter, &[contact], today()).await[0];
        let fields = [("outcome", "done"), ("note", &format!("letter {n}."))];
        team.layla.post(&format!("/tasks/{task}/outcome"), &fields).await;
    }
    let first = team.layla.get(&format!("/contacts/{contact}")).await.body;
    let more = first.split("before=").last().unwrap().split('"').next().unwrap();
    let second = team.layla.get(&format!("/contacts/{contact}?before={more}")).await.body;
    let all = [timeline(&first), timeline(&second)].concat();
    let count = |text: &str| all.matches(text).count();
    assert_eq!((0..14).filter(|n| count(&format!("letter {n}.")) == 1).count(), 14, "{all}");
    assert_eq!(count("/touches/"), 14);
    team.world.stop().await;
}

/// The timeline's part of a page.
fn timeline(page: &str) -> String {
    page.split("<ol class=\"timeline\">").nth(1).unwrap().to_owned()
}

#[tokio::test]
async fn what_somebody_notes_stands_on_the_timeline_as_text() {
    let mut team = Team::start().await;
    let sara = team.contacts(LAYLA, 0, 1).await[0];
    let theirs = team.contacts(OMAR, 1, 1).await[0];
    let layla = &mut team.layla;
    let path = format!("/contacts/{sara}/interactions");
    let noted = layla.post(&path, &[("kind", "meeting"), ("note", PROBE)]).await;
    assert_eq!(noted.status, 303, "{}", noted.body);
    let page = layla.get(&format!("/contacts/{sara}")).await.body;
    assert!(page.contains("Meeting"), "{page}");
    is_text(&page);
    for (kind, note, status) in [("meeting", " ", 422), ("nothing", "x", 422)] {
        let refused = layla.post(&path, &[("kind", kind), ("note", note)]).await;
        assert_eq!(refused.status, status, "{kind}, {note}: {}", refused.body);
    }
    let long = "x".repeat(2001);
    assert_eq!(layla.post(&path, &[("kind", "note"), ("note", &long)]).await.status, 422);
    let other = format!("/contacts/{theirs}/interactions");
    assert_eq!(layla.post(&other, &[("kind", "note"), ("note", "x")]).await.status, 404);
    team.world.stop().await;
}
