//! What schedulers tell of the traces of enrolments (the crate `trace` says what those are).

use std::time::SystemTime;

use broker::Confirm;
use storage::outbox::OutgoingHint;
use trace::Kind;

/// Touches that came into the workers' queue: due, or settled after a worker's end.
pub(crate) fn queued(name: &'static str, began: SystemTime, hints: &[OutgoingHint]) {
    for outgoing in hints {
        let hint = &outgoing.hint;
        outgoing
            .place()
            .open(name, Kind::Producer)
            .since(began)
            .with("touchline.touch.id", hint.touch_id)
            .with("touchline.epoch", hint.epoch)
            .message("create", hint.touch_id, hint.epoch)
            .database(name, hints.len())
            .end();
    }
}

/// A batch that was handed to the broker, with its answers.
pub(crate) fn published(began: SystemTime, batch: &[OutgoingHint], confirms: &[Confirm]) {
    let end = trace::now();
    for (outgoing, confirm) in batch.iter().zip(confirms) {
        let hint = &outgoing.hint;
        let mut step = outgoing
            .place()
            .step("publish", Kind::Request)
            .since(began)
            .message("send", hint.touch_id, hint.epoch)
            .with("messaging.rabbitmq.destination.routing_key", outgoing.route.routing_key())
            .with("messaging.batch.message_count", batch.len());
        if *confirm != Confirm::Accepted {
            step.fail("not_accepted");
        }
        step.end_at(end);
    }
}
