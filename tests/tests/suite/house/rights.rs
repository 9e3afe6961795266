//! Nothing about a person is forgotten: every table that knows something about one stands in
//! `personal_tables`, from which the access export and erasure work (compliance.md PRV-06, PRV-09).

use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use testkit::fixture::Deployment;

/// Tables with a column that looks like a person's, and why they are none.
const IMPERSONAL: &[(&str, &str)] = &[
    ("counted_returns", "ids of touches whose return was counted, so that it counts once"),
    ("webhook_events", "ids and facts that other systems are told of, for a week"),
];

/// Columns by which a table names a person: ids of what belongs to one, keyed hashes, whatever refers
/// to a contact, and columns with addresses in clear.
const NAMING: &str = "
    SELECT c.relname AS table_name, string_agg(a.attname, ', ' ORDER BY a.attnum) AS columns
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
       AND NOT c.relispartition AND NOT a.attisdropped
       AND (a.attname IN ('contact_id', 'touch_id', 'enrolment_id', 'consent_id', 'request_id',
                          'task_id', 'buyer_id', 'email', 'phone', 'full_name')
            OR (a.atttypid = 'bytea'::regtype AND a.attname ~ '(^|_)key$')
            OR EXISTS (SELECT FROM pg_constraint f
                        WHERE f.conrelid = c.oid AND f.contype = 'f' AND a.attnum = ANY (f.conkey)
                          AND f.confrelid IN ('contacts'::regclass, 'addresses'::regclass)))
     GROUP BY c.relname ORDER BY c.relname";

/// People of the team, who are no contacts.
const TEAM: &[&str] = &["agents", "users"];

async fn forgotten(database: &mut PgConnection) -> Vec<String> {
    let listed: Vec<String> = sqlx::query_scalar("SELECT table_name FROM personal_tables")
        .fetch_all(&mut *database)
        .await
        .unwrap();
    let naming = sqlx::query(NAMING).fetch_all(&mut *database).await.unwrap();
    let unknown = naming.iter().filter(|row| {
        let table: &str = row.get("table_name");
        !TEAM.contains(&table)
            && !listed.iter().any(|own| own == table)
            && !IMPERSONAL.iter().any(|(own, _)| *own == table)
    });
    unknown.map(|row| format!("{} ({})", row.get::<&str, _>(0), row.get::<&str, _>(1))).collect()
}

#[tokio::test]
async fn every_table_that_names_a_person_is_exported_and_has_its_rule_of_erasure() {
    let deployment = Deployment::create().await;
    let mut database = PgConnection::connect(deployment.url()).await.unwrap();
    let forgotten_ones = forgotten(&mut database).await;
    assert!(
        forgotten_ones.is_empty(),
        "these tables know something about a person; add each to personal_tables in the migration \
         that creates it (how its rows are found, and what erasure does with them), or to IMPERSONAL \
         here with the reason: {forgotten_ones:?}"
    );
    let planted = "CREATE TABLE planted (touch_id uuid); CREATE TABLE sown (raw_key bytea)";
    sqlx::raw_sql(planted).execute(&mut database).await.unwrap();
    assert_eq!(forgotten(&mut database).await, ["planted (touch_id)", "sown (raw_key)"]);
}

#[tokio::test]
async fn what_is_said_of_personal_tables_is_so() {
    let deployment = Deployment::create().await;
    let mut database = PgConnection::connect(deployment.url()).await.unwrap();
    let absent: Vec<String> = sqlx::query_scalar(
        "SELECT p.table_name FROM personal_tables p
          WHERE to_regclass('public.' || quote_ident(p.table_name)) IS NULL",
    )
    .fetch_all(&mut database)
    .await
    .unwrap();
    assert!(absent.is_empty(), "personal_tables names tables that are not there: {absent:?}");
    let rows = sqlx::query(
        "SELECT p.table_name, c.column_name
           FROM personal_tables p
          CROSS JOIN LATERAL unnest(p.emptied || p.column_name) AS c (column_name)
          WHERE NOT EXISTS (SELECT FROM pg_attribute a
                         WHERE a.attrelid = ('public.' || p.table_name)::regclass
                           AND a.attname = c.column_name AND NOT a.attisdropped)",
    )
    .fetch_all(&mut database)
    .await
    .unwrap();
    let wrong: Vec<(&str, &str)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert!(wrong.is_empty(), "personal_tables names columns that are not there: {wrong:?}");
    // What is emptied can be: nothing in the table's own rules stands against it.
    let texts = "SELECT p.table_name, a.attname FROM personal_tables p
        JOIN pg_attribute a ON a.attrelid = to_regclass('public.' || p.table_name)
                           AND a.attname = ANY (p.emptied)
       WHERE a.attnotnull AND a.atttypid NOT IN ('text'::regtype, 'jsonb'::regtype, 'bytea'::regtype)";
    let stuck = sqlx::query(AssertSqlSafe(texts)).fetch_all(&mut database).await.unwrap();
    let stuck: Vec<(&str, &str)> = stuck.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert!(stuck.is_empty(), "a column that must hold a value cannot be emptied: {stuck:?}");
}
