//! The list of what is to be done, with the next best task on top; and one task.

use askama::Template;
use axum::extract::{Path, Query, State};
use chrono::{DateTime, NaiveDate, Utc};
use domain::access::Permission::{ContactsRead, TasksAll, TasksHandOver};
use domain::clock::{date_time, timestamp};
use domain::{TaskId, TouchId};
use jiff::tz::TimeZone;
use office::words;
use serde::Deserialize;
use storage::tasks::{Agent, Place, Task, TaskCounts, TaskFilter};
use uuid::Uuid;

use super::card::Card;
use super::visible;
use crate::access::reader::tasks_of;
use crate::app::App;
use crate::page::Page;
use crate::trouble::{Answer, Trouble};

/// Tasks on a page.
const PAGE: u32 = 20;
/// So many are looked at for the next best one.
const LOOKED_AT: usize = 5;
/// Of touches that were being handed over, so many are named.
const NAMED: usize = 5;

/// What the address asks for.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    /// An agent's id, or `all`.
    #[serde(default)]
    agent: String,
    #[serde(default)]
    after: String,
    later: Option<String>,
    /// The task that was just worked.
    undo: Option<TaskId>,
    /// Touches that were being handed over when somebody was put on the list.
    #[serde(default)]
    in_flight: String,
}

#[derive(Template)]
#[template(path = "tasks/today.html")]
struct Today {
    page: Page,
    counts: TaskCounts,
    day: NaiveDate,
    /// The next best one; not on further pages.
    next: Option<Card>,
    rows: Vec<Task>,
    more: Option<String>,
    agents: Vec<Agent>,
    agent: String,
    later: bool,
    is_first_page: bool,
    is_agent: bool,
    undo: Option<TaskId>,
    in_flight: Vec<TouchId>,
    contacts: bool,
}

#[derive(Template)]
#[template(path = "tasks/task.html")]
struct OneTask {
    page: Page,
    card: Card,
    agent: String,
    contacts: bool,
    /// Whom it can be handed over to.
    agents: Vec<Agent>,
}

/// Today where the tasks' owner is, and when it began.
pub struct Day {
    /// Where the owner is.
    pub date: NaiveDate,
    pub began: DateTime<Utc>,
}

/// The day of an agent, else the team's.
pub async fn day_of(owner: Option<Uuid>, app: &App) -> Result<Day, Trouble> {
    let agent = match owner {
        Some(id) => app.database.agent(id).await?,
        None => None,
    };
    let own = agent.and_then(|agent| TimeZone::get(&agent.time_zone?).ok());
    let zone = own.unwrap_or_else(|| app.settings.zone.clone());
    let now = timestamp(app.clock.now()).to_zoned(zone);
    let began = now.start_of_day().map_or_else(|_| now.timestamp(), |start| start.timestamp());
    let date = now.date().to_string().parse().map_err(|_| Trouble::Broken)?;
    Ok(Day { date, began: date_time(began) })
}

/// How many tasks there are on the owner's day.
pub async fn counts_of(owner: Option<Uuid>, app: &App) -> Result<TaskCounts, Trouble> {
    let day = day_of(owner, app).await?;
    let filter = TaskFilter { owner, day: day.date, later: false };
    Ok(app.database.count_tasks(&filter, day.began).await?)
}

/// Whose tasks are shown: the reader's own, or those the reader has chosen.
fn chosen(asked: &str, page: &Page) -> Result<Option<Uuid>, Trouble> {
    match tasks_of(page) {
        Some(own) => Ok(Some(own)),
        None if asked == "all" => Ok(None),
        None if asked.is_empty() => Ok(page.session()?.user.agent),
        None => asked.parse().map(Some).map_err(|_| Trouble::NotFound),
    }
}

/// `GET /tasks`.
pub async fn list(State(app): State<App>, page: Page, Query(asked): Query<Asked>) -> Answer {
    let owner = chosen(&asked.agent, &page)?;
    let day = day_of(owner, &app).await?;
    let later = asked.later.is_some();
    let filter = TaskFilter { owner, day: day.date, later };
    let after: Option<Place> = asked.after.parse().ok();
    let agents = async {
        match page.may(TasksAll) {
            true => app.database.agents().await,
            false => Ok(Vec::new()),
        }
    };
    let (mut found, counts, agents) = tokio::try_join!(
        app.database.due_tasks(&filter, after, PAGE + 1),
        app.database.count_tasks(&filter, day.began),
        agents,
    )?;
    let has_more = found.len() > PAGE as usize;
    found.truncate(PAGE as usize);
    let more = found.last().filter(|_| has_more).map(|(place, _)| place.to_string());
    let mut rows: Vec<Task> = found.into_iter().map(|(_, task)| task).collect();
    let mut next = None;
    if after.is_none() {
        next = next_best(&mut rows, owner, day.date, &app, &page).await?;
    }
    let in_flight = asked.in_flight.split(',').filter_map(|id| id.parse().ok());
    page.show(&Today {
        counts,
        day: day.date,
        next,
        rows,
        more,
        agents,
        agent: asked.agent,
        later,
        is_first_page: after.is_none(),
        is_agent: page.session()?.user.agent.is_some() || page.may(TasksAll),
        undo: asked.undo,
        in_flight: in_flight.take(NAMED).collect(),
        contacts: page.may(ContactsRead),
        page: page.clone(),
    })
}

/// Takes the next best task out of the list. One that is only due later is not pressed upon anybody,
/// nor is one of somebody who must not be contacted.
async fn next_best(
    rows: &mut Vec<Task>,
    owner: Option<Uuid>,
    today: NaiveDate,
    app: &App,
    page: &Page,
) -> Result<Option<Card>, Trouble> {
    for place in 0..rows.len().min(LOOKED_AT) {
        if rows[place].due_on > today {
            break;
        }
        let card = app.database.task_card(rows[place].id, owner, page.locale()).await?;
        if let Some(card) = card.filter(|card| card.blocked.is_none()) {
            rows.remove(place);
            return Ok(Some(Card::of(card, app, page).await?));
        }
    }
    Ok(None)
}

/// `GET /tasks/{task}`.
pub async fn show(State(app): State<App>, page: Page, Path(id): Path<TaskId>) -> Answer {
    let card = Card::of(visible(&app, &page, id).await?, &app, &page).await?;
    let contacts = page.may(ContactsRead);
    let agents = match page.may(TasksHandOver) && card.it.is_open() {
        true => app.database.agents().await?,
        false => Vec::new(),
    };
    page.show(&OneTask { page: page.clone(), card, agent: String::new(), contacts, agents })
}

impl Today {
    /// The name of a channel.
    fn channel(&self, task: &Task) -> &'static str {
        words::channel(task.channel, self.page.locale())
    }

    /// The rest of the address of another page of the same list.
    fn same(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if !self.agent.is_empty() {
            query.append_pair("agent", &self.agent);
        }
        if self.later {
            query.append_pair("later", "on");
        }
        query.finish()
    }
}
