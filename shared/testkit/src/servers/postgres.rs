//! The PostgreSQL of this test run.

use embedded::{Options, Postgres};
use tokio::sync::OnceCell;

use super::{POSTGRES_VARIABLE, RunFolder};

static SHARED: OnceCell<SharedPostgres> = OnceCell::const_new();

/// The PostgreSQL all tests of this process share.
#[derive(Debug)]
pub struct SharedPostgres(Source);

#[derive(Debug)]
enum Source {
    Given(String),
    Own { server: Postgres, _folder: RunFolder },
}

/// The PostgreSQL of this test run: the one [`POSTGRES_VARIABLE`] names, else one of this process,
/// started on first use (about a second).
///
/// # Panics
/// If there is none and none can be started; the message says what to install.
pub async fn postgres() -> &'static SharedPostgres {
    SHARED
        .get_or_init(async || {
            if let Some(url) = std::env::var_os(POSTGRES_VARIABLE) {
                return SharedPostgres(Source::Given(url.to_string_lossy().into_owned()));
            }
            let folder = RunFolder::create();
            let server = start_postgres(&folder).await;
            SharedPostgres(Source::Own { server, _folder: folder })
        })
        .await
}

/// Starts a PostgreSQL for tests in a run folder: fast, not durable, room for many connections.
///
/// # Panics
/// If it cannot be started; the message says why and what to install.
pub async fn start_postgres(folder: &RunFolder) -> Postgres {
    let settings = [("max_connections", "500"), ("shared_buffers", "256MB")];
    let options = Options {
        data_dir: folder.path().join("postgres"),
        durable: false,
        settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
    };
    match Postgres::start(options).await {
        Ok(server) => server,
        Err(err) => panic!("tests need a PostgreSQL of their own: {err}"),
    }
}

impl SharedPostgres {
    /// The url of a database of this server.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        match &self.0 {
            Source::Given(url) => with_database(url, database),
            Source::Own { server, .. } => server.url(database),
        }
    }
}

/// The same url with another database.
fn with_database(url: &str, database: &str) -> String {
    let (before_query, query) = url.split_once('?').unwrap_or((url, ""));
    let authority_at = before_query.find("://").map_or(0, |at| at + 3);
    let path_at = before_query[authority_at..].find('/');
    let server = path_at.map_or(before_query, |at| &before_query[..authority_at + at]);
    let question = if query.is_empty() { "" } else { "?" };
    format!("{server}/{database}{question}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_of_a_url_is_replaced_in_every_spelling() {
        for (url, expected) in [
            ("postgres:///postgres?host=/run&user=u", "postgres:///t?host=/run&user=u"),
            ("postgres://u:p@localhost:5433/old", "postgres://u:p@localhost:5433/t"),
            ("postgres://localhost", "postgres://localhost/t"),
        ] {
            assert_eq!(with_database(url, "t"), expected);
        }
    }
}
