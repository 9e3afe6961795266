//! The preference page: reached by the signed link of any message, in two languages, without a
//! script (compliance.md EML-06, EML-13, EML-26, EML-27).
//!
//! Looking changes nothing. Choices are opt-outs like any other, so that they hold also while the
//! database is away. The link is no login: it stops, and takes back within 24 hours what it has
//! stopped itself, and nothing more (SEC-02).

mod page;
mod words;

use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::Response;
use domain::ContactChannel;
use domain::suppression::{SuppressionReason, Topic};
use domain::token::{PREFERENCES_PATH, UnsubscribeToken};
use storage::preferences::Preferences;

use crate::arrival::{AgentClass, Arrival, Notice, OptOut, Source};
use crate::edge::{Door, Edge, html, later};
use crate::intake::Taken;
use crate::language;
use crate::list::NotEntered;

pub(crate) use page::Link;
use page::Offer;
use words::Outcome;

/// Topics of one form at most.
const TOPICS: usize = 50;

/// A form, as it was sent.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    /// The signed token.
    pub token: String,
    /// The button: "chosen", "everything" or "undo".
    pub button: String,
    /// Topics that shall stop.
    pub topics: Vec<Topic>,
    /// Channels that shall stop.
    pub channels: Vec<ContactChannel>,
}

impl Choice {
    /// What a form says; what it says besides is passed over.
    pub(crate) fn read(body: &[u8]) -> Self {
        let mut choice = Self::default();
        for (name, value) in form_urlencoded::parse(body) {
            match &*name {
                "token" => choice.token = value.into_owned(),
                "do" => choice.button = value.into_owned(),
                "topic" => choice.topics.extend(value.parse::<Topic>().ok()),
                "channel" => choice.channels.extend(value.parse::<ContactChannel>().ok()),
                _ => {}
            }
        }
        choice.topics.sort_unstable();
        choice.topics.dedup();
        choice.topics.truncate(TOPICS);
        choice.channels.sort_unstable();
        choice.channels.dedup();
        choice
    }
}

/// The way from a page to where its forms are sent: up to the segment that names the page, and
/// down again.
pub(crate) fn way(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').collect();
    let at = parts.iter().position(|part| Door::of(part).is_some()).unwrap_or_default();
    let behind = parts.len().saturating_sub(at + 1);
    let up = if behind == 0 { "./".to_owned() } else { "../".repeat(behind) };
    format!("{up}{}/", PREFERENCES_PATH.trim_matches('/'))
}

impl Edge {
    /// The page.
    pub(crate) async fn preferences(
        &self,
        token: &str,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Response {
        let Ok(read) = UnsubscribeToken::decode(&self.keys, token) else {
            return self.test_or_refuse(token, uri, headers);
        };
        self.offer(token, &read, uri, headers, None).await
    }

    async fn offer(
        &self,
        token: &str,
        read: &UnsubscribeToken,
        uri: &Uri,
        headers: &HeaderMap,
        hint: Option<Outcome>,
    ) -> Response {
        let offer = match self.intake.list().preferences(read).await {
            Ok(preferences) => Offer { preferences, is_read: true },
            Err(error) => {
                tracing::warn!(%error, "a preference page shows no choices");
                let channels = vec![(read.channel, false)];
                let preferences = Preferences { channels, ..Preferences::default() };
                Offer { preferences, is_read: false }
            }
        };
        let usual = offer.preferences.locale.unwrap_or(self.usual);
        let locale = language::chosen(uri, headers, usual);
        let link = Link { token, locale, way: &way(uri.path()) };
        html(StatusCode::OK, self.pages.preferences(link, read.channel, &offer, hint))
    }

    /// What a form asks for.
    pub(crate) async fn choose(&self, request: Request) -> Response {
        let (head, body) = request.into_parts();
        // Read whatever the token is worth: a bad one is not to be told by how fast it fails.
        let choice = Choice::read(&self.read(body).await);
        let Ok(read) = UnsubscribeToken::decode(&self.keys, &choice.token) else {
            return self.refuse();
        };
        // Another site's form is answered like a bad link (compliance.md SEC-04).
        if !bootstrap::same_site::is_own(&head.headers, &self.public_url) {
            return self.refuse();
        }
        let locale = language::chosen(&head.uri, &head.headers, self.usual);
        let link = Link { token: &choice.token, locale, way: &way(head.uri.path()) };
        let is_all = choice.button == "everything";
        if choice.button == "undo" {
            return self.undo(&read, link).await;
        }
        if !is_all && choice.topics.is_empty() && choice.channels.is_empty() {
            let hint = Some(Outcome::NothingChosen);
            return self.offer(&choice.token, &read, &head.uri, &head.headers, hint).await;
        }
        let agent = head.headers.get(header::USER_AGENT).and_then(|it| it.to_str().ok());
        let (opt_outs, is_whole) = self.opt_outs(&read, &choice, AgentClass::of(agent)).await;
        let outcome = if is_all { Outcome::AllStopped } else { Outcome::Stopped };
        match self.take_all(opt_outs).await {
            Taken::InForce if is_whole => {
                html(StatusCode::OK, self.pages.chosen(link, outcome, true))
            }
            Taken::Queued if is_whole => {
                html(StatusCode::ACCEPTED, self.pages.chosen(link, outcome, false))
            }
            Taken::InForce | Taken::Queued => {
                later(self.pages.chosen(link, Outcome::StoppedInPart, false))
            }
            Taken::Lost => later(self.pages.later(locale)),
        }
    }

    /// The opt-outs a form amounts to, and whether they are all of it: where a person is reached
    /// besides is known to the database alone.
    async fn opt_outs(
        &self,
        read: &UnsubscribeToken,
        choice: &Choice,
        agent: AgentClass,
    ) -> (Vec<OptOut>, bool) {
        let reason = SuppressionReason::PreferencePage;
        let touch = read.touch;
        let own = OptOut { touch, agent, ..OptOut::new(read.address_key, read.channel, reason) };
        if choice.button == "everything" {
            return (vec![OptOut { whole_person: true, ..own }], true);
        }
        let topics = choice.topics.iter().map(|topic| OptOut { topic: Some(*topic), ..own });
        let mut opt_outs: Vec<OptOut> = topics.collect();
        let mut is_whole = true;
        for channel in choice.channels.iter().copied() {
            if channel == read.channel {
                opt_outs.push(own);
                continue;
            }
            let list = self.intake.list();
            match list.addresses_of_people_with(&read.address_key, channel).await {
                Ok(keys) => {
                    opt_outs.extend(keys.into_iter().map(|key| OptOut { key, channel, ..own }));
                }
                Err(error) => {
                    tracing::warn!(%error, %channel, "a choice could not be stored");
                    is_whole = false;
                }
            }
        }
        (opt_outs, is_whole)
    }

    /// Takes them all; the worst that became of one is what became of all.
    async fn take_all(&self, opt_outs: Vec<OptOut>) -> Taken {
        let mut taken = Taken::InForce;
        for opt_out in opt_outs {
            let id = uuid::Uuid::now_v7().to_string();
            let notice = Notice::new(Source::Page, &id, self.intake.clock().now());
            let intake = Arc::clone(&self.intake);
            // A task of its own: who hangs up has chosen all the same.
            let task = self
                .opt_outs
                .spawn(async move { intake.take(Arrival::new(notice, opt_out)).await });
            taken = match (taken, task.await.unwrap_or(Taken::Lost)) {
                (Taken::Lost, _) | (_, Taken::Lost) => Taken::Lost,
                (Taken::Queued, _) | (_, Taken::Queued) => Taken::Queued,
                _ => Taken::InForce,
            };
        }
        taken
    }

    async fn undo(&self, read: &UnsubscribeToken, link: Link<'_>) -> Response {
        match self.take_back(read).await {
            Ok(0) => html(StatusCode::OK, self.pages.chosen(link, Outcome::NothingToUndo, false)),
            Ok(_) => html(StatusCode::OK, self.pages.chosen(link, Outcome::Undone, false)),
            Err(error) => {
                tracing::warn!(%error, "an undo could not be carried out");
                later(self.pages.later(link.locale))
            }
        }
    }

    async fn take_back(&self, read: &UnsubscribeToken) -> Result<i64, NotEntered> {
        let at = self.intake.clock().now().format("%Y-%m-%dT%H:%M:%SZ");
        let touch = read.touch.map_or_else(String::new, |touch| format!(", touch {touch}"));
        let evidence = format!("signed link, POST of the undo button at {at}{touch}");
        let entries = self.intake.list().undo(read, &evidence).await?;
        let touch = read.touch.map(tracing::field::display);
        tracing::info!(entries, touch, "an opt-out was taken back");
        Ok(entries)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_and_what_is_no_choice_is_passed_over() {
        let body = "token=a.b&do=chosen&topic=events&topic=No+Topic&topic=events&channel=sms\
                    &channel=pigeon&email=x%40example.com";
        let choice = Choice::read(body.as_bytes());
        assert_eq!((choice.token.as_str(), choice.button.as_str()), ("a.b", "chosen"));
        assert_eq!(choice.topics, ["events".parse().unwrap()]);
        assert_eq!(choice.channels, [ContactChannel::Sms]);
        assert_eq!(Choice::read(b"\xff%FF=&&&do"), Choice::default());
    }

    #[test]
    fn the_way_leads_from_every_page_to_the_door_of_the_forms() {
        for (path, expected) in [
            ("/u/a.b", "../p/"),
            ("/u/a.b/", "../../p/"),
            ("/p/a.b", "../p/"),
            ("/p/", "../p/"),
            ("/p", "./p/"),
            ("/mail/u/a.b", "../p/"),
        ] {
            assert_eq!(way(path), expected, "{path}");
        }
    }
}
