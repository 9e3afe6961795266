//! Plan and template versions: stored once, never changed.

use domain::{Medium, Plan, PlanVersionId, TemplateVersionId};
use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::types::Json;

use crate::words::word;
use crate::{Database, StorageError};

/// A stored plan version.
#[derive(Debug, Clone)]
pub struct PlanVersion {
    /// Its identity.
    pub id: PlanVersionId,
    /// 1, 2, 3 …
    pub version: i32,
    /// The plan.
    pub plan: Plan,
    /// Who saved it in the console; none where it was loaded from a library.
    pub actor: Option<String>,
}

/// A stored template version.
#[derive(Debug, Clone)]
pub struct TemplateVersion {
    /// Its identity.
    pub id: TemplateVersionId,
    /// The template's key.
    pub key: String,
    /// 1, 2, 3 …
    pub version: i32,
    /// Which worker renders it.
    pub medium: Medium,
    /// What people wrote.
    pub source: templates::Source,
    /// What the workers render from.
    pub compiled: templates::Compiled,
    /// Who approved it in the console; none where it was loaded from a library.
    pub actor: Option<String>,
    /// Whether the template is no longer to be sent, whatever its version.
    pub retired: bool,
}

/// What storing a version did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored<T> {
    /// It is a new version.
    New(T, i32),
    /// The current version says the same already.
    Unchanged(T, i32),
}

impl Database {
    /// Stores a plan of a library as a new version, unless the current version is equal.
    ///
    /// # Errors
    /// When the database does not answer, or two processes store the same version at once.
    pub async fn store_plan(&self, plan: &Plan) -> Result<Stored<PlanVersionId>, StorageError> {
        self.store_plan_of(plan, None).await
    }

    /// The same, of somebody's own hand.
    ///
    /// # Errors
    /// As [`Database::store_plan`].
    pub async fn store_plan_of(
        &self,
        plan: &Plan,
        actor: Option<&str>,
    ) -> Result<Stored<PlanVersionId>, StorageError> {
        if let Some(current) = self.current_plan(&plan.key).await?
            && current.plan == *plan
        {
            return Ok(Stored::Unchanged(current.id, current.version));
        }
        let row = sqlx::query(
            "INSERT INTO plan_versions (id, key, version, lane, definition, actor)
             SELECT $1, $2, coalesce(max(version), 0) + 1, $3::text::lane, $4, $5
               FROM plan_versions WHERE key = $2
             RETURNING id, version",
        )
        .bind(PlanVersionId::new().as_uuid())
        .bind(&plan.key)
        .bind(plan.lane.as_str())
        .bind(Json(plan))
        .bind(actor)
        .fetch_one(self.pool())
        .await?;
        Ok(Stored::New(row.try_get::<uuid::Uuid, _>("id")?.into(), row.try_get("version")?))
    }

    /// The newest version of a plan.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn current_plan(&self, key: &str) -> Result<Option<PlanVersion>, StorageError> {
        let row = sqlx::query(
            "SELECT id, version, definition, actor FROM plan_versions WHERE key = $1
              ORDER BY version DESC LIMIT 1",
        )
        .bind(key)
        .fetch_optional(self.pool())
        .await?;
        row.as_ref().map(plan_version).transpose()
    }

    /// A plan version by its identity.
    ///
    /// # Errors
    /// When the database does not answer or there is none.
    pub async fn plan_version(&self, id: PlanVersionId) -> Result<PlanVersion, StorageError> {
        let row =
            sqlx::query("SELECT id, version, definition, actor FROM plan_versions WHERE id = $1")
                .bind(id.as_uuid())
                .fetch_one(self.pool())
                .await?;
        plan_version(&row)
    }

    /// The newest version of every plan, by key.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn current_plans(&self) -> Result<Vec<PlanVersion>, StorageError> {
        let rows = sqlx::query(
            "SELECT DISTINCT ON (key) id, version, definition, actor FROM plan_versions
              ORDER BY key, version DESC",
        )
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(plan_version).collect()
    }

    /// Stores a template of a library as a new version, unless the current version is equal. It
    /// counts as approved.
    ///
    /// # Errors
    /// When the database does not answer, or two processes store the same version at once.
    pub async fn store_template(
        &self,
        source: &templates::Source,
        compiled: &templates::Compiled,
    ) -> Result<Stored<TemplateVersionId>, StorageError> {
        self.store_template_of(source, compiled, None).await
    }

    /// The same, of somebody's own hand.
    pub(crate) async fn store_template_of(
        &self,
        source: &templates::Source,
        compiled: &templates::Compiled,
        actor: Option<&str>,
    ) -> Result<Stored<TemplateVersionId>, StorageError> {
        let compiled = serde_json::to_value(compiled)
            .map_err(|error| StorageError::unreadable("compiled template", error))?;
        let current = sqlx::query(
            "SELECT id, version, compiled = $2 AS equal FROM template_versions WHERE key = $1
              ORDER BY version DESC LIMIT 1",
        )
        .bind(&source.key)
        .bind(&compiled)
        .fetch_optional(self.pool())
        .await?;
        if let Some(row) = current.filter(|row| row.try_get("equal").unwrap_or(false)) {
            let id: uuid::Uuid = row.try_get("id")?;
            return Ok(Stored::Unchanged(id.into(), row.try_get("version")?));
        }
        let row = sqlx::query(
            "INSERT INTO template_versions (id, key, version, medium, source, compiled, actor)
             SELECT $1, $2, coalesce(max(version), 0) + 1, $3::text::medium, $4, $5, $6
               FROM template_versions WHERE key = $2
             RETURNING id, version",
        )
        .bind(TemplateVersionId::new().as_uuid())
        .bind(&source.key)
        .bind(source.medium.as_str())
        .bind(Json(source))
        .bind(compiled)
        .bind(actor)
        .fetch_one(self.pool())
        .await?;
        Ok(Stored::New(row.try_get::<uuid::Uuid, _>("id")?.into(), row.try_get("version")?))
    }

    /// The newest version of a template.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn current_template(
        &self,
        key: &str,
    ) -> Result<Option<TemplateVersion>, StorageError> {
        let row = sqlx::query(
            "SELECT id, key, version, medium::text AS medium, source, compiled, actor,
                    is_retired(key) AS retired
               FROM template_versions WHERE key = $1 ORDER BY version DESC LIMIT 1",
        )
        .bind(key)
        .fetch_optional(self.pool())
        .await?;
        row.as_ref().map(template_version).transpose()
    }

    /// The newest version of every template, by key.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn current_templates(&self) -> Result<Vec<TemplateVersion>, StorageError> {
        let rows = sqlx::query(
            "SELECT DISTINCT ON (key) id, key, version, medium::text AS medium, source, compiled,
                    actor, is_retired(key) AS retired
               FROM template_versions ORDER BY key, version DESC",
        )
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(template_version).collect()
    }
}

pub(crate) fn plan_version(row: &PgRow) -> Result<PlanVersion, StorageError> {
    let Json(plan): Json<Plan> = row.try_get("definition")?;
    Ok(PlanVersion {
        id: row.try_get::<uuid::Uuid, _>("id")?.into(),
        version: row.try_get("version")?,
        plan,
        actor: row.try_get("actor")?,
    })
}

fn template_version(row: &PgRow) -> Result<TemplateVersion, StorageError> {
    let Json(source): Json<templates::Source> = row.try_get("source")?;
    let Json(compiled): Json<templates::Compiled> = row.try_get("compiled")?;
    Ok(TemplateVersion {
        id: row.try_get::<uuid::Uuid, _>("id")?.into(),
        key: row.try_get("key")?,
        version: row.try_get("version")?,
        medium: word(row, "medium")?,
        source,
        compiled,
        actor: row.try_get("actor")?,
        retired: row.try_get("retired")?,
    })
}
