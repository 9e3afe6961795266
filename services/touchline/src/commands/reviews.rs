//! `touchline reviews`: unclear answers by text message, and the person who decides them
//! (compliance.md SMS-03). Until then nothing automatic goes to the number.

use std::path::PathBuf;
use std::time::Duration;

use clap::Subcommand;
use domain::ContactChannel;
use domain::arrival::ReviewDecision;
use domain::suppression::{Origin, SuppressionReason};
use serde::Deserialize;
use serde_json::{Value, json};
use storage::arrivals::Review;
use storage::suppressions::{NewSuppression, Request, Target};
use uuid::Uuid;

use crate::connect::Session;
use crate::error::usage;

/// How long a stop waits for what is being handed over.
const PATIENCE: Duration = Duration::from_secs(10);

/// The folder of kept requests inside the data folder.
const REPLIES_FOLDER: &str = "replies";

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Arguments {
    /// List what waits for a decision, the most urgent first.
    List(ListArguments),
    /// Show one, with what was written where this machine has it.
    Show(ShowArguments),
    /// Decide: the number goes on the list, or messages go on.
    Decide(DecideArguments),
}

/// Which to list.
#[derive(Debug, clap::Args)]
pub struct ListArguments {
    /// Those that are decided, too.
    #[arg(long)]
    all: bool,
    /// At most so many.
    #[arg(long, default_value_t = 100)]
    limit: u32,
}

/// Which to show.
#[derive(Debug, clap::Args)]
pub struct ShowArguments {
    /// The review's id.
    id: Uuid,
}

/// A decision.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("decision").required(true).args(["stop", "carry_on"])))]
pub struct DecideArguments {
    /// The review's id.
    id: Uuid,
    /// It was meant as a stop.
    #[arg(long)]
    stop: bool,
    /// It was not; messages go on.
    #[arg(long)]
    carry_on: bool,
    /// Who decides: your own name.
    #[arg(long)]
    actor: String,
    /// Why, in words. No address.
    #[arg(long)]
    reason: String,
}

/// The share of `[inbound]` that says where requests are kept.
#[derive(Deserialize)]
struct Folder {
    replies_dir: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// Whatever keeps it from doing what was asked.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    match arguments {
        Arguments::List(arguments) => list(&arguments, session).await,
        Arguments::Show(arguments) => show(&arguments, session).await,
        Arguments::Decide(arguments) => decide(arguments, session).await,
    }
}

async fn list(arguments: &ListArguments, session: &Session) -> anyhow::Result<()> {
    let connection = session.connect().await?;
    let reviews = connection.database.reviews(arguments.all, arguments.limit).await?;
    let now = session.clock()?.now();
    let rows: Vec<Value> = reviews
        .iter()
        .map(|review| {
            let mut row = shown(review);
            row["overdue"] = json!(review.decision.is_none() && review.due_at < now);
            row
        })
        .collect();
    let columns = ["Review", "Due (UTC)", "Contact", "Decision"];
    session.output.list(&rows, &columns, |row| {
        let due = if row["overdue"] == true { " overdue" } else { "" };
        let contacts = row["contacts"].as_array().into_iter().flatten();
        let names: Vec<&str> = contacts.filter_map(|contact| contact["name"].as_str()).collect();
        vec![
            word(row, "id"),
            format!("{}{due}", word(row, "due_at")),
            names.join(", "),
            word(row, "decision"),
        ]
    })?;
    Ok(())
}

async fn show(arguments: &ShowArguments, session: &Session) -> anyhow::Result<()> {
    let connection = session.connect().await?;
    let review = known(arguments.id, &connection.database).await?;
    let mut answer = shown(&review);
    answer["raw"] = raw(&review, session)?.map_or(Value::Null, Value::from);
    session.output.object(&answer, for_people)?;
    Ok(())
}

async fn decide(arguments: DecideArguments, session: &Session) -> anyhow::Result<()> {
    let DecideArguments { id, stop, carry_on: _, actor, reason } = arguments;
    if actor.trim().is_empty() || reason.trim().is_empty() {
        return Err(usage("--actor or --reason is empty; say who decides, and why"));
    }
    let connection = session.connect().await?;
    let database = &connection.database;
    let review = known(id, database).await?;
    if let Some(decision) = review.decision {
        anyhow::bail!("the review was decided before: {decision}");
    }
    let decision = if stop { ReviewDecision::Stop } else { ReviewDecision::CarryOn };
    if stop {
        // First on the list, then the pause ends: nothing can leave between.
        let channel = channel_of(&review);
        let target = Target::Address { key: review.key, channel, domain: None };
        let entry = NewSuppression {
            target,
            reason: SuppressionReason::ReplyFreetext,
            origin: Origin::Recipient,
            actor: actor.clone(),
            evidence: Some(format!("review {id}")),
            touch: None,
            received_at: Some(review.arrived_at),
        };
        database.carry_out(&Request { entry, whole_person: false }, PATIENCE).await?;
    }
    if !database.decide_review(id, decision, &actor, &reason).await? {
        anyhow::bail!("somebody else has decided the review at this moment");
    }
    let review = known(id, database).await?;
    session.output.object(&shown(&review), for_people)?;
    Ok(())
}

/// The channel that the answer came by, and that its review paused.
fn channel_of(review: &Review) -> ContactChannel {
    if review.source == "mail" { ContactChannel::Email } else { ContactChannel::Sms }
}

/// The review of this id.
async fn known(id: Uuid, database: &storage::Database) -> anyhow::Result<Review> {
    let found = database.review(id).await?;
    found.ok_or_else(|| {
        anyhow::anyhow!("there is no review {id}; touchline reviews list shows them")
    })
}

/// What was written, if the request is in the folder of this machine.
fn raw(review: &Review, session: &Session) -> anyhow::Result<Option<String>> {
    let Some(name) = &review.request else { return Ok(None) };
    let folder: Folder = session.settings.section("inbound")?;
    let folder = match folder.replies_dir {
        Some(folder) => folder,
        None => session.data_folder()?.join(REPLIES_FOLDER),
    };
    let bytes = std::fs::read(folder.join(format!("{name}.request"))).ok();
    Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

/// A review for programs; these names are a contract.
fn shown(review: &Review) -> Value {
    let contact = |(id, name): &(Uuid, String)| json!({ "id": id, "name": name });
    json!({
        "id": review.id,
        "source": review.source,
        "arrived_at": review.arrived_at,
        "due_at": review.due_at,
        "contacts": review.contacts.iter().map(contact).collect::<Vec<_>>(),
        "request": review.request,
        "decision": review.decision,
        "decided_at": review.decided_at,
        "decided_by": review.decided_by,
        "reason": review.why,
    })
}

fn for_people(review: &Value) -> String {
    let mut lines = vec![
        format!("review {}, by {}", word(review, "id"), word(review, "source")),
        format!("arrived {}, due {}", word(review, "arrived_at"), word(review, "due_at")),
    ];
    for contact in review["contacts"].as_array().into_iter().flatten() {
        lines.push(format!("from {} ({})", word(contact, "name"), word(contact, "id")));
    }
    if review["decision"].is_null() {
        lines.push("open: nothing automatic goes to the number until somebody decides".to_owned());
    } else {
        let (what, who) = (word(review, "decision"), word(review, "decided_by"));
        lines.push(format!("decided: {what}, by {who}: {}", word(review, "reason")));
    }
    match review.get("raw").and_then(Value::as_str) {
        Some(raw) => lines.push(format!("\n{raw}")),
        None if review.get("raw").is_some() => {
            lines.push("the request is not in inbound.replies_dir of this machine".to_owned());
        }
        None => {}
    }
    lines.join("\n")
}

fn word(row: &Value, field: &str) -> String {
    row[field].as_str().unwrap_or_default().to_owned()
}
