//! Lists of open tasks in the order in which they are best done, page by page.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, Utc};
use domain::TaskId;
use sqlx::{AssertSqlSafe, Row};
use uuid::Uuid;

use super::{Task, task};
use crate::{Database, StorageError};

/// Which open tasks, and whose day it is.
#[derive(Debug, Clone, Copy)]
pub struct TaskFilter {
    /// The tasks of this agent only.
    pub owner: Option<Uuid>,
    /// Today.
    pub day: NaiveDate,
    /// Those that are due later, too.
    pub later: bool,
}

/// A task's place in the list; the next page begins behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// 0 for overdue ones, 1 for today's, 2 for later ones.
    part: i16,
    rank: i16,
    day: NaiveDate,
    id: TaskId,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}_{}_{}", self.part, self.rank, self.day, self.id)
    }
}

impl FromStr for Place {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split('_');
        let mut next = || parts.next().ok_or("a place has four parts");
        Ok(Self {
            part: next()?.parse().map_err(|_| "no part of the list")?,
            rank: next()?.parse().map_err(|_| "no rank")?,
            day: next()?.parse().map_err(|_| "no day")?,
            id: next()?.parse().map_err(|_| "no task")?,
        })
    }
}

/// How many tasks there are; counted to 1000 only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskCounts {
    /// Open since a day before today.
    pub overdue: i64,
    /// Open, of today.
    pub today: i64,
    /// Open, of a later day.
    pub later: i64,
    /// Done since the day began.
    pub done: i64,
}

/// An agent, to choose from.
#[derive(Debug, Clone)]
pub struct Agent {
    /// Its identity.
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// Email.
    pub email: String,
    /// IANA name.
    pub time_zone: Option<String>,
}

/// The condition on the owner: a statement of its own each, so that each has its index.
const fn owner(filter: &TaskFilter) -> &'static str {
    match filter.owner {
        Some(_) => "k.owner_id = $2",
        None => "$2::uuid IS NULL",
    }
}

impl Database {
    /// Open tasks, the next best first: overdue ones, then today's, then later ones; among these by
    /// the plan's lane and the contact's level, the oldest first. `limit` at most, behind `after`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn due_tasks(
        &self,
        filter: &TaskFilter,
        after: Option<Place>,
        limit: u32,
    ) -> Result<Vec<(Place, Task)>, StorageError> {
        let sql = include_str!("../sql/due_tasks.sql").replace("{owner}", owner(filter));
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(filter.day)
            .bind(filter.owner)
            .bind(i64::from(limit))
            .bind(after.map_or(-1, |place| place.part))
            .bind(after.map_or(-1, |place| place.rank))
            .bind(after.map_or(NaiveDate::default(), |place| place.day))
            .bind(after.map_or(Uuid::nil(), |place| place.id.as_uuid()))
            .bind(filter.later)
            .fetch_all(self.pool())
            .await?;
        rows.iter()
            .map(|row| {
                let task = task(row)?;
                let (part, rank) = (row.try_get("part")?, row.try_get("rank")?);
                Ok((Place { part, rank, day: task.due_on, id: task.id }, task))
            })
            .collect()
    }

    /// How many tasks there are, and how many were done since `day_began`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn count_tasks(
        &self,
        filter: &TaskFilter,
        day_began: DateTime<Utc>,
    ) -> Result<TaskCounts, StorageError> {
        let sql = "SELECT
            (SELECT count(*) FROM (SELECT FROM tasks k WHERE k.state = 'open' AND {owner}
                                      AND k.due_on < $1 LIMIT 1000) x) AS overdue,
            (SELECT count(*) FROM (SELECT FROM tasks k WHERE k.state = 'open' AND {owner}
                                      AND k.due_on = $1 LIMIT 1000) x) AS today,
            (SELECT count(*) FROM (SELECT FROM tasks k WHERE k.state = 'open' AND {owner}
                                      AND k.due_on > $1 LIMIT 1000) x) AS later,
            (SELECT count(*) FROM (SELECT FROM tasks k WHERE k.state = 'done' AND {owner}
                                      AND k.closed_at >= $3 LIMIT 1000) x) AS done";
        let row = sqlx::query(AssertSqlSafe(sql.replace("{owner}", owner(filter))))
            .bind(filter.day)
            .bind(filter.owner)
            .bind(day_began)
            .fetch_one(self.pool())
            .await?;
        Ok(TaskCounts {
            overdue: row.try_get("overdue")?,
            today: row.try_get("today")?,
            later: row.try_get("later")?,
            done: row.try_get("done")?,
        })
    }

    /// Every agent, by name.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn agents(&self) -> Result<Vec<Agent>, StorageError> {
        let rows = sqlx::query("SELECT id, name, email, time_zone FROM agents ORDER BY name, id")
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(agent).collect()
    }

    /// One agent.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn agent(&self, id: Uuid) -> Result<Option<Agent>, StorageError> {
        let row = sqlx::query("SELECT id, name, email, time_zone FROM agents WHERE id = $1")
            .bind(id)
            .fetch_optional(self.pool())
            .await?;
        row.as_ref().map(agent).transpose()
    }
}

fn agent(row: &sqlx::postgres::PgRow) -> Result<Agent, StorageError> {
    Ok(Agent {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        email: row.try_get("email")?,
        time_zone: row.try_get("time_zone")?,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written() {
        let day = NaiveDate::from_ymd_opt(2026, 6, 1).unwrap();
        let place = Place { part: 1, rank: 3, day, id: TaskId::new() };
        assert_eq!(place.to_string().parse::<Place>(), Ok(place));
        for text in ["", "1_2", "1_2_2026-13-01_x", "a_b_c_d"] {
            assert!(text.parse::<Place>().is_err(), "{text}");
        }
    }
}
