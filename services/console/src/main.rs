//! The `console` program; see the library.

fn main() -> std::process::ExitCode {
    bootstrap::run("console", console::run)
}
