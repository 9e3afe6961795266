//! The scheduler's entry point.

fn main() -> std::process::ExitCode {
    bootstrap::run("scheduler", async |ctx| scheduler::run(ctx).await)
}
