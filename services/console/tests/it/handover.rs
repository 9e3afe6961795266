//! Tasks that go from one agent to another.

use domain::Channel;
use domain::access::UserRole;

use crate::agents::{LAYLA, OMAR, PROBE, Team, is_text, today};

#[tokio::test]
async fn an_administrator_sees_the_numbers_then_everything_open_goes_over_with_the_reason() {
    let mut team = Team::start().await;
    let people = team.contacts(LAYLA, 0, 3).await;
    let tasks = team.tasks("a", Channel::Call, &people, today()).await;
    let done = format!("/tasks/{}/outcome", tasks[0]);
    team.layla.post(&done, &[("outcome", "answered")]).await;
    let agents = team.world.database.agents().await.unwrap();
    let id = |email: &str| agents.iter().find(|one| one.email == email).unwrap().id.to_string();
    let (layla, omar) = (id(LAYLA), id(OMAR));
    let mut admin = team.world.as_one_of(&[UserRole::Admin]).await;
    assert!(admin.get("/tasks").await.body.contains("/tasks/hand-over"));
    let given = [("from", layla.as_str()), ("to", omar.as_str()), ("reason", PROBE)];
    let asked = admin.post("/tasks/hand-over", &given).await;
    assert!(asked.status == 200 && asked.body.contains("2 open tasks go from"), "{}", asked.body);
    is_text(&asked.body);
    assert!(team.omar.get("/tasks").await.body.contains("nothing more for today"));
    let confirmed = [given.as_slice(), &[("confirmed", "on")]].concat();
    assert_eq!(admin.post("/tasks/hand-over", &confirmed).await.status, 303);
    assert!(team.layla.get("/tasks").await.body.contains("nothing more for today"));
    assert!(team.omar.get("/tasks").await.body.contains("2 for today"));
    // Whoever has the task sees the person, as long as it is open, and nobody else's.
    let (with_task, without) =
        (format!("/contacts/{}", people[1]), format!("/contacts/{}", people[0]));
    let page = team.omar.get(&with_task).await;
    assert!(
        page.status == 200 && page.body.contains("handed over to another agent"),
        "{}",
        page.body
    );
    is_text(&page.body);
    assert_eq!(team.omar.get(&without).await.status, 404);
    let done = format!("/tasks/{}/outcome", tasks[1]);
    assert_eq!(team.omar.post(&done, &[("outcome", "answered")]).await.status, 303);
    assert_eq!(team.omar.get(&with_task).await.status, 404);
    team.world.stop().await;
}

#[tokio::test]
async fn a_contact_given_to_another_agent_takes_its_open_tasks_along() {
    let mut team = Team::start().await;
    let people = team.contacts(LAYLA, 0, 2).await;
    let tasks = team.tasks("a", Channel::Call, &people, today()).await;
    let agents = team.world.database.agents().await.unwrap();
    let omar = agents.iter().find(|one| one.email == OMAR).unwrap().id.to_string();
    let mut marketer = team.world.as_one_of(&[UserRole::Marketer]).await;
    let path = format!("/contacts/{}/owner", people[0]);
    let silent = marketer.post(&path, &[("owner", omar.as_str()), ("reason", " ")]).await;
    assert!(silent.status == 422 && silent.body.contains("Say why"), "{}", silent.body);
    let fields = [("owner", omar.as_str()), ("reason", "lives next door")];
    assert_eq!(marketer.post(&path, &fields).await.status, 303);
    assert_eq!(team.omar.get(&format!("/contacts/{}", people[0])).await.status, 200);
    assert_eq!(team.omar.get(&format!("/tasks/{}", tasks[0])).await.status, 200);
    assert_eq!(team.layla.get(&format!("/contacts/{}", people[0])).await.status, 404);
    assert_eq!(team.layla.get(&format!("/tasks/{}", tasks[0])).await.status, 404);
    assert_eq!(team.layla.get(&format!("/tasks/{}", tasks[1])).await.status, 200);
    team.world.stop().await;
}

#[tokio::test]
async fn one_task_goes_over_alone_and_with_the_whole_of_it_the_contacts_do() {
    let mut team = Team::start().await;
    let people = team.contacts(LAYLA, 0, 2).await;
    let tasks = team.tasks("a", Channel::Call, &people, today()).await;
    let agents = team.world.database.agents().await.unwrap();
    let id = |email: &str| agents.iter().find(|one| one.email == email).unwrap().id.to_string();
    let (layla, omar) = (id(LAYLA), id(OMAR));
    let mut admin = team.world.as_one_of(&[UserRole::Admin]).await;
    let path = format!("/tasks/{}/hand-over", tasks[0]);
    let fields = [("to", omar.as_str()), ("reason", "speaks Urdu")];
    assert_eq!(admin.post(&path, &fields).await.status, 303);
    assert_eq!(team.omar.get(&format!("/tasks/{}", tasks[0])).await.status, 200);
    assert_eq!(team.omar.get(&format!("/tasks/{}", tasks[1])).await.status, 404);
    let everything = [
        ("from", layla.as_str()),
        ("to", omar.as_str()),
        ("reason", "has left"),
        ("contacts", "on"),
        ("confirmed", "on"),
    ];
    assert_eq!(admin.post("/tasks/hand-over", &everything).await.status, 303);
    for contact in &people {
        assert_eq!(team.omar.get(&format!("/contacts/{contact}")).await.status, 200);
        assert_eq!(team.layla.get(&format!("/contacts/{contact}")).await.status, 404);
    }
    // To oneself, or to nobody, nothing goes.
    let same = [("from", omar.as_str()), ("to", omar.as_str()), ("reason", "x")];
    assert_eq!(admin.post("/tasks/hand-over", &same).await.status, 422);
    assert_eq!(admin.post("/tasks/hand-over", &[("from", omar.as_str())]).await.status, 422);
    // An auditor looks at everybody's tasks and moves none.
    let mut auditor = team.world.as_one_of(&[UserRole::Auditor]).await;
    assert!(!auditor.get("/tasks").await.body.contains("/tasks/hand-over"));
    assert_eq!(auditor.post("/tasks/hand-over", &everything).await.status, 403);
    team.world.stop().await;
}
