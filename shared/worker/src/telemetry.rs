//! The worker's metrics; all labels are closed sets.

use domain::{Medium, TouchState};
use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

/// Touches that came to a state, by `medium`, `channel`, `state` and `reason`.
pub const TOUCHES: &str = "touchline_touches_total";
/// Time of a claim statement, which includes the list check, by `medium`.
pub const CLAIM_SECONDS: &str = "touchline_list_check_seconds";
/// Touches per claim, by `medium`.
pub const CLAIM_BATCH: &str = "touchline_claim_batch";
/// Outcomes per record statement, by `medium`.
pub const RECORD_BATCH: &str = "touchline_record_batch";
/// Business time between due and handed over, by `medium`.
pub const LATENESS_SECONDS: &str = "touchline_lateness_seconds";
/// Touches claimed and not recorded yet, by `medium`.
pub const IN_HAND: &str = "touchline_in_hand";

/// Describes the metrics for `/metrics`.
pub fn describe() {
    describe_counter!(TOUCHES, "Touches that came to a state.");
    describe_histogram!(CLAIM_SECONDS, Unit::Seconds, "Time of a claim with its list check.");
    describe_histogram!(CLAIM_BATCH, "Touches per claim.");
    describe_histogram!(RECORD_BATCH, "Outcomes per record statement.");
    describe_histogram!(LATENESS_SECONDS, Unit::Seconds, "Time between due and handed over.");
    describe_gauge!(IN_HAND, "Touches claimed and not recorded yet.");
}

pub(crate) fn claimed(medium: Medium, touches: usize, took: std::time::Duration) {
    histogram!(CLAIM_SECONDS, "medium" => medium.as_str()).record(took.as_secs_f64());
    #[allow(clippy::cast_precision_loss)] // A batch is a few hundred.
    histogram!(CLAIM_BATCH, "medium" => medium.as_str()).record(touches as f64);
}

pub(crate) fn recorded(medium: Medium, outcomes: usize) {
    #[allow(clippy::cast_precision_loss)] // A batch is a few hundred.
    histogram!(RECORD_BATCH, "medium" => medium.as_str()).record(outcomes as f64);
}

pub(crate) fn came_to(
    medium: Medium,
    channel: domain::Channel,
    state: TouchState,
    reason: Option<domain::ReasonCode>,
) {
    let reason = reason.map_or("", domain::ReasonCode::as_str);
    counter!(TOUCHES, "medium" => medium.as_str(), "channel" => channel.as_str(),
             "state" => state.as_str(), "reason" => reason)
    .increment(1);
}

pub(crate) fn late(medium: Medium, seconds: f64) {
    histogram!(LATENESS_SECONDS, "medium" => medium.as_str()).record(seconds);
}

pub(crate) fn in_hand(medium: Medium, touches: usize) {
    #[allow(clippy::cast_precision_loss)] // A few hundred.
    gauge!(IN_HAND, "medium" => medium.as_str()).set(touches as f64);
}
