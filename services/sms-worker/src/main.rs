//! The sms-worker's entry point.

fn main() -> std::process::ExitCode {
    bootstrap::run("sms-worker", async |ctx| sms_worker::run(ctx).await)
}
