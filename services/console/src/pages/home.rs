//! The first page: what waits for the reader today, and where to go. Only what is cheap to know: what
//! is counted up to a limit, or asked for once for everybody.

use askama::Template;
use axum::extract::State;
use domain::access::Permission;
use domain::desk::Attention;

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
}

impl Home {
    /// Whether anything waits for the reader.
    fn presses(&self) -> bool {
        self.figures.iter().any(|figure| figure.presses)
    }
}

/// `GET /`.
pub async fn show(State(app): State<App>, page: Page) -> Answer {
    let mut figures = Vec::new();
    own_tasks(&app, &page, &mut figures).await?;
    if page.may(Permission::FleetOperate) {
        of_fleet(&app, &page, &mut figures).await?;
    }
    of_officers(&app, &page, &mut figures).await?;
    if page.may(Permission::PlansApprove) {
        let rows = app.database.template_rows().await?;
        let drafts = rows.iter().filter(|row| row.draft_by.is_some()).count();
        figures.push(Figure {
            address: "/templates?state=draft",
            name: page.say("today-drafts"),
            count: drafts.to_string(),
            presses: false,
        });
    }
    page.show(&Home { page: page.clone(), figures })
}

/// Whoever works tasks and is an agent: those that are due.
async fn own_tasks(app: &App, page: &Page, figures: &mut Vec<Figure>) -> Result<(), Trouble> {
    let agent = page.session()?.user.agent.filter(|_| page.may(Permission::TasksWork));
    let Some(agent) = agent else { return Ok(()) };
    let counts = tasks::counts_of(agent, app).await?;
    figures.push(Figure {
        address: "/tasks",
        name: page.say("today-tasks"),
        count: (counts.today + counts.overdue).to_string(),
        presses: counts.today + counts.overdue > 0,
    });
    Ok(())
}

/// Operators: what is late, in doubt, failed, paused.
async fn of_fleet(app: &App, page: &Page, figures: &mut Vec<Figure>) -> Result<(), Trouble> {
    let state = app.glances.fleet(app).await?;
    let waits = |kind: Attention| {
        let own = state.desk.iter().filter(|one| one.kind == kind);
        own.map(|one| one.count).sum::<i64>()
    };
    let is_late = state.due.late_seconds > LATE;
    let late = if is_late { state.due.waiting } else { 0 };
    let desk = "/fleet/desk";
    for (address, name, count) in [
        ("/fleet", "today-late", late),
        (desk, "today-unknown", waits(Attention::Unknown)),
        (desk, "today-failed", waits(Attention::Failed) + waits(Attention::Blocked)),
        ("/fleet/pauses", "today-pauses", i64::try_from(state.pauses.len()).unwrap_or(i64::MAX)),
    ] {
        let (name, presses) = (page.say(name), count > 0);
        figures.push(Figure { address, name, count: count.to_string(), presses });
    }
    Ok(())
}

/// Compliance officers: unclear answers, lifts that wait for a second person, people's requests.
async fn of_officers(app: &App, page: &Page, figures: &mut Vec<Figure>) -> Result<(), Trouble> {
    let up_to = |count: usize| match count >= COUNTED as usize {
        true => page.with("or-more", count),
        false => count.to_string(),
    };
    let mut add = |address, name, count: usize| {
        let (name, presses) = (page.say(name), count > 0);
        figures.push(Figure { address, name, count: up_to(count), presses });
    };
    if page.may(Permission::Reviews) {
        add("/reviews", "today-reviews", app.database.reviews(false, COUNTED).await?.len());
    }
    if page.may(Permission::ListLift) {
        add("/list/lifts", "today-lifts", app.database.waiting_lifts(COUNTED).await?.len());
    }
    if page.may(Permission::Requests) {
        add("/requests", "today-requests", app.database.open_requests().await?.len());
    }
    Ok(())
}
