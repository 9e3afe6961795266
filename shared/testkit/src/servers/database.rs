//! A database of one test's own.

use std::fmt::Display;

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::postgres;

/// A fresh database, dropped when this value goes, with whatever connections it still has.
#[derive(Debug)]
pub struct TestDatabase {
    name: String,
    url: String,
    server_url: String,
}

impl TestDatabase {
    /// An empty database.
    ///
    /// # Panics
    /// If the server is missing or refuses.
    pub async fn create() -> Self {
        Self::copy_of("template0").await
    }

    /// A copy of a template database; the first caller of this server fills the template by
    /// `migrate`, which gets its url and must have closed its connections when it returns. `name`
    /// stands for the template's content: put a fingerprint of the migrations in it, so that a
    /// long-lived server never serves yesterday's. A copy takes some 30 ms.
    ///
    /// # Panics
    /// If the server is missing or refuses, or if `migrate` fails.
    pub async fn from_template<E: Display>(
        name: &str,
        migrate: impl AsyncFnOnce(String) -> Result<(), E>,
    ) -> Self {
        let template = format!("template_{name}");
        let mut db = connect(&postgres().await.url("postgres")).await;
        if !is_complete(&mut db, &template).await {
            // Tests run in parallel, in threads and in processes: one fills, the others wait.
            query(&mut db, "lock", format!("SELECT pg_advisory_lock(hashtext('{template}'))"))
                .await;
            if !is_complete(&mut db, &template).await {
                fill(&mut db, &template, migrate).await;
            }
        }
        close(db).await;
        Self::copy_of(&template).await
    }

    async fn copy_of(template: &str) -> Self {
        let server = postgres().await;
        let name = format!("test_{}", super::unique());
        let server_url = server.url("postgres");
        let mut db = connect(&server_url).await;
        let create = format!("CREATE DATABASE \"{name}\" TEMPLATE \"{template}\"");
        query(&mut db, "create", create).await;
        close(db).await;
        Self { url: server.url(&name), name, server_url }
    }

    /// Where to connect.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The name of the database on its server.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE IF EXISTS \"{}\" WITH (FORCE)", self.name);
        let server_url = self.server_url.clone();
        // A thread with a runtime of its own: the test's may be ending, or be this very thread.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let Ok(runtime) = runtime else { return };
            runtime.block_on(async {
                // The server may be down in a test of bad days; it takes the database along then.
                let Ok(mut db) = PgConnection::connect(&server_url).await else { return };
                let _ = sqlx::query(AssertSqlSafe(drop)).execute(&mut db).await;
                let _ = db.close().await;
            });
        });
        let _ = dropping.join();
    }
}

/// A template is complete when it is marked as one, which is the last thing done to it.
async fn is_complete(db: &mut PgConnection, template: &str) -> bool {
    let marked = sqlx::query_scalar("SELECT datistemplate FROM pg_database WHERE datname = $1")
        .bind(template)
        .fetch_optional(db)
        .await;
    marked.expect("the catalogue can be read") == Some(true)
}

async fn fill<E: Display>(
    db: &mut PgConnection,
    template: &str,
    migrate: impl AsyncFnOnce(String) -> Result<(), E>,
) {
    query(db, "drop", format!("DROP DATABASE IF EXISTS \"{template}\" WITH (FORCE)")).await;
    query(db, "create", format!("CREATE DATABASE \"{template}\" TEMPLATE template0")).await;
    if let Err(err) = migrate(postgres().await.url(template)).await {
        panic!("the template database could not be migrated: {err}");
    }
    // A copy needs the template without connections, and no newcomer may spoil it.
    let mark = format!("ALTER DATABASE \"{template}\" IS_TEMPLATE true ALLOW_CONNECTIONS false");
    query(db, "mark", mark).await;
    let end = format!(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{template}'"
    );
    query(db, "free", end).await;
}

async fn connect(url: &str) -> PgConnection {
    match PgConnection::connect(url).await {
        Ok(db) => db,
        Err(err) => panic!("the tests' PostgreSQL does not answer: {err}"),
    }
}

async fn query(db: &mut PgConnection, what: &str, statement: String) {
    if let Err(err) = sqlx::query(AssertSqlSafe(statement)).execute(db).await {
        panic!("the tests' PostgreSQL refused to {what} a database: {err}");
    }
}

async fn close(db: PgConnection) {
    let _ = db.close().await;
}
