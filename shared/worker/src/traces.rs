//! What a worker tells of the traces of enrolments (the crate `trace` says what those are).

use std::time::SystemTime;

use domain::gate::Decision;
use domain::{ReasonCode, TouchState};
use storage::claims::ClaimedTouch;
use trace::{Kind, Place, Step};

use crate::recorder::Finished;

/// When the batch of a touch came, and when its claim was over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taken {
    pub(crate) received: SystemTime,
    pub(crate) claimed: SystemTime,
    /// How many were claimed with it.
    pub(crate) batch: usize,
}

/// A touch in a worker's hands, as its trace tells of it in the end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tale {
    place: Place,
    received: SystemTime,
    touch: uuid::Uuid,
    epoch: i32,
    attempt: i16,
    channel: &'static str,
}

impl Tale {
    /// Tells of the claim, and of the list's word.
    pub(crate) fn begin(touch: &ClaimedTouch, taken: Taken) -> Self {
        let place = touch.place();
        let list = if touch.suppressed_by.is_some() { "suppressed" } else { "clear" };
        place
            .step("claim", Kind::Request)
            .since(taken.received)
            .database("claim", taken.batch)
            .with("touchline.list", list)
            .end_at(taken.claimed);
        Self {
            place,
            received: taken.received,
            touch: touch.id.as_uuid(),
            epoch: touch.epoch,
            attempt: touch.attempt,
            channel: touch.channel.as_str(),
        }
    }

    /// Where its parts hang.
    pub(crate) const fn place(&self) -> Place {
        self.place
    }

    /// The attempt is over: the hint is acknowledged, or as good as.
    pub(crate) fn end(&self, state: TouchState, reason: Option<ReasonCode>) {
        let mut step = self
            .place
            .open("attempt", Kind::Consumer)
            .since(self.received)
            .message("process", self.touch, self.epoch)
            .with("touchline.touch.id", self.touch)
            .with("touchline.channel", self.channel)
            .with("touchline.epoch", self.epoch)
            .with("touchline.attempt", i32::from(self.attempt))
            .with("touchline.state", state.as_str());
        if let Some(reason) = reason {
            step.note("touchline.reason", reason.as_str());
            if matches!(state, TouchState::Failed | TouchState::Unknown) {
                step.fail(reason.as_str());
            }
        }
        step.end();
    }
}

/// What the gate decided.
pub(crate) fn gated(step: Step, decision: &Decision) {
    let (word, reason) = match decision {
        Decision::Send => ("send", None),
        Decision::Wait { reason, .. } => ("wait", Some(reason)),
        Decision::Block(reason) => ("block", Some(reason)),
        Decision::Skip(reason) => ("skip", Some(reason)),
        Decision::Hold(reason) => ("hold", Some(reason)),
    };
    let mut step = step.with("touchline.decision", word);
    if let Some(reason) = reason {
        step.note("touchline.reason", reason.code.as_str());
    }
    step.end();
}

/// A batch of outcomes is stored.
pub(crate) fn recorded(began: SystemTime, batch: &[Finished]) {
    let end = trace::now();
    for one in batch {
        let step = one.tale.place().step("record", Kind::Request).since(began);
        let mut step = step.database("record", batch.len());
        if let Some(task) = &one.record.task {
            step.note("touchline.task.id", task.id.as_uuid());
        }
        step.end_at(end);
    }
}

/// A batch of hints is acknowledged.
pub(crate) fn acknowledged(tales: &[(Tale, TouchState, Option<ReasonCode>)], began: SystemTime) {
    for (tale, state, reason) in tales {
        let step = tale.place().step("acknowledge", Kind::Request).since(began);
        step.message("settle", tale.touch, tale.epoch).end();
        tale.end(*state, *reason);
    }
}
