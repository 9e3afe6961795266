//! The first page: what matters to each kind of reader, and nothing that is not theirs.

use domain::access::UserRole;
use domain::pause::PauseScope;
use storage::pauses::NewPause;

use crate::world::World;

#[tokio::test]
async fn everybody_sees_the_figures_of_their_roles_and_no_others() {
    let world = World::start().await;
    let lina = world.user("lina@palm.example", &[UserRole::Agent]).await;
    let figures = [
        ("Tasks due today", vec![]),
        ("Touches in doubt", vec![UserRole::Operator]),
        ("Pauses in force", vec![UserRole::Operator]),
        ("Unclear answers", vec![UserRole::Compliance]),
        ("Lifts waiting", vec![UserRole::Compliance]),
        ("Open requests", vec![UserRole::Compliance]),
        ("Drafts of templates", vec![UserRole::Marketer]),
    ];
    for role in UserRole::ALL {
        let mut browser = world.as_one_of(&[*role]).await;
        let page = browser.get("/").await;
        assert_eq!(page.status, 200, "{role}: {}", page.body);
        assert!(page.body.contains("Nothing waits for you"), "{role}: {}", page.body);
        for (figure, roles) in &figures {
            let is_shown = page.body.contains(figure);
            // Users whose address is no agent's have no tasks.
            assert_eq!(is_shown, roles.contains(role), "{role} {figure}: {}", page.body);
        }
    }
    let mut agent = world.signed_in(lina).await;
    assert_eq!(agent.get("/?lang=ar").await.status, 200);
    world.stop().await;
}

#[tokio::test]
async fn what_presses_stands_on_the_first_page() {
    let world = World::start().await;
    let pause = NewPause {
        scope: PauseScope::Everything,
        key: String::new(),
        since: domain::Clock::system().now(),
        reason: "moving house".to_owned(),
        evidence: serde_json::json!({}),
    };
    world.database.pause_by(&pause, "lina").await.unwrap().unwrap();
    let mut operator = world.as_one_of(&[UserRole::Operator]).await;
    let page = operator.get("/").await;
    assert!(page.body.contains("figure presses\">1<"), "{}", page.body);
    assert!(!page.body.contains("Nothing waits for you"), "{}", page.body);
    world.stop().await;
}
