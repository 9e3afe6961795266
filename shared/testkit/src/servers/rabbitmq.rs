//! The RabbitMQ of this test run, and how to steer a node.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::OnceCell;

use super::{AMQP_VARIABLE, CONTROL_VARIABLE, RabbitMq, TestVhost};

static SHARED: OnceCell<Shared> = OnceCell::const_new();

#[derive(Debug)]
enum Shared {
    Given(RabbitMqControl),
    Own(RabbitMq),
}

/// The RabbitMQ of this test run: the one [`AMQP_VARIABLE`] and [`CONTROL_VARIABLE`] name, else one
/// of this process, started on first use (about four seconds). Other tests share it: whoever
/// restarts it or raises alarms starts a [`RabbitMq`] of their own.
///
/// # Panics
/// If there is none and none can be started; the message says what to install.
pub async fn rabbitmq() -> &'static RabbitMqControl {
    let shared = SHARED
        .get_or_init(async || match std::env::var_os(AMQP_VARIABLE) {
            None => Shared::Own(RabbitMq::start().await),
            Some(url) => {
                let Some(socket) = std::env::var_os(CONTROL_VARIABLE) else {
                    panic!(
                        "{AMQP_VARIABLE} is set but {CONTROL_VARIABLE} is not, and tests need \
                         virtual hosts of their own; run them under with-servers, or unset it"
                    );
                };
                Shared::Given(RabbitMqControl::new(&url.to_string_lossy(), socket.into()))
            }
        })
        .await;
    match shared {
        Shared::Given(control) => control,
        Shared::Own(node) => node.control(),
    }
}

/// Steers a RabbitMQ node from outside, within milliseconds, by the control socket of testkit.
#[derive(Debug, Clone)]
pub struct RabbitMqControl {
    /// `amqp://user:password@host:port`, without a virtual host.
    server: String,
    socket: PathBuf,
}

impl RabbitMqControl {
    pub(super) fn new(url: &str, socket: PathBuf) -> Self {
        let authority_at = url.find("://").map_or(0, |at| at + 3);
        let end = url[authority_at..].find(['/', '?']).map_or(url.len(), |at| authority_at + at);
        Self { server: url[..end].to_owned(), socket }
    }

    /// The `amqp://` url of a virtual host, whose name is plain ASCII or `/`.
    #[must_use]
    pub fn url(&self, vhost: &str) -> String {
        format!("{}/{}", self.server, vhost.replace('/', "%2f"))
    }

    /// Where the node answers questions, for [`CONTROL_VARIABLE`].
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// A virtual host of the caller's own (about 15 ms), deleted when dropped.
    ///
    /// # Panics
    /// If the node does not answer.
    pub async fn vhost(&self) -> TestVhost {
        TestVhost::on(self).await
    }

    /// Makes the node behave as if its memory were full (it blocks publishing connections) until
    /// [`RabbitMqControl::clear_memory_alarm`].
    ///
    /// # Panics
    /// If the node does not answer.
    pub async fn raise_memory_alarm(&self) {
        self.eval("rabbit_alarm:set_alarm({{resource_limit, memory, node()}, []}).").await;
    }

    /// Ends the memory alarm.
    ///
    /// # Panics
    /// If the node does not answer.
    pub async fn clear_memory_alarm(&self) {
        self.eval("rabbit_alarm:clear_alarm({resource_limit, memory, node()}).").await;
    }

    /// Closes every client connection of the node, as an operator would.
    ///
    /// # Panics
    /// If the node does not answer.
    pub async fn close_connections(&self) {
        self.eval(
            "[rabbit_networking:close_connection(P, \"closed by a test\") \
             || P <- rabbit_networking:connections()].",
        )
        .await;
    }

    /// Evaluates an Erlang expression (one line, ending in a full stop) in the node and returns its
    /// value as Erlang writes it.
    ///
    /// # Panics
    /// If the node does not answer, or with the node's error.
    pub async fn eval(&self, expression: &str) -> String {
        let (control, line) = (self.clone(), expression.to_owned());
        let answer = tokio::task::spawn_blocking(move || control.ask(&line)).await;
        match answer.expect("asking does not panic") {
            Ok(answer) => match answer.split_once(' ') {
                Some(("ok", value)) => value.to_owned(),
                _ => panic!("RabbitMQ could not evaluate {expression}: {answer}"),
            },
            Err(err) => panic!("RabbitMQ does not answer on {}: {err}", self.socket.display()),
        }
    }

    /// One question and its answer, blocking; for `Drop` and for waiting.
    pub(super) fn ask(&self, line: &str) -> std::io::Result<String> {
        let mut stream = UnixStream::connect(&self.socket)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        writeln!(stream, "{line}")?;
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer)?;
        Ok(answer.trim_end().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_virtual_host_of_a_url_is_replaced_in_every_spelling() {
        for url in ["amqp://u:p@h:1", "amqp://u:p@h:1/", "amqp://u:p@h:1/%2f?heartbeat=5"] {
            let control = RabbitMqControl::new(url, PathBuf::new());
            assert_eq!(control.url("mine"), "amqp://u:p@h:1/mine");
            assert_eq!(control.url("/"), "amqp://u:p@h:1/%2f");
        }
    }
}
