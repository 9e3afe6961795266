//! The command line; `touchline up` runs the whole fleet in one process.
