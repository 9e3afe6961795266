//! What a task's card shows.

use domain::clock::timestamp;
use domain::whereabouts::Known;
use domain::{Channel, Locale, TaskOutcome};
use jiff::Zoned;
use office::calling::{Callee, Calling, calling};
use office::people::keys_of;
use office::{local, words};
use storage::contacts::TimelinePage;
use storage::tasks::{Blocked, TaskCard};

use crate::app::App;
use crate::page::Page;
use crate::pages::happenings::{Line, line};
use crate::pages::plans::plan_names;
use crate::trouble::Trouble;

/// How many earlier contacts a card tells of.
const EARLIER: u32 = 3;

/// A task with what stands around it.
pub struct Card {
    pub it: TaskCard,
    /// The language the script is written in.
    pub script_locale: Locale,
    /// The time where the person is, in words; one line per zone, or the span of many.
    pub local_times: Vec<String>,
    /// By which rule the zones were found.
    pub zone_rule: String,
    /// Of calls: whether now is a good time, by every rule.
    pub calling: Option<Hours>,
    /// The number as a link, where it may be called.
    pub tel: Option<String>,
    /// What happened before.
    pub earlier: Vec<Line>,
    /// How it may end.
    pub outcomes: &'static [TaskOutcome],
    /// Whether the reader may say how it went.
    pub can_work: bool,
}

/// Whether it may be called now, in words.
pub struct Hours {
    pub is_allowed: bool,
    /// The hours that are closed, by name.
    pub closed: String,
    /// When all are open again, by the person's clock.
    pub next: Option<String>,
}

/// How a call may end.
const OF_CALLS: &[TaskOutcome] = &[
    TaskOutcome::Answered,
    TaskOutcome::Voicemail,
    TaskOutcome::Unanswered,
    TaskOutcome::Appointment,
    TaskOutcome::WrongNumber,
    TaskOutcome::Refused,
];

/// How anything else may end.
const OF_OTHERS: &[TaskOutcome] =
    &[TaskOutcome::Done, TaskOutcome::Appointment, TaskOutcome::Unanswered, TaskOutcome::Refused];

/// The outcomes a task of this channel may have.
pub const fn outcomes(channel: Channel) -> &'static [TaskOutcome] {
    match channel {
        Channel::Call => OF_CALLS,
        _ => OF_OTHERS,
    }
}

impl Card {
    /// Reads what stands around a task.
    pub async fn of(it: TaskCard, app: &App, page: &Page) -> Result<Self, Trouble> {
        let earlier = earlier(&it, app, page).await?;
        let hours = hours(&it, app);
        let is_call = it.task.channel == Channel::Call;
        let tel = it.address.clone().filter(|_| is_call && it.blocked.is_none());
        let tel = tel.filter(|number| is_e164(number) && it.address_problem.is_none());
        let tel = tel.filter(|_| !is_sample(&it));
        Ok(Self {
            script_locale: language_of(&it.task.script),
            local_times: local_times(&hours, page.locale()),
            zone_rule: words::zone_rule(hours.zone_rule, page.locale()),
            calling: is_call.then(|| in_words(&hours, page)),
            tel,
            earlier,
            outcomes: outcomes(it.task.channel),
            can_work: page.may(domain::access::Permission::TasksWork),
            it,
        })
    }

    /// Whether it is for practice: nobody is to be called.
    pub fn is_sample(&self) -> bool {
        is_sample(&self.it)
    }

    /// Whether the buttons are shown.
    pub fn is_workable(&self) -> bool {
        self.can_work && self.it.is_open() && self.it.blocked.is_none()
    }

    /// The name of the channel.
    pub fn channel(&self, page: &Page) -> &'static str {
        words::channel(self.it.task.channel, page.locale())
    }

    /// How it ended, in words.
    pub fn ended(&self, page: &Page) -> String {
        let when = self.it.closed_at.as_ref().map(|at| page.moment(at)).unwrap_or_default();
        let how = match (self.it.outcome, &self.it.closed_reason) {
            (Some(outcome), _) => self.button(&outcome, page),
            (None, Some(reason)) => words::reason(reason, page.locale()),
            (None, None) => String::new(),
        };
        page.with_all("task-ended", &[("how", how.into()), ("when", when.into())])
    }

    /// What stands against it on the list.
    pub fn stopped(&self, page: &Page, entry: &Blocked) -> String {
        let reason = words::suppression_reason(entry.reason, page.locale());
        let since = page.by_machine(&entry.since);
        page.with_all("task-blocked", &[("reason", reason.into()), ("since", since.into())])
    }

    /// The name of an outcome's button: of a letter, "not reached" would make no sense.
    pub fn button(&self, outcome: &TaskOutcome, page: &Page) -> String {
        match self.it.task.channel {
            Channel::Call => page.word("call-ended", outcome),
            _ => page.word("errand-ended", outcome),
        }
    }
}

fn is_sample(card: &TaskCard) -> bool {
    card.person.as_ref().is_some_and(|person| person.is_sample)
}

/// E.164, as imports store numbers.
fn is_e164(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

async fn earlier(card: &TaskCard, app: &App, page: &Page) -> Result<Vec<Line>, Trouble> {
    let Some(contact) = app.database.contact(card.task.contact).await? else {
        return Ok(Vec::new());
    };
    let keys = keys_of(&contact, &app.office());
    let asked = TimelinePage {
        contact: contact.id,
        keys: &keys,
        only_contact: true,
        before: None,
        limit: EARLIER,
    };
    let happened = app.database.timeline(&asked).await?;
    let plans = plan_names(&app.database.current_plans().await?, page);
    Ok(happened.iter().map(|happening| line(happening, &plans, page)).collect())
}

fn hours(card: &TaskCard, app: &App) -> Calling {
    let person = card.person.as_ref();
    let is_call = card.task.channel == Channel::Call;
    let known = Known {
        time_zone: person.and_then(|person| person.time_zone.as_deref()),
        state: person.and_then(|person| person.region.as_deref()),
        country: person.and_then(|person| person.country.as_deref()),
        phone: card.address.as_deref().filter(|_| is_call),
        fallback: Some(&app.settings.team.default_time_zone),
    };
    let preferred_hours = person.and_then(|person| person.preferred_hours.as_deref());
    let window = app.settings.windows.call;
    let now = timestamp(app.clock.now());
    calling(Callee { known, preferred_hours }, app.library.rules(), window, now)
}

fn local_times(hours: &Calling, locale: Locale) -> Vec<String> {
    let mut times = hours.local.clone();
    times.sort_by_key(Zoned::datetime);
    match times.as_slice() {
        [] => Vec::new(),
        [first, .., last] if times.len() > 3 => {
            vec![local::in_words(first, locale), local::in_words(last, locale)]
        }
        few => few.iter().map(|time| local::in_words(time, locale)).collect(),
    }
}

fn in_words(hours: &Calling, page: &Page) -> Hours {
    Hours {
        is_allowed: hours.is_allowed,
        closed: words::hours(&hours.closed.join(", "), page.locale()),
        next: hours.next.as_ref().map(|next| local::in_words(next, page.locale())),
    }
}

/// The language a text is written in, by its letters.
fn language_of(text: &str) -> Locale {
    let arabic = text.chars().filter(|c| ('\u{600}'..='\u{6ff}').contains(c)).count();
    let latin = text.chars().filter(char::is_ascii_alphabetic).count();
    if arabic > latin { Locale::Ar } else { Locale::En }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_has_the_direction_of_its_letters() {
        assert_eq!(language_of("Ask سارة how the search is going."), Locale::En);
        assert_eq!(language_of("اسأل Sara عن سير البحث وعن الموعد المناسب."), Locale::Ar);
        assert_eq!(language_of(""), Locale::En);
    }

    #[test]
    fn only_numbers_become_links() {
        assert!(is_e164("+971501234567"));
        for text in ["0501234567", "+97150;ext=1", "javascript:alert(1)", "+"] {
            assert!(!is_e164(text), "{text}");
        }
    }
}
