//! Lists of contacts, page by page in the order of names: all of them, or those a text names.

use domain::contact::{Group, Level};
use domain::{AddressKey, ContactId, Locale};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Row};
use uuid::Uuid;

use crate::outcomes::column;
use crate::words::word;
use crate::{Database, StorageError};

/// Which contacts.
#[derive(Debug, Clone, Default)]
pub struct ContactFilter {
    /// An id, an external id, or the beginning of a name or email address; empty for all.
    pub text: String,
    /// The keys of the addresses the text may be.
    pub keys: Vec<AddressKey>,
    /// Of this agent.
    pub owner: Option<Uuid>,
    /// Of this group.
    pub group: Option<Group>,
    /// Of this level.
    pub level: Option<Level>,
    /// From this source.
    pub source: Option<String>,
}

/// A contact's place in the list; the next page begins behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactPlace {
    /// The name as it is sorted.
    pub name: String,
    /// Whose.
    pub id: ContactId,
}

/// A contact in a list.
#[derive(Debug, Clone)]
pub struct ListedContact {
    /// Its identity.
    pub id: ContactId,
    /// Full name.
    pub full_name: String,
    /// The name as it is sorted.
    pub sort_name: String,
    /// Language.
    pub locale: Locale,
    /// Relationship.
    pub group: Group,
    /// Likelihood.
    pub level: Level,
    /// Where the contact came from.
    pub source: String,
    /// The agent's name.
    pub owner_name: Option<String>,
    /// City.
    pub city: Option<String>,
    /// ISO 3166 code.
    pub country: Option<String>,
    /// Of the sample.
    pub is_sample: bool,
}

/// The conditions of a filter. What is not asked for is no condition at all, so that the index of
/// what is can be used.
fn conditions(filter: &ContactFilter, after: Option<&ContactPlace>) -> String {
    let one = |is_asked: bool, condition: &str, none: &str| {
        if is_asked { condition.to_owned() } else { format!("{none} IS NULL") }
    };
    [
        one(filter.owner.is_some(), "c.owner_id = $4", "$4::uuid"),
        one(filter.group.is_some(), "c.contact_group = $5::text::contact_group", "$5::text"),
        one(filter.level.is_some(), "c.level = $6::text::contact_level", "$6::text"),
        one(filter.source.is_some(), "c.source = $7", "$7::text"),
        one(
            after.is_some(),
            "(lower(c.full_name) COLLATE \"C\", c.id) > ($8::text COLLATE \"C\", $9::uuid)",
            "$8::text IS NULL AND $9::uuid",
        ),
    ]
    .join(" AND ")
}

impl Database {
    /// A contact's place in the list; none when there is no such contact any more.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn contact_place(&self, id: ContactId) -> Result<Option<ContactPlace>, StorageError> {
        let name: Option<String> =
            sqlx::query_scalar("SELECT lower(full_name) FROM contacts WHERE id = $1")
                .bind(id.as_uuid())
                .fetch_optional(self.pool())
                .await?;
        Ok(name.map(|name| ContactPlace { name, id }))
    }

    /// Contacts in the order of names, `limit` at most, behind `after`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list_contacts(
        &self,
        filter: &ContactFilter,
        after: Option<&ContactPlace>,
        limit: u32,
    ) -> Result<Vec<ListedContact>, StorageError> {
        let is_search = !filter.text.is_empty() || !filter.keys.is_empty();
        let sql = if is_search {
            include_str!("../sql/name_contacts.sql")
        } else {
            include_str!("../sql/list_contacts.sql")
        };
        let sql = sql.replace("{filters}", &conditions(filter, after));
        let mut query = sqlx::query(AssertSqlSafe(sql))
            .bind(&filter.text)
            .bind(column(&filter.keys, |key| key.as_bytes().as_slice()))
            .bind(i64::from(limit))
            .bind(filter.owner)
            .bind(filter.group.map(Group::as_str))
            .bind(filter.level.map(Level::as_str))
            .bind(filter.source.as_deref())
            .bind(after.map(|place| place.name.as_str()))
            .bind(after.map(|place| place.id.as_uuid()));
        if is_search {
            query = query.bind(filter.text.parse::<Uuid>().ok());
        }
        let rows = query.fetch_all(self.pool()).await?;
        rows.iter().map(listed).collect()
    }
}

fn listed(row: &PgRow) -> Result<ListedContact, StorageError> {
    Ok(ListedContact {
        id: row.try_get::<Uuid, _>("id")?.into(),
        full_name: row.try_get("full_name")?,
        sort_name: row.try_get("sort_name")?,
        locale: word(row, "locale")?,
        group: word(row, "contact_group")?,
        level: word(row, "level")?,
        source: row.try_get("source")?,
        owner_name: row.try_get("owner_name")?,
        city: row.try_get("city")?,
        country: row.try_get("country")?,
        is_sample: row.try_get("is_sample")?,
    })
}
