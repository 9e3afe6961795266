//! What agents do with their tasks.

use domain::access::UserRole;
use domain::contact::Level;
use domain::{Channel, TaskOutcome};

use crate::agents::{LAYLA, OMAR, PROBE, Team, in_days, is_text, today};

fn place(body: &str, text: &str) -> usize {
    body.find(text).unwrap_or_else(|| panic!("{text} is not on {body}"))
}

#[tokio::test]
async fn an_agent_works_ten_tasks_the_next_best_first() {
    let mut team = Team::start().await;
    let people = team.contacts(LAYLA, 0, 10).await;
    let tasks = team.tasks("calls", Channel::Call, &people, today()).await;
    let page = team.layla.get("/tasks").await.body;
    assert!(page.contains("10 for today") && page.contains("tel:+97150"), "{page}");
    assert!(page.contains("how the search is going"), "{page}");
    for (n, outcome) in ["answered", "voicemail", "unanswered", "appointment", "wrong_number"]
        .iter()
        .cycle()
        .take(10)
        .enumerate()
    {
        let page = team.layla.get("/tasks").await.body;
        let next = page.split("action=\"/tasks/").nth(1).unwrap().split('/').next().unwrap();
        let path = format!("/tasks/{next}/outcome");
        let fields = [("outcome", *outcome), ("note", "said hello")];
        let answer = team.layla.post(&path, &fields).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let page = team.layla.get(answer.location()).await.body;
        assert!(page.contains("Noted.") && page.contains("Take back"), "{page}");
        assert!(page.contains(&format!("{} done today", n + 1)), "{page}");
    }
    let page = team.layla.get("/tasks").await.body;
    assert!(page.contains("Nothing is to be done"), "{page}");
    let card = team.layla.get(&format!("/tasks/{}", tasks[0])).await.body;
    assert!(card.contains("said hello") && !card.contains("name=\"outcome\""), "{card}");
    team.world.stop().await;
}

#[tokio::test]
async fn overdue_comes_before_today_and_level_a_before_b() {
    let mut team = Team::start().await;
    let low = team.contact(LAYLA, 1, Level::C, |p| p.full_name = "Old Low".to_owned()).await;
    let high = team.contact(LAYLA, 2, Level::A, |p| p.full_name = "New High".to_owned()).await;
    let mid = team.contact(LAYLA, 3, Level::B, |p| p.full_name = "New Mid".to_owned()).await;
    let put_off = team.contact(LAYLA, 4, Level::A, |p| p.full_name = "Put Off".to_owned()).await;
    team.tasks("a", Channel::Call, &[low], in_days(-2)).await;
    team.tasks("b", Channel::Call, &[high], today()).await;
    team.tasks("c", Channel::Call, &[mid], today()).await;
    team.tasks("d", Channel::Call, &[put_off], in_days(3)).await;
    let page = team.layla.get("/tasks").await.body;
    let order = ["Old Low", "New High", "New Mid"].map(|name| place(&page, name));
    assert!(order.is_sorted(), "{order:?}");
    assert!(page.contains("1 overdue") && page.contains("2 for today"), "{page}");
    assert!(page.contains("due later: 1") && !page.contains("Put Off"), "{page}");
    assert!(page.contains("The order: overdue before"), "{page}");
    let page = team.layla.get("/tasks?later=on").await.body;
    assert!(place(&page, "New Mid") < place(&page, "Put Off"), "{page}");
    team.world.stop().await;
}

#[tokio::test]
async fn long_lists_have_pages_that_show_each_task_once() {
    let mut team = Team::start().await;
    let people = team.contacts(LAYLA, 0, 45).await;
    let tasks = team.tasks("calls", Channel::Call, &people, today()).await;
    let (mut path, mut seen) = ("/tasks".to_owned(), Vec::<&domain::TaskId>::new());
    loop {
        let page = team.layla.get(&path).await.body;
        seen.extend(tasks.iter().filter(|id| {
            page.contains(&format!("/tasks/{id}/outcome"))
                || page.contains(&format!("/tasks/{id}\""))
        }));
        let Some(more) = page.split("&amp;after=").nth(1) else { break };
        path = format!("/tasks?after={}", more.split('"').next().unwrap());
    }
    assert_eq!(seen.len(), 45);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 45);
    team.world.stop().await;
}

#[tokio::test]
async fn a_task_that_is_done_twice_is_done_once() {
    let mut team = Team::start().await;
    let people = team.contacts(LAYLA, 0, 1).await;
    let task = team.tasks("calls", Channel::Call, &people, today()).await[0];
    let path = format!("/tasks/{task}/outcome");
    let first = team.layla.post(&path, &[("outcome", "answered"), ("note", "first")]).await;
    assert!(first.location().contains("notice=task-done"), "{}", first.location());
    for outcome in ["answered", "unanswered", "refused"] {
        let again = team.layla.post(&path, &[("outcome", outcome), ("note", "again")]).await;
        assert_eq!(again.status, 303);
        assert!(again.location().contains("notice=task-was-closed"), "{}", again.location());
    }
    let card =
        team.world.database.task_card(task, None, domain::Locale::En).await.unwrap().unwrap();
    assert_eq!((card.outcome, card.note.as_deref()), (Some(TaskOutcome::Answered), Some("first")));
    // Two at once.
    let people = team.contacts(LAYLA, 1, 1).await;
    let task = team.tasks("more", Channel::Call, &people, today()).await[0];
    let path = format!("/tasks/{task}/outcome");
    let (mut here, mut there) = (team.layla.clone(), team.layla.clone());
    let fields = [("outcome", "voicemail")];
    let (one, two) = tokio::join!(here.post(&path, &fields), there.post(&path, &fields));
    let done = [one, two].iter().filter(|it| it.location().contains("task-done")).count();
    assert_eq!(done, 1);
    team.world.stop().await;
}

#[tokio::test]
async fn what_was_said_by_mistake_is_taken_back_and_only_by_whoever_said_it() {
    let mut team = Team::start().await;
    let people = team.contacts(LAYLA, 0, 1).await;
    let task = team.tasks("calls", Channel::Call, &people, today()).await[0];
    let undo = format!("/tasks/{task}/undo");
    for outcome in ["answered", "wrong_number"] {
        let path = format!("/tasks/{task}/outcome");
        team.layla.post(&path, &[("outcome", outcome)]).await;
        let contact = team.world.database.contact(people[0]).await.unwrap().unwrap();
        let phone = contact.addresses.iter().find(|own| own.value.starts_with('+')).unwrap();
        assert_eq!(phone.call_problem.is_some(), outcome == "wrong_number");
        let answer = team.layla.post(&undo, &[]).await;
        assert!(answer.location().contains("task-undone"), "{}", answer.location());
        let contact = team.world.database.contact(people[0]).await.unwrap().unwrap();
        assert!(contact.addresses.iter().all(|own| own.call_problem.is_none()));
    }
    let answer = team.layla.post(&undo, &[]).await;
    assert!(answer.location().contains("task-too-late"), "{}", answer.location());
    // Put off, and back again.
    let later = format!("/tasks/{task}/later");
    team.layla.post(&later, &[("until", "three_days")]).await;
    let page = team.layla.get("/tasks").await.body;
    assert!(page.contains("Nothing is to be done"), "{page}");
    team.layla.post(&undo, &[]).await;
    assert!(team.layla.get("/tasks").await.body.contains(&format!("/tasks/{task}/outcome")));
    // Long ago.
    team.layla.post(&later, &[("until", "tomorrow")]).await;
    let ago = "UPDATE task_events SET at = at - interval '3 minutes'";
    team.world.deployment.tamper(ago).await;
    let answer = team.layla.post(&undo, &[]).await;
    assert!(answer.location().contains("task-too-late"), "{}", answer.location());
    // The history has all of it, and its rows never change.
    let operator = &team.world.deployment.operator;
    let links = operator.audit_head().await.unwrap();
    assert!(links.seq > 0);
    team.world.stop().await;
}

#[tokio::test]
async fn do_not_call_is_on_the_list_at_once_and_blocks_the_next_call() {
    let mut team = Team::start().await;
    let people = team.contacts(LAYLA, 0, 1).await;
    let tasks = team.tasks("calls", Channel::Call, &people, today()).await;
    let path = format!("/tasks/{}/outcome", tasks[0]);
    let answer = team.layla.post(&path, &[("outcome", "refused"), ("note", "never again")]).await;
    assert!(answer.location().contains("task-on-list-clear"), "{}", answer.location());
    let page = team.layla.get(answer.location()).await.body;
    assert!(page.contains("On the list. Clear") && !page.contains("Take back"), "{page}");
    let undo = team.layla.post(&format!("/tasks/{}/undo", tasks[0]), &[]).await;
    assert!(undo.location().contains("task-too-late"), "{}", undo.location());
    // The next call of another plan is blocked by the claim, with the reason.
    let (_, claimed) = team.claim("second", Channel::Call, &people).await;
    assert!(claimed.iter().all(|touch| touch.suppressed_by.is_some()), "{claimed:?}");
    let touch = team.touch(people[0], "second").await;
    assert_eq!(touch.state, domain::TouchState::Blocked);
    assert!(touch.reason.unwrap().contains("voice_request"));
    team.world.stop().await;
}

#[tokio::test]
async fn a_number_that_came_onto_the_list_meanwhile_is_not_shown() {
    let mut team = Team::start().await;
    let people = team.contacts(LAYLA, 0, 1).await;
    let first = team.tasks("calls", Channel::Call, &people, today()).await[0];
    let second = team.tasks("more", Channel::Call, &people, today()).await[0];
    team.layla.post(&format!("/tasks/{first}/outcome"), &[("outcome", "refused")]).await;
    let card = team.layla.get(&format!("/tasks/{second}")).await.body;
    assert!(card.contains("Do not contact: Said on the phone"), "{card}");
    assert!(!card.contains("+97150") && !card.contains("name=\"outcome\""), "{card}");
    assert!(!card.contains("You may call") && !card.contains("class=\"script\""), "{card}");
    // Nor is it pressed upon anybody: somebody else's is the next best, though this one is older.
    let others = team.contacts(LAYLA, 5, 6).await;
    let third = team.tasks("late", Channel::Call, &others, today()).await[0];
    let page = team.layla.get("/tasks").await.body;
    assert!(page.contains(&format!("action=\"/tasks/{third}/outcome\"")), "{page}");
    assert!(page.contains(&format!("href=\"/tasks/{second}\"")), "{page}");
    team.world.stop().await;
}

#[tokio::test]
async fn another_agents_task_is_not_there() {
    let mut team = Team::start().await;
    let people = team.contacts(LAYLA, 0, 1).await;
    let task = team.tasks("calls", Channel::Call, &people, today()).await[0];
    assert!(team.omar.get("/tasks").await.body.contains("Nothing is to be done"));
    assert_eq!(team.omar.get(&format!("/tasks/{task}")).await.status, 404);
    for (what, field) in [
        ("outcome", ("outcome", "refused")),
        ("later", ("until", "tomorrow")),
        ("undo", ("a", "b")),
    ] {
        let answer = team.omar.post(&format!("/tasks/{task}/{what}"), &[field]).await;
        assert_eq!(answer.status, 404, "{what}: {}", answer.body);
    }
    // By the agent's id neither.
    let agents = team.world.database.agents().await.unwrap();
    let layla = agents.iter().find(|agent| agent.email == LAYLA).unwrap().id;
    for whose in [layla.to_string(), "all".to_owned()] {
        let page = team.omar.get(&format!("/tasks?agent={whose}")).await.body;
        assert!(!page.contains(&task.to_string()), "{page}");
    }
    assert!(team.layla.get("/tasks").await.body.contains(&task.to_string()), "untouched");
    // A user with the role and without an agent sees nobody's.
    let mut nobody = team.world.as_one_of(&[UserRole::Agent]).await;
    assert!(nobody.get("/tasks").await.body.contains("Your user is no agent"));
    assert_eq!(nobody.get(&format!("/tasks/{task}")).await.status, 404);
    team.world.stop().await;
}

#[tokio::test]
async fn who_may_see_everybodys_tasks_looks_and_works_none() {
    let team = Team::start().await;
    let (hers, his) = (team.contacts(LAYLA, 0, 1).await, team.contacts(OMAR, 1, 1).await);
    let hers = team.tasks("a", Channel::Call, &hers, today()).await[0].to_string();
    let his = team.tasks("b", Channel::Call, &his, today()).await[0].to_string();
    let mut auditor = team.world.as_one_of(&[UserRole::Auditor]).await;
    let page = auditor.get("/tasks").await.body;
    assert!(page.contains(&his) || page.contains("Person 1"), "{page}");
    assert!(page.contains("Person 0") && !page.contains("name=\"outcome\""), "{page}");
    let agents = team.world.database.agents().await.unwrap();
    let omar = agents.iter().find(|agent| agent.email == OMAR).unwrap().id;
    let page = auditor.get(&format!("/tasks?agent={omar}")).await.body;
    assert!(page.contains("Person 1") && !page.contains("Person 0"), "{page}");
    let path = format!("/tasks/{hers}/outcome");
    assert_eq!(auditor.post(&path, &[("outcome", "answered")]).await.status, 403);
    team.world.stop().await;
}

#[tokio::test]
async fn what_stands_in_a_contact_a_task_and_a_note_is_text() {
    let mut team = Team::start().await;
    let contact = team
        .contact(LAYLA, 1, Level::A, |person| {
            person.full_name = PROBE.to_owned();
            person.first_name = PROBE.to_owned();
            person.notes = Some(PROBE.to_owned());
        })
        .await;
    let first = team.tasks("a", Channel::Call, &[contact], today()).await[0];
    is_text(&team.layla.get("/tasks").await.body);
    let path = format!("/tasks/{first}/outcome");
    team.layla.post(&path, &[("outcome", "answered"), ("note", PROBE)]).await;
    is_text(&team.layla.get(&format!("/tasks/{first}")).await.body);
    // Among what happened before.
    team.tasks("b", Channel::Letter, &[contact], today()).await;
    let page = team.layla.get("/tasks").await.body;
    is_text(&page);
    assert!(place(&page, "What happened before") < page.rfind("alert(1)").unwrap(), "{page}");
    let probed = format!("/tasks?agent={PROBE}&after={PROBE}&in_flight={PROBE}")
        .replace(['<', '>', '"', ' '], "%3C");
    assert_eq!(team.layla.get(&probed).await.status, 200);
    team.world.stop().await;
}

#[tokio::test]
async fn a_script_stands_in_its_own_direction_whatever_the_page_speaks() {
    let mut team = Team::start().await;
    let people = team.contacts(LAYLA, 0, 1).await;
    team.tasks("calls", Channel::Call, &people, today()).await;
    let page = team.layla.get("/tasks?lang=ar").await.body;
    assert!(page.contains("<html lang=\"ar\" dir=\"rtl\">"), "{page}");
    assert!(page.contains("<div class=\"script\" lang=\"en\" dir=\"ltr\""), "{page}");
    assert!(page.contains("بريد صوتي") && page.contains("مهمة لليوم"), "{page}");
    team.world.deployment.tamper("UPDATE tasks SET script = 'اسأل سارة عن البحث'").await;
    let page = team.layla.get("/tasks?lang=en").await.body;
    assert!(page.contains("<div class=\"script\" lang=\"ar\" dir=\"rtl\""), "{page}");
    team.world.stop().await;
}
