//! Settings, versions, migrations and exit codes.

use testkit::TestDatabase;
use testkit::fixture::Deployment;

use crate::Desk;

#[test]
fn the_version_names_the_time_zone_data() {
    let ran = Desk::bare().run(&["--version"]);
    assert_eq!(ran.code, 0);
    assert!(ran.out.starts_with("touchline 0."), "{}", ran.out);
    assert!(ran.out.contains("time-zone data 20"), "{}", ran.out);
}

#[test]
fn wrong_arguments_and_settings_exit_with_2() {
    let desk = Desk::bare();
    assert_eq!(desk.run(&[]).code, 2);
    assert_eq!(desk.run(&["frobnicate"]).code, 2);
    assert_eq!(desk.run(&["suppress", "add", "a@example.com"]).code, 2);
    assert_eq!(desk.run(&["suppress", "add", "a@example.com", "--reason", "because"]).code, 2);
    let ran = desk.with("TOUCHLINE__DATABASE__UR", "x").run(&["settings"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("TOUCHLINE__DATABASE__URL"), "{}", ran.err);
    assert!(ran.out.is_empty());
}

#[test]
fn with_json_errors_are_json_too() {
    let desk = Desk::bare().with("TOUCHLINE__DATABASE__UR", "x");
    let (code, why) = desk.run(&["settings", "--json"]).refusal();
    assert_eq!(code, 2);
    assert!(why.contains("did you mean"), "{why}");
}

#[test]
fn settings_are_shown_without_secrets() {
    let desk = Desk::bare()
        .with("TOUCHLINE__KEYS__ADDRESS", "very secret")
        .with("TOUCHLINE__DATABASE__URL", "postgres://u:hidden@localhost/x");
    let text = desk.run(&["settings"]);
    assert_eq!(text.code, 0);
    let answer = desk.run(&["settings", "--json"]);
    for out in [&text.out, &answer.out] {
        assert!(!out.contains("very secret") && !out.contains("hidden"), "{out}");
    }
    assert_eq!(answer.object()["database"]["max_connections"], 10);
    let file = desk.write("other.toml", "[database]\nmax_connections = 3\n");
    let ran = desk.run(&["--config", file.to_str().unwrap(), "settings", "--json"]);
    assert_eq!(ran.object()["database"]["max_connections"], 3);
}

#[test]
fn without_a_database_both_ways_to_one_are_explained() {
    let desk = Desk::bare();
    let folder = desk.path("data");
    let ran = desk.run(&["--data-dir", folder.to_str().unwrap(), "suppress", "list"]);
    assert_eq!(ran.code, 2);
    for part in ["TOUCHLINE__DATABASE__URL", "touchline up", "--data-dir"] {
        assert!(ran.err.contains(part), "{part} in {}", ran.err);
    }
}

#[tokio::test]
async fn the_database_of_a_running_fleet_is_found_in_its_folder() {
    let deployment = Deployment::create().await;
    let desk = Desk::bare();
    desk.write("database-url", format!("{}\n", deployment.url()));
    desk.write("address-key", testkit::fixture::ADDRESS_SECRET);
    let ran = desk.run(&["--data-dir", ".", "suppress", "list", "--json"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{ran:?}");
}

#[tokio::test]
async fn an_empty_database_is_migrated_once() {
    let database = TestDatabase::create().await;
    let desk = Desk::bare()
        .with("TOUCHLINE__DATABASE__URL", database.url())
        .with("TOUCHLINE__KEYS__ADDRESS", "one");
    let (code, why) = desk.run(&["suppress", "list", "--json"]).refusal();
    assert_eq!(code, 1);
    assert!(why.contains("touchline migrate"), "{why}");
    let first = desk.run(&["migrate", "--json"]).object();
    assert!(first["migrations"].as_u64().unwrap() >= 5);
    assert_eq!(desk.run(&["migrate", "--json"]).object(), first);
    // The first key is remembered; with another the list would match nobody. Services may not write
    // it, so it is there before any of them starts.
    let desk = desk.with("TOUCHLINE__KEYS__ADDRESS", "another");
    for command in [&["migrate", "--json"][..], &["suppress", "list", "--json"]] {
        let (code, why) = desk.run(command).refusal();
        assert_eq!(code, 1);
        assert!(why.contains("[keys] address"), "{why}");
    }
    let desk = desk.with("TOUCHLINE__KEYS__ADDRESS", "one");
    assert_eq!(desk.run(&["suppress", "list", "--json"]).code, 0);
}
