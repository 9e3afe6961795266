//! Do-not-call registries: the rows of compliance.md V-10 that need the database.

use std::collections::BTreeSet;

use domain::phone::Phone;
use domain::registry::{AreaCode, LineCounts, ListRefused, LoadKind, Registry, Verdict};
use jiff::Timestamp;
use sqlx::Connection;
use storage::registries::{
    ChangeList, Coverage, FullList, LoadError, Loaded, NewLoad, Registries, RegistryCheck,
};
use storage::{Role, StorageError};
use testkit::fixture::Deployment;

use Registry::{AeDncr, UsNational};

const NOW: &str = "2026-02-01T12:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn load(version_date: &str) -> NewLoad {
    NewLoad {
        version_date: version_date.parse().unwrap(),
        coverage: Coverage::Subscribed,
        source_name: "list.txt".to_owned(),
        account: Some("10123456-1234".to_owned()),
        actor: "officer".to_owned(),
        now: at(NOW),
    }
}

fn named(version_date: &str, areas: &[u32]) -> NewLoad {
    let areas: BTreeSet<AreaCode> = areas.iter().copied().map(AreaCode::new).collect();
    NewLoad { coverage: Coverage::Named(areas), ..load(version_date) }
}

fn full(registry: Registry, text: &str) -> FullList {
    let mut list = FullList::new(registry);
    text.split_inclusive('\n').for_each(|line| list.line(line.as_bytes()));
    list
}

fn changes(text: &str) -> ChangeList {
    let layout = "area_code,number,action=A/D".parse().unwrap();
    let mut list = ChangeList::new(UsNational, layout);
    text.split_inclusive('\n').for_each(|line| list.line(line.as_bytes()).unwrap());
    list
}

/// Loads a full list of the United States.
async fn us(deployment: &Deployment, load: &NewLoad, text: &str) -> Result<Loaded, LoadError> {
    deployment.operator.load_full_list(load, full(UsNational, text)).await
}

async fn check(registries: &Registries, raw: &str, now: &str) -> Option<RegistryCheck> {
    registries.verdict(Phone::parse(raw, "").phone.as_ref().unwrap(), at(now)).await.unwrap()
}

async fn verdict(registries: &Registries, raw: &str, now: &str) -> Verdict {
    check(registries, raw, now).await.unwrap().verdict
}

fn refused(result: Result<Loaded, LoadError>) -> ListRefused {
    match result.unwrap_err() {
        LoadError::Refused(why) => why,
        other => panic!("{other}"),
    }
}

/// `count` numbers of an area code, from 200 0000 on.
fn numbers(area: u32, count: u32) -> String {
    (0..count).map(|n| format!("{area}{:07}\n", 2_000_000 + n)).collect()
}

#[tokio::test]
async fn rows_1_3_and_4_a_number_is_judged_by_the_data_of_its_area_code() {
    let deployment = Deployment::create().await;
    us(&deployment, &load("2026-01-01"), "4155552671\n2125550000\n").await.unwrap();
    let registries = Registries::new(deployment.connect(Role::CallWorker));
    assert_eq!(verdict(&registries, "+14155552672", NOW).await, Verdict::Clear);
    assert_eq!(verdict(&registries, "+14155552671", NOW).await, Verdict::Listed);
    assert_eq!(verdict(&registries, "+14155552672", "2026-02-02T00:00:00Z").await, Verdict::Stale);
    assert_eq!(verdict(&registries, "+13105552672", NOW).await, Verdict::NotLicensed);
    assert_eq!(check(&registries, "+966501234567", NOW).await, None);
    // A newer list of one area code leaves the other its age.
    us(&deployment, &named("2026-02-01", &[415]), "4155552671\n").await.unwrap();
    let later = "2026-02-10T12:00:00Z";
    let fresh = check(&registries, "+14155552671", later).await.unwrap();
    assert_eq!(fresh.verdict, Verdict::Listed);
    assert_eq!(fresh.version_date, Some("2026-02-01".parse().unwrap()));
    assert_eq!((fresh.area_code, fresh.checked_at), (415, at(later)));
    assert_eq!(verdict(&registries, "+12125550001", later).await, Verdict::Stale);
    let loads = deployment.operator.registry_loads(UsNational, 10).await.unwrap();
    assert_eq!(Some(loads[0].id), fresh.load, "the evidence names the load");
    assert_eq!(loads[0].account.as_deref(), Some("10123456-1234"));
    assert_eq!((loads.len(), loads[0].kind), (2, LoadKind::Full));
}

#[tokio::test]
async fn row_9_a_mark_blank_lines_and_duplicates_are_taken_in_stride() {
    let deployment = Deployment::create().await;
    let text = "\u{feff}4155552671\r\n415,5552672\r\n\"415\",\"5552671\"\r\n\r\n\n";
    let list = full(UsNational, text);
    assert_eq!(list.counts(), LineCounts { lines: 3, malformed: 0, duplicates: 1 });
    let loaded = deployment.operator.load_full_list(&load("2026-02-01"), list).await.unwrap();
    assert_eq!((loaded.areas, loaded.entries, loaded.entries_before), (1, 2, 0));
    // A header is no malformed line; two malformed ones in 1000 are too many.
    assert_eq!(full(UsNational, "\u{feff}Phone Number\n4155552671\n").counts().lines, 1);
    assert_eq!(full(UsNational, "<html>\nPlease log in\n").counts().malformed, 1);
    let bad = format!("{}x\ny\n", numbers(415, 998));
    let why = refused(us(&deployment, &load("2026-02-01"), &bad).await);
    assert_eq!(why, ListRefused::Malformed { malformed: 2, lines: 1000 });
    let tolerable = format!("{}x\n", numbers(415, 999));
    us(&deployment, &load("2026-02-01"), &tolerable).await.unwrap();
}

#[tokio::test]
async fn row_10_changes_and_a_full_list_give_the_same_set() {
    let incremental = Deployment::create().await;
    let direct = Deployment::create().await;
    let first = format!("{}4155552671\n2125550000\n", numbers(415, 5000));
    us(&incremental, &load("2026-01-30"), &first).await.unwrap();
    // The last line about a number counts; a deletion of what is not there does nothing.
    let change = "415,5552671,D\n415,5552672,A\n415,5552673,A\n415,5552673,D\n415,9999999,D\n";
    let change = changes(change);
    let done = incremental.operator.load_change_list(&load("2026-01-31"), change).await.unwrap();
    assert_eq!((done.areas, done.entries, done.entries_before), (2, 5002, 5002));
    let second = format!("2125550000\n4155552672\n{}", numbers(415, 5000));
    us(&direct, &load("2026-01-31"), &second).await.unwrap();
    let bitmaps = async |deployment: &Deployment| -> Vec<(i32, Vec<u8>)> {
        let mut database = sqlx::PgConnection::connect(deployment.url()).await.unwrap();
        let statement = "SELECT a.area_code, b.numbers FROM registry_areas a
                           JOIN registry_bitmaps b ON b.hash = a.bitmap_hash
                          WHERE a.version_date = '2026-01-31' ORDER BY 1";
        sqlx::query_as(statement).fetch_all(&mut database).await.unwrap()
    };
    assert_eq!(bitmaps(&incremental).await, bitmaps(&direct).await);
    // Without changes the list is a day younger, and nothing is written.
    let quiet = incremental.operator.load_change_list(&load("2026-02-01"), changes("")).await;
    assert_eq!(quiet.unwrap().bytes_written, 0);
    let areas = incremental.operator.registry_areas(UsNational).await.unwrap();
    assert!(areas.values().all(|area| area.version_date == "2026-02-01".parse().unwrap()));
}

#[tokio::test]
async fn a_change_list_needs_a_full_one_and_stays_within_the_subscription() {
    let deployment = Deployment::create().await;
    let change = |text| deployment.operator.load_change_list(&LOAD, changes(text));
    static LOAD: std::sync::LazyLock<NewLoad> = std::sync::LazyLock::new(|| load("2026-02-01"));
    assert_eq!(refused(change("415,5552671,A\n").await), ListRefused::NothingToChange);
    us(&deployment, &load("2026-02-01"), "4155552671\n").await.unwrap();
    let why = refused(change("212,5552671,A\n").await);
    assert_eq!(why, ListRefused::AreaUnknown { areas: "212".to_owned() });
    assert!(matches!(refused(change("415,5552671,D\n").await), ListRefused::Shrank { .. }));
}

#[tokio::test]
async fn row_13_a_list_that_lost_too_much_is_refused_and_the_old_one_stays() {
    let deployment = Deployment::create().await;
    let operator = &deployment.operator;
    let before = numbers(415, 900) + &numbers(212, 100);
    let first = us(&deployment, &load("2026-01-30"), &before).await.unwrap();
    let today = load("2026-02-01");
    let why = refused(us(&deployment, &today, &numbers(415, 1000)).await);
    assert_eq!(why, ListRefused::AreaLost { areas: "212".to_owned() });
    let short = numbers(415, 700) + &numbers(212, 100);
    let why = refused(us(&deployment, &today, &short).await);
    assert_eq!(why, ListRefused::Shrank { before: 1000, now: 800 });
    let stray = before.clone() + "3105552671\n";
    let why = refused(us(&deployment, &today, &stray).await);
    assert_eq!(why, ListRefused::AreaUnknown { areas: "310".to_owned() });
    assert!(matches!(
        refused(us(&deployment, &load("2026-01-29"), &before).await),
        ListRefused::Older { .. }
    ));
    assert!(matches!(
        refused(us(&deployment, &load("2026-02-02"), &before).await),
        ListRefused::InFuture { .. }
    ));
    let areas = operator.registry_areas(UsNational).await.unwrap();
    assert!(areas.values().all(|area| area.load == first.id));
    assert_eq!(operator.registry_loads(UsNational, 10).await.unwrap().len(), 1);
    // What is said to be new, is.
    let with_new = NewLoad { coverage: Coverage::SubscribedAndNew, ..today };
    assert_eq!(us(&deployment, &with_new, &stray).await.unwrap().areas, 3);
}

#[tokio::test]
async fn row_15_an_upload_speaks_for_the_whole_country() {
    let deployment = Deployment::create().await;
    let operator = &deployment.operator;
    let registries = Registries::new(deployment.connect(Role::SmsWorker));
    assert_eq!(verdict(&registries, "+971501234567", NOW).await, Verdict::NotLicensed);
    let upload = full(AeDncr, "Mobile\n٠٥٠ ١٢٣ ٤٥٦٧\n+971 55 765 4321\n8001234\n");
    operator.load_full_list(&load("2026-02-01"), upload).await.unwrap();
    for (raw, expected) in [
        ("+971501234567", Verdict::Listed),
        ("+971501234568", Verdict::Clear),
        ("+9718001234", Verdict::Listed),
        // The row for everything else says nothing of single numbers.
        ("+971528001234", Verdict::Clear),
        ("+97143234567", Verdict::Clear),
    ] {
        assert_eq!(verdict(&registries, raw, NOW).await, expected, "{raw}");
    }
    assert_eq!(verdict(&registries, "+971528001234", "2026-03-05T00:00:00Z").await, Verdict::Stale);
    // A number that is gone from the next upload is clear, with its whole area code gone.
    let next = full(AeDncr, "0557654321\n0557654322\n800 1234\n");
    operator.load_full_list(&load("2026-02-01"), next).await.unwrap();
    assert_eq!(verdict(&registries, "+971501234567", NOW).await, Verdict::Clear);
    assert_eq!(verdict(&registries, "+971557654322", NOW).await, Verdict::Listed);
}

#[tokio::test]
async fn many_numbers_are_asked_about_at_once() {
    let deployment = Deployment::create().await;
    us(&deployment, &load("2026-02-01"), &numbers(415, 2000)).await.unwrap();
    let registries = Registries::new(deployment.connect(Role::CallWorker));
    let phones: Vec<Phone> = (0..4000)
        .map(|n| Phone::parse(&format!("+1415{}", 2_000_000 + n), "").phone.unwrap())
        .chain(Phone::parse("+966501234567", "").phone)
        .collect();
    let checks = registries.verdicts(&phones, at(NOW)).await.unwrap();
    assert_eq!(checks.len(), 4001);
    let listed = |check: &&Option<RegistryCheck>| {
        check.as_ref().is_some_and(|check| check.verdict == Verdict::Listed)
    };
    assert_eq!(checks.iter().filter(listed).count(), 2000);
    assert!(checks[..2000].iter().all(|check| listed(&check)) && checks[4000].is_none());
    assert_eq!(registries.verdicts(&[], at(NOW)).await.unwrap(), []);
}

#[tokio::test]
async fn bitmaps_of_the_version_before_are_kept_and_older_ones_go() {
    let deployment = Deployment::create().await;
    for (day, count) in [("2026-01-28", 100), ("2026-01-29", 101), ("2026-01-30", 102)] {
        us(&deployment, &load(day), &numbers(415, count)).await.unwrap();
    }
    let mut database = sqlx::PgConnection::connect(deployment.url()).await.unwrap();
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM registry_bitmaps")
        .fetch_one(&mut database)
        .await
        .unwrap();
    assert_eq!(kept, 2);
    assert_eq!(deployment.operator.registry_loads(UsNational, 9).await.unwrap().len(), 3);
}

#[tokio::test]
async fn one_list_is_loaded_at_a_time() {
    let deployment = Deployment::create().await;
    let mut other = sqlx::PgConnection::connect(deployment.url()).await.unwrap();
    sqlx::query("SELECT pg_advisory_lock(7310984)").execute(&mut other).await.unwrap();
    let busy = us(&deployment, &load("2026-02-01"), "4155552671\n").await;
    assert!(matches!(busy, Err(LoadError::Busy)), "{busy:?}");
    other.close().await.unwrap();
}

#[tokio::test]
async fn an_answer_needs_the_database() {
    let deployment = Deployment::create().await;
    us(&deployment, &load("2026-02-01"), "4155552671\n").await.unwrap();
    let worker = deployment.connect(Role::CallWorker);
    let registries = Registries::new(worker.clone());
    assert_eq!(verdict(&registries, "+14155552672", NOW).await, Verdict::Clear);
    worker.close().await;
    let phone = Phone::parse("+14155552672", "").phone.unwrap();
    let error: StorageError = registries.verdict(&phone, at(NOW)).await.unwrap_err();
    assert!(error.is_unavailable(), "{error}");
}
