//! Correcting what is known about a person: the contact, the keys of addresses with the list's flags,
//! planned touches and open tasks, in one transaction (PRV-08).

use domain::suppression::Origin;
use domain::{AddressKey, AddressKeyer, ContactId, EventId, TaskId};
use sqlx::{AssertSqlSafe, Postgres, Row, Transaction};

use crate::contacts::{NewAddress, domain_key, person_key};
use crate::outcomes::column;
use crate::{Database, StorageError};

/// Fields of a contact that hold one value: the name people use, the column, its type, and whether
/// there may be none.
pub const TEXT_FIELDS: &[(&str, &str, &str, bool)] = &[
    ("external_id", "external_id", "text", true),
    ("full_name", "full_name", "text", false),
    ("first_name", "first_name", "text", false),
    ("locale", "locale", "locale", false),
    ("time_zone", "time_zone", "text", true),
    ("country", "country", "text", true),
    ("state", "state", "text", true),
    ("city", "city", "text", true),
    ("area", "area", "text", true),
    ("group", "contact_group", "contact_group", false),
    ("status", "status", "contact_status", false),
    ("level", "level", "contact_level", false),
    ("type", "contact_type", "text", false),
    ("notes", "notes", "text", true),
    ("birthday", "birthday", "date", true),
    ("spouse_birthday", "spouse_birthday", "date", true),
    ("closing_date", "closing_date", "date", true),
];

/// One thing to be put right.
#[derive(Debug, Clone)]
pub enum Change {
    /// A field of [`TEXT_FIELDS`], or no value.
    Field(String, Option<String>),
    /// A user-defined field, or no value.
    Custom(String, Option<String>),
    /// An address in place of another one, or beside the others.
    Address {
        /// The one that was wrong.
        old: Option<AddressKey>,
        /// The right one.
        new: NewAddress,
    },
}

/// What is put right, and on whose word.
#[derive(Debug, Clone)]
pub struct Correcting {
    /// The person.
    pub contact: ContactId,
    /// What.
    pub changes: Vec<Change>,
    /// Who does it; not empty.
    pub actor: String,
    /// Why; not empty.
    pub reason: String,
}

/// What became of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Corrected {
    /// Values that were changed.
    pub changed: u64,
    /// Planned touches that go to the new address.
    pub retargeted: u64,
    /// Open tasks whose texts were changed.
    pub tasks: u64,
    /// Entries of the list that followed the person to the new address.
    pub carried: u64,
    /// Touches that are being handed over to the old address at this moment.
    pub in_flight: u64,
}

/// A value that stood somewhere, and the one that does now.
struct Replaced {
    field: String,
    old: Option<String>,
    new: Option<String>,
}

impl Database {
    /// Puts right what is known about a person. Not to be cancelled half-way.
    ///
    /// What a recipient has asked for follows to a corrected address; what was wrong with the old
    /// address, as a bounce, does not.
    ///
    /// # Errors
    /// When the database does not answer or refuses a value; then nothing is changed.
    pub async fn correct_person(
        &self,
        keyer: &AddressKeyer,
        correcting: &Correcting,
    ) -> Result<Corrected, StorageError> {
        let mut done = Corrected::default();
        let mut replaced = Vec::new();
        let mut tx = self.pool().begin().await?;
        for change in &correcting.changes {
            let one = match change {
                Change::Field(name, value) => {
                    correct_field(&mut tx, correcting.contact, name, value.as_deref()).await?
                }
                Change::Custom(name, value) => {
                    correct_custom(&mut tx, correcting.contact, name, value.as_deref()).await?
                }
                Change::Address { old, new } => {
                    correct_address(&mut tx, keyer, correcting, *old, new, &mut done).await?
                }
            };
            replaced.extend(one);
        }
        done.changed = replaced.len() as u64;
        note_corrections(&mut tx, keyer, correcting, &replaced).await?;
        done.tasks = correct_tasks(&mut tx, correcting.contact, &replaced).await?;
        tx.commit().await?;
        Ok(done)
    }
}

async fn correct_field(
    tx: &mut Transaction<'static, Postgres>,
    contact: ContactId,
    name: &str,
    value: Option<&str>,
) -> Result<Option<Replaced>, StorageError> {
    let Some((_, column, kind, _)) = TEXT_FIELDS.iter().find(|(own, ..)| *own == name) else {
        return Err(StorageError::unreadable("field of a contact", name));
    };
    let read = format!("SELECT {column}::text FROM contacts WHERE id = $1 FOR UPDATE");
    let old: Option<String> = sqlx::query_scalar(AssertSqlSafe(read))
        .bind(contact.as_uuid())
        .fetch_one(&mut **tx)
        .await?;
    if old.as_deref() == value {
        return Ok(None);
    }
    let write = format!(
        "UPDATE contacts SET {column} = $2::text::{kind}, updated_at = now() WHERE id = $1"
    );
    sqlx::query(AssertSqlSafe(write))
        .bind(contact.as_uuid())
        .bind(value)
        .execute(&mut **tx)
        .await?;
    Ok(Some(Replaced { field: name.to_owned(), old, new: value.map(str::to_owned) }))
}

async fn correct_custom(
    tx: &mut Transaction<'static, Postgres>,
    contact: ContactId,
    name: &str,
    value: Option<&str>,
) -> Result<Option<Replaced>, StorageError> {
    let old: Option<String> =
        sqlx::query_scalar("SELECT custom ->> $2 FROM contacts WHERE id = $1 FOR UPDATE")
            .bind(contact.as_uuid())
            .bind(name)
            .fetch_one(&mut **tx)
            .await?;
    if old.as_deref() == value {
        return Ok(None);
    }
    sqlx::query(
        "UPDATE contacts SET updated_at = now(),
                custom = CASE WHEN $3::text IS NULL THEN custom - $2
                              ELSE custom || jsonb_build_object($2, $3::text) END
          WHERE id = $1",
    )
    .bind(contact.as_uuid())
    .bind(name)
    .bind(value)
    .execute(&mut **tx)
    .await?;
    Ok(Some(Replaced { field: format!("custom.{name}"), old, new: value.map(str::to_owned) }))
}

/// Stores the right address in the place of the wrong one, gives it the flags it inherits and what
/// the recipient has asked for at the old one, and points planned touches to it.
async fn correct_address(
    tx: &mut Transaction<'static, Postgres>,
    keyer: &AddressKeyer,
    correcting: &Correcting,
    old: Option<AddressKey>,
    new: &NewAddress,
    done: &mut Corrected,
) -> Result<Option<Replaced>, StorageError> {
    let contact = correcting.contact;
    let key = keyer.key(new.kind, &new.normalised);
    let was: Option<String> = match old {
        None => None,
        Some(old) => {
            sqlx::query_scalar(
                "DELETE FROM addresses WHERE contact_id = $1 AND kind = $2::text::address_kind
                    AND address_key = $3 RETURNING value",
            )
            .bind(contact.as_uuid())
            .bind(new.kind.as_str())
            .bind(old.as_bytes().as_slice())
            .fetch_optional(&mut **tx)
            .await?
        }
    };
    sqlx::query(
        "INSERT INTO addresses (id, contact_id, kind, label, value, address_key, position,
                                sms_problem, call_problem)
         VALUES ($1, $2, $3::text::address_kind, $4, $5, $6, 0, $7, $8)
         ON CONFLICT ON CONSTRAINT addresses_contact_key_unique DO UPDATE
            SET label = excluded.label, value = excluded.value, position = excluded.position,
                sms_problem = excluded.sms_problem, call_problem = excluded.call_problem",
    )
    .bind(domain::AddressId::new().as_uuid())
    .bind(contact.as_uuid())
    .bind(new.kind.as_str())
    .bind(&new.label)
    .bind(&new.value)
    .bind(key.as_bytes().as_slice())
    .bind(new.sms_problem.as_deref())
    .bind(new.call_problem.as_deref())
    .execute(&mut **tx)
    .await?;
    inherit(tx, keyer, contact, key, new).await?;
    if let Some(old) = old.filter(|old| *old != key) {
        carry_over(tx, correcting, old, key, done).await?;
    }
    let field = new.kind.as_str().to_owned();
    Ok(Some(Replaced { field, old: was, new: Some(new.value.clone()) }))
}

async fn inherit(
    tx: &mut Transaction<'static, Postgres>,
    keyer: &AddressKeyer,
    contact: ContactId,
    key: AddressKey,
    new: &NewAddress,
) -> Result<(), StorageError> {
    let channels = new.kind.channels();
    let domain = new.domain.as_ref().map(|name| domain_key(keyer, name).as_bytes().to_vec());
    let person = person_key(keyer, contact);
    sqlx::query("SELECT ensure_address_states($1, $2::text[]::contact_channel[], $3, $4)")
        .bind(column(channels, |_| key.as_bytes().to_vec()))
        .bind(column(channels, |channel| channel.as_str()))
        .bind(column(channels, |_| domain.clone()))
        .bind(column(channels, |_| person.as_bytes().to_vec()))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// What a recipient has asked for follows, and planned touches go to the new address.
async fn carry_over(
    tx: &mut Transaction<'static, Postgres>,
    correcting: &Correcting,
    old: AddressKey,
    new: AddressKey,
    done: &mut Corrected,
) -> Result<(), StorageError> {
    let carried = sqlx::query(
        "SELECT s.event_id FROM suppressions s
          CROSS JOIN LATERAL suppress(
                uuid_v7(), s.scope, $2, s.channel,
                (SELECT a.domain_key FROM address_states a
                  WHERE a.address_key = $2 AND a.channel = s.channel),
                s.reason, $3::text::suppression_origin, $4,
                'carried over by a correction from entry ' || s.event_id, NULL, s.topic) x
          WHERE s.address_key = $1 AND s.channel IS NOT NULL AND is_of_recipient(s.reason)",
    )
    .bind(old.as_bytes().as_slice())
    .bind(new.as_bytes().as_slice())
    .bind(Origin::Recipient.as_str())
    .bind(&correcting.actor)
    .fetch_all(&mut **tx)
    .await?;
    done.carried += carried.len() as u64;
    let retargeted = sqlx::query(
        "UPDATE touches SET address_key = $3
          WHERE contact_id = $1 AND address_key = $2 AND state IN ('queued', 'unknown', 'held')",
    )
    .bind(correcting.contact.as_uuid())
    .bind(old.as_bytes().as_slice())
    .bind(new.as_bytes().as_slice())
    .execute(&mut **tx)
    .await?;
    done.retargeted += retargeted.rows_affected();
    let in_flight: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM touches
          WHERE contact_id = $1 AND address_key = $2 AND state = 'sending'",
    )
    .bind(correcting.contact.as_uuid())
    .bind(old.as_bytes().as_slice())
    .fetch_one(&mut **tx)
    .await?;
    done.in_flight += u64::try_from(in_flight).unwrap_or(0);
    Ok(())
}

/// Which fields were changed, with a keyed hash of what stood there.
async fn note_corrections(
    tx: &mut Transaction<'static, Postgres>,
    keyer: &AddressKeyer,
    correcting: &Correcting,
    replaced: &[Replaced],
) -> Result<(), StorageError> {
    let hash = |one: &Replaced| one.old.as_ref().map(|old| keyer.raw_key(old).as_bytes().to_vec());
    sqlx::query(
        "INSERT INTO corrections (id, contact_id, field, old_hash, reason, actor)
         SELECT c.id, $2, c.field, c.old_hash, $5, $6
           FROM unnest($1::uuid[], $3::text[], $4::bytea[]) AS c (id, field, old_hash)",
    )
    .bind(column(replaced, |_| EventId::new().as_uuid()))
    .bind(correcting.contact.as_uuid())
    .bind(column(replaced, |one| one.field.clone()))
    .bind(column(replaced, hash))
    .bind(&correcting.reason)
    .bind(&correcting.actor)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Puts the new values into the texts of open tasks, where the old ones stand as whole words.
async fn correct_tasks(
    tx: &mut Transaction<'static, Postgres>,
    contact: ContactId,
    replaced: &[Replaced],
) -> Result<u64, StorageError> {
    let rows = sqlx::query(
        "SELECT id, title, script FROM tasks WHERE contact_id = $1 AND state = 'open' FOR UPDATE",
    )
    .bind(contact.as_uuid())
    .fetch_all(&mut **tx)
    .await?;
    let mut changed = 0;
    for row in &rows {
        let id = TaskId::from(row.try_get::<uuid::Uuid, _>("id")?);
        let (old_title, old_script): (String, String) =
            (row.try_get("title")?, row.try_get("script")?);
        let (mut title, mut script) = (old_title.clone(), old_script.clone());
        for one in replaced {
            if let (Some(old), Some(new)) = (&one.old, &one.new) {
                title = with_words_replaced(&title, old, new);
                script = with_words_replaced(&script, old, new);
            }
        }
        if title == old_title && script == old_script {
            continue;
        }
        sqlx::query("UPDATE tasks SET title = $2, script = $3 WHERE id = $1")
            .bind(id.as_uuid())
            .bind(title)
            .bind(script)
            .execute(&mut **tx)
            .await?;
        changed += 1;
    }
    Ok(changed)
}

/// The text with `new` for every `old` that is not a part of a longer word.
fn with_words_replaced(text: &str, old: &str, new: &str) -> String {
    if old.is_empty() {
        return text.to_owned();
    }
    let mut result = String::with_capacity(text.len());
    let mut done = 0;
    for (at, found) in text.match_indices(old) {
        let before = text[..at].chars().next_back();
        let after = text[at + found.len()..].chars().next();
        if before.is_some_and(char::is_alphanumeric) || after.is_some_and(char::is_alphanumeric) {
            continue;
        }
        result.push_str(&text[done..at]);
        result.push_str(new);
        done = at + found.len();
    }
    result.push_str(&text[done..]);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_words_are_replaced() {
        for (text, expected) in
            [("Call Al, not Alia", "Call Ali, not Alia"), ("Al", "Ali"), ("Also al", "Also al")]
        {
            assert_eq!(with_words_replaced(text, "Al", "Ali"), expected);
        }
        assert_eq!(with_words_replaced("اتصل بسارة، سارة", "سارة", "سارا"), "اتصل بسارة، سارا");
    }
}
