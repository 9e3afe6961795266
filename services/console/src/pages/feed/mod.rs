//! The calendar of an agent: a secret address that calendar programs read, made, renewed and withdrawn
//! on the account page. The address is no session: it opens the feed and nothing else.

mod calendar;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Days, NaiveDateTime, Utc};
use domain::access::Permission::TasksWork;
use sha2::{Digest, Sha256};
use storage::users::{Feed, User};

use super::tasks;
use crate::access::token;
use crate::app::App;
use crate::page::Page;
use crate::routes::Needs::{Nothing, Permission};
use crate::routes::Routes;
use crate::trouble::{Answer, Trouble};

/// How an address ends: programs go by it.
const ENDING: &str = ".ics";
/// Tasks in a calendar.
const MOST: u32 = 1000;
/// Overdue tasks keep their day in the calendar for so long.
const BACK: Days = Days::new(31);
/// A date of HTTP (RFC 9110 §5.6.7).
const HTTP_DATE: &str = "%a, %d %b %Y %H:%M:%S GMT";

/// The pages of this folder.
pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/account/calendar", Permission(TasksWork), show)
        .post("/account/calendar", Permission(TasksWork), make)
        .post("/account/calendar/withdraw", Permission(TasksWork), withdraw)
        .get("/calendar/{file}", Nothing, serve)
}

#[derive(Template)]
#[template(path = "feed/calendar.html")]
struct OwnFeed {
    page: Page,
    feed: Option<Feed>,
    /// The address, at the moment it was made.
    address: Option<String>,
    is_agent: bool,
}

impl OwnFeed {
    /// The same for programs that are opened by a link.
    fn webcal(&self) -> Option<String> {
        let (_, rest) = self.address.as_deref()?.split_once(':')?;
        Some(format!("webcal:{rest}"))
    }
}

async fn page_of(app: &App, page: &Page, address: Option<String>) -> Answer {
    let user = &page.session()?.user;
    let feed = app.database.feed_of(user.id).await?;
    page.show(&OwnFeed { page: page.clone(), feed, address, is_agent: user.agent.is_some() })
}

/// `GET /account/calendar`.
pub async fn show(State(app): State<App>, page: Page) -> Answer {
    page_of(&app, &page, None).await
}

/// `POST /account/calendar`: an address, shown once; the one before ends.
pub async fn make(State(app): State<App>, page: Page) -> Answer {
    let token = token::new();
    let user = &page.session()?.user;
    app.database.make_feed(user.id, &token::hash(&token), page.actor()?).await?;
    page_of(&app, &page, Some(format!("{}/calendar/{token}{ENDING}", app.url()))).await
}

/// `POST /account/calendar/withdraw`.
pub async fn withdraw(State(app): State<App>, page: Page) -> Answer {
    app.database.withdraw_feed(page.session()?.user.id, page.actor()?).await?;
    Ok(Redirect::to("/account/calendar?notice=feed-withdrawn").into_response())
}

/// `GET /calendar/{token}.ics`. Whoever lost the right to work tasks has no feed any more.
pub async fn serve(State(app): State<App>, Path(file): Path<String>, headers: HeaderMap) -> Answer {
    let token = file.strip_suffix(ENDING).ok_or(Trouble::NotFound)?;
    let token = token::hash(token);
    let user = app.database.user_of_feed(&token).await?;
    let user = user.filter(|user| user.may(TasksWork)).ok_or(Trouble::NotFound)?;
    let text = text_of(&app, &user).await?;
    let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
    let changed = app.database.note_feed(&token, &digest).await?.ok_or(Trouble::NotFound)?;
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(&digest[..18]));
    let mut response = if is_known(&headers, &tag, changed) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, "text/calendar; charset=utf-8")], text).into_response()
    };
    for (name, value) in [
        (header::ETAG, tag),
        (header::LAST_MODIFIED, changed.format(HTTP_DATE).to_string()),
        (header::CACHE_CONTROL, "private, no-cache".to_owned()),
        // Not to be told to whoever a link in an entry leads to.
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
    ] {
        insert(&mut response, name, &value)?;
    }
    Ok(response)
}

fn insert(response: &mut Response, name: header::HeaderName, value: &str) -> Result<(), Trouble> {
    let value = HeaderValue::try_from(value).map_err(|_| Trouble::Broken)?;
    response.headers_mut().insert(name, value);
    Ok(())
}

/// Whether who asks has it already (RFC 9110 §13.2.2: the tag decides where there is one).
fn is_known(headers: &HeaderMap, tag: &str, changed: DateTime<Utc>) -> bool {
    let said = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if let Some(tags) = said(header::IF_NONE_MATCH) {
        let same = |own: &str| own.trim().trim_start_matches("W/") == tag || own.trim() == "*";
        return tags.split(',').any(same);
    }
    let since = said(header::IF_MODIFIED_SINCE);
    let since = since.and_then(|date| NaiveDateTime::parse_from_str(date, HTTP_DATE).ok());
    since.is_some_and(|since| changed.timestamp() <= since.and_utc().timestamp())
}

async fn text_of(app: &App, user: &User) -> Result<String, Trouble> {
    let today = tasks::day_of(user.agent, app).await?;
    let since = today.date.checked_sub_days(BACK).ok_or(Trouble::Broken)?;
    let (mut own, mut overdue) = (Vec::new(), 0);
    if let Some(agent) = user.agent {
        own = app.database.calendar_tasks(agent, since, MOST).await?;
        overdue = tasks::counts_of(agent, app).await?.overdue;
    }
    let feed = calendar::Feed {
        tasks: &own,
        overdue,
        agent: user.agent.unwrap_or_default(),
        today: today.date,
        began: today.began,
        team: &app.settings.team.name,
        url: &app.url(),
        locale: user.locale,
    };
    Ok(feed.text())
}
