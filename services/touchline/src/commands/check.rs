//! `touchline check`: what a text costs, what a phone number or email address is worth.
//!
//! Programs rely on these answers, so they are JSON unless a person reads them on a terminal. With
//! `--batch` there is one input per line on standard input and one line of JSON for each, written
//! as soon as no further input is waiting.

mod bounce;
mod reply;
mod sending_domain;
mod window;

use std::io::{self, BufRead, BufReader, Write};

use clap::{Args, Subcommand};
use domain::email::Email;
use domain::phone::{Phone, is_known_region};
use serde_json::{Value, json};

use crate::connect::Session;
use crate::error::{Refused, usage};

pub(super) use sending_domain::own_domain;

/// What to check.
#[derive(Debug, Subcommand)]
pub enum Arguments {
    /// Count the segments of a text message.
    Sms {
        /// The text.
        #[arg(long, allow_hyphen_values = true, required_unless_present = "batch")]
        text: Option<String>,
        /// Read one text per line from standard input.
        #[arg(long, conflicts_with = "text")]
        batch: bool,
    },
    /// Read a phone number: what it is, and what it may be used for.
    Phone {
        #[command(flatten)]
        given: Given,
        /// The country of numbers without a country code; the team's when not given.
        #[arg(long, value_name = "COUNTRY")]
        region: Option<String>,
    },
    /// Read an email address: the forms the list knows it by.
    Email {
        #[command(flatten)]
        given: Given,
    },
    /// Read a failed delivery: what it says, and what the list does about it.
    Bounce(bounce::Arguments),
    /// Look up what other mail servers ask of the sending domain: SPF, DKIM, DMARC, the way back.
    Domain(sending_domain::Arguments),
    /// Read an answer to a text message: what it makes us do. In a batch, "\n" stands for a line
    /// break.
    Reply {
        #[command(flatten)]
        given: Given,
    },
    /// Ask whether rules let a touch leave at an instant.
    Window(window::Arguments),
}

/// One input, or many.
#[derive(Debug, Args)]
pub struct Given {
    /// The text as it was written.
    #[arg(allow_hyphen_values = true, required_unless_present = "batch")]
    raw: Option<String>,
    /// Read one per line from standard input.
    #[arg(long, conflicts_with = "raw")]
    batch: bool,
}

/// Runs the command.
///
/// # Errors
/// [`Refused`] when the one input is of no use, wrong arguments, or closed pipes.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    match arguments {
        Arguments::Window(arguments) => window::run(&arguments, session),
        Arguments::Sms { text, batch } => answer(session, Given { raw: text, batch }, sms),
        Arguments::Email { given } => answer(session, given, email),
        Arguments::Bounce(arguments) => bounce::run(&arguments, session),
        Arguments::Domain(arguments) => sending_domain::run(&arguments, session).await,
        Arguments::Reply { given } => answer(session, given, reply::answer),
        Arguments::Phone { given, region } => {
            let region = self::region(region.as_deref(), session)?;
            answer(session, given, |raw| phone(raw, &region))
        }
    }
}

/// The region of phone numbers: as given, else the team's.
///
/// # Errors
/// A region nobody knows.
pub fn region(given: Option<&str>, session: &Session) -> anyhow::Result<String> {
    let region = match given {
        Some(region) => region.to_owned(),
        None => session.team()?.default_region,
    };
    if is_known_region(&region) {
        return Ok(region);
    }
    Err(usage(format!("region {region:?} is no country; write two letters (ISO 3166), e.g. AE")))
}

/// An answer, and whether the input is of any use.
type Answer = (Value, bool);

fn sms(text: &str) -> Answer {
    let count = templates::sms::count(text, templates::sms::Reference::EightBit);
    (json!(count), true)
}

fn phone(raw: &str, region: &str) -> Answer {
    let check = Phone::parse(raw, region);
    (json!(check), check.sms || check.call || check.suppress)
}

fn email(raw: &str) -> Answer {
    match Email::parse(raw) {
        Ok(email) => (json!({ "exact": email.exact(), "canonical": email.canonical() }), true),
        Err(why) => (json!({ "error": why.to_string() }), false),
    }
}

fn answer(session: &Session, given: Given, check: impl Fn(&str) -> Answer) -> anyhow::Result<()> {
    let Some(raw) = given.raw else { return Ok(answer_each_line(check)?) };
    let (answer, is_useful) = check(&raw);
    session.output.for_programs().object(&answer, for_people)?;
    if is_useful { Ok(()) } else { Err(Refused.into()) }
}

fn for_people(answer: &Value) -> String {
    let fields = answer.as_object().into_iter().flatten();
    let lines = fields.map(|(name, value)| match value {
        Value::String(text) => format!("{name}: {text}"),
        Value::Null => format!("{name}: -"),
        other => format!("{name}: {other}"),
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn answer_each_line(check: impl Fn(&str) -> Answer) -> io::Result<()> {
    let mut input = BufReader::new(io::stdin().lock());
    let mut output = io::BufWriter::new(io::stdout().lock());
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line)? > 0 {
        let answer = match std::str::from_utf8(without_ending(&line)) {
            Ok(text) => check(text).0,
            Err(_) => json!({ "error": "the line is not UTF-8" }),
        };
        serde_json::to_writer(&mut output, &answer)?;
        output.write_all(b"\n")?;
        // Whoever asks line by line waits for this answer before asking on.
        if input.buffer().is_empty() {
            output.flush()?;
        }
        line.clear();
    }
    output.flush()
}

/// The line without its end, which is "\n" or "\r\n".
pub fn without_ending(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}
