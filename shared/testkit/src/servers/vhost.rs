//! A virtual host of one test's own.

use super::{RabbitMqControl, rabbitmq};

/// A fresh virtual host, deleted with its queues and connections when this value goes.
#[derive(Debug)]
pub struct TestVhost {
    name: String,
    url: String,
    control: RabbitMqControl,
}

impl TestVhost {
    /// A virtual host on the RabbitMQ of this test run.
    ///
    /// # Panics
    /// If there is no RabbitMQ or it does not answer.
    pub async fn create() -> Self {
        Self::on(rabbitmq().await).await
    }

    pub(super) async fn on(control: &RabbitMqControl) -> Self {
        let name = format!("test-{}", super::unique());
        let create = format!(
            "ok = rabbit_vhost:add(<<\"{name}\">>, <<\"test\">>), \
             ok = rabbit_auth_backend_internal:set_permissions(<<\"guest\">>, <<\"{name}\">>, \
             <<\".*\">>, <<\".*\">>, <<\".*\">>, <<\"test\">>)."
        );
        control.eval(&create).await;
        Self { url: control.url(&name), name, control: control.clone() }
    }

    /// Where to connect, for a user who may do everything here.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The name of the virtual host.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Closes every client connection to this virtual host, as an operator would; returns how many.
    ///
    /// # Panics
    /// If the node does not answer.
    pub async fn close_connections(&self) -> usize {
        let close = format!(
            "length([rabbit_networking:close_connection(P, \"closed by a test\") \
             || [{{pid, P}}, {{vhost, <<\"{}\">>}}] \
             <- rabbit_networking:connection_info_all([pid, vhost])]).",
            self.name
        );
        self.control.eval(&close).await.parse().expect("a length is a number")
    }

    /// How many messages a queue of this virtual host holds, ready or unacknowledged; `None` if
    /// there is no such queue.
    ///
    /// # Panics
    /// If the node does not answer.
    pub async fn messages(&self, queue: &str) -> Option<u64> {
        let count = format!(
            "case rabbit_amqqueue:lookup(rabbit_misc:r(<<\"{}\">>, queue, <<\"{queue}\">>)) of \
             {{ok, Q}} -> [{{messages, N}}] = rabbit_amqqueue:info(Q, [messages]), N; \
             {{error, not_found}} -> none end.",
            self.name
        );
        self.control.eval(&count).await.parse().ok()
    }
}

impl Drop for TestVhost {
    fn drop(&mut self) {
        // Spawned in the node: deleting takes 30 ms that no test needs to wait for.
        let delete = format!("rabbit_vhost:delete(<<\"{}\">>, <<\"test\">>)", self.name);
        let _ = self.control.ask(&format!("spawn(fun() -> {delete} end)."));
    }
}
