//! How a command fails: refused or not found (exit code 1), or asked wrongly (exit code 2).

use std::process::ExitCode;

use crate::output::Output;

/// The command was asked for something that does not make sense; exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// The answer has been given, and it was "no"; exit code 1 without further words.
#[derive(Debug, thiserror::Error)]
#[error("refused")]
pub struct Refused;

/// An error with exit code 2.
pub fn usage(what: impl Into<String>) -> anyhow::Error {
    Usage(what.into()).into()
}

/// Tells people (standard error) or programs (`{"error":…}` on standard output) what went wrong,
/// and returns the exit code.
pub fn report(error: &anyhow::Error, output: Output) -> ExitCode {
    if error.downcast_ref::<Refused>().is_some() {
        return ExitCode::from(1);
    }
    if is_closed_pipe(error) {
        // Whoever reads has seen enough, as `head` does.
        return ExitCode::SUCCESS;
    }
    let text = bootstrap::report("touchline", error);
    if output.is_json() {
        let words = text.strip_prefix("touchline: ").unwrap_or(&text);
        // Nothing is left to be done when this cannot be written either.
        let _ = output.json(&serde_json::json!({ "error": words }));
    } else {
        eprintln!("{text}");
    }
    let is_usage = error.downcast_ref::<Usage>().is_some();
    ExitCode::from(if is_usage { 2 } else { bootstrap::exit_code(error) })
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
}
