//! Giving open tasks to another agent: for a holiday, or for good with the contacts.

use chrono::{DateTime, Utc};
use domain::{ContactId, TaskId};
use sqlx::Row;
use uuid::Uuid;

use crate::{Database, StorageError};

/// What is handed over.
#[derive(Debug, Clone, Copy)]
pub enum Handed {
    /// Every open task of an agent.
    Agent(Uuid),
    /// One task.
    Task(TaskId),
    /// The open tasks of a contact.
    Contact(ContactId),
}

/// To whom, why, by whom.
#[derive(Debug, Clone, Copy)]
pub struct Handover<'a> {
    /// What.
    pub what: Handed,
    /// The agent it was with, where it is known.
    pub from: Option<Uuid>,
    /// The agent who gets it.
    pub to: Uuid,
    /// Whether the contacts go along, so that tasks to come do, too; not with a single task.
    pub contacts: bool,
    /// Why; not empty.
    pub reason: &'a str,
    /// Who does it.
    pub actor: &'a str,
    /// Business time.
    pub now: DateTime<Utc>,
}

/// How much went, or would go, over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct HandedOver {
    /// Open tasks.
    pub tasks: i64,
    /// Contacts.
    pub contacts: i64,
}

impl Database {
    /// Hands tasks over, each with a line of its history. What is with that agent already stays.
    ///
    /// # Errors
    /// When the database does not answer; nothing has changed then.
    pub async fn hand_over(&self, given: &Handover<'_>) -> Result<HandedOver, StorageError> {
        let (mut agent, mut task, mut contact) = (given.from, None, None);
        match given.what {
            Handed::Agent(id) => agent = Some(id),
            Handed::Task(id) => task = Some(id.as_uuid()),
            Handed::Contact(id) => contact = Some(id.as_uuid()),
        }
        let row = sqlx::query(include_str!("../sql/hand_over.sql"))
            .bind(agent)
            .bind(task)
            .bind(contact)
            .bind(given.to)
            .bind(given.reason)
            .bind(given.actor)
            .bind(given.contacts)
            .bind(given.now)
            .fetch_one(self.pool())
            .await?;
        Ok(HandedOver { tasks: row.try_get("tasks")?, contacts: row.try_get("contacts")? })
    }

    /// How many open tasks and contacts an agent has; before they are handed over.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn held_by(&self, agent: Uuid) -> Result<HandedOver, StorageError> {
        let row = sqlx::query(
            "SELECT (SELECT count(*) FROM tasks WHERE state = 'open' AND owner_id = $1) AS tasks,
                    (SELECT count(*) FROM contacts WHERE owner_id = $1) AS contacts",
        )
        .bind(agent)
        .fetch_one(self.pool())
        .await?;
        Ok(HandedOver { tasks: row.try_get("tasks")?, contacts: row.try_get("contacts")? })
    }

    /// Whether an agent has an open task about a contact: handed over, it needs the contact's page.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn has_task_about(
        &self,
        agent: Uuid,
        contact: ContactId,
    ) -> Result<bool, StorageError> {
        let has = sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM tasks
                             WHERE contact_id = $2 AND owner_id = $1 AND state = 'open')",
        )
        .bind(agent)
        .bind(contact.as_uuid())
        .fetch_one(self.pool())
        .await?;
        Ok(has)
    }
}
