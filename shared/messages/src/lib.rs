//! The wire contract: the versioned hint, and the names of exchanges and queues.
