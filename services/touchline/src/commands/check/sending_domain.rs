//! `touchline check domain`: what other mail servers look up before they take mail from our domain
//! (compliance.md EML-14).

use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use anyhow::Context as _;
use clap::Args;
use email_worker::dkim::PublicKey;
use email_worker::message::{parse_mailbox, wire_address};
use email_worker::settings::{Relay as RelayUrl, Security, Settings};
use secrecy::ExposeSecret;
use storage::domain_checks::NewDomainCheck;

use crate::connect::Session;
use crate::error::{Refused, usage};
use crate::preflight::{Answer, Dns, Finding, Relay, Report, Signing, Subject, check};

/// What to check.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The domain emails are from; that of [email] from when not given.
    domain: Option<String>,
    /// The DKIM selector; [email] dkim_selector when not given.
    #[arg(long)]
    selector: Option<String>,
    /// The address our mail comes from, as other servers see it, where it is not the relay's.
    #[arg(long, value_name = "IP")]
    address: Option<IpAddr>,
    /// The name server to ask; the machine's when not given.
    #[arg(long, value_name = "ADDRESS:PORT")]
    server: Option<SocketAddr>,
    /// Keep the result: `enrol` looks at the last one ([email] preflight).
    #[arg(long)]
    record: bool,
}

/// Runs the command.
///
/// # Errors
/// [`Refused`] when the domain does not pass, settings that cannot be read, with `--record` a
/// database that does not answer.
pub(super) async fn run(arguments: &Arguments, session: &Session) -> anyhow::Result<()> {
    let settings: Settings = session.settings.section("email")?;
    let dns = match arguments.server {
        Some(server) => Dns::at(server)?,
        None => Dns::of_machine()?,
    };
    let subject = subject(arguments, &settings, &dns).await?;
    let report = check(&dns, &subject).await;
    if arguments.record {
        let database = session.connect().await?.database;
        let kept = NewDomainCheck {
            domain: report.domain.clone(),
            passed: report.passes(),
            checked_at: session.clock()?.now(),
            findings: serde_json::to_value(&report.findings)?,
        };
        database.record_domain_check(&kept).await?;
    }
    session.output.for_programs().object(&report, for_people)?;
    if report.passes() { Ok(()) } else { Err(Refused.into()) }
}

/// The domain of `[email] from`, in ASCII; `None` when it is not set.
///
/// # Errors
/// When it is no address.
pub(crate) fn own_domain(settings: &Settings) -> anyhow::Result<Option<String>> {
    if settings.from.trim().is_empty() {
        return Ok(None);
    }
    Ok(Some(parse_mailbox(&settings.from, "email.from")?.email.domain().to_owned()))
}

/// What the settings say of the domain; of another domain than ours only what was given counts.
async fn subject(arguments: &Arguments, settings: &Settings, dns: &Dns) -> anyhow::Result<Subject> {
    let ours = own_domain(settings)?;
    let domain = match (&arguments.domain, &ours) {
        (Some(given), _) => ascii(given)?,
        (None, Some(ours)) => ours.clone(),
        (None, None) => return Err(usage("name a domain, or set [email] from")),
    };
    let is_ours = ours.as_ref() == Some(&domain);
    let bounce = settings.bounce_domain.trim();
    let has_bounce_domain = is_ours && !bounce.is_empty();
    let return_path = if has_bounce_domain { ascii(bounce)? } else { domain.clone() };
    let signing = signing(arguments, settings, is_ours, &domain)?;
    let relay = relay(arguments, settings, is_ours, dns).await?;
    Ok(Subject { domain, signing, return_path, has_bounce_domain, relay })
}

fn ascii(domain: &str) -> anyhow::Result<String> {
    let address = wire_address(&format!("b@{}", domain.trim()));
    let address = address.ok_or_else(|| usage(format!("{domain:?} is no domain")))?;
    Ok(address.domain().to_owned())
}

fn signing(
    arguments: &Arguments,
    settings: &Settings,
    is_ours: bool,
    domain: &str,
) -> anyhow::Result<Option<Signing>> {
    let set = |text: &str| (is_ours && !text.trim().is_empty()).then(|| text.trim().to_owned());
    let Some(selector) = arguments.selector.clone().or_else(|| set(&settings.dkim_selector)) else {
        return Ok(None);
    };
    let signs_as = match set(&settings.dkim_domain) {
        Some(set) => ascii(&set)?,
        None => domain.to_owned(),
    };
    let key = match set(&settings.dkim_key_file) {
        Some(path) => Some(PublicKey::load(Path::new(&path))?),
        None => None,
    };
    Ok(Some(Signing { domain: signs_as, selector, key }))
}

async fn relay(
    arguments: &Arguments,
    settings: &Settings,
    is_ours: bool,
    dns: &Dns,
) -> anyhow::Result<Relay> {
    let given = Relay {
        address: arguments.address,
        is_certain: arguments.address.is_some(),
        ..Relay::default()
    };
    if !is_ours || settings.url.expose_secret().is_empty() {
        return Ok(given);
    }
    let url = RelayUrl::parse(&settings.url, "").context("[email] url cannot be used")?;
    let is_near = |address: &IpAddr| match address {
        IpAddr::V4(address) => address.is_loopback() || address.is_private(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
    };
    let is_local =
        url.host == "localhost" || url.host.parse().is_ok_and(|address| is_near(&address));
    let is_plain = url.security == Security::None && !is_local;
    let relay = Relay { host: url.host, is_plain, ..given };
    if relay.address.is_some() || is_local {
        return Ok(relay);
    }
    if let Ok(address) = relay.host.parse() {
        return Ok(Relay { address: Some(address), is_certain: true, ..relay });
    }
    let found = match dns.addresses(&relay.host).await {
        Answer::Found(addresses) => addresses.into_iter().find(|address| !is_near(address)),
        Answer::Nothing | Answer::Silence(_) => None,
    };
    Ok(Relay { address: found, ..relay })
}

fn for_people(report: &Report) -> String {
    let mut lines = Vec::new();
    for Finding { check, result, name, what, publish } in &report.findings {
        let about = if name.is_empty() { String::new() } else { format!(" {name}") };
        lines.push(format!("{:<11} {check}{about}: {what}", result.as_str()));
        if let Some(publish) = publish {
            lines.push(format!("            publish: {publish}"));
        }
    }
    let sum = if report.passes() { "passes" } else { "does not pass" };
    lines.push(format!("{} {sum}", report.domain));
    lines.join("\n")
}
