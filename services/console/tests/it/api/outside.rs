//! The API as schemathesis sees it: requests made by the document, right ones and wrong ones, against a
//! console with real data. Nothing may answer with a fault of ours, or with what the document does not
//! say.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use domain::access::{Permission, UserRole};
use domain::{Channel, Medium};
use serde_json::json;
use testkit::fixture::template;
use tokio::process::Command;

use crate::agents::{LAYLA, OMAR, Team, today};
use crate::world::World;

/// For so many seconds it tries; `make api-test` takes longer.
const SECONDS: &str = "30";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/schemathesis")
}

/// Whether it is to be left out on this machine.
fn is_left_out() -> bool {
    let without = std::env::var_os("TOUCHLINE_TEST_WITHOUT").unwrap_or_default();
    without.to_string_lossy().split(',').any(|name| name.trim() == "schemathesis")
}

#[tokio::test]
async fn requests_made_by_the_document_meet_no_fault_and_no_undocumented_answer() {
    if is_left_out() {
        eprintln!("left out, as TOUCHLINE_TEST_WITHOUT says: the API tried by its document");
        return;
    }
    let program = folder().join("venv/bin/st");
    assert!(
        program.exists(),
        "schemathesis is missing; scripts/setup.sh test gets it, TOUCHLINE_TEST_WITHOUT=schemathesis \
         leaves it out"
    );
    let often = ("console.api_requests_per_minute", "4000000000");
    let team = Team::of(World::with(&[("team.default_time_zone", "UTC"), often]).await).await;
    let ids = data(&team).await;
    let user = team.world.user("everything@palm.example", UserRole::ALL).await;
    let token = team.world.token(user, Permission::ALL).await;
    let url = format!("{}/api/v1/openapi.json", team.world.serving.url());
    let longer = std::env::var_os("TOUCHLINE_API_SECONDS");
    // The short run makes the same requests each time; the long one looks for others.
    let seed: &[&str] = if longer.is_some() { &[] } else { &["--seed", "1"] };
    let seconds = longer.unwrap_or_else(|| SECONDS.into());
    let scratch = tempfile::tempdir().unwrap();
    // One worker: Python 3.11 can fail to parse its own sources from two threads (CPython gh-106905).
    let output = Command::new(&program)
        .args(["--config-file"])
        .arg(folder().join("schemathesis.toml"))
        .args(["run", &url, "--checks", "all", "--workers", "1", "--max-time"])
        .arg(seconds)
        .args(seed)
        .args(["--header", &format!("Authorization: Bearer {token}"), "--no-color"])
        .args(["--report-dir"])
        .arg(scratch.path())
        .current_dir(scratch.path())
        .env("SCHEMATHESIS_HOOKS", "hooks")
        .env("PYTHONPATH", folder())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("TOUCHLINE_API_IDS", ids.to_string())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let wrong = String::from_utf8_lossy(&output.stderr);
    eprintln!("{told}");
    assert!(output.status.success(), "{told}\n{wrong}");
    team.world.stop().await;
}

/// Something of everything, and the ids of it.
async fn data(team: &Team) -> serde_json::Value {
    let mut contacts = team.contacts(LAYLA, 0, 20).await;
    contacts.extend(team.contacts(OMAR, 100, 5).await);
    let tasks = team.tasks("calls", Channel::Call, &contacts[..15], today()).await;
    team.world.deployment.store_template(&template(Medium::Email)).await;
    let (mut touches, mut enrolments) = (Vec::new(), Vec::new());
    for contact in &contacts[..15] {
        touches.push(team.touch(*contact, "calls").await.id);
        let own = team.world.database.enrolments_of(*contact).await.unwrap();
        enrolments.extend(own.iter().map(|own| own.id));
    }
    let mut officer = team.world.as_one_of(&[UserRole::Compliance]).await;
    for n in [1, 2, 100] {
        let address = format!("p{n}@example.com");
        let form = [("address", address.as_str()), ("reason", "email_request")];
        assert_eq!(officer.post("/list/add", &form).await.status, 200);
    }
    json!({ "contact": contacts, "task": tasks, "touch": touches, "enrolment": enrolments,
            "key": ["calls", "note"] })
}
