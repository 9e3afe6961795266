//! RabbitMQ and the in-process broker behind one trait.
