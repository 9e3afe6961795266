//! A digest as a message: plain text and a page, in the direction of its language.

use chrono::{DateTime, Utc};
use domain::Locale;
use jiff::civil::Date;
use lettre::message::{Mailbox, Message, MultiPart, MultiPartKind};
use storage::digests::DigestTasks;
use storage::users::User;

use super::words::{self, Words, kind};
use crate::message::{Envelope, FinishedMessage, MessageError, header, html_part, text_part};
use crate::notice::escaped;

/// What a digest is made of.
pub struct Letter<'a> {
    pub user: &'a User,
    pub day: Date,
    pub tasks: &'a DigestTasks,
    pub team: &'a str,
    /// Without a final slash.
    pub console_url: &'a str,
}

impl Letter<'_> {
    const fn locale(&self) -> Locale {
        self.user.locale
    }

    const fn words(&self) -> &'static Words {
        words::of(self.locale())
    }

    fn subject(&self) -> String {
        let words = self.words();
        let mut parts = vec![format!("{}: {}", words.today, self.tasks.today)];
        if self.tasks.overdue > 0 {
            parts.push(format!("{}: {}", words.overdue, self.tasks.overdue));
        }
        let parted = if self.locale() == Locale::Ar { "، " } else { ", " };
        parts.join(parted)
    }

    /// The tasks that are named, and how many more there are.
    fn lines(&self) -> (Vec<(&'static str, String)>, i64) {
        let tasks = &self.tasks.first;
        let line = |(channel, name): &(domain::Channel, String)| {
            let clean = name.chars().filter(|letter| !letter.is_control());
            (kind(*channel, self.locale()), clean.collect())
        };
        let named = i64::try_from(tasks.len()).unwrap_or(i64::MAX);
        let more = self.tasks.today + self.tasks.overdue - named;
        (tasks.iter().map(line).collect(), more.max(0))
    }

    fn text(&self) -> String {
        let (words, url) = (self.words(), self.console_url);
        let (lines, more) = self.lines();
        let mut text = format!("{}\n\n{}\n\n{}:\n", words.greeting, self.subject(), words.first);
        for (kind, name) in lines {
            text.push_str(&format!("- {kind}: {name}\n"));
        }
        if more > 0 {
            text.push_str(&format!("{}: {more}\n", words.more));
        }
        text.push_str(&format!("\n{}: {url}/tasks\n\n-- \n{}\n", words.open, words.why));
        text.push_str(&format!("{}: {url}/account\n", words.account));
        text
    }

    fn html(&self) -> String {
        let (words, locale) = (self.words(), self.locale());
        let (lines, more) = self.lines();
        // Mail programs know no logical properties.
        let (direction, start, apart) = match locale {
            Locale::En => ("ltr", "left", "0 24px 12px 0"),
            Locale::Ar => ("rtl", "right", "0 0 12px 24px"),
        };
        let url = escaped(self.console_url);
        let mut items = String::new();
        for (kind, name) in lines {
            let name = escaped(&name);
            items.push_str(&format!(
                "<tr><td style=\"padding:8px 0;border-bottom:1px solid #d9e0de\"><strong>\
                 <bdi>{name}</bdi></strong> <span style=\"color:#54625f\">{kind}</span></td></tr>\n"
            ));
        }
        if more > 0 {
            let more = format!("{}: {more}", words.more);
            items.push_str(&format!(
                "<tr><td style=\"padding:8px 0;color:#54625f\">{more}</td></tr>\n"
            ));
        }
        let figure = |name: &str, count: i64, colour: &str| {
            format!(
                "<td style=\"padding:{apart}\" dir=\"{direction}\"><span style=\"font-size:32px;\
                 font-weight:bold;color:{colour}\">{count}</span><br>{name}</td>"
            )
        };
        let overdue = match self.tasks.overdue {
            0 => String::new(),
            some => figure(words.overdue, some, "#a4262c"),
        };
        let today = figure(words.today, self.tasks.today, "#17211f");
        let (greeting, team) = (words.greeting, escaped(self.team));
        let (open, why, account) = (words.open, words.why, words.account);
        format!(
            "<!doctype html>\n<html lang=\"{locale}\" dir=\"{direction}\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\"><title>{greeting}</title></head>\n\
             <body dir=\"{direction}\" style=\"margin:0;background:#f4f6f5\">\n\
             <table role=\"presentation\" dir=\"{direction}\" width=\"100%\" style=\"max-width:560px;\
             margin:0 auto;background:#ffffff;border-collapse:collapse;font:16px/1.6 Tahoma,Arial,\
             sans-serif;color:#17211f;text-align:{start}\"><tr><td style=\"padding:24px\">\n\
             <p style=\"margin:0;color:#54625f\"><bdi>{team}</bdi></p>\n\
             <h1 style=\"margin:0 0 16px;font-size:24px\">{greeting}</h1>\n\
             <table role=\"presentation\" dir=\"{direction}\" style=\"text-align:{start}\"><tr>{today}\
             {overdue}</tr></table>\n\
             <table role=\"presentation\" dir=\"{direction}\" width=\"100%\" style=\"text-align:{start};\
             margin:0 0 20px\">\n{items}</table>\n\
             <p style=\"margin:0 0 24px\"><a href=\"{url}/tasks\" style=\"display:inline-block;\
             padding:12px 24px;background:#0b6b57;color:#ffffff;text-decoration:none;\
             border-radius:8px;font-weight:bold\">{open}</a></p>\n\
             <p style=\"margin:0;font-size:14px;color:#54625f\">{why} <a href=\"{url}/account\" \
             style=\"color:#0a5c8a\">{account}</a></p>\n</td></tr></table></body></html>\n"
        )
    }

    /// The message. Nobody answers it, so it says that it is a machine's (RFC 3834 §5).
    pub fn message(
        &self,
        from: &Mailbox,
        envelope: &Envelope,
        now: DateTime<Utc>,
    ) -> Result<FinishedMessage, MessageError> {
        let name: String =
            self.user.full_name.chars().filter(|letter| !letter.is_control()).collect();
        let name = Some(name.trim().to_owned()).filter(|name| !name.is_empty());
        let id = format!("digest-{}-{}", self.day, self.user.id);
        let message = Message::builder()
            .from(from.clone())
            .to(Mailbox::new(name, envelope.to().clone()))
            .subject(self.subject())
            .message_id(Some(format!("<{id}@{}>", from.email.domain())))
            .date(now.into());
        let message = header(message, "Auto-Submitted", "auto-generated".to_owned());
        let parts = MultiPart::builder()
            .kind(MultiPartKind::Alternative)
            .boundary(format!("=_{}", self.user.id.as_uuid().simple()))
            .singlepart(text_part(&self.text()))
            .singlepart(html_part(&self.html()));
        let message =
            message.multipart(parts).map_err(|error| MessageError::Build(error.to_string()))?;
        FinishedMessage::parse(message.formatted())
    }
}
