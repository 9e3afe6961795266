//! Progress of long work: a bar on a terminal, a plain line every few seconds elsewhere.
