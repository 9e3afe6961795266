//! A private PostgreSQL on the real binaries: start, stop, crash, refusal, disk trouble.
#![allow(clippy::unwrap_used)]

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use embedded::{Options, Postgres, StartError};
use sqlx::{Connection, PgConnection};

/// A folder the server's own user can enter, also when the tests run as root.
fn open_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
    folder
}

fn options(data_dir: &Path) -> Options {
    Options { data_dir: data_dir.join("data"), ..Options::default() }
}

async fn run(postgres: &Postgres, statement: &'static str) {
    let mut db = PgConnection::connect(&postgres.url("postgres")).await.unwrap();
    sqlx::query(statement).execute(&mut db).await.unwrap();
    db.close().await.unwrap();
}

async fn number(postgres: &Postgres, statement: &'static str) -> i64 {
    let mut db = PgConnection::connect(&postgres.url("postgres")).await.unwrap();
    sqlx::query_scalar(statement).fetch_one(&mut db).await.unwrap()
}

/// Whether the process runs; one that ended but is not reaped yet has no command line any more.
fn runs(pid: u32) -> bool {
    std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| !line.is_empty())
}

#[tokio::test]
async fn data_outlives_a_stop_and_a_start() {
    let folder = open_folder();
    let postgres = Postgres::start(options(folder.path())).await.unwrap();
    run(&postgres, "CREATE TABLE kept AS SELECT 7::bigint AS n").await;
    let pid = postgres.pid().unwrap();
    postgres.stop().await;
    assert!(!runs(pid), "the server is gone when stop returns");

    let durable = Options { durable: true, ..options(folder.path()) };
    let postgres = Postgres::start(durable).await.unwrap();
    assert_eq!(number(&postgres, "SELECT n FROM kept").await, 7);
    assert_eq!(
        number(
            &postgres,
            "SELECT count(*) FROM pg_settings WHERE name = 'fsync' AND setting = 'on'"
        )
        .await,
        1
    );
    postgres.stop().await;
}

#[tokio::test]
async fn a_second_start_on_the_same_folder_names_the_holder() {
    let folder = open_folder();
    let postgres = Postgres::start(options(folder.path())).await.unwrap();
    let error = Postgres::start(options(folder.path())).await.unwrap_err();
    let StartError::InUse { pid, .. } = &error else { panic!("{error}") };
    assert_eq!(*pid, std::process::id().to_string());
    postgres.stop().await;
}

#[tokio::test]
async fn a_killed_server_comes_back_on_the_same_address_with_its_data() {
    let folder = open_folder();
    let postgres = Postgres::start(options(folder.path())).await.unwrap();
    run(&postgres, "CREATE TABLE kept AS SELECT 8::bigint AS n").await;
    let before = postgres.pid();
    postgres.crash().await;
    postgres.ready().await;
    assert_ne!(postgres.pid(), before);
    assert_eq!(number(&postgres, "SELECT n FROM kept").await, 8);
    postgres.stop().await;
}

#[tokio::test]
async fn the_log_quotes_no_rows() {
    let folder = open_folder();
    let postgres = Postgres::start(options(folder.path())).await.unwrap();
    run(&postgres, "CREATE TABLE people AS SELECT 'layla@example.com' AS email").await;
    run(&postgres, "CREATE UNIQUE INDEX ON people (email)").await;
    let mut db = PgConnection::connect(&postgres.url("postgres")).await.unwrap();
    let double = sqlx::query("INSERT INTO people VALUES ('layla@example.com')");
    assert!(double.execute(&mut db).await.is_err());
    drop(db);
    postgres.stop().await;
    let log = std::fs::read_to_string(folder.path().join("data/server.log")).unwrap();
    assert!(log.contains("duplicate key") && !log.contains("layla"), "{log}");
}

#[tokio::test]
async fn a_paused_server_stays_down_until_it_is_resumed() {
    let folder = open_folder();
    let postgres = Postgres::start(options(folder.path())).await.unwrap();
    postgres.pause().await;
    assert!(PgConnection::connect(&postgres.url("postgres")).await.is_err());
    postgres.resume().await;
    assert_eq!(number(&postgres, "SELECT 1::bigint").await, 1);
    postgres.stop().await;
}

#[tokio::test]
async fn settings_of_the_caller_win() {
    let folder = open_folder();
    let settings = vec![("max_connections".to_owned(), "33".to_owned())];
    let postgres = Postgres::start(Options { settings, ..options(folder.path()) }).await.unwrap();
    assert_eq!(number(&postgres, "SELECT current_setting('max_connections')::bigint").await, 33);
    postgres.stop().await;
}

#[tokio::test]
async fn a_long_or_unusual_path_is_no_obstacle() {
    let folder = open_folder();
    for name in ["long-".repeat(24).as_str(), "بيانات, my & \"data\""] {
        let unusual = folder.path().join(name);
        std::fs::create_dir(&unusual).unwrap();
        std::fs::set_permissions(&unusual, std::fs::Permissions::from_mode(0o711)).unwrap();
        let postgres = Postgres::start(options(&unusual)).await.unwrap();
        assert_eq!(number(&postgres, "SELECT 1::bigint").await, 1);
        postgres.stop().await;
    }
}

#[tokio::test]
async fn a_server_that_cannot_start_shows_its_own_words() {
    let folder = open_folder();
    let settings = vec![("no_such_setting".to_owned(), "1".to_owned())];
    let broken = Options { settings, ..options(folder.path()) };
    let error = Postgres::start(broken).await.unwrap_err().to_string();
    assert!(error.contains("unrecognized configuration parameter"), "{error}");
    // The failed start let go of everything: the same folder starts at once.
    Postgres::start(options(folder.path())).await.unwrap().stop().await;
}

#[tokio::test]
async fn a_lock_file_of_a_dead_server_is_no_obstacle() {
    let folder = open_folder();
    Postgres::start(options(folder.path())).await.unwrap().stop().await;
    // The id of a living stranger: PostgreSQL alone would refuse to start.
    let lock = folder.path().join("data/cluster/postmaster.pid");
    std::fs::write(lock, format!("{}\n", std::process::id())).unwrap();
    Postgres::start(options(folder.path())).await.unwrap().stop().await;
}

#[tokio::test]
async fn a_cluster_of_another_version_is_refused() {
    let folder = open_folder();
    let cluster = folder.path().join("data/cluster");
    std::fs::create_dir_all(&cluster).unwrap();
    std::fs::write(cluster.join("PG_VERSION"), "12\n").unwrap();
    let data = folder.path().join("data");
    std::fs::set_permissions(data, std::fs::Permissions::from_mode(0o711)).unwrap();
    let error = Postgres::start(options(folder.path())).await.unwrap_err();
    assert!(matches!(error, StartError::OtherVersion { .. }), "{error}");
}

/// Not a fact of its own: the owner that `a_killed_owner_takes_its_server_along` kills.
#[tokio::test]
async fn owner_process() {
    let Some(folder) = std::env::var_os("EMBEDDED_TEST_OWNER") else { return };
    let postgres = Postgres::start(options(Path::new(&folder))).await.unwrap();
    std::fs::write(Path::new(&folder).join("pid"), postgres.pid().unwrap().to_string()).unwrap();
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_killed_owner_takes_its_server_along() {
    let folder = open_folder();
    let mut owner = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "owner_process"])
        .env("EMBEDDED_TEST_OWNER", folder.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let pid_file = folder.path().join("pid");
    eventually("the owner has a server", || pid_file.exists()).await;
    let pid: u32 = std::fs::read_to_string(pid_file).unwrap().parse().unwrap();
    assert!(runs(pid));
    owner.kill().unwrap();
    owner.wait().unwrap();
    // At once, as somebody who starts again would: a lingering server is ended first.
    let postgres = Postgres::start(options(folder.path())).await.unwrap();
    eventually("the killed owner's server is gone", || !runs(pid)).await;
    postgres.stop().await;
}

async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
