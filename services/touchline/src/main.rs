//! Entry point of the `touchline` program.

/// Allocates faster than the system's allocator, and gives memory back after an import.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    touchline::run()
}
