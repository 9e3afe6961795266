//! What this machine has not, and what is left out for it.

use std::io::Write;

/// Names, with commas between them, of the servers and programs whose tests are left out.
pub const VARIABLE: &str = "TOUCHLINE_TEST_WITHOUT";

/// Whether the tests of a server or program are left out. Says so past the test runner, which keeps
/// what passing tests print to itself.
#[must_use]
pub fn left_out(name: &str) -> bool {
    let named = std::env::var_os(VARIABLE).unwrap_or_default();
    let left_out = named.to_string_lossy().split(',').any(|given| given.trim() == name);
    if left_out {
        let _ = writeln!(std::io::stderr(), "NOT TESTED: {name} ({VARIABLE} names it)");
    }
    left_out
}
