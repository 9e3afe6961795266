//! The calendar of an agent.

use domain::Channel;
use domain::access::UserRole;

use crate::agents::{LAYLA, OMAR, Team, in_days, today};
use crate::world::Browser;

/// Makes an address on the account page; the path of it.
async fn make(browser: &mut Browser) -> String {
    let page = browser.post("/account/calendar", &[]).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let token = page.body.split("/calendar/").nth(1).unwrap().split(".ics").next().unwrap();
    assert_eq!(token.len(), 43, "256 bits in {token}");
    format!("/calendar/{token}.ics")
}

#[tokio::test]
async fn a_calendar_shows_the_own_open_tasks_and_of_people_the_first_name_alone() {
    let mut team = Team::start().await;
    let own = team.contact(LAYLA, 0, domain::contact::Level::B, |p| {
        p.full_name = "نورة الفلاسي".to_owned();
        p.first_name = "نورة".to_owned();
    });
    let own = own.await;
    let late = team.contacts(LAYLA, 1, 1).await;
    let others = team.contacts(OMAR, 2, 1).await;
    let tasks = team.tasks("a", Channel::Call, &[own], in_days(2)).await;
    team.tasks("b", Channel::Letter, &late, in_days(-40)).await;
    let foreign = team.tasks("c", Channel::Call, &others, today()).await;
    let path = make(&mut team.layla).await;
    // No session is needed, and none is opened.
    let mut program = team.world.browser();
    let answer = program.get(&path).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("content-type"), Some("text/calendar; charset=utf-8"));
    let text = answer.body.replace("\r\n ", "");
    assert!(
        text.contains("SUMMARY:Call: نورة\r\n") && text.contains("SUMMARY:1 overdue"),
        "{text}"
    );
    assert!(text.contains(&format!("UID:{}@touchline", tasks[0])), "{text}");
    assert!(text.contains(&format!("URL:{}/tasks/{}", team.world.serving.url(), tasks[0])));
    assert!(
        !text.contains("الفلاسي") && !text.contains("+971") && !text.contains("search"),
        "{text}"
    );
    assert!(!text.contains(&foreign[0].to_string()), "{text}");
    assert!(program.cookies.is_empty());
    assert_eq!(program.get("/tasks").await.status, 303, "the address opened more than the feed");
    team.world.stop().await;
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again_and_what_was_put_off_counts_on() {
    let mut team = Team::start().await;
    let people = team.contacts(LAYLA, 0, 1).await;
    let tasks = team.tasks("a", Channel::Call, &people, today()).await;
    let path = make(&mut team.layla).await;
    let mut program = team.world.browser();
    let first = program.get(&path).await;
    let (tag, since) = (first.header("etag").unwrap(), first.header("last-modified").unwrap());
    assert!(first.body.contains("SEQUENCE:0\r\n"), "{}", first.body);
    for condition in
        [format!("If-None-Match: {tag}\r\n"), format!("If-Modified-Since: {since}\r\n")]
    {
        let again = program.ask("GET", &path, &condition, "").await;
        assert_eq!((again.status, again.body.as_str()), (304, ""), "{condition}");
        assert_eq!(again.header("etag"), Some(tag));
    }
    let later = format!("/tasks/{}/later", tasks[0]);
    assert_eq!(team.layla.post(&later, &[("until", "tomorrow")]).await.status, 303);
    for condition in
        [format!("If-None-Match: {tag}\r\n"), format!("If-Modified-Since: {since}\r\n")]
    {
        let changed = program.ask("GET", &path, &condition, "").await;
        assert_eq!(changed.status, 200, "{condition}");
        assert!(changed.body.contains("SEQUENCE:1\r\n"), "{}", changed.body);
    }
    let done = format!("/tasks/{}/outcome", tasks[0]);
    assert_eq!(team.layla.post(&done, &[("outcome", "answered")]).await.status, 303);
    let empty = program.get(&path).await;
    assert!(empty.status == 200 && !empty.body.contains("VEVENT"), "{}", empty.body);
    team.world.stop().await;
}

#[tokio::test]
async fn an_address_ends_when_it_is_renewed_withdrawn_or_its_user_is_sent_away() {
    let mut team = Team::start().await;
    let mut program = team.world.browser();
    let first = make(&mut team.layla).await;
    let shown = team.layla.get("/account/calendar").await.body;
    assert!(shown.contains("No program has read it yet") && !shown.contains(&first), "{shown}");
    assert_eq!(program.get(&first).await.status, 200);
    assert!(team.layla.get("/account/calendar").await.body.contains("It was last read"));
    let second = make(&mut team.layla).await;
    assert_eq!(program.get(&first).await.status, 404);
    assert_eq!(program.get(&second).await.status, 200);
    assert_eq!(team.layla.post("/account/calendar/withdraw", &[]).await.status, 303);
    assert_eq!(program.get(&second).await.status, 404);
    let third = make(&mut team.layla).await;
    // Whoever keeps users sees who made what; the noted events name no secret.
    let layla = team.world.database.credentials(LAYLA).await.unwrap().unwrap().user;
    let events = team.world.database.access_events_of(layla.id).await.unwrap();
    let made = events.iter().filter(|event| event.action == "feed_made").count();
    let gone = events.iter().filter(|event| event.action == "feed_withdrawn").count();
    assert_eq!((made, gone), (3, 1), "{events:?}");
    let mut admin = team.world.as_one_of(&[UserRole::Admin]).await;
    let change = [("full_name", "Layla"), ("locale", "en"), ("auditor", "on")];
    let path = format!("/users/{}", layla.id);
    assert_eq!(admin.post(&path, &change).await.status, 303);
    assert_eq!(program.get(&third).await.status, 404, "an auditor works no tasks");
    let change = [("full_name", "Layla"), ("locale", "en"), ("agent", "on")];
    assert_eq!(admin.post(&path, &change).await.status, 303);
    assert_eq!(program.get(&third).await.status, 200);
    let change = [change.as_slice(), &[("disabled", "on")]].concat();
    assert_eq!(admin.post(&path, &change).await.status, 303);
    assert_eq!(program.get(&third).await.status, 404, "the user is disabled");
    assert_eq!(program.get("/calendar/.ics").await.status, 404);
    team.world.stop().await;
}

#[tokio::test]
async fn agents_switch_the_mornings_email_off_and_on_and_others_have_none() {
    let mut team = Team::start().await;
    let page = team.layla.get("/account").await.body;
    assert!(page.contains("name=\"wanted\" checked"), "{page}");
    assert_eq!(team.layla.post("/account/digest", &[]).await.status, 303);
    let page = team.layla.get("/account").await.body;
    assert!(
        page.contains("name=\"wanted\"") && !page.contains("name=\"wanted\" checked"),
        "{page}"
    );
    assert_eq!(team.layla.post("/account/digest", &[("wanted", "on")]).await.status, 303);
    assert!(team.layla.get("/account").await.body.contains("name=\"wanted\" checked"));
    let mut auditor = team.world.as_one_of(&[UserRole::Auditor]).await;
    let page = auditor.get("/account").await.body;
    assert!(!page.contains("name=\"wanted\"") && !page.contains("/account/calendar"), "{page}");
    team.world.stop().await;
}
