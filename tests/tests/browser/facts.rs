//! What the database says while the browser looks on, and who comes to look.

use std::time::Duration;

use domain::Locale;
use domain::access::UserRole;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use storage::users::NewUser;
use storage::{Database, Role, Settings};

use crate::rig::Fleet;

/// How often the database is asked whether something has come about.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// So long that may take: less than a scenario, so that it is this that says what did not happen.
const COMES_ABOUT: Duration = Duration::from_secs(120);

/// Where each touch is, and what happened to it.
const STANDING: &str = "
    SELECT coalesce(string_agg(line, chr(10)), 'no touches') FROM (
        SELECT format('%s of %s: %s, due %s; %s', t.id, c.source, t.state, t.due_at, string_agg(
                   format('%s %s at %s by %s', e.state, e.reason, e.at, e.worker), '; ' ORDER BY e.at))
               AS line
          FROM touches t
          JOIN contacts c ON c.id = t.contact_id
          LEFT JOIN touch_events e ON e.touch_id = t.id
         GROUP BY t.id, c.source, t.state, t.due_at ORDER BY c.source LIMIT 50) lines";

impl Fleet {
    /// A user with this role, and how they come in: in English at a desk, in Arabic on a phone.
    pub async fn somebody(&self, name: &str, role: UserRole, locale: Locale) -> Value {
        self.user(&format!("{role}.{locale}@palm.example"), name, role, locale).await
    }

    /// The same with an address of their own, where there are several.
    pub async fn user(&self, email: &str, name: &str, role: UserRole, locale: Locale) -> Value {
        let database = self.database(Role::Console);
        let new = NewUser {
            email: email.to_owned(),
            full_name: name.to_owned(),
            roles: vec![role],
            agent_email: None,
            locale,
            actor: "test".to_owned(),
        };
        let id = database.add_user(&new).await.unwrap().expect("the address is new");
        let origin = self.link().split("/welcome/").next().unwrap();
        let link = console::demonstration_link(&database, id, origin).await.unwrap();
        let is_arabic = locale == Locale::Ar;
        json!({ "link": link, "language": locale, "phone": is_arabic, "email": email })
    }

    /// A connection under a role.
    pub fn database(&self, role: Role) -> Database {
        Database::new(&Settings::for_url(self.url()), Some(role)).unwrap()
    }

    /// What a query that counts something answers.
    pub async fn count(&self, query: &str) -> i64 {
        let mut db = PgConnection::connect(&self.url()).await.unwrap();
        let query = AssertSqlSafe(query.to_owned());
        sqlx::query_scalar(query).fetch_one(&mut db).await.unwrap()
    }

    /// What a query of one text answers.
    async fn text(&self, query: &'static str) -> String {
        let mut db = PgConnection::connect(&self.url()).await.unwrap();
        sqlx::query_scalar(query).fetch_one(&mut db).await.unwrap()
    }

    /// Writes something behind the fleet's back.
    pub async fn write(&self, statement: &'static str) {
        let mut db = PgConnection::connect(&self.url()).await.unwrap();
        sqlx::query(statement).execute(&mut db).await.unwrap();
    }

    /// Waits until a query that counts something answers `wanted`.
    pub async fn becomes(&self, query: &str, wanted: i64) {
        let until = tokio::time::Instant::now() + COMES_ABOUT;
        loop {
            let found = self.count(query).await;
            if found == wanted {
                return;
            }
            if tokio::time::Instant::now() > until {
                let standing = self.text(STANDING).await;
                panic!("{found} instead of {wanted}: {query}\n{standing}");
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn url(&self) -> String {
        let url = std::fs::read_to_string(self.data().join("database-url")).unwrap();
        url.trim().to_owned()
    }
}
