//! Templates: strict Handlebars over MJML, plain text and SMS, compiled once per version.
