//! `touchline requests list` and `show`.

use clap::Args;
use domain::rights::RequestStep;
use domain::{RequestId, deadline};
use jiff::civil::Date;
use office::requests;
use serde_json::{Value, json};
use storage::rights::{Request, RequestEvent, Standing};

use super::{known, today};
use crate::connect::Session;

/// Which to list.
#[derive(Debug, Args)]
pub struct ListArguments {
    /// Those that are over, too.
    #[arg(long)]
    all: bool,
    /// Answer with exit code 1 when one is overdue, for alerts.
    #[arg(long)]
    fail_overdue: bool,
}

/// Which to show.
#[derive(Debug, Args)]
pub struct ShowArguments {
    /// The request's id.
    id: RequestId,
}

/// Runs `requests list`.
///
/// # Errors
/// A database that does not answer, or an overdue request where that was to be told.
pub async fn list(arguments: &ListArguments, session: &Session) -> anyhow::Result<()> {
    let connection = session.connect().await?;
    let today = today(session)?;
    let mut requests = requests::open(today, &connection.database).await?;
    if arguments.all {
        requests.extend(connection.database.past_requests(None, u32::MAX).await?);
    }
    let is_overdue =
        |request: &Request| request.standing(today) == Standing::Open(deadline::Standing::Overdue);
    let overdue = requests.iter().any(is_overdue);
    let rows: Vec<Value> = requests.iter().map(|request| shown(request, today)).collect();
    let columns = ["standing", "last day", "kind", "law", "received", "contact", "id"];
    session.output.list(&rows, &columns, |row| {
        let fields = ["standing", "last_day", "kind", "law", "received_on", "contact", "id"];
        fields.map(|field| word(row, field)).to_vec()
    })?;
    if overdue && arguments.fail_overdue {
        return Err(crate::error::Refused.into());
    }
    Ok(())
}

/// Runs `requests show`.
///
/// # Errors
/// An unknown request, or a database that does not answer.
pub async fn show(arguments: &ShowArguments, session: &Session) -> anyhow::Result<()> {
    let connection = session.connect().await?;
    let request = known(arguments.id, &connection.database).await?;
    session.output.object(&shown(&request, today(session)?), for_people)?;
    Ok(())
}

/// A request for programs.
pub fn shown(request: &Request, today: Date) -> Value {
    let standing = match request.standing(today) {
        Standing::Open(standing) => standing.as_str(),
        Standing::Over(step, _) => step.as_str(),
    };
    let day = |date: Date| date.to_string();
    let confirmed = request.events.iter().any(|event| event.step == RequestStep::Confirmed);
    json!({
        "id": request.id,
        "kind": request.kind,
        "law": request.law,
        "contact": request.contact,
        "standing": standing,
        "received_at": request.received_at,
        "received_on": day(request.received_on),
        "how": request.how,
        "confirm_by": request.clock.confirm_by.map(day),
        "confirmed": confirmed,
        "remind_on": day(request.clock.remind_on),
        "due": day(request.clock.due),
        "told_of_extension": request.told_of_extension().map(day),
        "last_day": day(request.last_day()),
        "days_left": today.until(request.last_day()).map_or(0, |span| span.get_days()),
        "evidence": request.evidence,
        "actor": request.actor,
        "events": request.events.iter().map(event).collect::<Vec<_>>(),
    })
}

fn event(event: &RequestEvent) -> Value {
    json!({
        "step": event.step, "on": event.on.to_string(), "note": event.note, "actor": event.actor,
    })
}

fn word(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_default().to_owned()
}

/// A request for people.
pub fn for_people(request: &Value) -> String {
    let mut lines = vec![format!(
        "{} under {}, received {} by {}: {}",
        word(request, "kind"),
        word(request, "law"),
        word(request, "received_on"),
        word(request, "how"),
        word(request, "standing"),
    )];
    if let (Some(by), false) = (request["confirm_by"].as_str(), request["confirmed"] == true) {
        lines.push(format!("confirm receipt by {by}"));
    }
    lines.push(format!(
        "answer by {} (somebody is reminded on {})",
        word(request, "last_day"),
        word(request, "remind_on")
    ));
    for event in request["events"].as_array().into_iter().flatten() {
        lines.push(format!(
            "{}  {} by {}: {}",
            word(event, "on"),
            word(event, "step"),
            word(event, "actor"),
            word(event, "note")
        ));
    }
    lines.join("\n")
}
