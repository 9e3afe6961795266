//! `touchline check bounce`: what a failed delivery says, and what the list does about it
//! (compliance.md V-4).

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use domain::bounce::{Classification, EnhancedStatus, Suppress, classify};
use inbound::returns::{FeedbackReport, RecipientReport, Returned, read};
use serde_json::{Value, json};

use super::for_people;
use crate::connect::Session;
use crate::error::usage;

/// What is known of the failure.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The enhanced status, e.g. 5.1.1.
    #[arg(long)]
    status: Option<String>,
    /// The server's reply or diagnostic text, e.g. "550 5.1.1 user unknown".
    #[arg(long, allow_hyphen_values = true, required_unless_present_any = ["status", "file"])]
    reply: Option<String>,
    /// A whole message that came back; "-" reads it from standard input.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["status", "reply"])]
    file: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// A status that is none, a file that cannot be read.
pub(super) fn run(arguments: &Arguments, session: &Session) -> anyhow::Result<()> {
    let answer = match &arguments.file {
        Some(file) => about(&read(&bytes(file)?)),
        None => {
            let status = arguments.status.as_deref().map(status).transpose()?;
            let text = arguments.reply.as_deref().unwrap_or_default();
            classified(&classify(status, None, text), None)
        }
    };
    Ok(session.output.for_programs().object(&answer, for_people)?)
}

fn status(text: &str) -> anyhow::Result<EnhancedStatus> {
    text.parse().map_err(|error| usage(format!("--status {text:?}: {error}")))
}

fn bytes(file: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = if file == Path::new("-") {
        std::io::stdin().lock().read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file).and_then(|mut file| file.read_to_end(&mut bytes))
    };
    read.with_context(|| {
        format!("cannot read {}; give a file that holds one message", file.display())
    })?;
    Ok(bytes)
}

/// The answer about a message. Of several recipients the one that matters most speaks.
fn about(returned: &Returned) -> Value {
    match returned {
        Returned::Delivery(reports) => {
            let weight = |report: &&RecipientReport| match report.classification.suppress {
                Suppress::Now => 2,
                Suppress::Counter | Suppress::CounterWhenRepeated => 1,
                Suppress::No => 0,
            };
            // Of equals the first.
            match reports.iter().rev().max_by_key(weight) {
                Some(report) => classified(
                    &report.classification,
                    report.recipient.as_ref().map(|email| email.exact()),
                ),
                None => nothing(),
            }
        }
        Returned::Feedback(report) if report.kind.suppresses() => complaint(report),
        Returned::Feedback(_) | Returned::AutoReply | Returned::Answer(_) | Returned::Other => {
            nothing()
        }
    }
}

fn classified(found: &Classification, recipient: Option<&str>) -> Value {
    let suppress = match found.suppress {
        Suppress::Now => "now",
        Suppress::Counter | Suppress::CounterWhenRepeated => "counter",
        Suppress::No => "no",
    };
    json!({ "class": found.class, "suppress": suppress, "recipient": recipient, "alert": found.alert })
}

fn complaint(report: &FeedbackReport) -> Value {
    let recipient = report.recipients.first().map(|email| email.exact());
    json!({ "class": "complaint", "suppress": "now", "recipient": recipient })
}

fn nothing() -> Value {
    json!({ "class": "none", "suppress": "no", "recipient": null })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_and_a_reply_are_answered_with_class_and_advice() {
        for (status, reply, class, suppress) in [
            ("5.1.1", "550 user unknown", "hard", "now"),
            ("4.2.2", "", "soft_mailbox", "counter"),
            ("5.7.1", "550 5.7.1 user does not accept mail from you", "block", "counter"),
            ("5.7.26", "", "config", "no"),
            ("", "550 5.1.1 no such user", "hard", "now"),
        ] {
            let found = classify(status.parse().ok(), None, reply);
            let answer = classified(&found, None);
            assert_eq!(answer["class"], class, "{status} {reply}");
            assert_eq!(answer["suppress"], suppress, "{status} {reply}");
        }
    }

    #[test]
    fn a_message_is_answered_for_the_recipient_who_matters_most() {
        let message = "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n\
            --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\n\
            Final-Recipient: rfc822; omar@example.org\nAction: delivered\nStatus: 2.1.5\n\n\
            Final-Recipient: rfc822; Sara@example.org\nAction: failed\nStatus: 5.1.1\n\n--b--\n";
        let answer = about(&read(message.as_bytes()));
        assert_eq!((&answer["class"], &answer["suppress"]), (&json!("hard"), &json!("now")));
        assert_eq!(answer["recipient"], "sara@example.org");
        assert_eq!(about(&read(b"Auto-Submitted: auto-replied\n\nAway.\n")), nothing());
    }
}
