//! What is wrong with a library as a whole: plans that do not add up, steps whose template is
//! missing or of another medium, unknown holidays, chains to nowhere, and every template's problems.

use std::fmt;

use domain::Plan;
use domain::plan::Anchor;
use serde::Serialize;
use templates::Severity;

use crate::lines::Lines;
use crate::{Library, LoadError};

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The plan's file or the template's folder.
    pub file: String,
    /// The line in a plan's file, from 1, where one can be named.
    pub line: Option<usize>,
    /// How bad it is: with an error, the plan or template must not be used.
    pub severity: Severity,
    /// What is wrong and what to do, in one sentence.
    pub message: String,
}

impl Finding {
    /// Whether the plan or template must not be used.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl From<&LoadError> for Finding {
    fn from(error: &LoadError) -> Self {
        let whole = error.to_string();
        let (file, line, reason) = match error {
            LoadError::Syntax { file, line, reason } => (file, Some(*line), reason.as_str()),
            LoadError::Unreadable { file, .. }
            | LoadError::NotText { file }
            | LoadError::TooLarge { file, .. }
            | LoadError::OtherName { file, .. }
            | LoadError::Misplaced { file, .. }
            | LoadError::NotALibrary { folder: file }
            | LoadError::NoTemplateFile { folder: file } => {
                (file, None, whole.strip_prefix(file.as_str()).unwrap_or(&whole))
            }
        };
        let message = reason.trim().to_owned();
        Self { file: file.clone(), line, severity: Severity::Error, message }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}, line {line}: ", self.file)?,
            None => write!(f, "{}: ", self.file)?,
        }
        write!(f, "{}: {}", self.severity, self.message)
    }
}

impl Library {
    /// Everything that is wrong, plans first; empty when all of it may be used.
    #[must_use]
    pub fn check(&self) -> Vec<Finding> {
        let mut findings = self.check_plans();
        findings.extend(self.templates.keys().flat_map(|key| self.check_template(key)));
        findings
    }

    /// What is wrong with the plans, and with what they name. Much faster than [`Self::check`],
    /// which compiles every template.
    #[must_use]
    pub fn check_plans(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for plan in self.plans.values() {
            let own = plan.value.errors();
            let own = own.iter().map(|error| (plan.lines.of_error(error), error.to_string()));
            let all = own.chain(self.unmet(&plan.value, &plan.lines));
            findings.extend(all.map(|(line, message)| Finding {
                file: plan.file.clone(),
                line,
                severity: Severity::Error,
                message,
            }));
        }
        findings
    }

    /// What is wrong with one template; nothing when there is no such template.
    #[must_use]
    pub fn check_template(&self, key: &str) -> Vec<Finding> {
        let Some(template) = self.templates.get(key) else { return Vec::new() };
        let problems = templates::check(&template.value.source, &self.partials);
        let findings = problems.iter().map(|problem| Finding {
            file: template.file.clone(),
            line: None,
            severity: problem.severity,
            message: without_severity(&problem.to_string(), problem.severity),
        });
        findings.collect()
    }

    /// What a plan needs and the library does not have, each with its line.
    fn unmet(&self, plan: &Plan, lines: &Lines) -> Vec<(Option<usize>, String)> {
        let mut unmet = Vec::new();
        for (number, step) in (1..).zip(&plan.steps) {
            let line = lines.step(number);
            let mut unmet = |message: String| unmet.push((line, message));
            let (template, channel) = (&step.template, step.channel);
            match self.template(template) {
                None => unmet(format!(
                    "step {number}: there is no template \"{template}\"{}",
                    self.similar(template)
                )),
                Some(source) if source.medium != channel.medium() => unmet(format!(
                    "step {number}: {channel} needs a template for {}, but \"{template}\" is for {}",
                    channel.medium(),
                    source.medium
                )),
                Some(_) => {}
            }
            if let Some(Anchor::Holiday(key)) = &step.anchor
                && !self.calendar.knows_holiday(key)
            {
                unmet(format!(
                    "step {number}: calendar.toml has no holiday \"{key}\"; add its dates there, \
                     or use a key it has"
                ));
            }
        }
        if let Some(chain) = &plan.then
            && self.plan(&chain.plan).is_none()
        {
            let message =
                format!("it is followed by \"{}\", but there is no such plan", chain.plan);
            unmet.push((lines.then(), message));
        }
        unmet
    }

    /// The template that was probably meant: the same key but for its case and separators.
    fn similar(&self, wanted: &str) -> String {
        let plain = |key: &str| key.to_lowercase().replace(['-', '_', ' ', '.'], "");
        self.templates
            .keys()
            .find(|key| plain(key) == plain(wanted))
            .map_or_else(String::new, |key| format!("; did you mean \"{key}\"?"))
    }
}

/// A problem's words without its leading severity, which a finding says itself.
fn without_severity(message: &str, severity: Severity) -> String {
    message
        .strip_prefix(severity.as_str())
        .map_or(message, |rest| rest.trim_start_matches([',', ':', ' ']))
        .to_owned()
}
