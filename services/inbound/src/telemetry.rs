//! The metrics of this service.

use bootstrap::metrics::{MetricKind, describe};

use crate::arrival::{Arrival, Event};

/// Opt-outs by reason and result.
pub(crate) const OPT_OUTS: &str = "touchline_inbound_opt_outs_total";
/// Everything else that arrives and changes something, by kind and result.
pub(crate) const ARRIVALS: &str = "touchline_inbound_arrivals_total";
/// Arrivals in the journal that are not applied yet.
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
/// What mail providers report, by what it was.
pub(crate) const PROVIDERS: &str = "touchline_inbound_provider_reports_total";
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
    describe(
        ARRIVALS,
        Counter,
        "Arrivals besides opt-outs, by kind (opt_in, review, help, delivery) and result, as of \
         opt-outs.",
    );
    describe(JOURNAL_DEPTH, Gauge, "Arrivals in the journal that are not applied yet.");
    describe(JOURNAL_DAMAGED, Counter, "Lines of the journal that could not be read.");
    describe(APPLY_SECONDS, Histogram, "From the request to the database, in seconds.");
    describe(BAD_TOKENS, Counter, "Requests with a token that was not signed here.");
    describe(
        REPLIES,
        Counter,
        "Answers by text message: what they asked for, or forged, unreadable, repeated.",
    );
    describe(
        RETURNED,
        Counter,
        "Mail that came back, per recipient: a class of bounce, complaint, request, unclear, or nothing \
         (forged, auto-replies and the like).",
    );
    describe(
        PROVIDERS,
        Counter,
        "What mail providers report: what it amounted to, or nothing, nobody, and of whole requests \
         forged, unreadable, repeated.",
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

/// Counts what a mail provider reports.
pub(crate) fn count_provider(result: &'static str) {
    metrics::counter!(PROVIDERS, "result" => result).increment(1);
}

/// Counts what became of an arrival.
pub(crate) fn count(arrival: &Arrival, result: &'static str) {
    match arrival.event {
        Event::OptOut(_) => {
            metrics::counter!(OPT_OUTS, "reason" => arrival.word(), "result" => result)
                .increment(1);
        }
        _ => {
            metrics::counter!(ARRIVALS, "kind" => arrival.word(), "result" => result).increment(1);
        }
    }
}
