//! The people of the benchmark: made inside the database, in bulk, with due touches on demand.
//!
//! Everybody has an email address, a phone and a row of the person, and is enrolled in both plans
//! with the next touch some weeks ahead; one in a hundred is on the list. [`make_due`] pulls touches
//! of people spread evenly over the whole database forward, so that a larger database means rows
//! farther apart, as in real life.

use std::time::Instant;

use chrono::{DateTime, Utc};
use domain::{AddressKey, ContactChannel};
use sqlx::AssertSqlSafe;
use storage::suppressions::ListRow;
use tests::measure;

use crate::report::Report;
use crate::world::{PLANS, World, zone};

/// One in so many people is on the list.
const LISTED: i64 = 100;
/// Email domains of the people: enough that no destination's limit is in the way.
const DOMAINS: i64 = 500;
/// People made in one statement.
const CHUNK: i64 = 50_000;

/// An id that is unique to a database, a kind of row and a number, and in order of the number as real
/// ones are.
const ID: &str = "CREATE OR REPLACE FUNCTION bench_id(kind int, n bigint) RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT ('019' || kind || lpad(to_hex(n), 8, '0') || '7' || substr(h, 1, 3) || '8' || substr(h, 4, 15))::uuid
      FROM md5(current_database() || kind || ':' || n) AS h $$";

/// Fills the list with addresses of nobody, as an import would.
pub async fn load_list(world: &World, entries: u32, report: &mut Report) {
    eprintln!("loading a list of {entries} entries …");
    let began = Instant::now();
    measure::fill_list(&world.deployment, u64::from(entries)).await;
    report.list_loaded(entries, began.elapsed());
}

/// Makes people until there are `size`.
pub async fn grow_to(world: &World, size: i64, report: &mut Report) {
    execute(world, ID.to_owned()).await;
    let have = count(world, "SELECT count(*) FROM contacts").await;
    if have >= size {
        return;
    }
    eprintln!("growing the database from {have} to {size} contacts …");
    let began = Instant::now();
    let months =
        "SELECT ensure_partitions('touches', ARRAY(SELECT (now() + m * interval '1 month')::date
                    FROM generate_series(0, 11) AS m))";
    execute(world, months.to_owned()).await;
    let mut from = have;
    while from < size {
        let to = (from + CHUNK).min(size);
        for statement in statements(from + 1, to, &zone(&world.clock)) {
            execute(world, statement).await;
        }
        list_some(world, from + 1, to).await;
        from = to;
    }
    for table in [
        "contacts",
        "addresses",
        "address_states",
        "enrolments",
        "touches",
        "due_touches",
        "suppressions",
    ] {
        execute(world, format!("VACUUM (ANALYZE) {table}")).await;
    }
    execute(world, "CHECKPOINT".to_owned()).await;
    report.grown(size, began.elapsed());
}

fn statements(from: i64, to: i64, zone: &str) -> Vec<String> {
    let people = format!("generate_series({from}::bigint, {to}) AS n");
    let mut all = vec![
        format!(
            "INSERT INTO contacts (id, external_id, full_name, first_name, locale, time_zone, country,
                                   city, area, source, owner_id)
             SELECT bench_id(1, n), 'b' || n, 'Person ' || n, 'Person',
                    CASE WHEN n % 5 < 2 THEN 'ar' ELSE 'en' END::locale, '{zone}', 'AE', 'Dubai',
                    'Dubai Marina', 'benchmark', (SELECT id FROM agents LIMIT 1)
               FROM {people}"
        ),
        format!(
            "INSERT INTO addresses (id, contact_id, kind, value, address_key)
             SELECT bench_id(2, n * 4 + k.i), bench_id(1, n), k.kind::address_kind,
                    CASE k.kind WHEN 'email' THEN 'p' || n || '@d' || n % {DOMAINS} || '.example'
                                WHEN 'phone' THEN '+97150' || lpad(n::text, 7, '0') ELSE '' END,
                    sha256((k.kind || n)::bytea)
               FROM {people}, (VALUES (0, 'email'), (1, 'phone'), (2, 'person')) AS k (i, kind)"
        ),
        // Sorted, because keys are random and the index would be read and written all over.
        format!(
            "INSERT INTO address_states (address_key, channel, domain_key)
             SELECT sha256((k.kind || n)::bytea), k.channel::contact_channel,
                    CASE k.kind WHEN 'email' THEN sha256(('domain' || n % {DOMAINS})::bytea) END
               FROM {people}, (VALUES ('email', 'email'), ('phone', 'sms'), ('phone', 'call'),
                                      ('person', 'person')) AS k (kind, channel)
              ORDER BY 1"
        ),
    ];
    for (number, plan) in PLANS.iter().enumerate() {
        let (enrolment, touch) = (3 + 2 * number, 4 + 2 * number);
        all.push(format!(
            "WITH e AS (
                 INSERT INTO enrolments (id, contact_id, plan_version_id, plan_key, starts_on, planned_steps)
                 SELECT bench_id({enrolment}, n), bench_id(1, n), v.id, '{plan}', current_date, 1
                   FROM {people}, plan_versions v WHERE v.key = '{plan}'),
             t AS (
                 INSERT INTO touches (id, due_month, contact_id, enrolment_id, plan_version_id, step,
                                      cycle, channel, due_at)
                 SELECT bench_id({touch}, n), date_trunc('month', due)::date, bench_id(1, n),
                        bench_id({enrolment}, n), v.id, 0, 0, 'email', due
                   FROM {people}, plan_versions v,
                        LATERAL (SELECT now() + interval '7 days' + (n % 60) * interval '9 hours') AS d (due)
                  WHERE v.key = '{plan}'
                 RETURNING id, due_month, due_at)
             INSERT INTO due_touches (due_at, touch_id, due_month) SELECT due_at, id, due_month FROM t"
        ));
    }
    all
}

async fn list_some(world: &World, from: i64, to: i64) {
    let keys: Vec<Vec<u8>> = sqlx::query_scalar(AssertSqlSafe(format!(
        "SELECT sha256(('email' || n)::bytea) FROM generate_series({from}::bigint, {to}) AS n
          WHERE n % {LISTED} = 0"
    )))
    .fetch_all(&world.pool)
    .await
    .expect("the database answers");
    let row = |key: &Vec<u8>| ListRow {
        key: AddressKey::from_bytes(key).expect("SHA-256 has 32 bytes"),
        channel: ContactChannel::Email,
        domain: None,
    };
    let rows: Vec<ListRow> = keys.iter().map(row).collect();
    measure::import(&world.deployment.operator, &rows).await;
    // Else the scheduler cancels their touches, and the claim finds nothing to block.
    execute(world, "DELETE FROM list_effects".to_owned()).await;
}

/// Makes the next touch of `count` people due, spread evenly over everybody, from `from` on and over
/// `seconds`; at once with 0. Both plans are used when there are fewer people than touches. Returns
/// how many touches that are.
pub async fn make_due(world: &World, count: i64, from: DateTime<Utc>, seconds: u32) -> i64 {
    let people = self::count(world, "SELECT count(*) FROM contacts").await;
    let plans = if count > people { PLANS.len() } else { 1 };
    let each = count / plans as i64;
    let keys = PLANS[..plans].join("', '");
    let statement = format!(
        "WITH wanted AS MATERIALIZED (
             SELECT t.id, t.due_month, t.due_at,
                    $1::timestamptz + (row_number() OVER (ORDER BY n.i, t.id) - 1) * $2 * interval '1 second'
                    AS due
               FROM generate_series(0::bigint, {each} - 1) AS n (i)
               JOIN enrolments e ON e.contact_id = bench_id(1, 1 + n.i * {people} / {each})
                AND e.plan_key IN ('{keys}')
               JOIN touches t ON t.enrolment_id = e.id AND t.state = 'scheduled'),
         moved AS (
             UPDATE touches t SET due_at = w.due FROM wanted w
              WHERE t.id = w.id AND t.due_month = w.due_month),
         gone AS (
             DELETE FROM due_touches d USING wanted w
              WHERE d.due_at = w.due_at AND d.touch_id = w.id)
         INSERT INTO due_touches (due_at, touch_id, due_month) SELECT due, id, due_month FROM wanted"
    );
    #[allow(clippy::cast_precision_loss)] // A benchmark's counts fit the mantissa.
    let step = f64::from(seconds) / count as f64;
    let done = sqlx::query(AssertSqlSafe(statement)).bind(from).bind(step).execute(&world.pool);
    let moved = done.await.expect("the database answers").rows_affected();
    assert_eq!(i64::try_from(moved), Ok(each * plans as i64), "every touch asked for is there");
    each * plans as i64
}

pub async fn count(world: &World, query: &str) -> i64 {
    let found = sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(&world.pool).await;
    found.expect("the database answers")
}

pub async fn execute(world: &World, statement: String) {
    let done = sqlx::raw_sql(AssertSqlSafe(statement)).execute(&world.pool).await;
    done.expect("the database takes the benchmark's statements");
}
