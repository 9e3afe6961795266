//! What each service's role may and may not do.

use sqlx::Connection;
use storage::Role;
use testkit::fixture::Deployment;

async fn refused(deployment: &Deployment, role: Role, sql: &'static str) -> bool {
    let mut db = sqlx::PgConnection::connect(deployment.url()).await.unwrap();
    let set = sqlx::AssertSqlSafe(format!("SET ROLE {}", role.as_str()));
    sqlx::query(set).execute(&mut db).await.unwrap();
    match sqlx::query(sql).execute(&mut db).await {
        Ok(_) => false,
        Err(sqlx::Error::Database(error)) => error.code().as_deref() == Some("42501"),
        Err(error) => panic!("{error}"),
    }
}

const LIFT: &str = "SELECT * FROM lift('channel', '\\x00', 'email', NULL, 'a', 'b', 'c', false)";

#[tokio::test]
async fn only_compliance_lifts_and_nobody_writes_the_list_around_its_functions() {
    let deployment = Deployment::create().await;
    for role in Role::ALL {
        let may = *role == Role::Compliance;
        assert_eq!(refused(&deployment, *role, LIFT).await, !may, "{role}");
        for sql in [
            "UPDATE address_states SET channel_event = NULL, person_event = NULL",
            "DELETE FROM suppressions",
            "UPDATE suppressions SET expires_at = now()",
            "INSERT INTO suppression_events DEFAULT VALUES",
            "SELECT end_entries('{}', 'staff', 'a', 'b', 'c')",
            "UPDATE list_readings SET actor = 'x'",
        ] {
            assert!(refused(&deployment, *role, sql).await, "{role}: {sql}");
        }
    }
    let again = "SELECT reconsent('\\x00', 'sms', NULL, now(), 'a', 'b')";
    assert!(refused(&deployment, Role::Operator, again).await);
    assert!(!refused(&deployment, Role::Inbound, again).await);
    let expire = "SELECT expire_suppressions(now(), 1, 'a')";
    assert!(refused(&deployment, Role::Operator, expire).await);
    assert!(!refused(&deployment, Role::Scheduler, expire).await);
}

#[tokio::test]
async fn nobody_can_change_the_history_of_the_list() {
    let deployment = Deployment::create().await;
    for role in Role::ALL {
        for sql in [
            "UPDATE suppression_events SET actor = 'x'",
            "DELETE FROM suppression_events",
            "TRUNCATE suppression_events",
        ] {
            assert!(refused(&deployment, *role, sql).await, "{role}: {sql}");
        }
    }
    // Not even the owner: the table itself refuses.
    deployment.people(1).await;
    let mut db = sqlx::PgConnection::connect(deployment.url()).await.unwrap();
    sqlx::query(
        "SELECT * FROM suppress(gen_random_uuid(), 'channel', decode(repeat('00', 32), 'hex'),
                'email', NULL, 'staff_entry', 'staff', 'x', NULL, NULL)",
    )
    .execute(&mut db)
    .await
    .unwrap();
    for sql in ["UPDATE suppression_events SET actor = 'y'", "TRUNCATE suppression_events"] {
        assert!(sqlx::query(sql).execute(&mut db).await.is_err(), "{sql}");
    }
}

#[tokio::test]
async fn nobody_writes_the_audit_log_but_its_triggers() {
    let deployment = Deployment::create().await;
    for role in Role::ALL {
        for sql in [
            "UPDATE audit_log SET actor = 'x'",
            "DELETE FROM audit_log",
            "TRUNCATE audit_log",
            "INSERT INTO audit_log DEFAULT VALUES",
            "UPDATE audit_head SET seq = 0",
            "DELETE FROM audit_pending",
            "INSERT INTO audit_pending (source) VALUES ('x')",
            "UPDATE audit_cuts SET sealed_to = now()",
            "SELECT audit('contacts')",
            "ALTER TABLE suppression_events DISABLE TRIGGER USER",
            "SET session_replication_role = replica",
        ] {
            assert!(refused(&deployment, *role, sql).await, "{role}: {sql}");
        }
        let seal = "SELECT seal_touch_events('1 hour', '1 hour')";
        assert_eq!(refused(&deployment, *role, seal).await, *role != Role::Scheduler, "{role}");
    }
    let mut owner = sqlx::PgConnection::connect(deployment.url()).await.unwrap();
    for sql in ["UPDATE audit_log SET actor = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log"] {
        assert!(sqlx::query(sql).execute(&mut owner).await.is_err(), "{sql}");
    }
}

#[tokio::test]
async fn every_history_that_cannot_change_is_in_the_chain() {
    let deployment = Deployment::create().await;
    let mut db = sqlx::PgConnection::connect(deployment.url()).await.unwrap();
    let outside: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT t.tgrelid::regclass::text FROM pg_trigger t
           JOIN pg_proc p ON p.oid = t.tgfoid
           JOIN pg_class c ON c.oid = t.tgrelid AND NOT c.relispartition
          WHERE p.proname = 'refuse_change'
            AND NOT EXISTS (SELECT FROM pg_trigger a JOIN pg_proc f ON f.oid = a.tgfoid
                             WHERE a.tgrelid = t.tgrelid AND f.proname = 'audit_rows')
          ORDER BY 1",
    )
    .fetch_all(&mut db)
    .await
    .unwrap();
    // The log itself; what is under its own hash; what is sealed. Another table needs one line in
    // its migration, `SELECT audit('…')` (create_audit says how), or a word here.
    assert_eq!(outside, ["audit_log", "registry_bitmaps", "touch_events"]);
}

#[tokio::test]
async fn workers_can_add_to_the_list_but_never_take_away() {
    let deployment = Deployment::create().await;
    let add =
        "SELECT * FROM suppress(gen_random_uuid(), 'channel', decode(repeat('00', 32), 'hex'),
               'email', NULL, 'hard_bounce', 'system', 'x', NULL, NULL)";
    for role in [Role::EmailWorker, Role::SmsWorker, Role::CallWorker] {
        assert!(!refused(&deployment, role, add).await, "{role}");
        for sql in [
            "UPDATE address_states SET channel_event = NULL",
            "DELETE FROM address_states",
            "DELETE FROM suppressions",
            LIFT,
            "UPDATE contacts SET full_name = 'x'",
            "INSERT INTO suppression_events DEFAULT VALUES",
            "UPDATE touch_events SET reason = NULL",
        ] {
            assert!(refused(&deployment, role, sql).await, "{role}: {sql}");
        }
    }
}

#[tokio::test]
async fn only_the_call_worker_makes_tasks_and_inbound_changes_no_touch() {
    let deployment = Deployment::create().await;
    let task = "INSERT INTO tasks SELECT * FROM tasks";
    assert!(!refused(&deployment, Role::CallWorker, task).await);
    for role in [Role::EmailWorker, Role::SmsWorker, Role::Inbound, Role::Scheduler] {
        assert!(refused(&deployment, role, task).await, "{role}");
    }
    for sql in ["UPDATE touches SET state = 'sent'", "DELETE FROM touches", "SELECT * FROM tasks"] {
        assert!(refused(&deployment, Role::Inbound, sql).await, "{sql}");
    }
}

#[tokio::test]
async fn registries_are_read_by_those_who_reach_people_and_their_loads_never_change() {
    let deployment = Deployment::create().await;
    for role in [Role::EmailWorker, Role::Inbound, Role::Scheduler] {
        assert!(refused(&deployment, role, "SELECT * FROM registry_bitmaps").await, "{role}");
    }
    for role in Role::ALL {
        for sql in [
            "UPDATE registry_areas SET version_date = now()",
            "DELETE FROM registry_areas",
            "UPDATE registry_loads SET actor = 'x'",
            "TRUNCATE registry_loads CASCADE",
            "UPDATE registry_bitmaps SET numbers = ''",
        ] {
            assert!(refused(&deployment, *role, sql).await, "{role}: {sql}");
        }
    }
    for role in [Role::CallWorker, Role::SmsWorker] {
        assert!(!refused(&deployment, role, "SELECT * FROM registry_bitmaps").await, "{role}");
        assert!(refused(&deployment, role, "DELETE FROM registry_bitmaps").await, "{role}");
    }
}

#[tokio::test]
async fn versions_never_change() {
    let deployment = Deployment::create().await;
    deployment.store_plan(&testkit::fixture::one_step(domain::Channel::Email)).await;
    let mut db = sqlx::PgConnection::connect(deployment.url()).await.unwrap();
    assert!(sqlx::query("UPDATE plan_versions SET version = 9").execute(&mut db).await.is_err());
    assert!(sqlx::query("DELETE FROM plan_versions").execute(&mut db).await.is_err());
}

#[tokio::test]
async fn another_address_key_is_refused() {
    let deployment = Deployment::create().await;
    let other = domain::AddressKeyer::new(b"another secret");
    assert!(matches!(
        deployment.operator.check_key(&other).await,
        Err(storage::StorageError::WrongKey)
    ));
    deployment.operator.check_schema().await.unwrap();
}
