//! `sinks smtp|sms [OPTIONS]`: a sink in its own process, for benchmarks and by hand.
//!
//! Prints the port on standard output once it listens, and runs until it is interrupted or
//! terminated; then the log is complete.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use testkit::sms_sink::SmsSinkOptions;
use testkit::smtp_sink::{SmtpSinkOptions, Tls};
use testkit::{Answer, Fault, SmsSink, SmtpSink};
use tokio::signal::unix::{SignalKind, signal};

/// How often the log is written out while mail comes in.
const FLUSH_EVERY: Duration = Duration::from_millis(50);

/// Accepts mail or SMS, logs it as JSON lines, and misbehaves on request.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    sink: Sink,
}

#[derive(Subcommand)]
enum Sink {
    /// An SMTP server.
    Smtp(SmtpArguments),
    /// An SMS gateway over HTTP.
    Sms(SmsArguments),
}

#[derive(Args)]
struct SmtpArguments {
    /// Where to listen; 0.0.0.0 in a container of its own.
    #[arg(long, default_value_t = Ipv4Addr::LOCALHOST)]
    host: Ipv4Addr,
    /// The port there; 0 for any free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The file for the log.
    #[arg(long)]
    log: PathBuf,
    /// A folder for the mails themselves.
    #[arg(long)]
    mails: Option<PathBuf>,
    /// How TLS is offered.
    #[arg(long, value_enum, default_value_t = TlsArgument::None)]
    tls: TlsArgument,
    /// A fault, such as "dot every=10 accept-then-close" or "rcpt to=a@b reply=550 5.1.1 no".
    #[arg(long)]
    fault: Vec<Fault>,
}

#[derive(Args)]
struct SmsArguments {
    /// Where to listen; 0.0.0.0 in a container of its own.
    #[arg(long, default_value_t = Ipv4Addr::LOCALHOST)]
    host: Ipv4Addr,
    /// The port there; 0 for any free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The file for the log.
    #[arg(long)]
    log: PathBuf,
    /// A scripted answer, such as "every=10 503 busy" or "times=3 accept-then-close".
    #[arg(long)]
    answer: Vec<Answer>,
}

#[derive(Clone, Copy, ValueEnum)]
enum TlsArgument {
    None,
    Starttls,
    Implicit,
}

#[tokio::main]
async fn main() {
    match Arguments::parse().sink {
        Sink::Smtp(arguments) => {
            let sink = SmtpSink::start_with(SmtpSinkOptions {
                host: Some(arguments.host),
                port: arguments.port,
                tls: match arguments.tls {
                    TlsArgument::None => Tls::None,
                    TlsArgument::Starttls => Tls::StartTls,
                    TlsArgument::Implicit => Tls::Implicit,
                },
                mail_folder: arguments.mails,
                log_file: Some(arguments.log),
                faults: arguments.fault,
                ..SmtpSinkOptions::default()
            })
            .await;
            println!("{}", sink.address().port());
            until_ended(|| sink.log().flush()).await;
        }
        Sink::Sms(arguments) => {
            let sink = SmsSink::start_with(SmsSinkOptions {
                host: Some(arguments.host),
                port: arguments.port,
                log_file: Some(arguments.log),
                answers: arguments.answer,
                ..SmsSinkOptions::default()
            })
            .await;
            println!("{}", sink.address().port());
            until_ended(|| sink.log().flush()).await;
        }
    }
}

async fn until_ended(flush: impl Fn()) {
    let listen = |kind| signal(kind).expect("these signals may be listened to");
    let (mut interrupt, mut terminate) =
        (listen(SignalKind::interrupt()), listen(SignalKind::terminate()));
    let mut ticks = tokio::time::interval(FLUSH_EVERY);
    loop {
        tokio::select! {
            _ = interrupt.recv() => return,
            _ = terminate.recv() => return,
            _ = ticks.tick() => flush(),
        }
    }
}
