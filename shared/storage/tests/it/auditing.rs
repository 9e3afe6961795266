//! The audit log: what is written, and that each way of tampering with it is found and named.

use std::time::Duration;

use domain::audit::{Fault, Operation};
use domain::suppression::{Origin, SuppressionReason};
use domain::{AddressKey, AddressKind, ContactChannel};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use storage::Role;
use storage::audit::{Broken, LinkFilter, Verification};
use storage::suppressions::{ListRow, NewSuppression, Target};
use testkit::fixture::Deployment;

/// A chain with single entries, a list, and events that are sealed.
struct Audited {
    deployment: Deployment,
    superuser: PgConnection,
    /// The links of the three entries and their drains begin here.
    first: u64,
}

const EVENT: &str =
    "INSERT INTO touch_events (touch_id, attempt, decided_at, state, worker, reason)
    SELECT gen_random_uuid(), n, now(), 'blocked', 'w', 'suppressed' FROM generate_series(1, 5) n";

impl Audited {
    async fn create() -> Self {
        let deployment = Deployment::create().await;
        for name in ["a", "b", "c"] {
            let entry = entry(&deployment, name);
            deployment.operator.suppress(&entry, Duration::ZERO).await.unwrap();
        }
        import(&deployment, 5).await;
        let superuser = PgConnection::connect(deployment.url()).await.unwrap();
        let mut audited = Self { deployment, superuser, first: 0 };
        let first = "SELECT min(seq)::text FROM audit_log WHERE source = 'suppression_events'
                        AND operation = 'insert'";
        audited.first = audited.text(first).await.parse().unwrap();
        audited.run(EVENT).await;
        audited.seal(5).await;
        audited
    }

    /// Seals until `count` events are sealed: what else runs on the server holds up its horizon.
    async fn seal(&self, count: u64) {
        let scheduler = self.deployment.connect(Role::Scheduler);
        let mut sealed = 0;
        while sealed < count {
            sealed += scheduler.seal_events_every(0, 0).await.unwrap();
            tokio::task::yield_now().await;
        }
    }

    async fn run(&mut self, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        sqlx::raw_sql(sql).execute(&mut self.superuser).await.unwrap();
    }

    /// As the superuser who switches the triggers off.
    async fn tamper(&mut self, sql: &str) {
        self.run(&format!(
            "SET session_replication_role = replica; {sql}; RESET session_replication_role"
        ))
        .await;
    }

    async fn verify(&self) -> Verification {
        self.deployment.operator.verify_audit(None).await.unwrap()
    }

    async fn broken(&self) -> Broken {
        self.verify().await.broken.expect("the tampering is found")
    }

    async fn text(&mut self, sql: &str) -> String {
        let sql = AssertSqlSafe(sql.to_owned());
        sqlx::query_scalar(sql).fetch_one(&mut self.superuser).await.unwrap()
    }
}

fn key(deployment: &Deployment, name: &str) -> AddressKey {
    deployment.keyer.key(AddressKind::Email, &format!("{name}@example.com"))
}

fn entry(deployment: &Deployment, name: &str) -> NewSuppression {
    let key = key(deployment, name);
    NewSuppression {
        target: Target::Address { key, channel: ContactChannel::Email, domain: None },
        reason: SuppressionReason::OneClick,
        origin: Origin::Recipient,
        actor: "inbound".to_owned(),
        evidence: None,
        touch: None,
        received_at: None,
    }
}

async fn import(deployment: &Deployment, count: usize) {
    let channel = ContactChannel::Email;
    let key = |n| key(deployment, &format!("list{n}"));
    let rows: Vec<ListRow> =
        (0..count).map(|n| ListRow { key: key(n), channel, domain: None }).collect();
    let (reason, origin) = (SuppressionReason::StaffEntry, Origin::Staff);
    deployment.operator.import_list(&rows, reason, origin, "ali", "file").await.unwrap();
}

fn row_of(seq: u64) -> String {
    format!("SELECT row_ids[1]::text FROM audit_log WHERE seq = {seq}")
}

const LIST: &str =
    "SELECT row_ids[3]::text FROM audit_log WHERE row_count = 5 AND operation = 'insert'";

#[tokio::test]
async fn what_happens_to_the_list_is_in_the_chain() {
    let audited = Audited::create().await;
    let verified = audited.verify().await;
    assert_eq!(verified.broken, None);
    assert_eq!(verified.links, verified.head.seq);
    // Three entries, each drained, and a list of five.
    assert_eq!(verified.rows["suppression_events"], 11);
    assert_eq!(verified.rows["touch_events"], 5);
    assert_eq!(verified.rows["deployment"], 1);
    assert_eq!(verified.unsealed, 0);
    let subject = key(&audited.deployment, "a").to_hex();
    let filter = LinkFilter { subjects: vec![subject.clone()], ..LinkFilter::default() };
    let links = audited.deployment.operator.audit_links(&filter, 10).await.unwrap();
    assert_eq!(links.len(), 2);
    let link = &links[1];
    assert_eq!(link.operation, Operation::Insert);
    assert_eq!(link.action.as_deref(), Some("suppress"));
    assert_eq!(link.actor.as_deref(), Some("inbound"));
    assert_eq!(link.role, "touchline_operator");
    assert_eq!(link.reason.as_deref(), Some("one_click"));
    assert_eq!(link.subject.as_deref(), Some(subject.as_str()));
    assert_eq!(link.version.as_deref(), Some(env!("CARGO_PKG_VERSION")));
    // An address of the list is found in the list's link.
    let subjects = vec![key(&audited.deployment, "list3").to_hex()];
    let filter = LinkFilter { subjects, ..LinkFilter::default() };
    let links = audited.deployment.operator.audit_links(&filter, 10).await.unwrap();
    assert_eq!(links.iter().map(|link| link.rows).collect::<Vec<_>>(), [5]);
}

#[tokio::test]
async fn a_change_that_is_taken_back_leaves_no_link() {
    let mut audited = Audited::create().await;
    let before = audited.deployment.operator.audit_head().await.unwrap();
    audited
        .run(
            "BEGIN; SELECT suppress(gen_random_uuid(), 'channel', sha256('x'), 'email', NULL,
                    'staff_entry', 'staff', 'x', NULL, NULL); ROLLBACK",
        )
        .await;
    assert_eq!(audited.deployment.operator.audit_head().await.unwrap(), before);
    assert_eq!(audited.verify().await.broken, None);
}

#[tokio::test]
async fn a_changed_link_is_named() {
    let mut audited = Audited::create().await;
    let seq = audited.first + 1;
    audited.tamper(&format!("UPDATE audit_log SET actor = 'x' WHERE seq = {seq}")).await;
    let broken = audited.broken().await;
    assert_eq!((broken.seq, broken.fault), (Some(seq), Fault::Changed));
    assert_eq!(broken.table, "audit_log");
}

#[tokio::test]
async fn a_link_whose_hash_was_made_again_is_named() {
    let mut audited = Audited::create().await;
    let seq = audited.first + 1;
    audited
        .tamper(&format!(
            "UPDATE audit_log SET actor = 'x' WHERE seq = {seq};
             UPDATE audit_log a SET hash = sha256(p.hash
                    || convert_to(jsonb_strip_nulls(to_jsonb(a) - 'hash')::text, 'UTF8'))
               FROM audit_log p WHERE p.seq = {seq} - 1 AND a.seq = {seq}"
        ))
        .await;
    assert_eq!(audited.broken().await.seq, Some(seq + 1));
}

#[tokio::test]
async fn a_removed_link_and_swapped_links_are_named() {
    let mut audited = Audited::create().await;
    let (one, other) = (audited.first, audited.first + 1);
    audited
        .tamper(&format!(
            "UPDATE audit_log SET seq = -seq WHERE seq IN ({one}, {other});
             UPDATE audit_log SET seq = {other} WHERE seq = -{one};
             UPDATE audit_log SET seq = {one} WHERE seq = -{other}"
        ))
        .await;
    let broken = audited.broken().await;
    assert_eq!((broken.seq, broken.fault), (Some(one), Fault::Changed));
    audited.tamper("DELETE FROM audit_log WHERE seq = 5").await;
    let broken = audited.broken().await;
    assert_eq!((broken.seq, broken.fault), (Some(5), Fault::Removed));
}

#[tokio::test]
async fn a_changed_entry_is_named_alone_and_in_a_list() {
    let mut audited = Audited::create().await;
    let listed = audited.text(LIST).await;
    audited
        .tamper(&format!(
            "UPDATE suppression_events SET reason = 'one_click' WHERE id = '{listed}'"
        ))
        .await;
    let broken = audited.broken().await;
    assert_eq!((broken.table.as_str(), broken.fault), ("suppression_events", Fault::Changed));
    assert_eq!(broken.row.as_deref(), Some(listed.as_str()));
    // The first of two is named.
    let first = audited.first;
    let alone = audited.text(&row_of(first)).await;
    audited
        .tamper(&format!("UPDATE suppression_events SET actor = 'x' WHERE id = '{alone}'"))
        .await;
    let broken = audited.broken().await;
    assert_eq!((broken.seq, broken.row.as_deref()), (Some(first), Some(alone.as_str())));
}

#[tokio::test]
async fn a_removed_entry_is_named_alone_and_in_a_list() {
    let mut audited = Audited::create().await;
    let listed = audited.text(LIST).await;
    audited.tamper(&format!("DELETE FROM suppression_events WHERE id = '{listed}'")).await;
    let broken = audited.broken().await;
    assert_eq!((broken.row.as_deref(), broken.fault), (Some(listed.as_str()), Fault::Removed));
    let first = audited.first;
    let alone = audited.text(&row_of(first)).await;
    audited.tamper(&format!("DELETE FROM suppression_events WHERE id = '{alone}'")).await;
    let broken = audited.broken().await;
    assert_eq!((broken.row.as_deref(), broken.fault), (Some(alone.as_str()), Fault::Removed));
}

#[tokio::test]
async fn an_inserted_and_a_swapped_entry_are_named() {
    let mut audited = Audited::create().await;
    let id = "018f0000-0000-7000-8000-000000000001";
    audited
        .tamper(&format!(
            "INSERT INTO suppression_events (id, action, scope, address_key, channel, reason, origin,
                    actor) VALUES ('{id}', 'suppress', 'channel', sha256('x'), 'email',
                    'staff_entry', 'staff', 'x')"
        ))
        .await;
    let broken = audited.broken().await;
    assert_eq!((broken.row.as_deref(), broken.fault), (Some(id), Fault::Inserted));
    let first = audited.first;
    audited
        .tamper(&format!(
            "CREATE TEMP TABLE two AS SELECT row_ids[1] AS id FROM audit_log
              WHERE seq IN ({first}, {first} + 2);
             UPDATE suppression_events e
                SET address_key = (SELECT o.address_key FROM suppression_events o
                                    WHERE o.id IN (SELECT id FROM two) AND o.id <> e.id)
              WHERE e.id IN (SELECT id FROM two)"
        ))
        .await;
    let broken = audited.broken().await;
    assert_eq!((broken.seq, broken.fault), (Some(first), Fault::Changed));
}

#[tokio::test]
async fn a_tail_that_was_cut_off_is_named() {
    let mut audited = Audited::create().await;
    let head = audited.deployment.operator.audit_head().await.unwrap();
    let last = head.seq;
    audited.tamper(&format!("DELETE FROM audit_log WHERE seq = {last}")).await;
    let broken = audited.broken().await;
    assert_eq!((broken.seq, broken.fault), (Some(last), Fault::Removed));
    // Cut off with everything it speaks of, the chain is sound; only what was written down tells.
    audited
        .tamper(
            "DELETE FROM touch_events;
             UPDATE audit_head h SET seq = a.seq, hash = a.hash FROM audit_log a
              WHERE a.seq = (SELECT max(seq) FROM audit_log)",
        )
        .await;
    assert_eq!(audited.verify().await.broken, None);
    let operator = &audited.deployment.operator;
    let broken = operator.verify_audit(Some(head)).await.unwrap().broken.unwrap();
    assert_eq!((broken.seq, broken.fault), (Some(last), Fault::Removed));
    // So does a chain that was made anew.
    let other = domain::audit::ChainHead { seq: last - 1, ..head };
    let broken = operator.verify_audit(Some(other)).await.unwrap().broken.unwrap();
    assert_eq!((broken.seq, broken.fault), (Some(last - 1), Fault::Changed));
}

#[tokio::test]
async fn a_changed_a_removed_and_an_inserted_decision_are_named() {
    for (sql, fault) in [
        ("UPDATE touch_events SET reason = 'refused' WHERE attempt = 3", Fault::Changed),
        ("DELETE FROM touch_events WHERE attempt = 3", Fault::Removed),
        (
            "INSERT INTO touch_events (at, touch_id, attempt, decided_at, state, worker)
             SELECT at, touch_id, 9, now(), 'sent', 'w' FROM touch_events WHERE attempt = 3",
            Fault::Inserted,
        ),
    ] {
        let mut audited = Audited::create().await;
        let touch = audited.text("SELECT touch_id::text FROM touch_events WHERE attempt = 3").await;
        let before =
            audited.text("SELECT touch_id::text FROM touch_events WHERE attempt = 2").await;
        audited.tamper(sql).await;
        let broken = audited.broken().await;
        assert_eq!((broken.table.as_str(), broken.fault), ("touch_events", fault));
        assert_eq!(broken.seq, Some(audited.verify().await.head.seq), "the seal");
        match fault {
            Fault::Removed => assert!(broken.detail.contains(&before), "{}", broken.detail),
            _ => assert_eq!(broken.row.as_deref(), Some(touch.as_str())),
        }
    }
}

#[tokio::test]
async fn a_trigger_that_was_switched_off_is_named() {
    let mut audited = Audited::create().await;
    audited.run("ALTER TABLE consents DISABLE TRIGGER consents_audited").await;
    let broken = audited.broken().await;
    assert_eq!((broken.table.as_str(), broken.fault), ("consents", Fault::Unguarded));
}

#[tokio::test]
async fn a_seal_waits_for_a_transaction_that_began_before_the_cut() {
    let mut audited = Audited::create().await;
    let scheduler = audited.deployment.connect(Role::Scheduler);
    audited.run("BEGIN").await;
    audited.run(EVENT).await;
    for _ in 0..3 {
        assert_eq!(scheduler.seal_events_every(0, 0).await.unwrap(), 0);
    }
    audited.run("COMMIT").await;
    audited.seal(5).await;
    let verified = audited.verify().await;
    assert_eq!((verified.broken, verified.rows["touch_events"]), (None, 10));
}

#[tokio::test]
async fn commits_at_the_same_time_are_all_linked() {
    let deployment = std::sync::Arc::new(Deployment::create().await);
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..8 {
        let deployment = deployment.clone();
        tasks.spawn(async move {
            let database = deployment.connect(Role::Inbound);
            for n in 0..25 {
                let entry = entry(&deployment, &format!("p{task}-{n}"));
                database.suppress_now(&entry).await.unwrap();
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    let verified = deployment.operator.verify_audit(None).await.unwrap();
    assert_eq!((verified.broken, verified.rows["suppression_events"]), (None, 200));
}

#[tokio::test]
async fn a_table_that_may_change_is_compared_with_its_last_change() {
    let mut audited = Audited::create().await;
    audited
        .run(
            "CREATE TABLE toggles (id uuid PRIMARY KEY, actor text, state boolean);
             SELECT audit('toggles');
             GRANT SELECT ON toggles TO touchline_operator;
             INSERT INTO toggles SELECT uuid_v7(), 'x', n = 1 FROM generate_series(1, 3) n;
             UPDATE toggles SET state = true;
             DELETE FROM toggles WHERE id = (SELECT max(id::text)::uuid FROM toggles)",
        )
        .await;
    assert_eq!(audited.verify().await.broken, None);
    let id = audited.text("SELECT min(id::text) FROM toggles").await;
    audited.tamper(&format!("UPDATE toggles SET state = false WHERE id = '{id}'")).await;
    let broken = audited.broken().await;
    assert_eq!((broken.row.as_deref(), broken.fault), (Some(id.as_str()), Fault::Changed));
}

#[tokio::test]
async fn a_month_that_retention_lets_go_of_is_not_taken_for_tampering() {
    let mut audited = Audited::create().await;
    audited
        .run("SELECT detach_month('touch_events', date_trunc('month', at)::date) FROM touch_events LIMIT 1")
        .await;
    let verified = audited.verify().await;
    assert_eq!(verified.broken, None);
    assert_eq!(audited.text("SELECT count(*)::text FROM touch_events").await, "0");
}
