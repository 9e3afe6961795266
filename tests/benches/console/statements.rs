//! What the database spends its time with, by its own account (`pg_stat_statements`).

use sqlx::Row as _;
use testkit::fixture::Deployment;

/// Settings of a server that keeps that account.
pub const SETTINGS: &[(&str, &str)] = &[
    ("shared_preload_libraries", "pg_stat_statements"),
    ("pg_stat_statements.track_planning", "on"),
];

/// Counts from here on.
pub async fn begin(deployment: &Deployment) {
    let pool = sqlx::PgPool::connect(deployment.url()).await.expect("the database answers");
    sqlx::raw_sql(
        "CREATE EXTENSION IF NOT EXISTS pg_stat_statements;
         SELECT pg_stat_statements_reset()",
    )
    .execute(&pool)
    .await
    .expect("the server has pg_stat_statements");
}

/// Prints the statements that took most.
pub async fn report(deployment: &Deployment) {
    let pool = sqlx::PgPool::connect(deployment.url()).await.expect("the database answers");
    let rows = sqlx::query(
        r"SELECT calls, mean_plan_time, mean_exec_time, max_exec_time,
                (total_plan_time + total_exec_time) / 1000 AS seconds,
                regexp_replace(query, '\s+', ' ', 'g') AS query
           FROM pg_stat_statements ORDER BY total_plan_time + total_exec_time DESC LIMIT 40",
    )
    .fetch_all(&pool)
    .await
    .expect("it is read");
    for row in rows {
        let (calls, seconds): (i64, f64) = (row.get("calls"), row.get("seconds"));
        let [plan, exec, max] = ["mean_plan_time", "mean_exec_time", "max_exec_time"]
            .map(|name| row.get::<f64, _>(name));
        let query: String = row.get::<String, _>("query").chars().take(160).collect();
        println!(
            "{seconds:>7.2} s {calls:>7} × plan {plan:>6.2} run {exec:>7.2} max {max:>8.1} ms  {query}"
        );
    }
}
