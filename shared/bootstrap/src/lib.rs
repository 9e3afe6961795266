//! What every main calls: settings, tracing, metrics, health, shutdown.
