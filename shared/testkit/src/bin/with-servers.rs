//! `with-servers COMMAND…`: runs a command with a private PostgreSQL and RabbitMQ at its side.
//!
//! The servers' addresses are in the command's environment (see `testkit::servers`). The exit code
//! is the command's, signals are passed on to it, and the servers end with it whatever happens.

use std::os::unix::process::ExitStatusExt;
use std::process::{ExitCode, ExitStatus};

use embedded::Postgres;
use rustix::process::{Pid, Signal, kill_process};
use testkit::servers::{self, RabbitMq, RunFolder};
use tokio::process::{Child, Command};
use tokio::signal::unix::{Signal as SignalStream, SignalKind, signal};

const USAGE: &str = "usage: with-servers [--postgres|--rabbitmq] COMMAND [ARGUMENT…]\n\n\
    Runs COMMAND with a private PostgreSQL and RabbitMQ (or only the one named), whose addresses\n\
    are in TOUCHLINE_TEST_POSTGRES, TOUCHLINE_TEST_AMQP and TOUCHLINE_TEST_RABBITMQ_CONTROL.";

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let (postgres, rabbitmq) = match arguments.first().and_then(|first| first.to_str()) {
        Some("--postgres") => (true, false),
        Some("--rabbitmq") => (false, true),
        _ => (true, true),
    };
    if !(postgres && rabbitmq) {
        arguments.remove(0);
    }
    if arguments.first().is_none_or(|command| command == "--help") {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    }
    // Listening before anything starts, so that an early signal ends us in order, too.
    let mut signals = Signals::listen();
    let run = RunFolder::create();
    let mut command = Command::new(&arguments[0]);
    command.args(&arguments[1..]).kill_on_drop(true).env("TOUCHLINE_TEST_FOLDER", run.path());
    let servers = tokio::select! {
        servers = Servers::start(&run, postgres, rabbitmq) => servers,
        signal = signals.next() => return ExitCode::from(signal_code(signal)),
    };
    servers.name_in(&mut command);
    let code = match command.spawn() {
        Ok(child) => wait_for(child, &mut signals).await,
        Err(err) => {
            let program = command.as_std().get_program().display();
            eprintln!("with-servers: cannot run {program}: {err}");
            127
        }
    };
    servers.stop().await;
    ExitCode::from(code)
    // Here `run` goes, and with it whatever of the servers is left.
}

struct Servers {
    postgres: Option<Postgres>,
    rabbitmq: Option<RabbitMq>,
}

impl Servers {
    async fn start(run: &RunFolder, postgres: bool, rabbitmq: bool) -> Self {
        let postgres =
            async { if postgres { Some(servers::start_postgres(run).await) } else { None } };
        let rabbitmq = async { if rabbitmq { Some(RabbitMq::start_in(run).await) } else { None } };
        let (postgres, rabbitmq) = tokio::join!(postgres, rabbitmq);
        Self { postgres, rabbitmq }
    }

    fn name_in(&self, command: &mut Command) {
        if let Some(server) = &self.postgres {
            command.env(servers::POSTGRES_VARIABLE, server.url("postgres"));
        }
        if let Some(node) = &self.rabbitmq {
            command.env(servers::AMQP_VARIABLE, node.control().url("/"));
            command.env(servers::CONTROL_VARIABLE, node.control().socket());
        }
    }

    async fn stop(self) {
        if let Some(server) = self.postgres {
            server.stop().await;
        }
    }
}

/// Waits for the command and passes signals on to it meanwhile; returns the code a shell would.
async fn wait_for(mut child: Child, signals: &mut Signals) -> u8 {
    let pid = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
    loop {
        tokio::select! {
            status = child.wait() => return status.map_or(1, shell_code),
            signal = signals.next() => {
                if let Some(pid) = pid {
                    let _ = kill_process(pid, signal);
                }
            }
        }
    }
}

fn shell_code(status: ExitStatus) -> u8 {
    let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
    u8::try_from(code).unwrap_or(1)
}

fn signal_code(signal: Signal) -> u8 {
    u8::try_from(128 + signal.as_raw()).unwrap_or(1)
}

/// The signals that ask a process to end.
struct Signals {
    interrupt: SignalStream,
    terminate: SignalStream,
    hang_up: SignalStream,
}

impl Signals {
    fn listen() -> Self {
        let listen = |kind| signal(kind).expect("these signals may be listened to");
        Self {
            interrupt: listen(SignalKind::interrupt()),
            terminate: listen(SignalKind::terminate()),
            hang_up: listen(SignalKind::hangup()),
        }
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::INT,
            _ = self.terminate.recv() => Signal::TERM,
            _ = self.hang_up.recv() => Signal::HUP,
        }
    }
}
