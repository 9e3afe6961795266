//! A whole fleet in the test's own process, on a clock the test moves.
