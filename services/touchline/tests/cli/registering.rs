//! `touchline registry`.

use serde_json::{Value, json};
use testkit::fixture::Deployment;

use crate::Desk;

/// Today, or some days before, as the commands see it.
fn day(days_ago: i64) -> String {
    let now = domain::Clock::system().now() - chrono::TimeDelta::days(days_ago);
    now.format("%Y-%m-%d").to_string()
}

fn import(desk: &Desk, file: &str, date: &str, further: &[&str]) -> crate::Ran {
    let arguments = ["registry", "import", file, "--registry", "us-national", "--date", date];
    desk.run(&[&arguments[..], further, &["--json"]].concat())
}

fn check(desk: &Desk, number: &str) -> (i32, Value) {
    let ran = desk.run(&["registry", "check", number, "--json"]);
    (ran.code, serde_json::from_str(&ran.out).unwrap())
}

#[tokio::test]
async fn a_list_is_loaded_shown_and_asked() {
    let deployment = Deployment::create().await;
    let desk = Desk::on(&deployment);
    desk.write("full.txt", "\u{feff}4155552671\r\n415,5552671\r\n212,555-0000\r\n\r\n");
    let (today, old) = (day(0), day(40));
    let answer = import(&desk, "full.txt", &old, &["--account", "10123456-1234"]).object();
    for (field, expected) in [
        ("registry", json!("us-national")),
        ("kind", json!("full")),
        ("version_date", json!(old)),
        ("lines", json!(3)),
        ("malformed", json!(0)),
        ("duplicates", json!(1)),
        ("area_codes", json!(2)),
        ("entries", json!(2)),
    ] {
        assert_eq!(answer[field], expected, "{field}");
    }
    desk.write("415.txt", "4155552671\n");
    import(&desk, "415.txt", &today, &["--area-code", "415"]).object();
    let (code, listed) = check(&desk, "+1 415 555 2671");
    assert_eq!((code, &listed["verdict"]), (1, &json!("listed")));
    assert_eq!(listed["version_date"], json!(today));
    for (number, verdict, code) in [
        ("+14155552672", json!("clear"), 0),
        ("+12125550000", json!("stale"), 1),
        ("+13105550000", json!("not_licensed"), 1),
        ("+966501234567", Value::Null, 0),
    ] {
        let (found, answer) = check(&desk, number);
        assert_eq!((&answer["verdict"], found), (&verdict, code), "{number}");
    }
    let rows = desk.run(&["registry", "status", "--json"]).lines();
    let states: Vec<_> = rows.iter().map(|row| (&row["area_code"], &row["state"])).collect();
    assert_eq!(
        states,
        [
            (&json!(212), &json!("stale")),
            (&json!(415), &json!("fresh")),
            (&Value::Null, &json!("none")),
        ]
    );
    assert_eq!((&rows[0]["age_days"], &rows[1]["age_days"]), (&json!(40), &json!(0)));
    assert!(rows[0]["next_download"].is_string() && rows[2]["next_download"].is_null());
    let text = desk.run(&["registry", "status", "--registry", "us-national"]).out;
    assert!(text.contains("415") && text.contains("stale") && !text.contains("ae-dncr"), "{text}");
}

#[tokio::test]
async fn a_change_list_is_applied_by_the_columns_it_is_said_to_have() {
    let deployment = Deployment::create().await;
    let desk = Desk::on(&deployment);
    desk.write("full.txt", "4155552671\n4155552672\n4155552673\n4155552674\n4155552675\n");
    import(&desk, "full.txt", &day(1), &[]).object();
    desk.write("change.csv", "Area,Number,Date,What\n415,5552671,x,D\n415,5552676,x,A\n");
    let how = ["--change-list", "--columns", "area_code,number,-,action=A/D"];
    let answer = import(&desk, "change.csv", &day(0), &how).object();
    assert_eq!((&answer["kind"], &answer["entries"]), (&json!("change"), &json!(5)));
    assert_eq!(check(&desk, "+14155552671").1["verdict"], "clear");
    assert_eq!(check(&desk, "+14155552676").1["verdict"], "listed");
    let other = ["--change-list", "--columns", "number,action=A/D"];
    let (code, why) = import(&desk, "change.csv", &day(0), &other).refusal();
    assert!(code == 1 && why.contains("line 2") && why.contains("full list"), "{why}");
    assert!(!why.contains("555"), "{why}");
    // A layout that is not known is asked for.
    assert_eq!(import(&desk, "change.csv", &day(0), &["--change-list"]).code, 2);
}

#[tokio::test]
async fn a_refused_list_leaves_the_one_before() {
    let deployment = Deployment::create().await;
    let desk = Desk::on(&deployment);
    desk.write("full.txt", "4155552671\n4155552672\n2125550000\n");
    import(&desk, "full.txt", &day(1), &[]).object();
    for (name, text, part) in [
        ("lost.txt", "4155552671\n4155552672\n4155552673\n", "area code 212"),
        ("short.txt", "4155552671\n2125550000\n", "shrank from 3 to 2"),
        ("new.txt", "4155552671\n4155552672\n2125550000\n3105550000\n", "--new-area-codes"),
        ("page.html", "<html>\nPlease log in\n", "no numbers"),
        ("empty.txt", "\r\n\r\n", "no number"),
    ] {
        desk.write(name, text);
        let (code, why) = import(&desk, name, &day(0), &[]).refusal();
        assert!(code == 1 && why.contains(part), "{name}: {why}");
    }
    let tomorrow = import(&desk, "full.txt", &day(-2), &[]).refusal().1;
    assert!(tomorrow.contains("cannot be of"), "{tomorrow}");
    let rows = desk.run(&["registry", "status", "--registry", "us-national", "--json"]).lines();
    assert!(rows.iter().all(|row| row["version_date"] == json!(day(1))), "{rows:?}");
    import(&desk, "new.txt", &day(0), &["--new-area-codes"]).object();
}

#[tokio::test]
async fn an_upload_for_the_uae_is_read_in_any_spelling() {
    let deployment = Deployment::create().await;
    let desk = Desk::on(&deployment);
    desk.write("dncr.csv", "الرقم\r\n٠٥٠ ١٢٣ ٤٥٦٧\r\n+971 55 765 4321\r\n");
    let today = day(0);
    let arguments =
        ["registry", "import", "dncr.csv", "--registry", "ae-dncr", "--date", &today, "--json"];
    assert_eq!(desk.run(&arguments).object()["entries"], 2);
    assert_eq!(check(&desk, "050 123 4567").1["verdict"], "listed");
    assert_eq!(check(&desk, "04 323 4567").1["verdict"], "clear");
    let narrowed = [&arguments[..], &["--area-code", "50"]].concat();
    assert_eq!(desk.run(&narrowed).code, 2);
}
