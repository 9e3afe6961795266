//! SMS touches, through any HTTP gateway.
