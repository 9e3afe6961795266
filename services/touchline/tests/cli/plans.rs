//! `touchline plans`.

use serde_json::{Value, json};
use testkit::fixture::Deployment;

use crate::Desk;

const TINY: &str = r#"key = "tiny"
touches = 1
name = { en = "Tiny", ar = "صغيرة" }
[[steps]]
day = 1
channel = "call"
template = "33t_k1"
purpose = { en = "Call", ar = "مكالمة" }
"#;

fn find<'v>(rows: &'v [Value], key: &str) -> &'v Value {
    rows.iter().find(|row| row["key"] == key).unwrap()
}

#[test]
fn plans_can_be_looked_at_without_a_database() {
    let desk = Desk::bare().with("TOUCHLINE__DATA__DIR", "/nowhere/at/all");
    let plans = desk.run(&["plans", "list", "--json"]).lines();
    let touches = |key: &str| find(&plans, key)["touches"].clone();
    assert_eq!(
        (touches("8x8"), touches("33-touch"), touches("12-direct")),
        (8.into(), 33.into(), 12.into())
    );
    assert_eq!(find(&plans, "8x8")["loaded"], Value::Null);
    let plan = desk.run(&["plans", "show", "8x8", "--locale", "ar", "--json"]).object();
    assert_eq!(plan["name"], "خطة 8×8");
    assert_eq!(plan["then"], json!({"plan": "33-touch", "day": 57}));
    assert_eq!(plan["steps"][1]["channel"], "email");
    assert_eq!((&plan["steps"][1]["step"], &plan["steps"][1]["day"]), (&json!(2), &json!(8)));
    let table = desk.run(&["plans", "show", "33-touch"]);
    assert!(table.out.contains("birthday") && table.out.contains("starts again"), "{table:?}");
    let (code, error) = desk.run(&["plans", "show", "33touch", "--json"]).refusal();
    assert_eq!(code, 1);
    assert!(error.contains("did you mean \"33-touch\"?"), "{error}");
}

#[test]
fn the_built_in_library_passes_its_own_check() {
    let checked = Desk::bare().run(&["plans", "check"]);
    assert_eq!(checked.code, 0);
    assert!(checked.out.contains("nothing is wrong"), "{checked:?}");
}

#[tokio::test]
async fn loading_twice_stores_nothing_new() {
    let deployment = Deployment::create().await;
    let desk = Desk::on(&deployment);
    assert_eq!(find(&desk.run(&["plans", "list", "--json"]).lines(), "8x8")["loaded"], false);
    // A plan brings the templates of its steps, and the plan that follows it.
    let first = desk.run(&["plans", "load", "8x8", "--json"]).lines();
    let plans: Vec<&Value> = first.iter().filter(|row| row["kind"] == "plan").collect();
    assert_eq!(plans.len(), 2, "{first:?}");
    assert_eq!(first.iter().filter(|row| row["kind"] == "template").count(), 8 + 33);
    assert!(first.iter().all(|row| row["status"] == "new" && row["version"] == 1));
    let again = desk.run(&["plans", "load", "8x8", "--json"]).lines();
    assert!(again.iter().all(|row| row["status"] == "unchanged" && row["version"] == 1));
    let listed = desk.run(&["plans", "list", "--json"]).lines();
    assert_eq!(find(&listed, "8x8")["loaded"], true);
    assert_eq!(find(&listed, "8x8")["current"], true);
    assert_eq!(find(&listed, "8x8")["versions"], 1);
    let shown = desk.run(&["plans", "show", "8x8", "--json"]).object();
    assert_eq!(shown["version"], 1);
    let templates = desk.run(&["templates", "list", "--json"]).lines();
    assert_eq!(find(&templates, "8x8_w2_market_stats")["versions"], 1);
    assert_eq!(find(&templates, "8x8_w2_market_stats")["locales"], json!(["en", "ar"]));
}

#[tokio::test]
async fn a_changed_plan_of_a_folder_becomes_a_new_version() {
    let deployment = Deployment::create().await;
    let desk = Desk::on(&deployment);
    std::fs::create_dir_all(desk.path("ours/plans")).unwrap();
    desk.write("ours/plans/tiny.toml", TINY);
    let load = ["plans", "load", "tiny", "--dir", "ours", "--json"];
    assert_eq!(find(&desk.run(&load).lines(), "tiny")["version"], 1);
    desk.write("ours/plans/tiny.toml", TINY.replace("day = 1", "day = 2"));
    let again = desk.run(&load).lines();
    assert_eq!(
        (&find(&again, "tiny")["version"], &find(&again, "tiny")["status"]),
        (&json!(2), &json!("new"))
    );
    assert_eq!(find(&again, "33t_k1")["status"], "unchanged");
    // It is not in the built-in library, and listed all the same.
    let listed = desk.run(&["plans", "list", "--json"]).lines();
    assert_eq!(find(&listed, "tiny")["versions"], 2);
}

#[test]
fn a_plan_that_does_not_add_up_is_named_with_its_line() {
    let desk = Desk::bare();
    desk.write("draft.toml", TINY.replace("touches = 1", "touches = 8"));
    let checked = desk.run(&["plans", "check", "draft.toml"]);
    assert_eq!(checked.code, 1);
    assert!(
        checked.out.contains(
            "draft.toml, line 2: error: plan \"tiny\" declares 8 touches, but its steps add up to 1"
        ),
        "{checked:?}"
    );
    let json = desk.run(&["plans", "check", "draft.toml", "--json"]);
    let finding: Value = serde_json::from_str(json.out.trim()).unwrap();
    assert_eq!(
        (json.code, &finding["line"], &finding["severity"]),
        (1, &json!(2), &json!("error"))
    );
    desk.write("draft.toml", TINY.replace("\"call\"", "\"fax\""));
    let checked = desk.run(&["plans", "check", "draft.toml"]);
    assert!(checked.out.contains("line 6") && checked.out.contains("fax"), "{checked:?}");
    desk.write("draft.toml", TINY);
    assert_eq!(desk.run(&["plans", "check", "draft.toml"]).code, 0);
    assert_eq!(desk.run(&["plans", "check", "missing.toml"]).code, 1);
}

#[tokio::test]
async fn a_folder_with_errors_is_not_loaded_and_every_error_is_told() {
    let deployment = Deployment::create().await;
    let desk = Desk::on(&deployment);
    std::fs::create_dir_all(desk.path("ours/plans")).unwrap();
    desk.write("ours/plans/tiny.toml", TINY.replace("touches = 1", "touches = 2"));
    desk.write("ours/plans/other.toml", "key = ");
    desk.write("ours/plans/third.toml", TINY.replace("tiny", "third").replace("33t_k1", "gone"));
    let checked = desk.run(&["plans", "check", "ours"]);
    assert_eq!(checked.code, 1);
    for expected in ["tiny.toml, line 2", "other.toml, line 1", "third.toml, line 4", "\"gone\""] {
        assert!(checked.out.contains(expected), "{expected}: {checked:?}");
    }
    let (code, error) = desk.run(&["plans", "load", "--dir", "ours", "--json"]).refusal();
    assert_eq!(code, 1);
    assert!(error.contains("nothing was loaded") && error.contains("third.toml"), "{error}");
    assert!(deployment.operator.current_plans().await.unwrap().is_empty());
}
