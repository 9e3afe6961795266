//! What all pages have in common: who reads them, in which language, and the frame around them.

use askama::Template;
use askama::filters::Safe;
use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use domain::access::Permission;
use domain::{Locale, clock};
use fluent_bundle::FluentValue;
use jiff::tz::TimeZone;
use storage::users::{Session, User};

use crate::app::App;
use crate::assets;
use crate::pages::{AREAS, Area};
use crate::trouble::{Answer, Trouble};
use crate::words::Words;

/// The cookie that remembers the language of somebody who has not signed in, or wants another one.
pub const LANGUAGE_COOKIE: &str = "touchline-language";

/// Who reads a page, and how. Every handler that shows one takes it; templates have it as `page`.
#[derive(Clone)]
pub struct Page {
    words: &'static Words,
    /// Whether the reader has chosen the language in this browser.
    is_chosen: bool,
    session: Option<Session>,
    team: String,
    zone: TimeZone,
    /// Whether business runs by the machine's clock.
    is_real: bool,
    path: String,
    query: String,
    notice: Option<String>,
    is_part: bool,
}

impl Page {
    /// The page a request asks for.
    pub fn of(request: &Request, session: Option<Session>, app: &App) -> Self {
        let own = chosen(request.uri(), request.headers());
        let is_chosen = own.is_some();
        let locale = own.unwrap_or_else(|| usual(request.headers(), session.as_ref(), app));
        let words = Words::of(locale);
        let asked = |wanted: &str| value_of(request.uri(), wanted);
        let notice = asked("notice").map(|name| format!("notice-{name}"));
        Self {
            words,
            is_chosen,
            session,
            team: app.settings.team.name.clone(),
            zone: app.settings.zone.clone(),
            is_real: app.clock.is_machine(),
            path: request.uri().path().to_owned(),
            query: request.uri().query().unwrap_or_default().to_owned(),
            notice: notice.filter(|key| words.has(key)).map(|key| words.say(&key)),
            is_part: request.headers().contains_key("hx-request"),
        }
    }

    /// The same for somebody who has not signed in yet, in the language that is theirs.
    pub fn for_reader_of(mut self, locale: Locale) -> Self {
        if !self.is_chosen {
            self.words = Words::of(locale);
        }
        self
    }

    /// The text called `key`.
    pub fn say(&self, key: &str) -> String {
        self.words.say(key)
    }

    /// The text of a word that is only known when the page is made: `name` and `-` and the word, with
    /// `-` for `_`.
    pub fn word(&self, name: &str, word: impl std::fmt::Display) -> String {
        self.words.say(&format!("{name}-{word}").replace('_', "-"))
    }

    /// The text called `key` with `it` filled in.
    pub fn with<'a>(&self, key: &str, it: impl Into<FluentValue<'a>>) -> String {
        self.words.with(key, it)
    }

    /// The text called `key` with several values filled in.
    pub fn with_all(&self, key: &str, values: &[(&str, FluentValue<'_>)]) -> String {
        self.words.with_all(key, values)
    }

    /// The language.
    pub const fn locale(&self) -> Locale {
        self.words.locale
    }

    /// `ltr` or `rtl`.
    pub const fn direction(&self) -> &'static str {
        self.words.locale.direction()
    }

    /// The other language.
    pub const fn other(&self) -> Locale {
        match self.words.locale {
            Locale::En => Locale::Ar,
            Locale::Ar => Locale::En,
        }
    }

    /// This page in the other language.
    pub fn in_other(&self) -> String {
        let rest = form_urlencoded::parse(self.query.as_bytes())
            .filter(|(name, _)| name != "lang" && name != "notice");
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(rest).append_pair("lang", self.other().as_str());
        format!("{}?{}", self.path, query.finish())
    }

    /// The sender's name.
    pub fn team(&self) -> &str {
        &self.team
    }

    /// What is to be said at the top: the last form was taken.
    pub fn notice(&self) -> Option<&str> {
        self.notice.as_deref()
    }

    /// Who reads it.
    pub fn user(&self) -> Option<&User> {
        self.session.as_ref().map(|session| &session.user)
    }

    /// Who reads it, and by which session.
    ///
    /// # Errors
    /// [`Trouble::Forbidden`] without one; the guard lets nobody so far on routes that need one.
    pub fn session(&self) -> Result<&Session, Trouble> {
        self.session.as_ref().ok_or(Trouble::Forbidden)
    }

    /// The name that stands in the history for what the reader does.
    ///
    /// # Errors
    /// As [`Page::session`].
    pub fn actor(&self) -> Result<&str, Trouble> {
        Ok(&self.session()?.user.email)
    }

    /// Whether the reader may do it.
    pub fn may(&self, permission: Permission) -> bool {
        self.user().is_some_and(|user| user.may(permission))
    }

    /// Whether the reader may put people on the list.
    pub fn may_add(&self) -> bool {
        self.may(Permission::ListAdd)
    }

    /// The areas the reader may enter.
    pub fn areas(&self) -> Vec<&'static Area> {
        let mut areas: Vec<_> = AREAS.iter().filter(|area| self.may(area.permission)).collect();
        // An area that several permissions open stands once.
        areas.dedup_by_key(|area| area.path);
        areas
    }

    /// Whether the page is in the area.
    pub fn is_in(&self, area: &Area) -> bool {
        self.path == area.path || self.path.starts_with(&format!("{}/", area.path))
    }

    /// Whether only a part of the page was asked for, to be put into the one that is shown.
    pub const fn is_part(&self) -> bool {
        self.is_part
    }

    /// An identifier – a key, a code, an id – which reads from left to right in every language, and
    /// breaks only where a line is too short for it.
    pub fn id(&self, id: impl std::fmt::Display) -> Safe<String> {
        let escaped: String = id.to_string().chars().fold(String::new(), |mut text, letter| {
            match letter {
                '&' => text.push_str("&#38;"),
                '<' => text.push_str("&#60;"),
                '>' => text.push_str("&#62;"),
                '"' => text.push_str("&#34;"),
                '\'' => text.push_str("&#39;"),
                letter => text.push(letter),
            }
            text
        });
        Safe(format!("<bdi dir=\"ltr\" class=\"id\">{escaped}</bdi>"))
    }

    /// A time in the team's zone: `22 Nov 2026, 14:05`.
    pub fn moment(&self, at: &DateTime<Utc>) -> String {
        let at = clock::timestamp(*at).to_zoned(self.zone.clone());
        let month = self.say(&format!("month-{}", at.month()));
        let (day, year, comma) = (at.day(), at.year(), self.say("comma"));
        format!("{day} {month} {year}{comma} {:02}:{:02}", at.hour(), at.minute())
    }

    /// A time by the machine's clock; where business runs by another – in a demonstration – that is
    /// said, or it could not be true beside the others.
    pub fn by_machine(&self, at: &DateTime<Utc>) -> String {
        let moment = self.moment(at);
        if self.is_real { moment } else { self.with("by-machine", moment) }
    }

    /// A day: `22 Nov 2026`.
    pub fn day(&self, day: &NaiveDate) -> String {
        let month = self.say(&format!("month-{}", day.month()));
        format!("{} {month} {}", day.day(), day.year())
    }

    /// The address of a file.
    pub fn asset(&self, name: &str) -> String {
        assets::address(name)
    }

    /// The page.
    ///
    /// # Errors
    /// When the template cannot be written.
    pub fn show(&self, template: &impl Template) -> Answer {
        Ok(Html(template.render()?).into_response())
    }

    /// The same page again, with what is wrong in it.
    ///
    /// # Errors
    /// When the template cannot be written.
    pub fn show_again(&self, template: &impl Template) -> Answer {
        Ok((StatusCode::UNPROCESSABLE_ENTITY, Html(template.render()?)).into_response())
    }

    /// The page that says why there is none.
    pub fn trouble(&self, trouble: &Trouble) -> Response {
        let name = trouble.name();
        let text = match trouble {
            Trouble::Refused(text) => text.clone(),
            _ => self.say(&format!("{name}-text")),
        };
        let heading = self.say(&format!("{name}-title"));
        let status = trouble.status();
        let html = if self.is_part {
            TroublePart { heading, text }.render()
        } else {
            TroublePage { page: self, heading, text }.render()
        };
        let html = html.unwrap_or_else(|_| status.to_string());
        (status, Html(html)).into_response()
    }
}

impl FromRequestParts<App> for Page {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Trouble> {
        parts.extensions.get::<Self>().cloned().ok_or(Trouble::Broken)
    }
}

#[derive(Template)]
#[template(path = "trouble.html")]
struct TroublePage<'a> {
    page: &'a Page,
    heading: String,
    text: String,
}

#[derive(Template)]
#[template(path = "trouble_part.html")]
struct TroublePart {
    heading: String,
    text: String,
}

/// The first value of a name in a query.
pub fn value_of(uri: &Uri, wanted: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    pairs.find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
}

/// The value of a cookie.
pub fn cookie<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).into_iter().filter_map(|it| it.to_str().ok());
    all.flat_map(|line| line.split(';')).find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == wanted).then_some(value)
    })
}

/// The language that was chosen in this browser: as asked for in the query, else before.
fn chosen(uri: &Uri, headers: &HeaderMap) -> Option<Locale> {
    value_of(uri, "lang")
        .and_then(|tag| Locale::of_tag(&tag))
        .or_else(|| Locale::of_tag(cookie(headers, LANGUAGE_COOKIE)?))
}

/// The language without such a choice: the user's, else the browser's, else the team's.
fn usual(headers: &HeaderMap, session: Option<&Session>, app: &App) -> Locale {
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|it| it.to_str().ok());
    session
        .map(|session| session.user.locale)
        .or_else(|| Locale::preferred(accepted?))
        .unwrap_or(app.settings.team.default_locale)
}
