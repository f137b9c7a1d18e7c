//! What the answer to a call may be by mistake: another answer of its case, another sample, another recorded result of the
//! model. Gathers; compares nothing. To be asked only when an answer is wrong.

use super::evidence::{Evidence, Given};
use super::field_path::FieldPath;
use super::pair::{Sides, sample};
use crate::cause::{Candidate, Relation};
use crate::prediction::{Prediction, Request, Value};
use crate::snapshot::{Contents, Relative};

/// Other results with words for them.
#[derive(Debug, Default)]
pub struct Candidates(Vec<(String, Relation, Value)>);

impl Candidates {
    /// What the second of two sides may be instead of the first.
    #[must_use]
    pub fn of(
        evidence: &Evidence<'_>,
        field: &FieldPath,
        sides: &Sides<'_>,
        first: &Given<'_>,
        second: &Given<'_>,
    ) -> Self {
        let mut found = Self::default();
        found.add_answers(evidence, field, sides, first, second);
        found.add_recorded(evidence, field, second);
        found
    }

    /// The form in which causes are looked for.
    #[must_use]
    pub fn list(&self) -> Vec<Candidate<'_>> {
        let candidates = self.0.iter();
        candidates
            .map(|(label, relation, value)| Candidate::new(label, *relation, value))
            .collect()
    }

    fn add_answers(
        &mut self,
        evidence: &Evidence<'_>,
        field: &FieldPath,
        sides: &Sides<'_>,
        first: &Given<'_>,
        second: &Given<'_>,
    ) {
        let request = |call: &str| {
            evidence
                .answers
                .iter()
                .find(|answer| answer.call == call)
                .map(|it| &it.request)
        };
        let Some(asked) = request(second.call) else {
            return;
        };
        for answer in evidence.answers {
            let Some(given) = Given::new(evidence.contract, answer) else {
                continue;
            };
            let Some(value) = given.prediction.at(&field.to_string()) else {
                continue;
            };
            let label = format!("the answer to call `{}`", answer.call);
            let relation = relation(asked, &answer.request);
            let Some((from, to)) = sides.samples else {
                if answer.call != first.call && answer.call != second.call {
                    self.0.push((label, relation, value.clone()));
                }
                continue;
            };
            // A whole answer that is another one is no matter of samples.
            let is_whole = answer.call != second.call && second.prediction.at(&field.to_string()) == Some(value);
            for index in 0..given.expected.complexes.len() {
                let is_itself = answer.call == second.call && index == to;
                let is_expected = answer.call == first.call && index == from;
                if is_itself || is_expected {
                    continue;
                }
                if let Some(part) = sample(&given, field, value, index) {
                    let (label, relation) = if is_whole {
                        (label.clone(), relation)
                    } else {
                        (format!("sample {index} of {label}"), Relation::OtherItem)
                    };
                    self.0.push((label, relation, part));
                }
            }
        }
    }

    /// Recorded results, sample by sample where samples are compared.
    fn add_recorded(&mut self, evidence: &Evidence<'_>, field: &FieldPath, second: &Given<'_>) {
        let Some(recorded) = evidence.recorded.filter(|_| field.is_whole()) else {
            return;
        };
        let Some(answer) = evidence.answers.iter().find(|answer| answer.call == second.call) else {
            return;
        };
        let (Ok(key), Some(value)) = ((recorded.key)(second.call), second.prediction.field(field.name())) else {
            return;
        };
        let alone = Prediction {
            class: second.prediction.class.clone(),
            fields: vec![(field.name().to_owned(), value.clone())],
        };
        let Ok(contents) = Contents::of(&alone) else {
            return;
        };
        let first_item = format!("{}[0]", field.name());
        let provenance = recorded.provenance(evidence.contract, answer);
        let relatives = recorded
            .store
            .relatives(&key, &provenance, &contents, &[field.name(), &first_item]);
        for Relative {
            label,
            relation,
            contents,
        } in relatives
        {
            if let Some(value) = contents.value(field.name()) {
                // Samples are compared one by one, and those of one sample only are its whole.
                let items = value.as_items().unwrap_or_default().to_vec();
                let only = value.as_array().filter(|array| array.shape().first() == Some(&1));
                let only = only.and_then(|array| array.part(0)).map(Value::Array);
                let parts = items.into_iter().chain(only);
                self.0.extend(parts.map(|part| (label.clone(), relation, part)));
                self.0.push((label, relation, value));
            }
        }
    }
}

/// What sets two requests apart.
fn relation(asked: &Request, other: &Request) -> Relation {
    let without = |request: &Request| {
        let options = request.options.iter();
        let kept = options.filter(|(name, _)| !matches!(name.as_str(), "seed" | "include_fields"));
        kept.map(|(name, value)| (name.clone(), value.clone()))
            .collect::<Vec<_>>()
    };
    let same = asked.input == other.input && without(asked) == without(other);
    if same && asked.options.get("seed") != other.options.get("seed") {
        Relation::OtherSeed
    } else {
        Relation::OtherRequest
    }
}
