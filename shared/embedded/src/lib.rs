//! Starts and stops a private PostgreSQL from the binaries on this machine.
