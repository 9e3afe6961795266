//! The first page: what waits for the reader today, and where to go. Only what is cheap to know: what
//! is counted up to a limit, or asked for once for everybody.

use askama::Template;
use axum::extract::State;
use domain::access::Permission;
use domain::desk::Attention;
use storage::StorageError;

use super::sample::Banner;
use super::tasks;
use crate::app::App;
use crate::page::Page;
use crate::trouble::{Answer, Trouble};

/// Reviews and lifts are counted up to this; more is "so many or more".
const COUNTED: u32 = 100;
/// Touches that are due are taken within a second; from here on they are late.
const LATE: i64 = 60;

/// A figure that matters to the reader, and where it leads.
struct Figure {
    address: &'static str,
    name: String,
    count: String,
    /// Somebody has to act.
    presses: bool,
}

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    page: Page,
    figures: Vec<Figure>,
    sample: Banner,
}

impl Home {
    /// Whether anything waits for the reader.
    fn presses(&self) -> bool {
        self.figures.iter().any(|figure| figure.presses)
    }
}

/// `GET /`.
pub async fn show(State(app): State<App>, page: Page) -> Answer {
    let (tasks, fleet, officers, drafts, sample) = tokio::try_join!(
        own_tasks(&app, &page),
        of_fleet(&app, &page),
        of_officers(&app, &page),
        of_marketers(&app, &page),
        Banner::of(&app, &page),
    )?;
    let figures = [tasks, fleet, officers, drafts].into_iter().flatten().collect();
    page.show(&Home { page: page.clone(), figures, sample })
}

/// Whoever works tasks and is an agent: those that are due.
async fn own_tasks(app: &App, page: &Page) -> Result<Vec<Figure>, Trouble> {
    let agent = page.session()?.user.agent.filter(|_| page.may(Permission::TasksWork));
    let Some(agent) = agent else { return Ok(Vec::new()) };
    let counts = tasks::counts_of(agent, app).await?;
    Ok(vec![Figure {
        address: "/tasks",
        name: page.say("today-tasks"),
        count: (counts.today + counts.overdue).to_string(),
        presses: counts.today + counts.overdue > 0,
    }])
}

/// Operators: what is late, in doubt, failed, paused.
async fn of_fleet(app: &App, page: &Page) -> Result<Vec<Figure>, Trouble> {
    if !page.may(Permission::FleetOperate) {
        return Ok(Vec::new());
    }
    let state = app.glances.fleet(app).await?;
    let waits = |kind: Attention| {
        let own = state.desk.iter().filter(|one| one.kind == kind);
        own.map(|one| one.count).sum::<i64>()
    };
    let is_late = state.due.late_seconds > LATE;
    let late = if is_late { state.due.waiting } else { 0 };
    let desk = "/fleet/desk";
    let counts = [
        ("/fleet", "today-late", late),
        (desk, "today-unknown", waits(Attention::Unknown)),
        (desk, "today-failed", waits(Attention::Failed) + waits(Attention::Blocked)),
        ("/fleet/pauses", "today-pauses", i64::try_from(state.pauses.len()).unwrap_or(i64::MAX)),
    ];
    let figure = |(address, name, count): (_, _, i64)| {
        let (name, presses) = (page.say(name), count > 0);
        Figure { address, name, count: count.to_string(), presses }
    };
    Ok(counts.into_iter().map(figure).collect())
}

/// Compliance officers: unclear answers, lifts that wait for a second person, people's requests.
async fn of_officers(app: &App, page: &Page) -> Result<Vec<Figure>, Trouble> {
    let (reviews, lifts, requests) = tokio::try_join!(
        counted(page.may(Permission::Reviews), app.database.reviews(false, COUNTED)),
        counted(page.may(Permission::ListLift), app.database.waiting_lifts(COUNTED)),
        counted(page.may(Permission::Requests), app.database.open_requests()),
    )?;
    let figure = |(address, name, count): (_, _, Option<usize>)| {
        let count = count?;
        let up_to = match count >= COUNTED as usize {
            true => page.with("or-more", count),
            false => count.to_string(),
        };
        Some(Figure { address, name: page.say(name), count: up_to, presses: count > 0 })
    };
    let counts = [
        ("/reviews", "today-reviews", reviews),
        ("/list/lifts", "today-lifts", lifts),
        ("/requests", "today-requests", requests),
    ];
    Ok(counts.into_iter().filter_map(figure).collect())
}

/// How many are read, for whoever may see them.
async fn counted<T>(
    may: bool,
    read: impl Future<Output = Result<Vec<T>, StorageError>>,
) -> Result<Option<usize>, StorageError> {
    Ok(match may {
        true => Some(read.await?.len()),
        false => None,
    })
}

/// Marketers: drafts that wait to be approved.
async fn of_marketers(app: &App, page: &Page) -> Result<Vec<Figure>, Trouble> {
    if !page.may(Permission::PlansApprove) {
        return Ok(Vec::new());
    }
    let rows = app.database.template_rows().await?;
    let drafts = rows.iter().filter(|row| row.draft_by.is_some()).count();
    Ok(vec![Figure {
        address: "/templates?state=draft",
        name: page.say("today-drafts"),
        count: drafts.to_string(),
        presses: false,
    }])
}
