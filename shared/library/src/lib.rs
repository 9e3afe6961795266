//! The built-in plans and templates, in English and Arabic.
