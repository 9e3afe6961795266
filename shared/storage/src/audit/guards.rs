//! Whether the triggers that write the log are there, and on.

use domain::audit::Fault;
use sqlx::postgres::PgConnection;

use super::verify::Broken;
use crate::StorageError;

/// The triggers of the chain itself.
const OF_CHAIN: &[(&str, &str)] = &[
    ("audit_log", "refuse_change"),
    ("audit_pending", "audit_at_commit"),
    ("touch_events", "refuse_change"),
];

/// The first of these tables that has lost a trigger, or whose trigger is switched off.
pub(super) async fn missing(
    connection: &mut PgConnection,
    tables: &[&str],
) -> Result<Option<Broken>, StorageError> {
    let of_tables =
        tables.iter().flat_map(|table| [(*table, "audit_rows"), (*table, "audit_change")]);
    let (names, functions): (Vec<&str>, Vec<&str>) =
        of_tables.chain(OF_CHAIN.iter().copied()).unzip();
    let missing: Option<String> = sqlx::query_scalar(
        "SELECT w.name FROM unnest($1::text[], $2::text[]) AS w (name, function)
          WHERE NOT EXISTS (
                SELECT FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
                 WHERE t.tgrelid = to_regclass('public.' || w.name) AND p.proname = w.function
                   AND t.tgenabled <> 'D')
             OR EXISTS (SELECT FROM pg_trigger t
                         WHERE t.tgrelid = to_regclass('public.' || w.name)
                           AND t.tgenabled = 'D' AND NOT t.tgisinternal)
          LIMIT 1",
    )
    .bind(&names)
    .bind(&functions)
    .fetch_optional(connection)
    .await?;
    Ok(missing.map(|table| Broken {
        seq: None,
        row: None,
        fault: Fault::Unguarded,
        detail: format!("a trigger of {table} is missing or switched off"),
        table,
    }))
}
