//! What is wrong with the settings: every finding says which key, what to set and where the value came from.

use std::fmt;

/// One thing to mend before the server can start.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// The key, or the source that cannot be read.
    pub subject: String,
    /// What is wrong and what to set instead.
    pub advice: String,
    /// Which file, variable or flag the value came from, if any did.
    pub origin: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject, self.advice)?;
        self.origin.iter().try_for_each(|origin| write!(f, " (from {origin})"))
    }
}

/// Everything to mend before the server can start; one line for each.
#[derive(Clone, PartialEq, Eq, Debug, Default, thiserror::Error)]
#[error("{}", self.0.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n"))]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }

    pub(crate) fn add(&mut self, subject: impl Into<String>, advice: impl Into<String>) {
        self.add_from(None, subject, advice);
    }

    pub(crate) fn add_from(
        &mut self,
        origin: Option<&str>,
        subject: impl Into<String>,
        advice: impl Into<String>,
    ) {
        let origin = origin.map(str::to_owned);
        self.0.push(Problem { subject: subject.into(), advice: advice.into(), origin });
    }

    /// These problems are there only as long as some of the settings are those of the last start.
    pub(crate) fn until_a_restart(mut self) -> Self {
        let advice = "the new settings are sound, but not together with old ones that only a restart changes";
        self.add("restart the server", advice);
        self
    }

    /// Refuses if there is any.
    pub(crate) fn none(self) -> Result<(), Self> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }
}
