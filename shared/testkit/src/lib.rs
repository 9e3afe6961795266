//! For tests only: private servers, sinks, builders and the history checker.
