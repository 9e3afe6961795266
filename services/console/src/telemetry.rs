//! The metrics of this service.

use bootstrap::metrics::{MetricKind, describe};

/// Open connections.
pub const CONNECTIONS: &str = "touchline_console_connections";
/// Requests by route and status.
pub const REQUESTS: &str = "touchline_console_requests_total";
/// From the request to its answer, by route.
pub const REQUEST_SECONDS: &str = "touchline_console_request_seconds";
/// Attempts to sign in, by result.
pub const SIGN_INS: &str = "touchline_console_sign_ins_total";
/// Attempts to deliver to webhooks, by how they ended.
pub const DELIVERIES: &str = "touchline_console_deliveries_total";

/// Tells Prometheus what the names mean.
pub fn describe_all() {
    use MetricKind::{Counter, Gauge, Histogram};
    describe(CONNECTIONS, Gauge, "Open connections of the console.");
    describe(REQUESTS, Counter, "Requests by route, method and status.");
    describe(REQUEST_SECONDS, Histogram, "From the request to its answer, by route and method.");
    describe(SIGN_INS, Counter, "Attempts to sign in: signed_in, refused or throttled.");
    describe(DELIVERIES, Counter, "Deliveries to webhooks: delivered, retried or given_up.");
}
