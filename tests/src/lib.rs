//! End-to-end, fault and benchmark suites against real servers.
