//! The call-worker's entry point.

fn main() -> std::process::ExitCode {
    bootstrap::run("call-worker", async |ctx| call_worker::run(ctx).await)
}
