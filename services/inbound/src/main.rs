//! The `inbound` program; see the library.

fn main() -> std::process::ExitCode {
    bootstrap::run("inbound", inbound::run)
}
