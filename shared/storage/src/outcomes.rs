//! Recording what became of attempts, in batches.

use chrono::{DateTime, NaiveDate, Utc};
use domain::{Channel, ContactId, Reason, TaskId, TemplateVersionId, TouchId, TouchState};

use crate::{Database, StorageError};

/// The end of one attempt, as it is stored.
#[derive(Debug, Clone)]
pub struct AttemptRecord {
    /// The touch.
    pub touch: TouchId,
    /// Its partition.
    pub due_month: NaiveDate,
    /// The attempt, as claimed.
    pub attempt: i16,
    /// Where the touch stands now.
    pub state: TouchState,
    /// Why, where there is a why.
    pub reason: Option<Reason>,
    /// What the receiving side called it.
    pub provider_ref: Option<String>,
    /// Business time of the decision.
    pub decided_at: DateTime<Utc>,
    /// When to try again; set exactly when `state` is `scheduled`.
    pub next_due: Option<DateTime<Utc>>,
    /// Whether this attempt failed for now (and so lengthens the next wait).
    pub failed: bool,
    /// The template version that was rendered.
    pub template: Option<TemplateVersionId>,
    /// What the gate and the handler saw, for explanations; no personal data.
    pub detail: Option<serde_json::Value>,
    /// The to-do that a touch for a human hand becomes.
    pub task: Option<NewTask>,
}

/// A to-do for a person.
#[derive(Debug, Clone)]
pub struct NewTask {
    /// Its identity.
    pub id: TaskId,
    /// Whom it is about.
    pub contact: ContactId,
    /// Who is to do it; nobody in particular when there is no owner.
    pub owner: Option<uuid::Uuid>,
    /// Call, letter, card …
    pub channel: Channel,
    /// One line.
    pub title: String,
    /// What to say or write.
    pub script: String,
    /// The owner's local day.
    pub due_on: NaiveDate,
    /// The instant it was planned for.
    pub due_at: DateTime<Utc>,
}

impl Database {
    /// Records a batch of outcomes in one statement; safe to repeat after a lost connection.
    /// Returns how many touches moved; the rest had been taken over by another attempt, and only
    /// their history was written.
    ///
    /// # Errors
    /// When the database does not answer. Keep the batch and call again.
    pub async fn record(
        &self,
        records: &[AttemptRecord],
        worker: &str,
    ) -> Result<usize, StorageError> {
        let moved = record_statement(records, worker).fetch_all(self.pool()).await?;
        Ok(moved.len())
    }

    /// Records outcomes and their tasks in one transaction: a task exists exactly when its touch
    /// is `sent`, and once, however often this is repeated. Not to be cancelled half-way.
    ///
    /// # Errors
    /// When the database does not answer. Keep the batch and call again.
    pub async fn record_with_tasks(
        &self,
        records: &[AttemptRecord],
        worker: &str,
    ) -> Result<usize, StorageError> {
        let mut tx = self.pool().begin().await?;
        let moved = record_statement(records, worker).fetch_all(&mut *tx).await?;
        let moved: std::collections::HashSet<uuid::Uuid> =
            moved.iter().filter_map(|row| sqlx::Row::try_get(row, "id").ok()).collect();
        let tasks: Vec<(&AttemptRecord, &NewTask)> = records
            .iter()
            .filter(|record| moved.contains(&record.touch.as_uuid()))
            .filter_map(|record| Some((record, record.task.as_ref()?)))
            .collect();
        sqlx::query(include_str!("sql/insert_tasks.sql"))
            .bind(column(&tasks, |(_, task)| task.id.as_uuid()))
            .bind(column(&tasks, |(record, _)| record.touch.as_uuid()))
            .bind(column(&tasks, |(_, task)| task.contact.as_uuid()))
            .bind(column(&tasks, |(_, task)| task.owner))
            .bind(column(&tasks, |(_, task)| task.channel.as_str()))
            .bind(column(&tasks, |(_, task)| task.title.clone()))
            .bind(column(&tasks, |(_, task)| task.script.clone()))
            .bind(column(&tasks, |(_, task)| task.due_on))
            .bind(column(&tasks, |(_, task)| task.due_at))
            .bind(column(&tasks, |(record, _)| record.decided_at))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(moved.len())
    }
}

impl Database {
    /// Notes how a call went: whether the person heard it out, and whether the person refused; caps
    /// and refusals count by it. Returns whether the touch is one that caps count.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn note_call(
        &self,
        contact: ContactId,
        touch: TouchId,
        answered: bool,
        refused: bool,
    ) -> Result<bool, StorageError> {
        note_call(self.pool(), contact, touch, answered, refused).await
    }
}

/// [`Database::note_call`], inside of a transaction.
pub(crate) async fn note_call(
    executor: impl sqlx::PgExecutor<'_>,
    contact: ContactId,
    touch: TouchId,
    answered: bool,
    refused: bool,
) -> Result<bool, StorageError> {
    let noted = sqlx::query(
        "UPDATE contact_sends SET answered = $3, refused = $4
          WHERE contact_id = $1 AND touch_id = $2",
    )
    .bind(contact.as_uuid())
    .bind(touch.as_uuid())
    .bind(answered)
    .bind(refused)
    .execute(executor)
    .await?;
    Ok(noted.rows_affected() > 0)
}

fn record_statement<'q>(
    records: &'q [AttemptRecord],
    worker: &'q str,
) -> sqlx::query::Query<'q, sqlx::Postgres, sqlx::postgres::PgArguments> {
    sqlx::query(include_str!("sql/record.sql"))
        .bind(column(records, |record| record.touch.as_uuid()))
        .bind(column(records, |record| record.due_month))
        .bind(column(records, |record| record.attempt))
        .bind(column(records, |record| record.state.as_str()))
        .bind(column(records, |record| record.reason.as_ref().map(ToString::to_string)))
        .bind(column(records, |record| record.provider_ref.clone()))
        .bind(column(records, |record| record.decided_at))
        .bind(column(records, |record| record.next_due))
        .bind(column(records, |record| record.failed))
        .bind(column(records, |record| record.template.map(TemplateVersionId::as_uuid)))
        .bind(column(records, |record| record.detail.as_ref().map(ToString::to_string)))
        .bind(worker)
}

/// One parameter array out of a batch.
pub(crate) fn column<'a, T, U>(rows: &'a [T], of: impl Fn(&'a T) -> U) -> Vec<U> {
    rows.iter().map(of).collect()
}
