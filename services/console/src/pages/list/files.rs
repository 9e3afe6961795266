//! Files: put on the list, or compared with it. The work goes on when the page is left; what came
//! back can be fetched for a day.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::Form;
use axum::extract::{Multipart, Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Redirect};
use domain::suppression::{Origin, SuppressionReason};
use domain::{ContactChannel, Locale};
use office::imports::list::{self, Import};
use office::imports::scrub::{self, Comparison};
use office::imports::{Come, File, Unusable};
use office::intake::encoding::Source;
use serde::Deserialize;
use serde_json::{Value, json};
use storage::suppressions::{FileEnd, ListFile, NewListFile};
use tokio::sync::watch;
use uuid::Uuid;

use super::{PATIENCE, REASONS};
use crate::app::App;
use crate::page::Page;
use crate::trouble::{Answer, Trouble};

/// The largest file; larger ones are for the command line.
pub const MOST_BYTES: usize = 16 << 20;
/// How often a file says how far it has come.
const TELL_EVERY: Duration = Duration::from_secs(1);

#[derive(Template)]
#[template(path = "list/files.html")]
struct Files {
    page: Page,
    files: Vec<Shown>,
    megabytes: usize,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "list/file.html")]
struct OneFile {
    page: Page,
    file: Shown,
}

/// A file as it is shown.
struct Shown {
    id: Uuid,
    is_import: bool,
    name: String,
    actor: String,
    started: String,
    rows: u64,
    percent: u64,
    is_running: bool,
    is_lost: bool,
    /// So many rows of a compared file can be put on the list.
    importable: Option<u64>,
    counts: Vec<(String, u64)>,
    in_flight: Vec<String>,
    problem: Option<String>,
    has_result: bool,
}

/// What was sent.
#[derive(Default)]
struct Sent {
    name: String,
    bytes: Vec<u8>,
    channel: String,
}

/// With what a compared file is put on the list.
#[derive(Debug, Deserialize)]
pub struct Chosen {
    reason: String,
    #[serde(default)]
    channel: String,
}

/// `GET /list/files`.
pub async fn show(State(app): State<App>, page: Page) -> Answer {
    page.show(&listed(None, &app, &page).await?)
}

/// `POST /list/files`: compares a file with the list.
pub async fn take(State(app): State<App>, page: Page, form: Multipart) -> Answer {
    let sent = match read(form).await {
        Ok(sent) => sent,
        Err(_) => {
            let problem = Some(page.say("file-too-large"));
            return page.show_again(&listed(problem, &app, &page).await?);
        }
    };
    if sent.bytes.is_empty() {
        let problem = Some(page.say("file-missing"));
        return page.show_again(&listed(problem, &app, &page).await?);
    }
    begin(sent, None, app, &page).await
}

/// `POST /list/files/{file}/import`: puts a file on the list that was compared with it.
pub async fn import(
    State(app): State<App>,
    page: Page,
    Path(id): Path<Uuid>,
    Form(chosen): Form<Chosen>,
) -> Answer {
    let reason = chosen.reason.parse().ok().filter(|reason| REASONS.contains(reason));
    let reason = reason.ok_or_else(|| Trouble::Refused(page.say("reason-missing")))?;
    let file = app.database.list_file(id).await?.filter(|file| !file.is_import);
    let name = file.ok_or(Trouble::NotFound)?.name;
    let bytes = app.database.list_file_result(id).await?.ok_or(Trouble::NotFound)?;
    begin(Sent { name, bytes, channel: chosen.channel }, Some(reason), app, &page).await
}

/// Notes a file and works on it; with a reason it is put on the list.
async fn begin(sent: Sent, reason: Option<SuppressionReason>, app: App, page: &Page) -> Answer {
    let actor = page.actor()?.to_owned();
    let new = NewListFile {
        is_import: reason.is_some(),
        name: sent.name.clone(),
        actor: actor.clone(),
        bytes: sent.bytes.len() as u64,
    };
    let id = app.database.begin_list_file(&new).await?;
    let region = app.settings.team.default_region.clone();
    let work = Work { id, sent, reason, actor, region, locale: page.locale() };
    tokio::spawn(work.run(app));
    Ok(Redirect::to(&format!("/list/files/{id}")).into_response())
}

/// `GET /list/files/{file}`.
pub async fn one(State(app): State<App>, page: Page, Path(id): Path<Uuid>) -> Answer {
    let file = app.database.list_file(id).await?.ok_or(Trouble::NotFound)?;
    page.show(&OneFile { page: page.clone(), file: shown(&file, &page) })
}

/// `GET /list/files/{file}/result`: the verdicts, or the refused rows.
pub async fn result(State(app): State<App>, Path(id): Path<Uuid>) -> Answer {
    let content = app.database.list_file_result(id).await?.ok_or(Trouble::NotFound)?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"result.csv\""),
    ];
    Ok((headers, content).into_response())
}

async fn read(mut form: Multipart) -> Result<Sent, axum::extract::multipart::MultipartError> {
    let mut sent = Sent::default();
    while let Some(field) = form.next_field().await? {
        match field.name().unwrap_or_default() {
            "file" => {
                sent.name = field.file_name().unwrap_or("file").chars().take(200).collect();
                sent.bytes = field.bytes().await?.to_vec();
            }
            "channel" => sent.channel = field.text().await?,
            _ => {}
        }
    }
    Ok(sent)
}

/// A file that is worked on.
struct Work {
    id: Uuid,
    sent: Sent,
    /// Why it is put on the list; without one it is compared.
    reason: Option<SuppressionReason>,
    actor: String,
    region: String,
    locale: Locale,
}

impl Work {
    async fn run(self, app: App) {
        let (id, locale) = (self.id, self.locale);
        let (come, progress) = watch::channel(None);
        let connection = app.office();
        let mut work = tokio::spawn(async move { self.work(&connection, come).await });
        let mut tick = tokio::time::interval(TELL_EVERY);
        let done = loop {
            tokio::select! {
                done = &mut work => break done,
                _ = tick.tick() => {
                    let come: Option<Come> = *progress.borrow();
                    if let Some(come) = come {
                        // The next one tells it again.
                        let _ = app.database.tell_list_file(id, come.rows, come.bytes).await;
                    }
                }
            }
        };
        let end = match done {
            Ok(Ok(end)) => end,
            Ok(Err(error)) => FileEnd::Unusable(match error.downcast_ref::<Unusable>() {
                Some(unusable) => unusable.in_words(locale),
                None => {
                    tracing::error!(error = %format!("{error:#}"), "a file of the list broke off");
                    broke_off(locale)
                }
            }),
            Err(_) => FileEnd::Unusable(broke_off(locale)),
        };
        if let Err(error) = app.database.end_list_file(id, end).await {
            tracing::error!(%error, "what came of a file of the list could not be noted");
        }
    }

    async fn work(
        self,
        connection: &office::Connection,
        come: watch::Sender<Option<Come>>,
    ) -> anyhow::Result<FileEnd> {
        let Self { sent, reason, actor, region, .. } = self;
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("result.csv");
        let column = reason.and_then(|_| scrub::only_column(&sent.bytes));
        let bytes: Arc<[u8]> = sent.bytes.into();
        let file = File::of(Source::Bytes { name: sent.name, bytes });
        let channel: Option<ContactChannel> = sent.channel.parse().ok();
        let mut progress = |now| {
            come.send_replace(Some(now));
        };
        let (outcome, result) = if let Some(reason) = reason {
            let origin = if reason.is_of_recipient() { Origin::Recipient } else { Origin::Staff };
            let import = Import {
                file,
                reason,
                column,
                channel,
                region,
                origin,
                actor,
                evidence: None,
                rejects: path,
                patience: PATIENCE,
            };
            let done = list::import(import, connection, &mut progress).await?;
            let in_flight: Vec<String> = done.in_flight.iter().map(ToString::to_string).collect();
            let outcome = json!({
                "rows": done.rows, "added": done.added, "already": done.already,
                "invalid": done.invalid, "in_flight": in_flight,
            });
            (outcome, done.rejects)
        } else {
            let comparison = Comparison { file, out: path, column: None, channel, region, actor };
            let done = scrub::compare(comparison, connection, &mut progress).await?;
            let outcome = json!({
                "rows": done.rows, "clear": done.clear, "listed": done.listed,
                "invalid": done.invalid,
            });
            (outcome, Some(done.out))
        };
        let result = match result {
            Some(path) => Some(tokio::fs::read(path).await?),
            None => None,
        };
        Ok(FileEnd::Done(outcome, result))
    }
}

fn broke_off(locale: Locale) -> String {
    crate::words::Words::of(locale).say("file-broke-off")
}

async fn listed(problem: Option<String>, app: &App, page: &Page) -> Result<Files, Trouble> {
    let files = app.database.list_files().await?;
    let files = files.iter().map(|file| shown(file, page)).collect();
    Ok(Files { page: page.clone(), files, megabytes: MOST_BYTES >> 20, problem })
}

/// The counts that are shown, in their order.
const COUNTS: [&str; 6] = ["rows", "added", "already", "clear", "listed", "invalid"];

fn shown(file: &ListFile, page: &Page) -> Shown {
    let outcome = file.outcome.as_ref();
    let count = |name: &&str| Some((page.word("file", name), outcome?.get(*name)?.as_u64()?));
    let in_flight = outcome.and_then(|outcome| outcome["in_flight"].as_array());
    let ids = in_flight.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
    Shown {
        id: file.id,
        is_import: file.is_import,
        name: file.name.clone(),
        actor: file.actor.clone(),
        started: page.moment(&file.started_at),
        rows: file.rows,
        percent: file.percent,
        is_running: file.ended_at.is_none() && !file.is_lost,
        is_lost: file.is_lost,
        importable: outcome.filter(|_| !file.is_import).and_then(|it| it.get("clear")?.as_u64()),
        counts: COUNTS.iter().filter_map(count).collect(),
        in_flight: ids.collect(),
        problem: file.problem.clone(),
        has_result: file.has_result,
    }
}
