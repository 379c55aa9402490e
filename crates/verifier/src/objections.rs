//! Gathers what is said against a draft: every objection, up to a bound.

use crate::Objection;

/// Most objections that are kept for one draft; one suffices to refuse it.
pub(crate) const OBJECTIONS_MAX: usize = 100;

/// The objections so far, and the part they are about.
#[derive(Debug, Default)]
pub(crate) struct Objections {
    list: Vec<Objection>,
    part: Option<u32>,
}

impl Objections {
    /// What follows is about `part` (0 is the text, attachments count from 1), or about the whole.
    pub(crate) fn about(&mut self, part: Option<u32>) {
        self.part = part;
    }

    /// Objects. `detail` names kinds, places and sizes, never octets of mail.
    pub(crate) fn add(&mut self, rule: &'static str, detail: impl Into<String>) {
        if self.list.len() < OBJECTIONS_MAX {
            self.list.push(Objection { rule: rule.to_owned(), part: self.part, detail: detail.into() });
        }
    }

    /// Objects unless `holds`.
    pub(crate) fn require(&mut self, holds: bool, rule: &'static str, detail: &'static str) {
        if !holds {
            self.add(rule, detail);
        }
    }

    /// Takes over what another reader said.
    pub(crate) fn append(&mut self, others: Vec<Objection>) {
        let room = OBJECTIONS_MAX.saturating_sub(self.list.len());
        self.list.extend(others.into_iter().take(room));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(crate) fn into_list(self) -> Vec<Objection> {
        self.list
    }
}
