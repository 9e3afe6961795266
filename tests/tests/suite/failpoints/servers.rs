//! Rows 8, 11, 13, 15, 17 and 18: the other side goes away, and every process lives.

use std::path::Path;
use std::time::Duration;

use domain::{Channel, Clock};
use embedded::{Options, Postgres};
use sqlx::Connection;
use testkit::TestVhost;
use testkit::fixture::Deployment;
use testkit::servers::RunFolder;
use testkit::smtp_sink::{Action, Fault, Stage};
use tests::processes::{Program, Scene};

use super::{EMAIL_QUEUE, End, ONCE, PATIENCE, ends, ends_of, queue_holds};

#[tokio::test]
async fn row_8_a_connection_that_broke_before_the_dot_leaves_no_doubt() {
    let scene = Scene::with(&[Channel::Email], 1).await;
    scene.smtp.script(Fault::at(Stage::Data, Action::Reset).times(1));
    let _scheduler = scene.start(Program::Scheduler);
    let _worker = scene.start(Program::EmailWorker);
    let failed = "SELECT count(*) FROM touches WHERE state = 'scheduled' AND failures = 1";
    scene.sees(failed, 1).await;
    assert_eq!(scene.smtp.accepted().len(), 0);
    hasten(&scene).await;
    let again = End { attempts: 2, ..ONCE };
    assert_eq!(ends(&scene).await[&Channel::Email], [again]);
}

/// What waits for its next attempt is due at once.
async fn hasten(scene: &Scene) {
    let hasten = "WITH now_due AS (UPDATE due_touches SET due_at = now() RETURNING touch_id)
                  UPDATE touches SET due_at = now() FROM now_due WHERE id = touch_id";
    scene.execute(hasten.to_owned()).await;
}

#[tokio::test]
async fn row_9_a_connection_that_broke_after_the_dot_is_a_doubt_the_worker_itself_records() {
    let scene = Scene::with(&[Channel::Email], 1).await;
    scene.smtp.script(Fault::at(Stage::Dot, Action::AcceptThenClose).times(1));
    let _scheduler = scene.start(Program::Scheduler);
    let _worker = scene.start(Program::EmailWorker);
    let twice = End { state: "sent", doubts: 1, attempts: 2, copies: 2 };
    assert_eq!(ends(&scene).await[&Channel::Email], [twice]);
}

#[tokio::test]
async fn row_11_an_outcome_whose_commit_broke_off_is_recorded_again() {
    let scene = Scene::with(&[Channel::Email], 1).await;
    scene.smtp.script(Fault::at(Stage::Dot, Action::Usual).delay(Duration::from_secs(1)));
    let _scheduler = scene.start(Program::Scheduler);
    let _worker = scene.start(Program::EmailWorker);
    scene.sees("SELECT count(*) FROM inflight", 1).await;
    // Whoever records has to wait for us.
    let mut db = scene.connect().await;
    let mut lock = db.begin().await.unwrap();
    sqlx::query("SELECT FROM touches FOR UPDATE").execute(&mut *lock).await.unwrap();
    let waiting = "FROM pg_stat_activity WHERE application_name = 'touchline_email_worker'
                    AND datname = current_database() AND wait_event_type = 'Lock'";
    scene.sees(&format!("SELECT count(*) {waiting}"), 1).await;
    scene.execute(format!("SELECT pg_terminate_backend(pid) {waiting}")).await;
    lock.commit().await.unwrap();
    assert_eq!(ends(&scene).await[&Channel::Email], [ONCE]);
}

#[tokio::test]
async fn row_13_outcomes_wait_for_a_database_that_is_away() {
    let folder = RunFolder::create();
    let options = Options { data_dir: folder.path().join("own"), ..Options::default() };
    let (server, vhost) = tokio::join!(Postgres::start(options), TestVhost::create());
    let server = server.unwrap();
    let url = server.url("postgres");
    let deployment = Deployment::at(url).await;
    let mut scene = Scene::on(deployment, vhost.url(), &[Channel::Email], 8).await;
    let settings = [("worker.lease_seconds", "60"), ("email.data_timeout_seconds", "20")];
    scene.environment = scene.environment.with(&settings);
    scene.enrol(0, 8).await;
    scene.smtp.script(Fault::at(Stage::Dot, Action::Usual).delay(Duration::from_secs(3)));
    let _scheduler = scene.start(Program::Scheduler);
    let worker = scene.start(Program::EmailWorker);
    scene.sees("SELECT count(*) FROM inflight", 8).await;
    begun(&scene, 8).await;
    let since = Clock::system().now();
    server.pause().await;
    // The worker goes on with what it has in hand, and keeps the outcomes.
    scene.smtp.wait_for(8).await;
    kept(&worker).await;
    server.resume().await;
    scene.note_server(since, "PostgreSQL was away");
    assert_eq!(ends(&scene).await[&Channel::Email], [ONCE; 8]);
    drop(scene);
    server.stop().await;
}

/// Waits until so many messages are on their way: all that needs the database is behind them.
async fn begun(scene: &Scene, wanted: u64) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while scene.smtp.open_connections() < wanted {
        assert!(tokio::time::Instant::now() < deadline, "{}", scene.smtp.open_connections());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn kept(worker: &tests::processes::Process) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !worker.log().contains("outcomes wait for the database") {
        assert!(tokio::time::Instant::now() < deadline, "nothing is kept:\n{}", worker.tail());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn row_15_a_worker_that_comes_back_after_its_lease_changes_nothing() {
    let mut scene = Scene::with(&[Channel::Email], 1).await;
    // Time to stop it between the hand-over and the record.
    scene.environment = scene.environment.with(&[("worker.flush_milliseconds", "3000")]);
    let _scheduler = scene.start(Program::Scheduler);
    let frozen = scene.start(Program::EmailWorker);
    scene.smtp.wait_for(1).await;
    frozen.freeze();
    scene.note(&frozen, "SIGSTOP");
    let other = scene.start_with(Program::EmailWorker, &[("worker.flush_milliseconds", "20")]);
    scene.ended(PATIENCE).await;
    drop(other);
    frozen.go_on();
    let late = "SELECT count(*) FROM touch_events WHERE detail->>'late' = 'true'";
    scene.sees(late, 1).await;
    let history = scene.history().await;
    let report = history.check(Clock::system().now());
    report.assert_clean();
    assert_eq!(report.counts.late, 1);
    let twice = End { state: "sent", doubts: 1, attempts: 2, copies: 2 };
    assert_eq!(ends_of(&history)[&Channel::Email], [twice]);
}

#[tokio::test]
async fn row_17_a_standby_that_had_not_heard_of_the_claims_lets_everything_go_out_again() {
    let folder = RunFolder::create();
    let primary = folder.path().join("primary");
    let standby = folder.path().join("standby");
    let options = Options { data_dir: primary.clone(), ..Options::default() };
    let (server, vhost) = tokio::join!(Postgres::start(options), TestVhost::create());
    let server = server.unwrap();
    let deployment = Deployment::at(server.url("postgres")).await;
    let scene = Scene::on(deployment, vhost.url(), &[Channel::Email], 3).await;
    scene.enrol(0, 3).await;
    // What an asynchronous standby has at this moment; of what follows it hears nothing.
    server.pause().await;
    copy(&primary, &standby);
    server.resume().await;
    let _scheduler = scene.start(Program::Scheduler);
    let _worker = scene.start(Program::EmailWorker);
    assert_eq!(ends(&scene).await[&Channel::Email], [ONCE; 3]);
    server.pause().await;
    std::fs::remove_dir_all(&primary).unwrap();
    std::fs::rename(&standby, &primary).unwrap();
    server.resume().await;
    scene.smtp.wait_for(6).await;
    scene.ended(PATIENCE).await;
    // The database knows of one attempt and no doubt: only the receiving side can tell.
    let history = scene.history().await;
    assert_eq!(ends_of(&history)[&Channel::Email], [End { copies: 2, ..ONCE }; 3]);
    assert!(!history.check(Clock::system().now()).violations.is_empty(), "the checker sees it");
    let mut names: Vec<_> =
        history.deliveries.iter().map(|delivery| delivery.identity.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 3, "both copies of a touch have the same Message-ID");
    drop(scene);
    server.stop().await;
}

/// A copy of a folder with its owners and modes.
fn copy(from: &Path, to: &Path) {
    let done = std::process::Command::new("cp").arg("-a").args([from, to]).status().unwrap();
    assert!(done.success(), "cp ends with {done}");
}

#[tokio::test]
async fn row_18_connections_to_the_broker_that_break_under_load_cost_nothing() {
    let scene = Scene::with(&[Channel::Email], 300).await;
    scene.smtp.script(Fault::at(Stage::Dot, Action::Usual).delay(Duration::from_millis(20)));
    let _scheduler = scene.start(Program::Scheduler);
    let _workers = [scene.start(Program::EmailWorker), scene.start(Program::EmailWorker)];
    let vhost = scene.vhost.as_ref().unwrap();
    let mut broken = 0;
    for accepted in [20, 90, 160] {
        scene.smtp.wait_for(accepted).await;
        // Those that were broken a moment ago may not be back yet.
        broken += vhost.close_connections().await;
    }
    assert!(broken > 2, "only {broken} connections were there to break");
    // How often a touch was claimed is the limits' affair: what finds no place is given back.
    let ends = ends(&scene).await.remove(&Channel::Email).unwrap();
    let ends = ends.into_iter().map(|end| End { attempts: 1, ..end });
    assert_eq!(ends.collect::<Vec<_>>(), [ONCE; 300]);
    queue_holds(&scene, EMAIL_QUEUE, 0).await;
}
