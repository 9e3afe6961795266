//! The metrics of this service.

use bootstrap::metrics::{MetricKind, describe};

/// Opt-outs by reason and result.
pub(crate) const OPT_OUTS: &str = "touchline_inbound_opt_outs_total";
/// Opt-outs in the journal that are not on the list yet.
pub(crate) const JOURNAL_DEPTH: &str = "touchline_inbound_journal_depth";
/// Lines of the journal that could not be read.
pub(crate) const JOURNAL_DAMAGED: &str = "touchline_inbound_journal_damaged_total";
/// From the request to the entry on the list.
pub(crate) const APPLY_SECONDS: &str = "touchline_inbound_apply_seconds";
/// Requests with a token that was not signed here.
pub(crate) const BAD_TOKENS: &str = "touchline_inbound_bad_tokens_total";
/// Answers by text message, by what followed.
pub(crate) const REPLIES: &str = "touchline_inbound_replies_total";
/// Mail that came back, by what it was.
pub(crate) const RETURNED: &str = "touchline_inbound_returned_mail_total";
/// Open connections.
pub(crate) const CONNECTIONS: &str = "touchline_inbound_connections";

/// Tells Prometheus what the names mean.
pub(crate) fn describe_all() {
    use MetricKind::{Counter, Gauge, Histogram};
    describe(
        OPT_OUTS,
        Counter,
        "Opt-outs by reason and result: applied, queued (in the journal; counted again when \
         applied), lost (neither database nor journal took it).",
    );
    describe(JOURNAL_DEPTH, Gauge, "Opt-outs in the journal that are not on the list yet.");
    describe(JOURNAL_DAMAGED, Counter, "Lines of the journal that could not be read.");
    describe(APPLY_SECONDS, Histogram, "From the request to the entry on the list, in seconds.");
    describe(BAD_TOKENS, Counter, "Requests with a token that was not signed here.");
    describe(
        REPLIES,
        Counter,
        "Answers by text message: what they asked for, or forged, unreadable, repeated.",
    );
    describe(
        RETURNED,
        Counter,
        "Mail that came back, per recipient: a class of bounce, complaint, or nothing (forged, \
         auto-replies and the like).",
    );
    describe(CONNECTIONS, Gauge, "Open connections of the public edge.");
}

/// Counts what followed from an answer by text message.
pub(crate) fn count_reply(result: &'static str) {
    metrics::counter!(REPLIES, "result" => result).increment(1);
}

/// Counts a message that came back.
pub(crate) fn count_returned(kind: &'static str) {
    metrics::counter!(RETURNED, "kind" => kind).increment(1);
}

/// Counts what became of an opt-out.
pub(crate) fn count(reason: &'static str, result: &'static str) {
    metrics::counter!(OPT_OUTS, "reason" => reason, "result" => result).increment(1);
}
