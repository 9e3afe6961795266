//! Where the parts of a plan stand in its file, for messages about what they say.

use domain::plan::PlanError;
use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::Spanned;

use crate::files::File;

/// Line numbers, from 1; what is not in the file has none.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    touches: Option<usize>,
    then: Option<usize>,
    steps: Vec<usize>,
}

#[derive(Deserialize)]
struct Places {
    touches: Option<Spanned<IgnoredAny>>,
    then: Option<Spanned<IgnoredAny>>,
    #[serde(default)]
    steps: Vec<Spanned<IgnoredAny>>,
}

impl Lines {
    /// The lines of a plan's file that has been parsed before.
    pub fn of_plan(file: &File) -> Self {
        let Ok(places) = file.toml::<Places>() else { return Self::default() };
        let line = |place: Spanned<IgnoredAny>| file.line(place.span().start);
        Self {
            touches: places.touches.map(line),
            then: places.then.map(line),
            steps: places.steps.into_iter().map(line).collect(),
        }
    }

    /// The line of a step, by its number from 1.
    pub fn step(&self, number: usize) -> Option<usize> {
        self.steps.get(number.checked_sub(1)?).copied()
    }

    /// The line of the plan that follows.
    pub const fn then(&self) -> Option<usize> {
        self.then
    }

    /// The line to look at for an error.
    pub fn of_error(&self, error: &PlanError) -> Option<usize> {
        match error {
            PlanError::DoesNotAddUp { .. } => self.touches,
            PlanError::RepeatsAndChains { .. } | PlanError::ChainsTooEarly { .. } => self.then,
            PlanError::DayOutOfRange { step, .. }
            | PlanError::OutOfOrder { step, .. }
            | PlanError::Repeated { step, .. } => self.step(*step),
            PlanError::MissingText { step, .. } => step.and_then(|step| self.step(step)),
            PlanError::NoSteps { .. } | PlanError::TooManySteps { .. } => None,
        }
    }
}
