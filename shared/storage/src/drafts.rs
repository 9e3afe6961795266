//! Templates on their way: drafts, what was decided about them, and the versions they became.

use chrono::{DateTime, Utc};
use domain::template::TemplateAction;
use domain::{Locale, Medium, TemplateVersionId};
use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::types::Json;

use crate::plans::Stored;
use crate::words::word;
use crate::{Database, StorageError};

/// A template that is being edited.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What was written so far; it may be faulty.
    pub source: templates::Source,
    /// Who edited it last.
    pub edited_by: String,
    /// When.
    pub edited_at: DateTime<Utc>,
    /// The version that was current when it was begun; none for a new template.
    pub based_on: Option<i32>,
}

/// A line of the list of templates.
#[derive(Debug, Clone)]
pub struct TemplateRow {
    /// The template's key.
    pub key: String,
    /// Which worker renders it.
    pub medium: Medium,
    /// The version that is sent; none while there is only a draft.
    pub version: Option<i32>,
    /// The languages it has texts in.
    pub locales: Vec<Locale>,
    /// Whether it is no longer sent.
    pub retired: bool,
    /// Who edits a draft of it, if somebody does.
    pub draft_by: Option<String>,
}

/// A version in a template's history.
#[derive(Debug, Clone)]
pub struct TemplatePast {
    /// 1, 2, 3 …
    pub version: i32,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Who approved it; none where it was loaded from a library.
    pub actor: Option<String>,
}

/// What was decided about a template, and by whom.
#[derive(Debug, Clone)]
pub struct TemplateDecision {
    /// What.
    pub action: TemplateAction,
    /// Of an approval: the version it made.
    pub version: Option<i32>,
    /// Who.
    pub actor: String,
    /// Why, in the words of whoever decided; may be empty.
    pub reason: String,
    /// When.
    pub at: DateTime<Utc>,
}

impl Database {
    /// Every template there is a version or a draft of, by key, without its texts.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn template_rows(&self) -> Result<Vec<TemplateRow>, StorageError> {
        let rows =
            sqlx::query(include_str!("sql/template_rows.sql")).fetch_all(self.pool()).await?;
        rows.iter().map(template_row).collect()
    }

    /// The draft of a template.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn template_draft(&self, key: &str) -> Result<Option<Draft>, StorageError> {
        let row = sqlx::query(
            "SELECT source, actor, edited_at, based_on FROM template_drafts WHERE key = $1",
        )
        .bind(key)
        .fetch_optional(self.pool())
        .await?;
        row.as_ref().map(draft).transpose()
    }

    /// Keeps a draft, unless somebody else has changed it since `seen` (when the draft that was
    /// shown was edited; none where none was). Returns whether it was kept.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn save_template_draft(
        &self,
        source: &templates::Source,
        based_on: Option<i32>,
        seen: Option<DateTime<Utc>>,
        actor: &str,
    ) -> Result<bool, StorageError> {
        let done = sqlx::query(
            "INSERT INTO template_drafts AS d (key, id, source, actor, based_on)
             SELECT $1, uuid_v7(), $2, $3, $4
             ON CONFLICT (key) DO UPDATE
                SET source = excluded.source, actor = excluded.actor,
                    edited_at = clock_timestamp()
              WHERE d.edited_at = $5 OR d.actor = excluded.actor",
        )
        .bind(&source.key)
        .bind(Json(source))
        .bind(actor)
        .bind(based_on)
        .bind(seen)
        .execute(self.pool())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Throws a draft away. Returns whether there was one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn discard_template_draft(
        &self,
        key: &str,
        actor: &str,
    ) -> Result<bool, StorageError> {
        let done = sqlx::query(
            "WITH gone AS (DELETE FROM template_drafts WHERE key = $1 RETURNING key)
             INSERT INTO template_decisions (id, key, action, actor)
             SELECT uuid_v7(), key, 'discard', $2 FROM gone",
        )
        .bind(key)
        .bind(actor)
        .execute(self.pool())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Makes a source the version that is sent, notes who approved it, and ends the draft. Where the
    /// current version says the same, only that is noted. Workers send it within seconds.
    ///
    /// # Errors
    /// When the database does not answer, or two people approve the same template at once.
    pub async fn approve_template(
        &self,
        source: &templates::Source,
        compiled: &templates::Compiled,
        actor: &str,
    ) -> Result<Stored<TemplateVersionId>, StorageError> {
        let stored = self.store_template_of(source, compiled, Some(actor)).await?;
        let (Stored::New(_, version) | Stored::Unchanged(_, version)) = stored;
        // A draft that outlives a crash here is approved again without a new version.
        sqlx::query(
            "WITH gone AS (DELETE FROM template_drafts WHERE key = $1)
             INSERT INTO template_decisions (id, key, action, version, actor)
             VALUES (uuid_v7(), $1, 'approve', $2, $3)",
        )
        .bind(&source.key)
        .bind(version)
        .bind(actor)
        .execute(self.pool())
        .await?;
        Ok(stored)
    }

    /// Notes that a template is no longer sent (`retire`), or sent again. Touches that need a
    /// retired one are blocked with `no_template`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn retire_template(
        &self,
        key: &str,
        retire: bool,
        reason: &str,
        actor: &str,
    ) -> Result<(), StorageError> {
        let action = if retire { TemplateAction::Retire } else { TemplateAction::Restore };
        sqlx::query(
            "INSERT INTO template_decisions (id, key, action, reason, actor)
             VALUES (uuid_v7(), $1, $2::text::template_action, $3, $4)",
        )
        .bind(key)
        .bind(action.as_str())
        .bind(reason)
        .bind(actor)
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// The newest 100 versions of a template, the newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn template_past(&self, key: &str) -> Result<Vec<TemplatePast>, StorageError> {
        let rows = sqlx::query(
            "SELECT version, created_at, actor FROM template_versions
              WHERE key = $1 ORDER BY version DESC LIMIT 100",
        )
        .bind(key)
        .fetch_all(self.pool())
        .await?;
        let past = |row: &PgRow| -> Result<TemplatePast, StorageError> {
            Ok(TemplatePast {
                version: row.try_get("version")?,
                created_at: row.try_get("created_at")?,
                actor: row.try_get("actor")?,
            })
        };
        rows.iter().map(past).collect()
    }

    /// What one version of a template says.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn template_source(
        &self,
        key: &str,
        version: i32,
    ) -> Result<Option<templates::Source>, StorageError> {
        let row =
            sqlx::query("SELECT source FROM template_versions WHERE key = $1 AND version = $2")
                .bind(key)
                .bind(version)
                .fetch_optional(self.pool())
                .await?;
        row.map(|row| Ok(row.try_get::<Json<_>, _>("source")?.0)).transpose()
    }

    /// The newest 50 decisions about a template, the newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn template_decisions(
        &self,
        key: &str,
    ) -> Result<Vec<TemplateDecision>, StorageError> {
        let rows = sqlx::query(
            "SELECT action::text AS action, version, actor, reason, at FROM template_decisions
              WHERE key = $1 ORDER BY at DESC, id DESC LIMIT 50",
        )
        .bind(key)
        .fetch_all(self.pool())
        .await?;
        let decision = |row: &PgRow| -> Result<TemplateDecision, StorageError> {
            Ok(TemplateDecision {
                action: word(row, "action")?,
                version: row.try_get("version")?,
                actor: row.try_get("actor")?,
                reason: row.try_get("reason")?,
                at: row.try_get("at")?,
            })
        };
        rows.iter().map(decision).collect()
    }
}

fn draft(row: &PgRow) -> Result<Draft, StorageError> {
    let Json(source): Json<templates::Source> = row.try_get("source")?;
    Ok(Draft {
        source,
        edited_by: row.try_get("actor")?,
        edited_at: row.try_get("edited_at")?,
        based_on: row.try_get("based_on")?,
    })
}

fn template_row(row: &PgRow) -> Result<TemplateRow, StorageError> {
    let locales: Vec<String> = row.try_get("locales")?;
    let locales: Result<Vec<Locale>, _> = locales.iter().map(|locale| locale.parse()).collect();
    Ok(TemplateRow {
        key: row.try_get("key")?,
        medium: word(row, "medium")?,
        version: row.try_get("version")?,
        locales: locales.map_err(|why| StorageError::unreadable("locales", why))?,
        retired: row.try_get("retired")?,
        draft_by: row.try_get("draft_by")?,
    })
}
