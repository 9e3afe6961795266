//! Migrations: how they are called, and that their words are those of `domain`.

use std::collections::BTreeMap;

use domain::access::UserRole;
use domain::arrival::{AnswerKind, AnswerState, ReviewDecision, Wish};
use domain::audit::Operation;
use domain::consent::LegalBasis;
use domain::contact::{ContactStatus, Group, Level};
use domain::desk::{Attention, Resolution};
use domain::digest::DigestState;
use domain::image::ImageType;
use domain::interaction::InteractionKind;
use domain::pause::PauseScope;
use domain::registry::{LoadKind, Registry};
use domain::relationship::{CallPurpose, Listing, RelationshipKind};
use domain::rights::{PrivacyLaw, RequestKind, RequestStep};
use domain::suppression::{ListAction, ListReading, Origin, Purpose, Scope, SuppressionReason};
use domain::template::TemplateAction;
use domain::test_send::TestState;
use domain::webhook::{WebhookAction, WebhookEvent, WebhookOutcome, WebhookPause};
use domain::{
    AddressKind, Channel, ContactChannel, EnrolmentState, Lane, Locale, Medium, TaskAction,
    TaskOutcome, TouchState,
};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use storage::Role;
use testkit::fixture::Deployment;

use super::tree::{File, files_of};
use super::{Finding, finding, refuse, sees};

/// What a migration may do, as the second word of its name.
const VERBS: &[&str] = &[
    "add", "alter", "create", "drop", "fill", "grant", "move", "rename", "replace", "revoke",
    "split", "widen",
];

/// Enums of the database whose words no Rust type has, and why.
const SQL_ALONE: &[(&str, &str)] =
    &[("task_state", "tasks are listed while they are 'open'; the list drops them")];

/// The words of `domain` for each enum of the database.
fn words() -> BTreeMap<&'static str, Vec<&'static str>> {
    macro_rules! of {
        ($($sql:literal => $set:ty),+ $(,)?) => {
            [$(($sql, <$set>::ALL.iter().map(|word| word.as_str()).collect())),+].into()
        };
    }
    of! {
        "locale" => Locale,
        "user_role" => UserRole,
        "contact_group" => Group,
        "contact_status" => ContactStatus,
        "contact_level" => Level,
        "address_kind" => AddressKind,
        "contact_channel" => ContactChannel,
        "suppression_action" => ListAction,
        "suppression_scope" => Scope,
        "suppression_origin" => Origin,
        "suppression_reason" => SuppressionReason,
        "purpose" => Purpose,
        "list_reading" => ListReading,
        "audit_operation" => Operation,
        "legal_basis" => LegalBasis,
        "relationship_kind" => RelationshipKind,
        "listing" => Listing,
        "call_purpose" => CallPurpose,
        "pause_scope" => PauseScope,
        "request_kind" => RequestKind,
        "privacy_law" => PrivacyLaw,
        "request_step" => RequestStep,
        "registry" => Registry,
        "registry_load_kind" => LoadKind,
        "channel" => Channel,
        "medium" => Medium,
        "lane" => Lane,
        "enrolment_state" => EnrolmentState,
        "touch_state" => TouchState,
        "task_action" => TaskAction,
        "task_outcome" => TaskOutcome,
        "interaction_kind" => InteractionKind,
        "image_type" => ImageType,
        "digest_state" => DigestState,
        "wish" => Wish,
        "review_decision" => ReviewDecision,
        "answer_kind" => AnswerKind,
        "answer_state" => AnswerState,
        "attention" => Attention,
        "resolution" => Resolution,
        "template_action" => TemplateAction,
        "test_state" => TestState,
        "webhook_event" => WebhookEvent,
        "webhook_action" => WebhookAction,
        "webhook_pause" => WebhookPause,
        "webhook_outcome" => WebhookOutcome,
    }
}

fn migrations() -> impl Iterator<Item = &'static File> {
    files_of("sql").filter(|file| file.path.starts_with("migrations/"))
}

fn is_well_named(file: &File) -> Vec<Finding> {
    let name = file.path.trim_start_matches("migrations/").trim_end_matches(".sql");
    let mut words = name.split('_');
    let (stamp, verb) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let is_stamp = stamp.len() == 14 && stamp.bytes().all(|byte| byte.is_ascii_digit());
    let is_object = words.clone().next().is_some()
        && words.all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase()));
    if is_stamp && VERBS.contains(&verb) && is_object {
        return Vec::new();
    }
    let remedy = format!("call it <14 digits>_<verb>_<object>.sql; verbs: {}", VERBS.join(", "));
    vec![finding(&file.path, 0, "a migration's name says what it does", remedy)]
}

/// An enum of the database: its name, its line, its words.
type SqlEnum = (String, usize, Vec<String>);

/// The enums a migration creates or adds words to.
fn enums_of(file: &File) -> Vec<SqlEnum> {
    let mut enums = Vec::new();
    for (marker, end) in [("CREATE TYPE ", ";"), ("ALTER TYPE ", ";")] {
        for (at, _) in file.text.match_indices(marker) {
            let statement = &file.text[at + marker.len()..];
            let statement = statement.split(end).next().unwrap_or_default();
            let line = file.text[..at].lines().count() + 1;
            let name = statement.split_whitespace().next().unwrap_or_default().to_owned();
            let words = statement.split('\'').skip(1).step_by(2).map(str::to_owned).collect();
            if statement.contains(" ENUM") || statement.contains(" ADD VALUE") {
                enums.push((name, line, words));
            }
        }
    }
    enums
}

/// Every word of every enum, with where it was created.
fn sql_words<'a>(
    files: impl Iterator<Item = &'a File>,
) -> BTreeMap<String, (String, usize, Vec<String>)> {
    let mut all = BTreeMap::new();
    for file in files {
        for (name, line, words) in enums_of(file) {
            let entry = all.entry(name).or_insert((file.path.clone(), line, Vec::new()));
            entry.2.extend(words);
        }
    }
    all
}

fn differing_words<'a>(files: impl Iterator<Item = &'a File>) -> Vec<Finding> {
    let rule = "SQL and Rust have the same words";
    let words = words();
    let mut found = Vec::new();
    for (name, (path, line, sql)) in sql_words(files) {
        if SQL_ALONE.iter().any(|(alone, _)| *alone == name) {
            continue;
        }
        let Some(rust) = words.get(name.as_str()) else {
            let remedy = format!("give {name} an enum in domain, and a line in this test");
            found.push(finding(&path, line, rule, remedy));
            continue;
        };
        if sql != *rust {
            let remedy = format!(
                "{name} is {sql:?} here and {rust:?} in domain; add a migration, or change domain"
            );
            found.push(finding(&path, line, rule, remedy));
        }
    }
    found
}

#[test]
fn migrations_are_named_for_what_they_do() {
    refuse(migrations().flat_map(is_well_named));
    for name in ["1_create_people", "20261121000001_people", "20261121000001_create", "create"] {
        sees(is_well_named, &format!("migrations/{name}.sql"), "", &[0]);
    }
    sees(is_well_named, "migrations/20261121000001_create_call_lists.sql", "", &[]);
}

#[test]
fn every_enum_of_the_database_has_the_words_of_domain() {
    refuse(differing_words(migrations()));
    let created = sql_words(migrations());
    for name in words().keys() {
        assert!(created.contains_key(*name), "no migration creates the type {name}");
    }
}

#[test]
fn a_planted_word_is_seen() {
    let planted = |text: &str| -> Vec<usize> {
        let file = File { path: "migrations/a.sql".to_owned(), text: text.to_owned() };
        differing_words(std::iter::once(&file)).iter().map(|found| found.line).collect()
    };
    assert!(planted("CREATE TYPE locale AS ENUM ('en', 'ar');\n").is_empty());
    assert_eq!(planted("\nCREATE TYPE locale AS ENUM ('en', 'fr');\n"), [2]);
    assert_eq!(planted("CREATE TYPE mood AS ENUM\n    ('good', 'bad');\n"), [1]);
    let altered = "CREATE TYPE locale AS ENUM ('en');\nALTER TYPE locale ADD VALUE 'ar';\n";
    assert!(planted(altered).is_empty());
}

#[test]
fn every_role_of_the_code_is_created_by_a_migration() {
    let text: String = migrations().map(|file| file.text.as_str()).collect();
    for role in Role::ALL {
        let quoted = format!("'{role}'");
        assert!(text.contains(&quoted), "no migration creates the role {role}");
    }
}

/// The kind of address whose flags include the channel's.
fn address_kind(channel: Channel) -> AddressKind {
    let serves = |kind: &&AddressKind| kind.channels().contains(&channel.contact_channel());
    *AddressKind::ALL.iter().find(serves).expect("every contact channel belongs to a kind")
}

#[tokio::test]
async fn the_functions_of_the_database_decide_as_the_channel_does() {
    let deployment = Deployment::create().await;
    let mut database = PgConnection::connect(deployment.url()).await.unwrap();
    for channel in Channel::ALL {
        let query = format!(
            "SELECT contact_channel_of('{channel}')::text AS contact_channel,
                    medium_of('{channel}')::text AS medium,
                    address_kind_of('{channel}')::text AS address_kind"
        );
        let row = sqlx::query(AssertSqlSafe(query)).fetch_one(&mut database).await.unwrap();
        for (function, ours) in [
            ("contact_channel", channel.contact_channel().as_str()),
            ("medium", channel.medium().as_str()),
            ("address_kind", address_kind(*channel).as_str()),
        ] {
            let theirs: String = row.get(function);
            assert_eq!(theirs, ours, "{function}_of({channel}) in migrations and in domain");
        }
    }
    database.close().await.unwrap();
}
