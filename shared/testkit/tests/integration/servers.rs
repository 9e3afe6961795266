//! The private servers: isolation, bad days on purpose, and nothing left behind.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lapin::options::{BasicPublishOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Connection as AmqpConnection, ConnectionProperties};
use rustix::process::{Pid, Signal, kill_process};
use sqlx::{Connection, PgConnection};
use testkit::{RabbitMq, TestDatabase, TestVhost, postgres};

const WITH_SERVERS: &str = env!("CARGO_BIN_EXE_with-servers");

async fn connect(url: &str) -> AmqpConnection {
    AmqpConnection::connect(url, ConnectionProperties::default()).await.unwrap()
}

async fn publish_one(connection: &AmqpConnection) {
    let channel = connection.create_channel().await.unwrap();
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare("q".into(), durable, FieldTable::default()).await.unwrap();
    channel.confirm_select(Default::default()).await.unwrap();
    let persistent = BasicProperties::default().with_delivery_mode(2);
    let options = BasicPublishOptions::default();
    let confirm = channel.basic_publish("".into(), "q".into(), options, b"hint", persistent).await;
    assert!(confirm.unwrap().await.unwrap().is_ack());
}

#[tokio::test]
async fn a_database_of_a_template_has_its_tables_and_is_gone_after_drop() {
    let migrate = async |url: String| {
        let mut db = PgConnection::connect(&url).await?;
        sqlx::query("CREATE TABLE t AS SELECT 1::bigint AS n").execute(&mut db).await?;
        db.close().await
    };
    let (one, other) = tokio::join!(
        TestDatabase::from_template("servers_test", migrate),
        TestDatabase::from_template("servers_test", migrate),
    );
    let mut db = PgConnection::connect(one.url()).await.unwrap();
    sqlx::query("UPDATE t SET n = 2").execute(&mut db).await.unwrap();
    let mut db_of_other = PgConnection::connect(other.url()).await.unwrap();
    let n: i64 = sqlx::query_scalar("SELECT n FROM t").fetch_one(&mut db_of_other).await.unwrap();
    assert_eq!(n, 1, "databases of one template do not share rows");

    let name = one.name().to_owned();
    drop(one); // With a connection still open.
    let mut db = PgConnection::connect(&postgres().await.url("postgres")).await.unwrap();
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM pg_database WHERE datname = $1")
        .bind(name)
        .fetch_one(&mut db)
        .await
        .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn an_empty_database_is_empty() {
    let database = TestDatabase::create().await;
    let mut db = PgConnection::connect(database.url()).await.unwrap();
    let tables: i64 =
        sqlx::query_scalar("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
            .fetch_one(&mut db)
            .await
            .unwrap();
    assert_eq!(tables, 0);
}

#[tokio::test]
async fn virtual_hosts_do_not_share_queues_or_connections() {
    let (one, other) = tokio::join!(TestVhost::create(), TestVhost::create());
    let (connection, bystander) = (connect(one.url()).await, connect(other.url()).await);
    publish_one(&connection).await;
    eventually("the queue holds the message", async || one.messages("q").await == Some(1)).await;
    assert_eq!(other.messages("q").await, None);
    assert_eq!(one.close_connections().await, 1);
    eventually("the connection is closed", async || !connection.status().connected()).await;
    assert!(bystander.status().connected());
}

#[tokio::test]
async fn a_node_of_ones_own_survives_kill_and_shut_down_with_its_messages() {
    let node = RabbitMq::start().await;
    let vhost = node.control().vhost().await;
    publish_one(&connect(vhost.url()).await).await;

    node.kill().await;
    assert!(
        AmqpConnection::connect(vhost.url(), ConnectionProperties::default()).await.is_err(),
        "a killed node takes no connections"
    );
    node.boot().await;
    eventually("the message is back", async || vhost.messages("q").await == Some(1)).await;

    node.shut_down().await;
    node.boot().await;
    eventually("the message is back again", async || vhost.messages("q").await == Some(1)).await;

    node.control().raise_memory_alarm().await;
    let blocked = connect(vhost.url()).await;
    let channel = blocked.create_channel().await.unwrap();
    let publish = channel.basic_publish(
        "".into(),
        "q".into(),
        BasicPublishOptions::default(),
        b"hint",
        BasicProperties::default(),
    );
    publish.await.unwrap();
    eventually("the node blocks the publisher", async || blocked.status().blocked()).await;
    node.control().clear_memory_alarm().await;
    eventually("and lets it go on", async || vhost.messages("q").await == Some(2)).await;
}

#[tokio::test]
async fn the_command_gets_its_servers_and_its_exit_code_is_passed_on() {
    let folder = tempfile::tempdir().unwrap();
    let script = r#"
        test -S "$TOUCHLINE_TEST_RABBITMQ_CONTROL" || exit 1
        case $TOUCHLINE_TEST_POSTGRES in postgres:///postgres\?host=/*) ;; *) exit 2 ;; esac
        case $TOUCHLINE_TEST_AMQP in amqp://*/%2f) ;; *) exit 3 ;; esac
        echo "$TOUCHLINE_TEST_FOLDER" >"$0"
        exit 42"#;
    let mut command = with_servers(&[], script, folder.path());
    let status = tokio::task::spawn_blocking(move || command.wait()).await.unwrap().unwrap();
    assert_eq!(status.code(), Some(42));
    let run = PathBuf::from(std::fs::read_to_string(folder.path().join("run")).unwrap().trim());
    assert!(!run.exists(), "the run folder is gone");
    assert_eq!(processes_inside(&run), 0);
}

#[tokio::test]
async fn a_terminated_run_leaves_nothing() {
    run_ends_clean_after(Signal::TERM, Some(128 + 15)).await;
}

#[tokio::test]
async fn a_killed_run_leaves_nothing() {
    run_ends_clean_after(Signal::KILL, None).await;
}

async fn run_ends_clean_after(signal: Signal, code: Option<i32>) {
    let folder = tempfile::tempdir().unwrap();
    let script = r#"echo "$TOUCHLINE_TEST_FOLDER" >"$0.new"; mv "$0.new" "$0"; exec sleep 60"#;
    let mut command = with_servers(&["--postgres"], script, folder.path());
    let written = folder.path().join("run");
    eventually("the command runs", async || written.exists()).await;
    let run = PathBuf::from(std::fs::read_to_string(&written).unwrap().trim());
    assert!(processes_inside(&run) > 0, "a server runs in the folder");
    kill_process(Pid::from_child(&command), signal).unwrap();
    let status = tokio::task::spawn_blocking(move || command.wait()).await.unwrap().unwrap();
    assert_eq!(status.code(), code);
    eventually("the run folder is gone", async || !run.exists()).await;
    assert_eq!(processes_inside(&run), 0);
}

fn with_servers(options: &[&str], script: &str, folder: &Path) -> Child {
    Command::new(WITH_SERVERS)
        .args(options)
        .args(["sh", "-c", script])
        .arg(folder.join("run"))
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

fn processes_inside(folder: &Path) -> usize {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let working_folders = processes.filter_map(|p| std::fs::read_link(p.path().join("cwd")).ok());
    working_folders.filter(|working_folder| working_folder.starts_with(folder)).count()
}

async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds().await {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
