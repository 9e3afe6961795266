//! Whether the rows that the links speak of are still what they were.

use std::collections::BTreeMap;

use domain::audit::{Fault, Operation};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Row};

use super::seals::EVENTS;
use super::verify::{Broken, Checked};
use crate::StorageError;

/// The digest of a row as the triggers make it.
const DIGEST: &str = "sha256(btrim(convert_to(s::text, 'UTF8'), ',)'))";

/// Compares the rows of these links; the first link that does not fit.
pub(super) async fn compare(
    connection: &mut PgConnection,
    links: &[Checked],
) -> Result<Option<Broken>, StorageError> {
    let mut by_source: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for link in links {
        let speaks_of_rows =
            matches!(link.operation, Operation::Insert | Operation::Update | Operation::Delete);
        if speaks_of_rows && link.source != EVENTS {
            by_source.entry(&link.source).or_default().push(link.seq);
        }
    }
    let mut first: Option<Broken> = None;
    for (source, seqs) in by_source {
        if !is_table(connection, source).await? {
            let seq = seqs.first().map(|seq| seq.unsigned_abs());
            let detail = format!("the table {source} is missing");
            let table = source.to_owned();
            let gone = Broken { seq, table, row: None, fault: Fault::Removed, detail };
            first = earlier(first, Some(gone));
            continue;
        }
        for seq in unfit(connection, source, &seqs).await? {
            let found = name(connection, source, seq).await?;
            if found.is_some() {
                first = earlier(first, found);
                break;
            }
        }
    }
    Ok(first)
}

fn earlier(one: Option<Broken>, other: Option<Broken>) -> Option<Broken> {
    [one, other].into_iter().flatten().min_by_key(|broken| broken.seq)
}

/// Whether `source` is a table we may name in a statement.
async fn is_table(connection: &mut PgConnection, source: &str) -> Result<bool, StorageError> {
    if !source.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') {
        return Ok(false);
    }
    Ok(sqlx::query_scalar("SELECT to_regclass('public.' || $1) IS NOT NULL")
        .bind(source)
        .fetch_one(connection)
        .await?)
}

/// The links whose digest is not that of the rows as they are, in order. Rows that were changed
/// later, as the chain knows, are among them.
async fn unfit(
    connection: &mut PgConnection,
    source: &str,
    seqs: &[i64],
) -> Result<Vec<i64>, StorageError> {
    let statement = format!(
        "SELECT a.seq FROM audit_log a
          CROSS JOIN LATERAL (
                SELECT string_agg({DIGEST}, '' ORDER BY k.n) AS digests
                  FROM unnest(a.row_ids) WITH ORDINALITY AS k (id, n)
                  JOIN public.{source} s ON s.id = k.id) r
          WHERE a.seq = ANY ($1)
            AND a.digest IS DISTINCT FROM CASE a.row_count WHEN 1 THEN coalesce(r.digests, sha256(''))
                                                           ELSE sha256(r.digests) END
          ORDER BY a.seq"
    );
    Ok(sqlx::query_scalar(AssertSqlSafe(statement)).bind(seqs).fetch_all(connection).await?)
}

/// Which row of a link does not fit, unless it was changed later and the chain knows.
async fn name(
    connection: &mut PgConnection,
    source: &str,
    seq: i64,
) -> Result<Option<Broken>, StorageError> {
    let statement = format!(
        "SELECT k.id, s.id IS NOT NULL AS there, a.operation = 'delete' AS deleted
           FROM audit_log a
          CROSS JOIN unnest(a.row_ids) WITH ORDINALITY AS k (id, n)
           LEFT JOIN public.{source} s ON s.id = k.id
          WHERE a.seq = $1
            AND CASE WHEN a.row_count = 1 THEN a.digest
                     ELSE substring(a.row_marks FROM (k.n::integer - 1) * 8 + 1 FOR 8) END
                IS DISTINCT FROM
                CASE WHEN s.id IS NULL THEN sha256('') WHEN a.row_count = 1 THEN {DIGEST}
                     ELSE substring({DIGEST} FOR 8) END
            AND NOT EXISTS (SELECT FROM audit_log u
                             WHERE u.source = a.source AND u.operation IN ('update', 'delete')
                               AND u.row_ids[1] = k.id AND u.seq > a.seq)
          ORDER BY k.n LIMIT 1"
    );
    let row = sqlx::query(AssertSqlSafe(statement)).bind(seq).fetch_optional(connection).await?;
    let Some(row) = row else { return Ok(None) };
    let id: uuid::Uuid = row.try_get("id")?;
    let (there, deleted): (bool, bool) = (row.try_get("there")?, row.try_get("deleted")?);
    let (fault, what) = match (there, deleted) {
        (false, _) => (Fault::Removed, "is not there any more"),
        (true, true) => (Fault::Inserted, "is there again, though it was deleted"),
        (true, false) => (Fault::Changed, "is not what it was when it was written"),
    };
    Ok(Some(Broken {
        seq: Some(seq.unsigned_abs()),
        table: source.to_owned(),
        row: Some(id.to_string()),
        fault,
        detail: format!("row {id} of {source} {what}"),
    }))
}

/// A row that no link speaks of. Numbers and rows are counted in one snapshot per table; links that
/// wait to be linked count.
pub(super) async fn unspoken_of(
    connection: &mut PgConnection,
    tables: &[&str],
) -> Result<Option<Broken>, StorageError> {
    for table in tables {
        let statement = format!(
            "SELECT (SELECT count(*) FROM public.{table})
                    - (SELECT coalesce(sum(CASE l.operation WHEN 'insert' THEN l.row_count
                                                            WHEN 'delete' THEN -l.row_count
                                                            ELSE 0 END), 0)
                         FROM (SELECT source, operation, row_count FROM audit_log UNION ALL
                               SELECT source, operation, row_count FROM audit_pending) l
                        WHERE l.source = $1)::bigint"
        );
        let more: i64 = sqlx::query_scalar(AssertSqlSafe(statement))
            .bind(*table)
            .fetch_one(&mut *connection)
            .await?;
        if more != 0 {
            return Ok(Some(stranger(connection, table, more).await?));
        }
    }
    Ok(None)
}

async fn stranger(
    connection: &mut PgConnection,
    table: &str,
    more: i64,
) -> Result<Broken, StorageError> {
    let statement = format!(
        "SELECT s.id FROM public.{table} s
           LEFT JOIN (SELECT unnest(l.row_ids) AS id
                        FROM (SELECT source, operation, row_ids FROM audit_log UNION ALL
                              SELECT source, operation, row_ids FROM audit_pending) l
                       WHERE l.source = $1 AND l.operation = 'insert') known ON known.id = s.id
          WHERE known.id IS NULL ORDER BY s.id LIMIT 1"
    );
    let id: Option<uuid::Uuid> =
        sqlx::query_scalar(AssertSqlSafe(statement)).bind(table).fetch_optional(connection).await?;
    let (fault, detail) = match id {
        Some(id) => (Fault::Inserted, format!("row {id} of {table}: no link speaks of it")),
        None => (Fault::Removed, format!("{table} has {} rows too few", -more)),
    };
    let row = id.map(|id| id.to_string());
    Ok(Broken { seq: None, table: table.to_owned(), row, fault, detail })
}
