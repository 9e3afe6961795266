//! Everything about one person, read out of every table that knows something (PRV-06).

use domain::{ContactId, EventId};
use serde_json::Value;
use sqlx::Row;
use sqlx::types::Json;

use crate::{Database, StorageError};

/// The rows of one table that are about a person, as JSON objects with a field per column.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// The table.
    pub table: String,
    /// The rows.
    pub rows: Vec<Value>,
}

/// What is known about a person.
#[derive(Debug, Clone)]
pub struct Dossier {
    /// The note that it was read out.
    pub reading: EventId,
    /// In the order of `personal_tables`; tables without a row are left out.
    pub sections: Vec<Section>,
}

impl Dossier {
    /// The rows of a table.
    #[must_use]
    pub fn rows(&self, table: &str) -> &[Value] {
        let section = self.sections.iter().find(|section| section.table == table);
        section.map_or(&[], |section| &section.rows)
    }
}

impl Database {
    /// Reads out everything about a person, and notes who did and why in the same transaction. For
    /// the role of compliance.
    ///
    /// # Errors
    /// When the database does not answer, `actor` or `why` are blank, or the role may not.
    pub async fn read_person(
        &self,
        contact: ContactId,
        actor: &str,
        why: &str,
    ) -> Result<Dossier, StorageError> {
        let reading = EventId::new();
        let rows = sqlx::query("SELECT of_table, content FROM read_person($1, $2, $3, $4)")
            .bind(reading.as_uuid())
            .bind(contact.as_uuid())
            .bind(actor)
            .bind(why)
            .fetch_all(self.pool())
            .await?;
        let mut sections: Vec<Section> = Vec::new();
        for row in &rows {
            let table: String = row.try_get("of_table")?;
            let Json(content): Json<Value> = row.try_get("content")?;
            match sections.last_mut() {
                Some(last) if last.table == table => last.rows.push(content),
                _ => sections.push(Section { table, rows: vec![content] }),
            }
        }
        Ok(Dossier { reading, sections })
    }
}
