//! Whose things a token sees: an agent's token those of the agent, whatever ids it is told.

use domain::Channel;
use domain::access::{Permission, UserRole};

use crate::agents::{LAYLA, OMAR, Team, today};

#[tokio::test]
async fn an_agents_token_sees_nothing_of_another_agent() {
    let team = Team::start().await;
    let hers = team.contacts(LAYLA, 0, 1).await[0];
    let his = team.contacts(OMAR, 1, 1).await[0];
    let tasks = team.tasks("calls", Channel::Call, &[hers, his], today()).await;
    let (her_touch, his_touch) =
        (team.touch(hers, "calls").await.id, team.touch(his, "calls").await.id);
    let mut program = team.program_of(LAYLA, Permission::ALL).await;
    let listed = program.get("/contacts").await.body;
    assert!(listed.contains(&hers.to_string()) && !listed.contains(&his.to_string()), "{listed}");
    let by_address = program.get("/contacts?q=p1%40example.com").await.json();
    assert_eq!(by_address["items"], serde_json::json!([]));
    let (mut own_tasks, mut other_tasks) = (Vec::new(), Vec::new());
    for task in tasks {
        match program.get(&format!("/tasks/{task}")).await.status {
            200 => own_tasks.push(task),
            _ => other_tasks.push(task),
        }
    }
    assert_eq!((own_tasks.len(), other_tasks.len()), (1, 1));
    for (own, other) in [
        (format!("/contacts/{hers}"), format!("/contacts/{his}")),
        (format!("/contacts/{hers}/enrolments"), format!("/contacts/{his}/enrolments")),
        (format!("/contacts/{hers}/touches"), format!("/contacts/{his}/touches")),
        (format!("/contacts/{hers}/interactions"), format!("/contacts/{his}/interactions")),
        (format!("/touches/{her_touch}"), format!("/touches/{his_touch}")),
        (format!("/touches/{her_touch}/story"), format!("/touches/{his_touch}/story")),
        (format!("/tasks/{}", own_tasks[0]), format!("/tasks/{}", other_tasks[0])),
    ] {
        assert_eq!(program.get(&own).await.status, 200, "{own}");
        let refused = program.get(&other).await;
        assert_eq!(refused.status, 404, "{other}");
        assert_eq!(refused.json()["type"], "urn:touchline:problem:not-found");
    }
    team.world.stop().await;
}

#[tokio::test]
async fn a_scope_left_out_narrows_what_its_user_would_see() {
    let team = Team::start().await;
    let his = team.contacts(OMAR, 1, 1).await[0];
    let user = team.world.user("lead@palm.example", &[UserRole::Marketer]).await;
    let mut program = team.world.program(&[UserRole::Marketer]).await;
    program.token = team.world.token(user, &[Permission::ContactsRead]).await;
    assert_eq!(program.get(&format!("/contacts/{his}")).await.status, 404);
    assert_eq!(program.get("/contacts").await.json()["items"], serde_json::json!([]));
    let scopes = [Permission::ContactsRead, Permission::ContactsReadAll];
    program.token = team.world.token(user, &scopes).await;
    assert_eq!(program.get(&format!("/contacts/{his}")).await.status, 200);
    team.world.stop().await;
}
