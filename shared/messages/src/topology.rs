//! Names of exchanges, queues and routing keys. Only names: the arguments of a queue are declared by
//! the `broker` crate.
//!
//! Two queues per medium instead of priorities, because priorities of quorum queues differ between
//! every RabbitMQ version from 3.10 to 4.3 (pipeline.md §2.2). Queue names end in a version, because
//! the arguments of an existing queue cannot be changed.

use std::fmt;
use std::str::FromStr;

use domain::{Lane, Medium};

/// A word that names no route.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{word:?} is not a {what}: expected {expected}")]
pub struct WordError {
    word: String,
    what: &'static str,
    expected: &'static str,
}

/// Where a hint goes: one queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Route {
    /// Which worker takes it.
    pub medium: Medium,
    /// How urgent it is.
    pub lane: Lane,
}

impl Route {
    /// All six routes, by medium and then by lane.
    pub fn all() -> impl Iterator<Item = Self> {
        let lanes = |medium: Medium| Lane::ALL.iter().map(move |lane| Self { medium, lane: *lane });
        Medium::ALL.iter().copied().flat_map(lanes)
    }

    /// The routing key on the exchange, such as `email.hi`. It carries no prefix, the exchange does.
    pub const fn routing_key(self) -> &'static str {
        match (self.medium, self.lane) {
            (Medium::Email, Lane::Hi) => "email.hi",
            (Medium::Email, Lane::Bulk) => "email.bulk",
            (Medium::Sms, Lane::Hi) => "sms.hi",
            (Medium::Sms, Lane::Bulk) => "sms.bulk",
            (Medium::Call, Lane::Hi) => "call.hi",
            (Medium::Call, Lane::Bulk) => "call.bulk",
        }
    }
}

/// The names of one deployment. A prefix keeps several deployments, or several tests, apart on one
/// broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    prefix: String,
}

impl Names {
    /// Takes the prefix of every exchange and queue name; `""` for none, `"blue."` for `blue.touch…`.
    pub fn new(prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into() }
    }

    /// The direct exchange every hint is published to.
    pub fn exchange(&self) -> String {
        format!("{}touch", self.prefix)
    }

    /// The queue of a route, such as `touch.email.hi.v1`.
    pub fn queue(&self, route: Route) -> String {
        format!("{}touch.{}.v1", self.prefix, route.routing_key())
    }

    /// The fanout exchange a queue hands hints to that were delivered too often.
    pub fn dead_exchange(&self) -> String {
        format!("{}touch.dlx", self.prefix)
    }

    /// The queue behind [`dead_exchange`](Self::dead_exchange).
    pub fn dead_queue(&self) -> String {
        format!("{}touch.dlq.v1", self.prefix)
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.routing_key())
    }
}

impl FromStr for Route {
    type Err = WordError;

    fn from_str(word: &str) -> Result<Self, WordError> {
        Self::all().find(|route| route.routing_key() == word).ok_or_else(|| WordError {
            word: word.to_owned(),
            what: "route",
            expected: "medium.lane, such as email.hi",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_fixed() {
        let names = Names::new("");
        let queues: Vec<_> = Route::all().map(|route| names.queue(route)).collect();
        assert_eq!(
            queues,
            [
                "touch.email.hi.v1",
                "touch.email.bulk.v1",
                "touch.sms.hi.v1",
                "touch.sms.bulk.v1",
                "touch.call.hi.v1",
                "touch.call.bulk.v1",
            ]
        );
        assert_eq!(names.exchange(), "touch");
        assert_eq!(names.dead_exchange(), "touch.dlx");
        assert_eq!(names.dead_queue(), "touch.dlq.v1");
    }

    #[test]
    fn a_prefix_stands_before_every_name() {
        let names = Names::new("blue.");
        assert_eq!(names.exchange(), "blue.touch");
        assert_eq!(names.dead_exchange(), "blue.touch.dlx");
        assert_eq!(names.dead_queue(), "blue.touch.dlq.v1");
        assert!(Route::all().all(|route| names.queue(route).starts_with("blue.touch.")));
    }

    #[test]
    fn words_read_back_what_they_write() {
        for route in Route::all() {
            assert_eq!(route.to_string().parse(), Ok(route));
            assert_eq!(route.medium.to_string().parse(), Ok(route.medium));
            assert_eq!(route.lane.to_string().parse(), Ok(route.lane));
            assert_eq!(route.routing_key(), format!("{}.{}", route.medium, route.lane));
        }
    }

    #[test]
    fn an_unknown_word_is_named() {
        let err = "fax.hi".parse::<Route>().unwrap_err();
        assert_eq!(
            err.to_string(),
            "\"fax.hi\" is not a route: expected medium.lane, such as email.hi"
        );
        assert!("".parse::<Route>().is_err());
    }
}
