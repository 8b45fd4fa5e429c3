//! What is measured and asked: it exists, takes these parameters, and fits into the run's time.

use befund_expression::near;
use befund_model::probe::spec::{self, Spec};
use befund_model::section;

use super::{Linter, listed};
use crate::document::{Collect, Source};
use crate::language::quantity::duration_text;
use crate::language::words;

impl Linter<'_> {
    pub(super) fn collect(&mut self) {
        let runbook = self.runbook();
        for step in &runbook.collect {
            let path = format!("collect.{}", step.name);
            self.name(&step.name, &path);
            self.source(step, &path);
            self.time(step, &path);
        }
        for (index, step) in runbook.collect.iter().enumerate() {
            let same = |other: &&Collect| other.source == step.source;
            if let Some(other) = runbook.collect[..index].iter().find(same) {
                let message = format!("`{}` measures the same already", other.name);
                self.warn("twice", &format!("collect.{}", step.name), message);
            }
        }
        for name in runbook.inputs.keys() {
            self.name(name, &format!("inputs.{name}"));
        }
        for question in &runbook.ask {
            let path = format!("ask.{}", question.name);
            self.name(&question.name, &path);
            if question.text.en == question.text.de {
                let message = "both languages say the same";
                self.warn("untranslated", &format!("{path}.text"), message);
            }
        }
    }

    /// A name that expressions use.
    fn name(&mut self, name: &str, path: &str) {
        // Words of CEL that cannot be names, with those that are reserved.
        const TAKEN: [&str; 27] = [
            "accepted",
            "ask",
            "inputs",
            "now",
            "as",
            "break",
            "const",
            "continue",
            "else",
            "false",
            "for",
            "function",
            "if",
            "import",
            "in",
            "let",
            "loop",
            "namespace",
            "null",
            "package",
            "return",
            "true",
            "var",
            "void",
            "while",
            "size",
            "type",
        ];
        if TAKEN.contains(&name) {
            self.error("reserved", path, format!("`{name}` means something else in expressions"));
        }
    }

    fn source(&mut self, step: &Collect, path: &str) {
        match &step.source {
            Source::Probe { name, version, with } => match spec::probe(name) {
                Some(spec) if spec.version == *version => self.probe(spec, with, path),
                Some(spec) => {
                    let message = format!(
                        "this version measures `{name}@{}`, not `@{version}`: see what changed in its facts",
                        spec.version
                    );
                    self.error("unknown-probe", &format!("{path}.probe"), message);
                }
                None => {
                    let known: Vec<&str> = spec::PROBES.iter().map(|spec| spec.name).collect();
                    let message = format!("there is no probe `{name}`{}", meant(name, &known));
                    self.error("unknown-probe", &format!("{path}.probe"), message);
                }
            },
            Source::Section { kind } => {
                if section::known(kind).is_none() {
                    let message =
                        format!("there is no section `{kind}`{}", meant(kind, &words::sections()));
                    self.error("unknown-section", &format!("{path}.section"), message);
                }
            }
        }
    }

    fn probe(&mut self, spec: &'static Spec, with: &crate::document::With, path: &str) {
        for (name, template) in with {
            let path = format!("{path}.with.{name}");
            match spec.parameters.iter().find(|known| known.name == name) {
                Some(known) => self.probe_parameter(known.kind, template, &path),
                None => {
                    let known = listed(spec.parameters.iter().map(|known| known.name));
                    let message = format!("`{}` takes no `{name}`; it takes {known}", spec.name);
                    self.error("unknown-parameter", &path, message);
                }
            }
        }
    }

    fn time(&mut self, step: &Collect, path: &str) {
        let wall = self.runbook().limits.wall;
        let tries = step.retry.max + 1;
        let waits = (0..step.retry.max).map(|round| step.retry.backoff * (1 << round.min(16)));
        let longest = step.timeout * tries + waits.sum::<std::time::Duration>();
        if longest > wall {
            let (longest, wall) = (duration_text(longest), duration_text(wall));
            let message =
                format!("with its retries it may take {longest}; the whole run has {wall}");
            self.error("too-long", path, message);
        }
    }
}

/// What was probably meant, as the end of a sentence.
fn meant(name: &str, known: &[&str]) -> String {
    near(name, known.iter().copied())
        .map_or_else(String::new, |near| format!(": did you mean `{near}`?"))
}
