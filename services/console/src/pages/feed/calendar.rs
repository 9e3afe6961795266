//! What a calendar program reads (RFC 5545).
//!
//! Whoever has the address of a feed reads it, and calendars keep what they read on servers of their
//! makers. So it says as little as is of use: the kind of task, the first name, the day, and a link into
//! the console, which asks who is there.
//!
//! Tasks are of a day, not of an hour, and stay on it. What is overdue is one entry of today, since
//! nobody looks at last week.

use chrono::{DateTime, NaiveDate, Utc};
use domain::Locale;
use icalendar::{Calendar, Class, Component, Event, EventLike, Property};
use office::words;
use storage::tasks::CalendarTask;

use crate::words::Words;

/// How long calendar programs that ask are told to wait before they read again.
const READ_AGAIN: &str = "PT30M";
/// Days are counted from this one, for an entry that moves every day.
const FIRST_DAY: NaiveDate = NaiveDate::from_ymd_opt(2026, 1, 1).expect("it is a day");

/// What a feed is made of.
pub struct Feed<'a> {
    pub tasks: &'a [CalendarTask],
    /// How many are overdue.
    pub overdue: i64,
    /// The agent, for what is of all tasks together.
    pub agent: uuid::Uuid,
    /// Today where the agent is, and when it began.
    pub today: NaiveDate,
    pub began: DateTime<Utc>,
    pub team: &'a str,
    /// Where the console is.
    pub url: &'a str,
    pub locale: Locale,
}

impl Feed<'_> {
    /// The file.
    pub fn text(&self) -> String {
        let words = Words::of(self.locale);
        let mut calendar = Calendar::empty();
        let name = format!("{} · {}", plain(&words.say("area-tasks")), plain(self.team));
        for (key, value) in [
            ("VERSION", "2.0"),
            ("PRODID", "-//Touchline//Tasks//EN"),
            ("CALSCALE", "GREGORIAN"),
            ("METHOD", "PUBLISH"),
            // The library does not know that it is TEXT.
            ("NAME", &escaped(&name)),
            // What programs read that do not know RFC 7986.
            ("X-WR-CALNAME", &name),
            ("X-PUBLISHED-TTL", READ_AGAIN),
        ] {
            calendar.append_property(Property::new(key, value));
        }
        let again =
            Property::new("REFRESH-INTERVAL", READ_AGAIN).add_parameter("VALUE", "DURATION").done();
        calendar.append_property(again);
        if self.overdue > 0 {
            calendar.push(self.overdue_ones(words));
        }
        for task in self.tasks {
            calendar.push(self.event(task));
        }
        calendar.to_string()
    }

    fn event(&self, task: &CalendarTask) -> Event {
        let kind = words::channel(task.channel, self.locale);
        let name = plain(&task.first_name);
        let summary = if name.is_empty() { kind.to_owned() } else { format!("{kind}: {name}") };
        let url = format!("{}/tasks/{}", self.url, task.id);
        let uid = format!("{}@touchline", task.id);
        entry(&uid, &summary, &url, task.due_on, task.changed_at, task.revision)
    }

    fn overdue_ones(&self, words: &Words) -> Event {
        let summary = plain(&words.with("tasks-overdue", self.overdue));
        let uid = format!("overdue-{}@touchline", self.agent);
        let days = (self.today - FIRST_DAY).num_days();
        let revision = u32::try_from(days).unwrap_or(0);
        let url = format!("{}/tasks", self.url);
        entry(&uid, &summary, &url, self.today, self.began, revision)
    }
}

fn entry(
    uid: &str,
    summary: &str,
    url: &str,
    day: NaiveDate,
    changed_at: DateTime<Utc>,
    revision: u32,
) -> Event {
    Event::new()
        .uid(uid)
        .timestamp(changed_at)
        .last_modified(changed_at)
        .sequence(revision)
        .summary(summary)
        // Some programs show the one, some the other.
        .url(url)
        .description(url)
        // The whole day: without an end it is one day long.
        .starts(day)
        .class(Class::Private)
        // A task on a day keeps nobody from meeting others.
        .append_property(Property::new("TRANSP", "TRANSPARENT"))
        .done()
}

/// Without what has no place in a line: control characters, and the marks around names on pages.
fn plain(text: &str) -> String {
    let is_mark = |letter: char| ('\u{2066}'..='\u{2069}').contains(&letter);
    text.chars().filter(|letter| !letter.is_control() && !is_mark(*letter)).collect()
}

/// TEXT of RFC 5545 §3.3.11.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace(',', "\\,").replace(';', "\\;")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use calcard::icalendar::{
        ICalendar, ICalendarComponentType, ICalendarProperty, ICalendarValue,
    };
    use domain::{Channel, TaskId};

    use super::*;

    fn task(first_name: &str, due_on: &str, revision: u32) -> CalendarTask {
        CalendarTask {
            id: TaskId::new(),
            channel: Channel::Call,
            first_name: first_name.to_owned(),
            due_on: due_on.parse().unwrap(),
            changed_at: "2026-06-01T05:06:07Z".parse().unwrap(),
            revision,
        }
    }

    fn text(tasks: &[CalendarTask], overdue: i64, locale: Locale) -> String {
        let feed = Feed {
            tasks,
            overdue,
            agent: uuid::Uuid::nil(),
            today: "2026-06-02".parse().unwrap(),
            began: "2026-06-01T20:00:00Z".parse().unwrap(),
            team: "Palm; Realty, Dubai",
            url: "https://console.palm.example",
            locale,
        };
        feed.text()
    }

    /// The values of a property of every entry, as another library reads them.
    fn read(text: &str, wanted: &ICalendarProperty) -> Vec<String> {
        let calendar = ICalendar::parse(text).unwrap_or_else(|why| panic!("{why:?}: {text}"));
        let events = calendar.components.iter();
        let events = events.filter(|it| it.component_type == ICalendarComponentType::VEvent);
        events
            .map(|event| match event.property(wanted).unwrap().values.first().unwrap() {
                ICalendarValue::Text(text) => text.clone(),
                ICalendarValue::Integer(number) => number.to_string(),
                ICalendarValue::PartialDateTime(at) => format!("{at:?}"),
                other => format!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn another_library_reads_what_was_written_whatever_a_name_holds() {
        let names = [
            "Sara",
            "O'Neil, \"Bob\"; c:\\x",
            "عبدالرحمن عبدالعزيز المنصوري الهاشمي القرشي بن عبدالمطلب",
            "a 👩‍👩‍👧‍👦 name of many bytes in a few signs 👩‍👩‍👧‍👦👩‍👩‍👧‍👦",
            "",
        ];
        let tasks: Vec<CalendarTask> =
            names.iter().map(|name| task(name, "2026-06-02", 3)).collect();
        for locale in Locale::ALL {
            let text = text(&tasks, 0, *locale);
            let kind = words::channel(Channel::Call, *locale);
            let expected: Vec<String> = names
                .iter()
                .map(
                    |name| {
                        if name.is_empty() { kind.to_owned() } else { format!("{kind}: {name}") }
                    },
                )
                .collect();
            assert_eq!(read(&text, &ICalendarProperty::Summary), expected);
            let ids: Vec<String> = tasks.iter().map(|it| format!("{}@touchline", it.id)).collect();
            assert_eq!(read(&text, &ICalendarProperty::Uid), ids);
            assert_eq!(read(&text, &ICalendarProperty::Sequence), vec!["3"; names.len()]);
        }
    }

    #[test]
    fn lines_end_and_fold_as_the_standard_says_and_no_letter_is_cut() {
        let name = "عبدالرحمن عبدالعزيز المنصوري الهاشمي القرشي بن عبدالمطلب";
        let text = text(&[task(name, "2026-06-02", 0)], 2, Locale::Ar);
        assert!(text.ends_with("END:VCALENDAR\r\n"), "{text}");
        assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
        for line in text.split("\r\n") {
            assert!(line.len() <= 75, "{} bytes: {line}", line.len());
        }
        assert!(text.contains("\r\n "), "nothing is folded: {text}");
        assert!(text.replace("\r\n ", "").contains(name), "{text}");
    }

    #[test]
    fn a_name_cannot_write_properties_of_its_own() {
        let text =
            text(&[task("Sara\r\nATTENDEE:mailto:x@evil.example", "2026-06-02", 0)], 0, Locale::En);
        assert!(!text.lines().any(|line| line.starts_with("ATTENDEE")), "{text}");
        assert_eq!(
            read(&text, &ICalendarProperty::Summary),
            ["Call: SaraATTENDEE:mailto:x@evil.example"]
        );
    }

    #[test]
    fn times_are_in_utc_and_a_task_is_of_its_whole_day() {
        let text = text(&[task("Sara", "2026-06-05", 1)], 0, Locale::En);
        for line in [
            "DTSTAMP:20260601T050607Z",
            "LAST-MODIFIED:20260601T050607Z",
            "DTSTART;VALUE=DATE:20260605",
            "SEQUENCE:1",
            "CLASS:PRIVATE",
            "NAME:Tasks · Palm\\; Realty\\, Dubai",
            "X-WR-CALNAME:Tasks · Palm\\; Realty\\, Dubai",
        ] {
            assert!(text.lines().any(|own| own == line), "{line}: {text}");
        }
        assert!(!text.contains("DTEND"), "{text}");
    }

    #[test]
    fn overdue_tasks_are_one_entry_of_today_that_moves_with_the_days() {
        let text = text(&[task("Sara", "2026-06-05", 1)], 2, Locale::En);
        assert_eq!(read(&text, &ICalendarProperty::Summary), ["2 overdue", "Call: Sara"]);
        assert!(
            text.contains("UID:overdue-00000000-0000-0000-0000-000000000000@touchline"),
            "{text}"
        );
        assert!(
            text.contains("DTSTART;VALUE=DATE:20260602") && text.contains("SEQUENCE:152"),
            "{text}"
        );
    }
}
