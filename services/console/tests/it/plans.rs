//! Plans: looked at, edited, copied, and people enrolled in them.

use domain::access::UserRole;
use domain::contact::Level;
use domain::suppression::{Origin, SuppressionReason};
use domain::{Channel, Locale, Medium, Plan};
use storage::suppressions::{NewSuppression, Target};
use storage::touches::TouchFilter;
use testkit::fixture;

use crate::world::{Answer, Browser, World};

const PROBE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>";

fn day() -> chrono::NaiveDate {
    chrono::NaiveDate::from_ymd_opt(2026, 11, 23).unwrap()
}

/// A world with the plan `duo` of an email and a call, and three people in it.
async fn world() -> World {
    let world = World::start().await;
    world.deployment.store_template(&fixture::template(Medium::Email)).await;
    let mut call = fixture::template(Medium::Call);
    call.key = "talk".to_owned();
    world.deployment.store_template(&call).await;
    world.deployment.store_plan(&duo()).await;
    let people = world.deployment.people(3).await;
    assert_eq!(world.deployment.enrol("duo", &people, day()).await, 3);
    world
}

fn duo() -> Plan {
    let mut plan = fixture::plan("duo", &[(1, Channel::Email), (8, Channel::Call)]);
    plan.steps[1].template = "talk".to_owned();
    plan
}

/// What the editor's form sends for a plan.
fn fields(plan: &Plan, based_on: i32, deed: &str) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = [
        ("do", deed.to_owned()),
        ("based_on", based_on.to_string()),
        ("steps", plan.steps.len().to_string()),
        ("key", plan.key.clone()),
        ("touches", plan.touches.to_string()),
        ("lane", plan.lane.to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    let mut texts = |name: &str, texts: &std::collections::BTreeMap<Locale, String>| {
        for (locale, text) in texts {
            fields.push((format!("{name}-{locale}"), text.clone()));
        }
    };
    texts("name", &plan.name);
    for (number, step) in plan.steps.iter().enumerate() {
        texts(&format!("step-{number}-purpose"), &step.purpose);
    }
    for (number, step) in plan.steps.iter().enumerate() {
        let mut put = |name: &str, value: String| {
            fields.push((format!("step-{number}-{name}"), value));
        };
        put("day", step.day.to_string());
        put("channel", step.channel.to_string());
        put("template", step.template.clone());
        put("shift", "same".to_owned());
        put("at", step.at().strftime("%H:%M").to_string());
        if step.counts {
            put("counts", "on".to_owned());
        }
    }
    fields
}

async fn post(browser: &mut Browser, path: &str, fields: &[(String, String)]) -> Answer {
    let fields: Vec<(&str, &str)> =
        fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post(path, &fields).await
}

#[tokio::test]
async fn a_plan_is_shown_in_both_languages_with_what_is_wrong() {
    let world = world().await;
    let mut marketer = world.as_one_of(&[UserRole::Marketer]).await;
    let list = marketer.get("/plans").await;
    assert!(list.body.contains("<bdi>duo</bdi>"), "{}", list.body);
    assert!(list.body.contains("action=\"/plans/load\""), "the library is offered");
    let plan = marketer.get("/plans/duo").await;
    for said in
        ["Day 1", "Day 8", "sent by Touchline", "a task of the contact", "3 people run in it"]
    {
        assert!(plan.body.contains(said), "{said}: {}", plan.body);
    }
    world.database.retire_template("talk", true, "", "mona").await.unwrap();
    let plan = marketer.get("/plans/duo").await;
    assert!(plan.body.contains("Step 2: the template talk is retired"), "{}", plan.body);
    let arabic = marketer.get("/plans/duo?lang=ar").await;
    assert!(arabic.body.contains("اليوم 8") && arabic.body.contains("3 أشخاص فيه"));
    assert_eq!(marketer.get("/plans/nowhere").await.status, 404);
    assert_eq!(marketer.get("/plans/duo?version=7").await.status, 404);
    world.stop().await;
}

#[tokio::test]
async fn a_change_is_a_new_version_and_who_runs_keeps_the_old_one() {
    let world = world().await;
    let mut marketer = world.as_one_of(&[UserRole::Marketer]).await;
    let page = marketer.get("/plans/duo/edit").await;
    assert!(page.body.contains("keep version 1; 3 people"), "{}", page.body);
    assert!(page.body.contains("Save as version 2"), "{}", page.body);
    // A step more: the declared total no longer adds up, and nothing is stored.
    let added = post(&mut marketer, "/plans/duo/edit", &fields(&duo(), 1, "add")).await;
    assert_eq!(added.status, 200);
    assert!(added.body.contains("2 touches are declared, but the steps add up to 3"));
    assert!(added.body.contains("name=\"step-2-day\""), "{}", added.body);
    let mut longer = duo();
    longer.steps.push(longer.steps[0].clone());
    longer.steps[2].day = 15;
    let refused = post(&mut marketer, "/plans/duo/edit", &fields(&longer, 1, "save")).await;
    assert_eq!(refused.status, 422);
    longer.touches = 3;
    let saved = post(&mut marketer, "/plans/duo/edit", &fields(&longer, 1, "save")).await;
    assert_eq!(saved.location(), "/plans/duo?notice=plan-saved", "{}", saved.body);
    let current = world.database.current_plan("duo").await.unwrap().unwrap();
    assert_eq!((current.version, current.plan), (2, longer.clone()));
    assert!(current.actor.is_some());
    let past = world.database.plan_past("duo").await.unwrap();
    let running: Vec<(i32, i64)> = past.iter().map(|past| (past.version, past.running)).collect();
    assert_eq!(running, [(2, 0), (1, 3)]);
    // Whoever began with version 1 is told.
    let late = post(&mut marketer, "/plans/duo/edit", &fields(&duo(), 1, "save")).await;
    assert_eq!(late.status, 422);
    assert!(late.body.contains("Somebody saved another version"), "{}", late.body);
    world.stop().await;
}

#[tokio::test]
async fn steps_move_and_go_and_everything_wrong_is_said() {
    let world = world().await;
    let mut marketer = world.as_one_of(&[UserRole::Marketer]).await;
    let moved = post(&mut marketer, "/plans/duo/edit", &fields(&duo(), 1, "later-0")).await;
    let first = moved.body.find("name=\"step-0-template\" value=\"talk\"");
    assert!(first.is_some(), "{}", moved.body);
    let gone = post(&mut marketer, "/plans/duo/edit", &fields(&duo(), 1, "remove-1")).await;
    assert!(!gone.body.contains("step-1-day"), "{}", gone.body);
    let mut wrong = duo();
    wrong.steps[0].template = "nowhere".to_owned();
    wrong.steps[1].template = "note".to_owned();
    wrong.steps[1].day = 0;
    wrong.name.remove(&Locale::Ar);
    wrong.steps[1].purpose.remove(&Locale::En);
    let checked = post(&mut marketer, "/plans/duo/edit", &fields(&wrong, 1, "check")).await;
    for said in [
        "Step 1: there is no approved template nowhere",
        "Step 2: the template note is not for this channel",
        "Step 2: the day must be between 1 and 3650",
        "The name is missing in Arabic",
        "Step 2: the purpose is missing in English",
    ] {
        assert!(checked.body.contains(said), "{said}: {}", checked.body);
    }
    world.stop().await;
}

#[tokio::test]
async fn a_copy_is_a_plan_of_its_own_and_the_library_can_be_taken_over() {
    let world = world().await;
    let mut marketer = world.as_one_of(&[UserRole::Marketer]).await;
    let page = marketer.get("/plans/duo/edit?copy").await;
    assert!(page.body.contains("name=\"key\" value=\"duo-2\""), "{}", page.body);
    let mut own = duo();
    for (key, refused) in [("duo", true), ("Not a key", true), (PROBE, true), ("own", false)] {
        own.key = key.to_owned();
        let answer = post(&mut marketer, "/plans/duo/edit", &fields(&own, 0, "save")).await;
        assert_eq!(answer.status == 422, refused, "{key}: {}", answer.status);
        assert!(!answer.body.contains("<script>alert"), "{}", answer.body);
    }
    assert!(world.database.current_plan("own").await.unwrap().is_some());
    let loaded = marketer.post("/plans/load", &[("key", "8x8")]).await;
    assert_eq!(loaded.location(), "/plans/8x8?notice=plan-loaded", "{}", loaded.body);
    assert!(world.database.current_plan("8x8").await.unwrap().is_some());
    assert_eq!(marketer.post("/plans/load", &[("key", PROBE)]).await.status, 404);
    world.stop().await;
}

#[tokio::test]
async fn people_are_enrolled_only_after_a_look_at_what_follows() {
    let world = world().await;
    let mut people: Vec<_> = (11..16).map(fixture::person).collect();
    for person in &mut people[..2] {
        person.level = Some(Level::A);
        person.contact_type = Some("seller".to_owned());
    }
    world.deployment.import(&people).await;
    let mut marketer = world.as_one_of(&[UserRole::Marketer]).await;
    let nobody = marketer.get("/plans/duo/enrol?look=1").await;
    assert_eq!(nobody.status, 422);
    assert!(nobody.body.contains("Choose whom"), "{}", nobody.body);
    let count =
        || async { world.database.touches(&TouchFilter::default(), 100).await.unwrap().len() };
    for (query, people) in [
        ("level=A", 2),
        ("kind=seller", 2),
        ("source=test", 5),
        ("everybody=on", 5),
        ("source=x", 0),
    ] {
        let look = marketer.get(&format!("/plans/duo/enrol?look=1&{query}")).await;
        let told =
            if people == 0 { "or there are none".to_owned() } else { format!("{people} people") };
        assert!(look.body.contains(&told), "{query}: {}", look.body);
        assert_eq!(count().await, 3, "looking begins nothing");
    }
    let look = marketer.get("/plans/duo/enrol?look=1&level=A").await;
    assert!(look.body.contains("<td>Email</td><td class=\"number\">2</td>"), "{}", look.body);
    assert!(look.body.contains("<td>Call</td><td class=\"number\">2</td>"), "{}", look.body);
    let done = marketer.post("/plans/duo/enrol", &[("level", "A")]).await;
    assert!(done.body.contains("Enrolled") && done.body.contains("2 people"), "{}", done.body);
    assert_eq!(count().await, 5);
    // Pressed twice, nothing happens twice.
    let again = marketer.post("/plans/duo/enrol", &[("level", "A")]).await;
    assert!(again.body.contains("in the plan already"), "{}", again.body);
    assert_eq!(count().await, 5);
    world.stop().await;
}

#[tokio::test]
async fn no_text_of_a_plan_runs_as_script() {
    let world = world().await;
    let mut plan = duo();
    plan.key = "probe".to_owned();
    for text in plan.name.values_mut() {
        *text = PROBE.to_owned();
    }
    plan.description = plan.name.clone();
    for step in &mut plan.steps {
        step.purpose = plan.name.clone();
        step.template = PROBE.to_owned();
        step.anchor = Some(domain::plan::Anchor::Holiday(PROBE.to_owned()));
    }
    plan.then = Some(domain::plan::Chain { plan: PROBE.to_owned(), day: 60 });
    world.deployment.store_plan(&plan).await;
    let mut marketer = world.as_one_of(&[UserRole::Marketer]).await;
    let probed = format!(
        "/plans/probe/enrol?look=1&source={0}&kind={0}&start={0}&group={0}",
        "%3Cscript%3Ealert(1)%3C/script%3E"
    );
    for path in ["/plans", "/plans/probe", "/plans/probe/edit", "/plans/probe/enrol", &probed] {
        let answer = marketer.get(path).await;
        assert!(answer.status == 200 || answer.status == 422, "{path}: {}", answer.status);
        assert!(!answer.body.contains("<script>alert"), "{path}: {}", answer.body);
        assert!(!answer.body.contains("<img src=x"), "{path}: {}", answer.body);
    }
    let answer = post(&mut marketer, "/plans/probe/edit", &fields(&plan, 1, "save")).await;
    assert_eq!(answer.status, 422);
    assert!(!answer.body.contains("<script>alert"), "{}", answer.body);
    world.stop().await;
}

#[tokio::test]
async fn what_is_coming_for_somebody_is_told_and_follows_the_plan() {
    let world = World::start().await;
    world.deployment.store_plan(&duo()).await;
    let mut person = fixture::person(7);
    person.full_name = PROBE.to_owned();
    let people = world.deployment.import(&[person]).await;
    let mut marketer = world.as_one_of(&[UserRole::Marketer]).await;
    let path = format!("/contacts/{}/calendar", people[0]);
    let empty = marketer.get(&path).await;
    assert!(empty.body.contains("Nothing is coming"), "{}", empty.body);
    let enrolled = marketer.post("/plans/duo/enrol", &[("everybody", "on")]).await;
    assert!(enrolled.body.contains("one person"), "{}", enrolled.body);
    let page = marketer.get(&path).await;
    for said in ["Scheduled", "Planned", "day 8 of the plan", "Asia/Dubai", "Step 2"] {
        assert!(page.body.contains(said), "{said}: {}", page.body);
    }
    assert!(!page.body.contains("<script>alert"), "{}", page.body);
    let short = marketer.get(&format!("{path}?days=3")).await;
    assert!(!short.body.contains("day 8 of the plan"), "{}", short.body);
    assert!(marketer.get(&format!("{path}?lang=ar")).await.body.contains("اليوم 8 من الخطة"));
    let mut operator = world.as_one_of(&[UserRole::Operator]).await;
    assert_eq!(operator.get(&path).await.status, 403);
    world.stop().await;
}

#[tokio::test]
async fn the_simulator_says_what_would_be_held_or_blocked_and_why() {
    let world = World::start().await;
    world.deployment.store_template(&fixture::template(Medium::Email)).await;
    let days = [1, 1, 4, 5].map(|day| (day, Channel::Email));
    let mut plan = fixture::plan("trio", &days);
    plan.steps[1].at = Some(jiff::civil::time(18, 0, 0, 0));
    plan.steps[2].at = Some(jiff::civil::time(3, 0, 0, 0));
    plan.steps[3].template = "gone".to_owned();
    world.deployment.store_plan(&plan).await;
    let people = world.deployment.people(2).await;
    let email = [domain::ContactChannel::Email];
    world.deployment.consent(&people, &email, domain::Clock::system().now()).await;
    let mut marketer = world.as_one_of(&[UserRole::Marketer]).await;
    marketer.post("/plans/trio/enrol", &[("everybody", "on"), ("start", "2027-02-01")]).await;
    let path = |n: usize| format!("/contacts/{}/calendar?days=365", people[n]);
    let page = marketer.get(&path(0)).await;
    for said in [
        "Would leave then",
        // The second on a day, of which the first is only foreseen.
        "the person was reached as often as is allowed",
        // At three in the night.
        "outside the recipient",
        "its template is missing or retired",
    ] {
        assert!(page.body.contains(said), "{said}: {}", page.body);
    }
    let touches = world.database.touches(&TouchFilter::default(), 10).await.unwrap();
    assert_eq!(touches.len(), 2, "nothing was made by looking");
    // The same eyes as at the sending: the list of now.
    let key = world.deployment.keyer.key(domain::AddressKind::Email, "p1@example.com");
    let channel = domain::ContactChannel::Email;
    let entry = NewSuppression {
        target: Target::Address { key, channel, domain: None },
        reason: SuppressionReason::StaffEntry,
        origin: Origin::Staff,
        actor: "test".to_owned(),
        evidence: None,
        touch: None,
        received_at: None,
    };
    world.database.suppress_now(&entry).await.unwrap();
    let page = marketer.get(&path(1)).await;
    assert!(page.body.contains("Would be blocked: the suppression list says no"), "{}", page.body);
    world.database.retire_template("note", true, "", "mona").await.unwrap();
    let page = marketer.get(&path(0)).await;
    assert!(!page.body.contains("Would leave then"), "{}", page.body);
    world.stop().await;
}
