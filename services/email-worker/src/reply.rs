//! What the relay's answer means for a touch.
