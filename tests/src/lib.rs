//! End-to-end, fault and benchmark suites against real servers.
//!
//! The library holds what several suites use; the suites are in `tests/`.

pub mod fleet;
pub mod measure;
pub mod processes;
pub mod without;
