//! A span, from its begin to its end.

use std::time::SystemTime;

use uuid::Uuid;

use crate::Place;

/// What a span is to the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Work of the process itself.
    Inside,
    /// A request to another: the database, the broker, a relay, a gateway.
    Request,
    /// What came in from outside.
    Answer,
    /// Makes a message.
    Producer,
    /// Works on a message.
    Consumer,
}

/// What an attribute may be. No text: what is not known when the code is written is a number or an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A word of the code's own, such as a state or a reason's code.
    Word(&'static str),
    /// A number.
    Number(i64),
    /// An id.
    Id(Uuid),
    /// The id of a hint's message: touch and epoch.
    Message(Uuid, i32),
}

impl From<&'static str> for Value {
    fn from(word: &'static str) -> Self {
        Self::Word(word)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Self {
        Self::Number(number.into())
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<Uuid> for Value {
    fn from(id: Uuid) -> Self {
        Self::Id(id)
    }
}

/// A finished span.
#[derive(Debug, Clone)]
pub struct Span {
    /// The trace: an enrolment's id.
    pub trace: u128,
    /// Its own id.
    pub id: u64,
    /// The span it hangs from; the root has none.
    pub parent: Option<u64>,
    /// Whether another process may have made that one.
    pub parent_is_remote: bool,
    /// What was done.
    pub name: &'static str,
    /// What it is to the others.
    pub kind: Kind,
    /// When it began, machine time.
    pub start: SystemTime,
    /// When it ended.
    pub end: SystemTime,
    /// What else is known.
    pub attributes: Vec<(&'static str, Value)>,
    /// A span of another trace that led to this one.
    pub link: Option<(u128, u64)>,
    /// The code of what went wrong.
    pub error: Option<&'static str>,
}

/// Something under way. Dropped, it never was: what a process did not finish, it does not tell.
#[derive(Debug)]
#[must_use = "a span is sent when it is ended"]
pub struct Step(Option<Box<Span>>);

impl Step {
    pub(crate) fn begin(
        ids: Option<(u128, u64, Option<u64>)>,
        parent_is_remote: bool,
        name: &'static str,
        kind: Kind,
    ) -> Self {
        Self(ids.map(|(trace, id, parent)| {
            let now = crate::now();
            let (attributes, link, error) = (Vec::new(), None, None);
            Box::new(Span {
                trace,
                id,
                parent,
                parent_is_remote,
                name,
                kind,
                start: now,
                end: now,
                attributes,
                link,
                error,
            })
        }))
    }

    /// It began earlier than it was spoken of.
    pub fn since(mut self, start: SystemTime) -> Self {
        if let Some(span) = &mut self.0 {
            span.start = start;
        }
        self
    }

    /// Adds what is known.
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.note(name, value);
        self
    }

    /// Adds what has come to be known.
    pub fn note(&mut self, name: &'static str, value: impl Into<Value>) {
        if let Some(span) = &mut self.0 {
            span.attributes.push((name, value.into()));
        }
    }

    /// It was a statement on the database, for that many rows.
    pub fn database(self, operation: &'static str, rows: usize) -> Self {
        self.with("db.system.name", "postgresql")
            .with("db.operation.name", operation)
            .with("db.operation.batch.size", rows)
    }

    /// It did something with a hint: `operation` is of the conventions' closed set (create, send,
    /// process, settle).
    pub fn message(self, operation: &'static str, touch: Uuid, epoch: i32) -> Self {
        self.with("messaging.system", "rabbitmq")
            .with("messaging.operation.type", operation)
            .with("messaging.message.id", Value::Message(touch, epoch))
    }

    /// It was led to by a span of another trace.
    pub fn after(mut self, other: Place) -> Self {
        if let Some(span) = &mut self.0 {
            span.link = other.ids();
        }
        self
    }

    /// It went wrong; `code` is the reason's.
    pub fn fail(&mut self, code: &'static str) {
        if let Some(span) = &mut self.0 {
            span.error = Some(code);
        }
    }

    /// It is over.
    pub fn end(self) {
        self.end_at(crate::now());
    }

    /// It was over at that time.
    pub fn end_at(mut self, end: SystemTime) {
        if let Some(span) = &mut self.0 {
            // A clock that was set back makes no span of less than nothing.
            span.end = end.max(span.start);
        }
        if let Some(span) = self.0 {
            crate::take(*span);
        }
    }

    #[cfg(test)]
    pub(crate) fn finished(self) -> Option<Span> {
        self.0.map(|span| *span)
    }
}
