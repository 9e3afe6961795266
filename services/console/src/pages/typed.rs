//! The fields of a form whose names are only known when it is read.

/// As they came.
pub struct Typed(pub Vec<(String, String)>);

impl Typed {
    /// The value of a field, without the spaces around it; empty where there is none.
    pub fn value(&self, name: &str) -> &str {
        self.text(name).trim()
    }

    /// The value as it was typed; empty where there is none.
    pub fn text(&self, name: &str) -> &str {
        let field = self.0.iter().find(|(own, _)| own == name);
        field.map_or("", |(_, value)| value.as_str())
    }

    /// Every value of a field, in the order of the form.
    pub fn all<'t>(&'t self, name: &'t str) -> impl Iterator<Item = &'t str> {
        let own = self.0.iter().filter(move |(own, _)| own == name);
        own.map(|(_, value)| value.as_str())
    }

    /// Whether a box was ticked.
    pub fn is_ticked(&self, name: &str) -> bool {
        self.0.iter().any(|(own, _)| own == name)
    }
}
