//! The sample team: nothing real ever goes to its people, and it is removed without a trace, while what
//! people brought themselves stays as it is.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use domain::interaction::InteractionKind;
use domain::suppression::{Origin, SuppressionReason};
use domain::{AddressKey, AddressKind, Channel, ContactChannel, ContactId, Medium};
use office::Connection;
use office::sample::{self, Loading, SampleError};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Row};
use storage::Role;
use storage::arrivals::{Message, NewReview};
use storage::contacts::{Imported, NewContact, NewInteraction};
use storage::enrolments::Selection;
use storage::sample::SampleCounts;
use storage::suppressions::{NewSuppression, Target};
use storage::touches::TouchFilter;
use testkit::fixture::{person, plan, template};
use tests::fleet::{Crew, Fleet};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// What became of the touches of a contact, in the order of their steps.
async fn ends(fleet: &Fleet, contact: ContactId) -> Vec<String> {
    let filter = TouchFilter { contact: Some(contact), ..TouchFilter::default() };
    let touches = fleet.deployment.operator.touches(&filter, 10).await.unwrap();
    let end = |touch: &storage::touches::Touch| match &touch.reason {
        Some(reason) => format!("{} {reason}", touch.state),
        None => touch.state.to_string(),
    };
    touches.iter().map(end).collect()
}

async fn mark(fleet: &Fleet, people: &[NewContact]) -> Vec<ContactId> {
    let Connection { database, keyer } = connection(fleet);
    let imported = database.import_sample(&keyer, people).await.unwrap();
    imported.into_iter().filter_map(Imported::contact).collect()
}

fn connection(fleet: &Fleet) -> Connection {
    let deployment = &fleet.deployment;
    Connection { database: deployment.operator.clone(), keyer: deployment.keyer.clone() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_person_gets_nothing_real_and_a_real_one_beside_gets_all_of_it() {
    let fleet = Fleet::start(&Crew::one_of_each(at("2026-06-01T00:00:00Z"))).await;
    let mut steps = plan("three", &[(1, Channel::Email), (2, Channel::Sms), (3, Channel::Call)]);
    for (step, key) in steps.steps.iter_mut().zip(["an_email", "a_text", "a_task"]) {
        key.clone_into(&mut step.template);
    }
    for (medium, key) in
        [(Medium::Email, "an_email"), (Medium::Sms, "a_text"), (Medium::Call, "a_task")]
    {
        let mut source = template(medium);
        key.clone_into(&mut source.key);
        fleet.deployment.store_template(&source).await;
    }
    fleet.deployment.store_plan(&steps).await;
    // Somebody listens for everything there is.
    let listens = "INSERT INTO webhooks (id, name, url, events, action, actor)
        SELECT uuid_v7(), 'all', 'https://hooks.example', array_agg(e), 'create', 'test'
          FROM unnest(enum_range(NULL::webhook_event)) e WHERE e <> 'test'";
    sqlx::query(listens).execute(fleet.probe()).await.unwrap();

    let real = fleet.deployment.people(1).await.remove(0);
    // With the addresses of a real person, the mark alone keeps anything from leaving.
    let marked = mark(&fleet, &[person(1)]).await.remove(0);
    let monday = "2026-06-01".parse().unwrap();
    assert_eq!(fleet.enrol("three", &Selection::default(), monday).await, 2);
    fleet.advance_to(at("2026-06-04T00:00:00Z")).await;

    let mails: Vec<String> =
        fleet.smtp.accepted().into_iter().flat_map(|mail| mail.recipients).collect();
    assert_eq!(mails, ["p0@example.com"]);
    let texts: Vec<String> = fleet.sms.accepted().into_iter().map(|text| text.to).collect();
    assert_eq!(texts, ["+971500000000"]);
    assert_eq!(ends(&fleet, real).await, ["sent", "sent", "sent"]);
    let blocked = "blocked sample_person";
    assert_eq!(ends(&fleet, marked).await, [blocked, blocked, "sent"], "a task is for practice");
    let tasks = "SELECT count(*) FROM tasks WHERE contact_id = $1";
    let tasks: i64 =
        sqlx::query_scalar(tasks).bind(marked.as_uuid()).fetch_one(fleet.probe()).await.unwrap();
    assert_eq!(tasks, 1);
    let told = "SELECT coalesce(t.contact_id, (w.facts ->> 'contact')::uuid), count(*)
                  FROM webhook_events w LEFT JOIN touches t ON t.id = w.touch_id GROUP BY 1";
    let told: Vec<(uuid::Uuid, i64)> = sqlx::query_as(told).fetch_all(fleet.probe()).await.unwrap();
    // Created, enrolled and over; three touches and a task.
    assert_eq!(told, [(real.as_uuid(), 7)], "other systems are told of the real person alone");
    fleet.finish().await;
}

/// Rows of every table about people, as text, but for what changes by itself.
async fn rows_about(fleet: &Fleet, people: &[ContactId]) -> BTreeMap<String, Vec<Value>> {
    let tables = "SELECT table_name, about_people(via, column_name) AS which FROM personal_tables
                   WHERE to_regclass('public.' || table_name) IS NOT NULL";
    let tables = sqlx::query(tables).fetch_all(fleet.probe()).await.unwrap();
    let ids: Vec<uuid::Uuid> = people.iter().map(|one| one.as_uuid()).collect();
    let keys: Vec<Vec<u8>> = sqlx::query_scalar(
        "SELECT DISTINCT address_key FROM addresses WHERE contact_id = ANY ($1)",
    )
    .bind(&ids)
    .fetch_all(fleet.probe())
    .await
    .unwrap();
    let mut found = BTreeMap::new();
    for table in &tables {
        let (name, which): (String, String) = (table.get("table_name"), table.get("which"));
        let rows = rows_where(fleet, &name, &which, &ids, &keys).await;
        if !rows.is_empty() {
            found.insert(name, rows);
        }
    }
    found
}

async fn rows_where(
    fleet: &Fleet,
    table: &str,
    which: &str,
    ids: &[uuid::Uuid],
    keys: &[Vec<u8>],
) -> Vec<Value> {
    let sql = format!(
        "SELECT to_jsonb(t) - 'updated_at' FROM public.{table} t
          WHERE ({which}) AND $1::uuid[] IS NOT NULL AND $2::bytea[] IS NOT NULL
          ORDER BY 1"
    );
    let rows = sqlx::query_scalar(AssertSqlSafe(sql)).bind(ids).bind(keys);
    rows.fetch_all(fleet.probe()).await.unwrap()
}

/// What is left of the sample: rows by ids and keys that were noted before it went.
async fn left_of(
    fleet: &Fleet,
    before: &BTreeMap<String, Vec<Value>>,
) -> BTreeMap<String, Vec<Value>> {
    let ids = |table: &str, column: &str| -> Vec<uuid::Uuid> {
        let rows = before.get(table).into_iter().flatten();
        rows.filter_map(|row| row[column].as_str()?.parse().ok()).collect()
    };
    let people = ids("contacts", "id");
    let touches = ids("touches", "id");
    let keys: Vec<String> = before["addresses"]
        .iter()
        .filter_map(|row| Some(row["address_key"].as_str()?.to_owned()))
        .collect();
    let columns = "SELECT c.relname::text, a.attname::text FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
       WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
         AND NOT c.relispartition
         AND a.attname IN ('contact_id', 'touch_id', 'address_key')";
    let columns: Vec<(String, String)> =
        sqlx::query_as(columns).fetch_all(fleet.probe()).await.unwrap();
    let mut left = BTreeMap::new();
    for (table, column) in columns {
        let condition = match column.as_str() {
            "contact_id" => "contact_id = ANY ($1)",
            "touch_id" => "touch_id = ANY ($2)",
            _ => "address_key::text = ANY ($3)",
        };
        let sql = format!(
            "SELECT to_jsonb(t) FROM public.{table} t WHERE {condition}
                AND $1::uuid[] IS NOT NULL AND $2::uuid[] IS NOT NULL AND $3::text[] IS NOT NULL"
        );
        let rows = sqlx::query_scalar(AssertSqlSafe(sql)).bind(&people).bind(&touches).bind(&keys);
        let rows: Vec<Value> = rows.fetch_all(fleet.probe()).await.unwrap();
        if !rows.is_empty() {
            left.entry(table).or_insert_with(Vec::new).extend(rows);
        }
    }
    left
}

fn entry(key: AddressKey) -> NewSuppression {
    NewSuppression {
        target: Target::Address { key, channel: ContactChannel::Email, domain: None },
        reason: SuppressionReason::StaffEntry,
        origin: Origin::Staff,
        actor: "Amal".to_owned(),
        evidence: Some("asked on the phone".to_owned()),
        touch: None,
        received_at: None,
    }
}

/// What somebody does who tries things out: an entry, a note, an unclear answer, a request.
async fn practise(fleet: &Fleet, one: ContactId, email: AddressKey, phone: AddressKey) {
    let operator = &fleet.deployment.operator;
    operator.suppress_now(&entry(email)).await.unwrap();
    let note = NewInteraction {
        contact: one,
        kind: InteractionKind::Call,
        happened_at: fleet.clock.now(),
        note: "would like to see a flat".to_owned(),
        actor: "Maya".to_owned(),
    };
    operator.note_interaction(&note).await.unwrap();
    let review = NewReview {
        message: Message { source: "generic", id: 7 },
        key: phone,
        request: None,
        arrived_at: fleet.clock.now(),
        due_at: fleet.clock.now() + TimeDelta::days(2),
    };
    fleet.deployment.connect(Role::Inbound).open_review(&review).await.unwrap();
    let contact = one.to_string();
    let request = ["requests", "add", &contact, "--kind", "access", "--law", "ae_pdpl"];
    let how = ["--how", "by phone", "--actor", "Amal"];
    fleet.touchline(&[&request[..], &how[..]].concat()).await;
}

/// People somebody brought: one before the sample was there, one with an agent of the sample, one with
/// an address of the sample.
async fn bring(fleet: &Fleet, n: usize, change: impl FnOnce(&mut NewContact)) -> ContactId {
    let mut new = person(100_000 + n);
    new.source = "a file of ours".to_owned();
    change(&mut new);
    fleet.deployment.import(&[new]).await.remove(0)
}

async fn sample_people(fleet: &Fleet) -> Vec<ContactId> {
    let ids: Vec<uuid::Uuid> =
        sqlx::query_scalar("SELECT id FROM contacts WHERE is_sample ORDER BY id")
            .fetch_all(fleet.probe())
            .await
            .unwrap();
    ids.into_iter().map(ContactId::from).collect()
}

async fn load(fleet: &Fleet) -> SampleCounts {
    let loading = Loading { library: &fleet.library, now: fleet.clock.now(), in_days: 0 };
    sample::load(&connection(fleet), loading, &mut |_| {}).await.unwrap();
    fleet.deployment.operator.sample_counts().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_loaded_goes_without_a_trace_and_what_people_brought_stays() {
    let fleet = Fleet::start(&Crew::one_of_each(at("2026-06-01T04:00:00Z"))).await;
    let first = bring(&fleet, 0, |_| {}).await;
    let counts = load(&fleet).await;
    assert_eq!((counts.contacts, counts.enrolments, counts.agents), (200, 200, 3));
    assert_eq!(load(&fleet).await, counts, "loaded again, it is there once");
    let owned =
        bring(&fleet, 1, |new| new.owner_email = Some(sample::agents()[0].email.clone())).await;
    let shared = sample::person(0).addresses[0].clone();
    let sharing = bring(&fleet, 2, |new| new.addresses[0] = shared.clone()).await;
    let own = [first, owned, sharing];
    let selection = Selection { contacts: Some(own.to_vec()), ..Selection::default() };
    let monday = "2026-06-01".parse().unwrap();
    assert_eq!(fleet.enrol("8x8", &selection, monday).await, 3, "in plans of the library, too");

    fleet.advance_to(at("2026-06-12T00:00:00Z")).await;
    let keyer = &fleet.deployment.keyer;
    let key = |n: usize, kind: AddressKind| {
        let addresses = sample::person(n).addresses;
        let address = addresses.into_iter().find(|address| address.kind == kind).unwrap();
        keyer.key(kind, &address.normalised)
    };
    let people = sample_people(&fleet).await;
    let (email, phone) = (key(1, AddressKind::Email), key(1, AddressKind::Phone));
    practise(&fleet, people[1], email, phone).await;
    // Of an address somebody real has, too, an entry is that person's.
    let shared_key = key(0, AddressKind::Email);
    fleet.deployment.operator.suppress_now(&entry(shared_key)).await.unwrap();
    fleet.advance_to(at("2026-06-12T04:00:00Z")).await;
    fleet.settle().await;

    let counts = fleet.deployment.operator.sample_counts().await.unwrap();
    assert!(counts.tasks > 20 && counts.open_touches > 100, "there is life in it: {counts:?}");
    assert_eq!(counts.own_contacts, 1);
    let (of_sample, mut of_own) =
        (rows_about(&fleet, &people).await, rows_about(&fleet, &own).await);
    remove(&fleet).await;

    assert_eq!(fleet.deployment.operator.sample_counts().await.unwrap(), SampleCounts::default());
    check_history(&left_of(&fleet, &of_sample).await, &own);
    check_figures(&fleet).await;
    // The contact of an agent of the sample has none now; nothing else has changed.
    let orphan = of_own.get_mut("contacts").unwrap().iter_mut();
    for row in orphan.filter(|row| row["id"] == owned.to_string()) {
        row["owner_id"] = Value::Null;
    }
    for task in of_own.get_mut("tasks").into_iter().flatten() {
        task["owner_id"] = Value::Null;
    }
    let mut now_of_own = rows_about(&fleet, &own).await;
    for rows in of_own.values_mut().chain(now_of_own.values_mut()) {
        rows.sort_by_key(ToString::to_string);
    }
    assert_eq!(now_of_own, of_own);
    let entries = fleet.deployment.operator.entries(&[shared_key, email]).await.unwrap();
    assert_eq!(entries.iter().map(|entry| entry.key).collect::<Vec<_>>(), [shared_key]);
    let verified = fleet.touchline(&["audit", "verify"]).await.remove(0);
    assert_eq!(verified["sound"], true, "{verified}");
    assert_eq!(load(&fleet).await.contacts, 200, "it can be loaded once more");
    fleet.finish().await;
}

/// What may be left: the sealed history of touches, that of the list, and who read what. No text, and
/// nothing that names anybody.
fn check_history(left: &BTreeMap<String, Vec<Value>>, own: &[ContactId]) {
    let own: Vec<String> = own.iter().map(ToString::to_string).collect();
    for (table, rows) in left {
        let is_own = |row: &&Value| {
            row["contact_id"].as_str().is_some_and(|id| own.iter().any(|one| one == id))
        };
        let rows: Vec<&Value> = rows.iter().filter(|row| !is_own(row)).collect();
        match table.as_str() {
            "touch_events" => {}
            "suppression_events" => {
                let is_known = |text: &Value| {
                    // What was said of the address that somebody real has, too.
                    text.is_null() || text == "erased" || text == "asked on the phone"
                };
                let emptied = |row: &&&Value| is_known(&row["evidence"]) && is_known(&row["note"]);
                assert_eq!(rows.iter().filter(emptied).count(), rows.len(), "{rows:?}");
            }
            // Of that address.
            "address_states" | "suppressions" => assert_eq!(rows.len(), 1, "{table}: {rows:?}"),
            _ => assert!(rows.is_empty(), "{table} still knows {rows:?}"),
        }
    }
}

/// The fleet's figures count what was done for people who are there, and nothing else.
async fn check_figures(fleet: &Fleet) {
    let figures = "SELECT (SELECT coalesce(sum(c.count), 0)::bigint FROM state_counts c
                            WHERE c.minutes = 1),
                          (SELECT count(*) FROM touch_events e JOIN touches t ON t.id = e.touch_id
                            WHERE e.at <= (SELECT p.counted_until FROM count_progress p))";
    let (shown, real): (i64, i64) = sqlx::query_as(figures).fetch_one(fleet.probe()).await.unwrap();
    assert_eq!(shown, real);
}

async fn remove(fleet: &Fleet) {
    let console = fleet.deployment.connect(Role::Console);
    let work = console.begin_sample_work(true, "amal@palm.example").await.unwrap().unwrap();
    let (second, third) = tokio::join!(
        console.begin_sample_work(true, "omar@palm.example"),
        console.begin_sample_work(false, "omar@palm.example")
    );
    assert_eq!((second.unwrap(), third.unwrap()), (None, None), "one at a time");
    let before = sample::remove(&console, work, "amal@palm.example").await.unwrap();
    console.end_sample_work(work, &before).await.unwrap();
    assert!(console.sample_standing().await.unwrap().work.is_none());
    let runs: Vec<(String, Value)> = sqlx::query_as(
        "SELECT action || ' ' || actor, counts -> 'contacts' FROM sample_runs ORDER BY at",
    )
    .fetch_all(fleet.probe())
    .await
    .unwrap();
    let noted = |words: &str| (words.to_owned(), Value::from(200));
    assert_eq!(runs, [noted("remove amal@palm.example"), noted("removed amal@palm.example")]);
    // Nobody can put the mark on, or take it off.
    let refused = sqlx::query("UPDATE contacts SET is_sample = true").execute(fleet.probe()).await;
    let refused = refused.unwrap_err();
    let constraint = refused.as_database_error().and_then(|error| error.constraint());
    assert_eq!(constraint, Some("contacts_is_sample_fixed"));
}

async fn told_at(fleet: &Fleet) -> DateTime<Utc> {
    let told = sqlx::query_scalar("SELECT told_at FROM sample_work");
    told.fetch_one(fleet.probe()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_being_written_to_is_waited_for_and_a_lost_work_is_taken_over() {
    let fleet = Fleet::start(&Crew::one_of_each(at("2026-06-01T04:00:00Z"))).await;
    load(&fleet).await;
    let console = fleet.deployment.connect(Role::Console);
    let busy = sample_people(&fleet).await[0];
    let hold = "INSERT INTO inflight (touch_id, due_month, attempt, address_key, channel, worker,
                                      lease_until, contact_id, purpose)
        SELECT t.id, t.due_month, 1, '\\x00', 'email', 'w', clock_timestamp() + interval '1 hour',
               t.contact_id, 'marketing' FROM touches t WHERE t.contact_id = $1 LIMIT 1";
    sqlx::query(hold).bind(busy.as_uuid()).execute(fleet.probe()).await.unwrap();
    let lost = console.begin_sample_work(true, "a").await.unwrap().unwrap();
    assert_eq!(console.remove_sample_people(1000, "a").await.unwrap(), (199, 1));
    assert_eq!(console.remove_sample_people(1000, "a").await.unwrap(), (0, 1));
    assert!(console.remove_sample_agents().await.is_err(), "people first");
    // Its process is gone; somebody else goes on.
    let silent = "UPDATE sample_work SET told_at = clock_timestamp() - interval '3 minutes'";
    sqlx::query(silent).execute(fleet.probe()).await.unwrap();
    assert!(console.sample_standing().await.unwrap().work.unwrap().is_lost);
    let work = console.begin_sample_work(true, "b").await.unwrap().unwrap();
    let taken = sample::remove(&console, lost, "a").await;
    assert!(matches!(taken, Err(SampleError::Taken)), "{taken:?}");
    let begun = told_at(&fleet).await;
    let (removed, ()) = tokio::join!(sample::remove(&console, work, "b"), async {
        // It has looked, and waits.
        while told_at(&fleet).await == begun {
            tokio::task::yield_now().await;
        }
        sqlx::query("DELETE FROM inflight").execute(fleet.probe()).await.unwrap();
    });
    assert_eq!(removed.unwrap().contacts, 1);
    assert_eq!(console.sample_counts().await.unwrap(), SampleCounts::default());
    fleet.finish().await;
}
