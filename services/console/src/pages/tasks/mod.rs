//! The agents' morning: the next best task, the ones behind it, and what came of each.
//!
//! Agents see their own tasks alone. Whoever may see everybody's works only those of others that the
//! right to work tasks is there for, too.

mod card;
mod handover;
mod outcome;
mod today;

use domain::TaskId;
use domain::access::Permission::{TasksAll, TasksHandOver, TasksWork};
use storage::tasks::{TaskCard, TaskCounts};
use uuid::Uuid;

use crate::access::reader::tasks_of;
use crate::app::App;
use crate::page::Page;
use crate::routes::Needs::{Any, Permission};
use crate::routes::Routes;
use crate::trouble::Trouble;

/// The pages of this folder.
pub fn routes(routes: Routes) -> Routes {
    let look = Any(&[TasksWork, TasksAll]);
    routes
        .get("/tasks", look, today::list)
        .get("/tasks/hand-over", Permission(TasksHandOver), handover::show)
        .post("/tasks/hand-over", Permission(TasksHandOver), handover::all)
        .post("/tasks/{task}/hand-over", Permission(TasksHandOver), handover::one)
        .get("/tasks/{task}", look, today::show)
        .post("/tasks/{task}/outcome", Permission(TasksWork), outcome::finish)
        .post("/tasks/{task}/later", Permission(TasksWork), outcome::snooze)
        .post("/tasks/{task}/undo", Permission(TasksWork), outcome::undo)
}

/// How many tasks an agent has, today where the agent is.
pub async fn counts_of(agent: Uuid, app: &App) -> Result<TaskCounts, Trouble> {
    today::counts_of(Some(agent), app).await
}

/// Today where an agent is, else the team's.
pub use card::outcomes;
pub use outcome::end;
pub use today::day_of;

/// The task, if the reader may see it.
async fn visible(app: &App, page: &Page, id: TaskId) -> Result<TaskCard, Trouble> {
    let card = app.database.task_card(id, tasks_of(page), page.locale()).await?;
    card.ok_or(Trouble::NotFound)
}
