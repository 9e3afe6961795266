//! From what people write to the form an address is known by on the list.
