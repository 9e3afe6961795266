//! The sample team: one click loads it where there is nobody, another removes it once the numbers were
//! shown; administrators alone may do either, and everybody sees that it is there.

use domain::access::UserRole;
use storage::tasks::Agent;

use crate::world::{Browser, World};

const LOADED: &str = "Sample data is loaded";

/// Waits until nothing is loaded or removed any more.
async fn settled(world: &World, admin: &mut Browser) -> String {
    let working = async {
        while world.database.sample_standing().await.unwrap().is_busy() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(120), working).await.unwrap();
    admin.get("/sample").await.body
}

#[tokio::test(flavor = "multi_thread")]
async fn one_click_loads_the_sample_and_another_removes_it_after_the_numbers() {
    let world = World::start().await;
    let mut admin = world.as_one_of(&[UserRole::Admin]).await;
    for page in ["/", "/contacts"] {
        let page = admin.get(page).await.body;
        assert!(page.contains("Load the sample team") && !page.contains(LOADED), "{page}");
    }
    for role in UserRole::ALL.iter().filter(|role| **role != UserRole::Admin) {
        let mut other = world.as_one_of(&[*role]).await;
        assert!(!other.get("/").await.body.contains("Load the sample team"), "{role}");
        assert_eq!(other.post("/sample", &[("what", "load")]).await.status, 403, "{role}");
    }
    assert_eq!(admin.post("/sample", &[]).await.location(), "/sample", "nothing was clicked");
    assert!(!world.database.sample_standing().await.unwrap().is_there);

    // Twice, and by two people.
    let mut second = world.as_one_of(&[UserRole::Admin]).await;
    let load = [("what", "load")];
    let (one, two) = tokio::join!(admin.post("/sample", &load), second.post("/sample", &load));
    assert!(one.location() == "/sample" && two.location() == "/sample", "{one:?} {two:?}");
    let page = settled(&world, &mut admin).await;
    for part in ["200 contacts", "200 enrolments", "200 open touches", "3 agents"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("Load the sample team"), "{page}");
    for role in UserRole::ALL {
        let mut reader = world.as_one_of(&[*role]).await;
        let page = reader.get("/").await.body;
        assert!(page.contains(LOADED), "{role}: {page}");
        let may = page.contains("Remove the sample data");
        assert_eq!(may, *role == UserRole::Admin, "{role}");
    }
    let arabic = admin.get("/sample?lang=ar").await.body;
    assert!(arabic.contains("أزِل البيانات التجريبية") && arabic.contains("200 جهة اتصال"));
    assert!(admin.get("/contacts?lang=en").await.body.contains("Sample person"));

    // Somebody of our own, who has an agent of the sample.
    let agents: Vec<Agent> = world.database.agents().await.unwrap();
    let own = world.deployment.people(1).await.remove(0);
    let given = [("owner", agents[0].id.to_string()), ("reason", "speaks English".to_owned())];
    let given = given.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(admin.post(&format!("/contacts/{own}/owner"), &given).await.status, 303);
    let page = admin.get("/sample").await.body;
    assert!(page.contains("One contact of your own belongs to an agent of the sample"), "{page}");

    let remove = [("what", "remove")];
    let mut auditor = world.as_one_of(&[UserRole::Auditor]).await;
    assert_eq!(auditor.post("/sample", &remove).await.status, 403);
    let (one, two) = tokio::join!(admin.post("/sample", &remove), second.post("/sample", &remove));
    assert!(one.location() == "/sample" && two.location() == "/sample", "{one:?} {two:?}");
    let page = settled(&world, &mut admin).await;
    assert!(page.contains("There is no sample data here"), "{page}");
    let page = admin.get("/contacts").await.body;
    assert!(page.contains("Person 0") && !page.contains("Sample person"), "{page}");
    assert!(world.database.agents().await.unwrap().is_empty());
    assert_eq!(world.database.contact(own).await.unwrap().unwrap().owner, None);
    // Where somebody has brought contacts there is nothing to load.
    let refused = admin.post("/sample", &load).await;
    assert!(refused.status == 422 && refused.body.contains("contacts already"), "{refused:?}");
    assert!(!admin.get("/").await.body.contains("Load the sample team"));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_broke_off_is_said_and_can_be_done_again() {
    let world = World::start().await;
    let mut admin = world.as_one_of(&[UserRole::Admin]).await;
    let broken = world.database.begin_sample_work(false, "gone").await.unwrap().unwrap();
    let busy = admin.get("/sample").await.body;
    assert!(busy.contains("is being loaded") && busy.contains("http-equiv=\"refresh\""), "{busy}");
    assert!(admin.get("/").await.body.contains("being loaded or removed"));
    world.database.break_sample_work(broken, "the disk is full").await.unwrap();
    let page = admin.get("/sample").await.body;
    assert!(page.contains("Loading broke off") && page.contains("Load the sample team"), "{page}");
    admin.post("/sample", &[("what", "load")]).await;
    let page = settled(&world, &mut admin).await;
    assert!(page.contains("200 contacts") && !page.contains("broke off"), "{page}");
    world.stop().await;
}
