//! `touchline templates`.

use domain::Locale;
use library::Library;
use serde_json::Value;
use storage::agents::NamedAgent;
use storage::contacts::{Imported, NewContact};
use testkit::fixture::{Deployment, person};

use crate::Desk;

fn folder_with(desk: &Desk, script: &str) {
    std::fs::create_dir_all(desk.path("ours/templates/x")).unwrap();
    let head = "medium = \"sms\"\npurpose = \"transactional\"\n";
    desk.write("ours/templates/x/template.toml", head);
    desk.write("ours/templates/x/en.sms.txt", script);
    desk.write("ours/templates/x/ar.sms.txt", "مرحبا {{first_name}}");
}

#[test]
fn an_unknown_field_is_named_with_its_place() {
    let desk = Desk::bare();
    folder_with(&desk, "Hello\n{{frist_name}}");
    let checked = desk.run(&["templates", "check", "ours", "--json"]);
    assert_eq!(checked.code, 1);
    let problem: Value = serde_json::from_str(checked.out.lines().next().unwrap()).unwrap();
    assert_eq!(problem["template"], "x");
    assert_eq!(problem["code"], "unknown_field");
    assert_eq!(
        (&problem["locale"], &problem["part"], &problem["line"]),
        (&"en".into(), &"sms".into(), &2.into())
    );
    assert!(problem["message"].as_str().unwrap().contains("frist_name"));
    let words = desk.run(&["templates", "check", "ours"]);
    assert!(words.out.contains("x: error, en, sms, line 2"), "{words:?}");
}

#[test]
fn a_template_is_rendered_with_examples() {
    let desk = Desk::bare();
    let render = ["templates", "render", "8x8_w2_market_stats", "--json"];
    let email = desk.run(&render).object();
    assert!(
        email["html"].as_str().unwrap().contains("Unsubscribe")
            || email["html"].as_str().unwrap().contains("unsubscribe")
    );
    assert!(email["text"].as_str().unwrap().contains("Sara"));
    assert!(!email["subject"].as_str().unwrap().is_empty());
    let arabic = desk.run(&[&render[..], &["--locale", "ar"]].concat()).object();
    assert!(arabic["html"].as_str().unwrap().contains("rtl"));
    assert!(arabic["text"].as_str().unwrap().contains("سارة"));
    let bare = desk.run(&["templates", "render", "8x8_w4_call_script", "--part", "script"]);
    assert!(bare.out.contains("Sara") && !bare.out.contains("---"), "{bare:?}");
    let wrong =
        desk.run(&["templates", "render", "8x8_w4_call_script", "--part", "html", "--json"]);
    assert_eq!(wrong.refusal().0, 2);
    let (code, error) = desk.run(&["templates", "render", "8x8_w2_market", "--json"]).refusal();
    assert_eq!(code, 1);
    assert!(error.contains("did you mean"), "{error}");
    folder_with(&desk, "Hello {{first_name}}");
    let ours = ["templates", "render", "x", "--dir", "ours", "--out", "texts", "--json"];
    let written = desk.run(&ours).object();
    assert_eq!(written["files"].as_array().unwrap().len(), 1);
    let text = std::fs::read_to_string(desk.path("texts/x.en.sms.txt")).unwrap();
    assert_eq!(text, "Hello Sara");
}

#[tokio::test]
async fn a_template_is_rendered_with_a_contacts_fields() {
    let deployment = Deployment::create().await;
    let people = deployment.people(1).await;
    let layla = NamedAgent {
        email: "layla@example.com".to_owned(),
        name: Some("Layla Mansour".to_owned()),
        phone: Some("+971501112233".to_owned()),
    };
    deployment.operator.name_agents(&[layla], Locale::En).await.unwrap();
    let owned = NewContact { owner_email: Some("layla@example.com".to_owned()), ..person(1) };
    let owned = deployment.operator.import_contacts(&deployment.keyer, &[owned]).await.unwrap();
    let Imported::Added(owned) = owned[0] else { panic!("{owned:?}") };
    let desk = Desk::on(&deployment);
    let library = Library::built_in();
    let source = library.template("8x8_w4_call_script").unwrap();
    let compiled = templates::compile(source, library.partials()).unwrap();
    deployment.operator.store_template(source, &compiled).await.unwrap();
    let render =
        ["templates", "render", "8x8_w4_call_script", "--contact", "p1@example.com", "--json"];
    // The team has no name yet, and a text never goes out with a hole in it.
    let (code, error) = desk.run(&render).refusal();
    assert_eq!(code, 1);
    assert!(error.contains("is missing"), "{error}");
    let desk = desk
        .with("TOUCHLINE__TEAM__NAME", "Harbour Homes")
        .with("TOUCHLINE__TEAM__POSTAL_ADDRESS", "12 Marina Walk, Dubai");
    let task = desk.run(&render).object();
    assert_eq!((&task["version"], &task["locale"]), (&1.into(), &"en".into()));
    assert!(task["script"].as_str().unwrap().contains("Person"), "{task}");
    assert!(task["script"].as_str().unwrap().contains("Layla Mansour"), "{task}");
    let by_id = |id: String| {
        desk.run(&["templates", "render", "8x8_w4_call_script", "--contact", &id, "--json"])
    };
    assert_eq!(by_id(owned.to_string()).object(), task);
    let (code, error) = by_id(people[0].to_string()).refusal();
    assert!(code == 1 && error.contains("field \"agent_phone\" is missing"), "{error}");
}
