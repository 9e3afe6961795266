//! The email-worker's entry point.

fn main() -> std::process::ExitCode {
    bootstrap::run("email-worker", async |ctx| email_worker::run(ctx).await)
}
