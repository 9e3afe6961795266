//! The sample team: loaded by one click where there are no contacts yet, removed by another once the
//! numbers were shown. The work goes on when the page is left; one process is at it at a time, whoever
//! clicks how often.

use std::time::Duration;

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use domain::access::Permission::Users;
use office::sample::{self, Loading, SampleError};
use serde::Deserialize;
use storage::sample::{SampleCounts, SampleStanding, SampleWorkId};
use tokio::sync::watch;

use crate::app::App;
use crate::page::Page;
use crate::trouble::{Answer, Trouble};

/// How often the work says how far it has come.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// What a page says about the sample, if anything.
pub struct Banner {
    /// It is loaded, or something is at it.
    pub is_there: bool,
    /// Something is at it.
    pub is_busy: bool,
    /// The reader may load it now.
    pub may_load: bool,
    /// The reader may remove it.
    pub may_remove: bool,
}

impl Banner {
    /// As things stand.
    pub async fn of(app: &App, page: &Page) -> Result<Self, Trouble> {
        let standing = app.database.sample_standing().await?;
        let is_theirs = page.may(Users);
        Ok(Self {
            is_there: standing.is_there || standing.work.is_some(),
            is_busy: standing.is_busy(),
            may_load: is_theirs && standing.work.is_none() && standing.may_load(),
            may_remove: is_theirs,
        })
    }
}

/// What was clicked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Clicked {
    /// `load`, `remove`; nothing else does anything.
    what: String,
}

#[derive(Template)]
#[template(path = "sample.html")]
struct Sample {
    page: Page,
    standing: SampleStanding,
    counts: SampleCounts,
}

impl Sample {
    /// What goes, in words, where there is any of it.
    fn parts(&self) -> Vec<String> {
        let counts = &self.counts;
        [
            ("sample-contacts", counts.contacts),
            ("sample-enrolments", counts.enrolments),
            ("sample-open-touches", counts.open_touches),
            ("sample-tasks", counts.tasks),
            ("sample-agents", counts.agents),
        ]
        .into_iter()
        .map(|(name, count)| self.page.with(name, count))
        .collect()
    }

    /// Loading, not removing.
    fn loads(&self) -> bool {
        self.standing.work.as_ref().is_some_and(|work| !work.is_removal)
    }

    /// How far the work is.
    fn percent(&self) -> i16 {
        self.standing.work.as_ref().map_or(0, |work| work.percent)
    }

    /// The work broke off.
    fn broke_off(&self) -> bool {
        self.standing.work.as_ref().is_some_and(|work| !work.is_running())
    }
}

/// `GET /sample`.
pub async fn show(State(app): State<App>, page: Page) -> Answer {
    let standing = app.database.sample_standing().await?;
    let counts = app.database.sample_counts().await?;
    page.show(&Sample { page: page.clone(), standing, counts })
}

/// `POST /sample`. A second click finds the work in hand, or done, and shows it.
pub async fn act(State(app): State<App>, page: Page, Form(clicked): Form<Clicked>) -> Answer {
    let actor = page.actor()?.to_owned();
    let standing = app.database.sample_standing().await?;
    let is_removal = match clicked.what.as_str() {
        "load" if standing.may_load() => false,
        "load" if !standing.is_there && !standing.is_busy() => {
            return Err(Trouble::Refused(page.say("sample-has-contacts")));
        }
        "remove" if standing.is_there => true,
        _ => return Ok(Redirect::to("/sample").into_response()),
    };
    if let Some(id) = app.database.begin_sample_work(is_removal, &actor).await? {
        tokio::spawn(Work { id, is_removal, actor }.run(app.clone()));
    }
    Ok(Redirect::to("/sample").into_response())
}

/// Loading or removing.
struct Work {
    id: SampleWorkId,
    is_removal: bool,
    actor: String,
}

impl Work {
    async fn run(self, app: App) {
        let id = self.id;
        let ended = match self.work(&app).await {
            Ok(counts) => app.database.end_sample_work(id, &counts).await,
            Err(SampleError::Taken) => Ok(()),
            Err(error) => {
                tracing::error!(%error, "loading or removing the sample broke off");
                app.database.break_sample_work(id, &error.to_string()).await
            }
        };
        if let Err(error) = ended {
            tracing::error!(%error, "what came of the sample could not be noted");
        }
    }

    async fn work(&self, app: &App) -> Result<SampleCounts, SampleError> {
        if self.is_removal {
            return sample::remove(&app.database, self.id, &self.actor).await;
        }
        let (come, progress) = watch::channel(0);
        let office = app.office();
        let loading = Loading { library: &app.library, now: app.clock.now(), in_days: 0 };
        let mut tell = |percent| {
            come.send_replace(percent);
        };
        let load = sample::load(&office, loading, &mut tell);
        tokio::pin!(load);
        let mut tick = tokio::time::interval(TELL_EVERY);
        loop {
            tokio::select! {
                done = &mut load => break done?,
                _ = tick.tick() => {
                    let percent = *progress.borrow();
                    if !app.database.tell_sample_work(self.id, percent).await? {
                        return Err(SampleError::Taken);
                    }
                }
            }
        }
        Ok(app.database.sample_counts().await?)
    }
}
