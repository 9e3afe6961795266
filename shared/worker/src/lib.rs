//! The worker runtime: consume, claim, gate, handler, record, acknowledge.
