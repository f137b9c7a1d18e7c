//! Walks two responses path by path and judges every value: by its gates where the policy has some, else element by element.
//! Writes no message.

use std::collections::HashSet;

use super::atom_names;
use super::comparison::{FieldComparison, ValueDifference};
use super::fields::BothResponses;
use super::policy::Policy;
use crate::metric::{Difference, difference, embedding_error_of};
use crate::metric_value::{Direction, MetricValue, Noise, bound, of_elements};
use crate::prediction::contract::Tolerance;
use crate::prediction::{ArrayOrigin, Leaf, Listing};
use crate::protein::Structure;
use crate::tensor::{ContentHash, KeptRows, Tensor};

/// Columns that only some structures have, of which no judgement of a structure says anything.
const OWN: [&str; 3] = [".extra.", ".bonds", ".cell"];

/// Nothing is allowed, and nothing may differ.
const EXACT: Tolerance = Tolerance { absolute: 0.0, relative: 0.0 };

/// Compares everything.
pub(super) fn walk(expected: &Listing<'_>, actual: &Listing<'_>, policy: &Policy) -> Vec<FieldComparison> {
    let mut walk = ValueWalk {
        sides: BothResponses { expected, actual },
        policy,
        fields: Vec::new(),
        covered: HashSet::new(),
        judged: HashSet::new(),
    };
    walk.class();
    // What is None says least, and comes last.
    let is_none = |leaf: &Leaf<'_>| *leaf == Leaf::None;
    for (path, leaf) in expected.entries().filter(|(_, leaf)| !is_none(leaf)) {
        walk.expected(path, leaf);
    }
    for (path, _) in expected.entries().filter(|(_, leaf)| is_none(leaf)) {
        walk.absent(path);
    }
    walk.extra();
    walk.fields
}

/// A number as Python or as `NumPy` has it.
fn float_of(leaf: &Leaf<'_>) -> Option<f64> {
    match leaf {
        Leaf::Float(number) => Some(*number),
        Leaf::Array(_, tensor) if tensor.shape().is_empty() && tensor.dtype().is_float() => tensor.f64_at(0),
        _ => None,
    }
}

/// Two arrays of integers of different widths, as arrays of one.
fn widened(expected: &Tensor, actual: &Tensor) -> Option<(Tensor, Tensor)> {
    let are_integers = expected.dtype().is_integer() && actual.dtype().is_integer();
    if !are_integers || expected.dtype() == actual.dtype() || expected.shape() != actual.shape() {
        return None;
    }
    let wide = |tensor: &Tensor| {
        let values: Vec<i64> = tensor.to_f64()?.into_iter().map(|value| value as i64).collect();
        Tensor::from_values(tensor.shape().to_vec(), &values).ok()
    };
    Some((wide(expected)?, wide(actual)?))
}

struct ValueWalk<'a> {
    sides: BothResponses<'a>,
    policy: &'a Policy,
    fields: Vec<FieldComparison>,
    /// Paths whose judgement includes everything below them.
    covered: HashSet<&'a str>,
    /// Paths that were judged by gates, which includes what a structure has everywhere.
    judged: HashSet<&'a str>,
}

impl<'a> ValueWalk<'a> {
    fn class(&mut self) {
        let BothResponses { expected, actual } = self.sides;
        if expected.class != actual.class {
            self.found("class", changed(expected.class.clone(), actual.class.clone()));
        }
    }

    fn expected(&mut self, path: &'a str, expected: &'a Leaf<'a>) {
        if self.is_covered(path) {
            return;
        }
        let Some(actual) = self.sides.actual.get(path).filter(|leaf| **leaf != Leaf::None) else {
            let expected = expected.describe();
            return self.closed(path, ValueDifference::Missing { expected });
        };
        if let Some(own) = self.policy.judge(path, self.sides) {
            self.judged.insert(path);
            return self.fields.push(own);
        }
        match (expected, actual) {
            (Leaf::Array(form, expected), Leaf::Array(other, actual)) => {
                self.array(path, (*form, expected), (*other, actual));
            }
            (Leaf::Rows(expected), Leaf::Array(ArrayOrigin::Array, actual)) => self.rows(path, expected, actual),
            (Leaf::Rows(expected), Leaf::Rows(actual)) => self.kept(path, expected, actual),
            (Leaf::Structure(expected), Leaf::Structure(actual)) => self.structure(path, expected, actual),
            (Leaf::Float(expected), Leaf::Float(actual)) => {
                self.numbers(path, &Tensor::scalar(*expected), &Tensor::scalar(*actual));
            }
            (Leaf::Float(_), Leaf::Array(ArrayOrigin::Array, _))
            | (Leaf::Array(ArrayOrigin::Array, _), Leaf::Float(_)) => {
                self.scalars(path, expected, actual);
            }
            (Leaf::Text(expected), Leaf::Text(actual)) => self.text(path, expected, actual),
            _ if expected == actual => self.found(path, ValueDifference::Same),
            _ => self.closed(path, changed(expected.describe(), actual.describe())),
        }
    }

    /// A number of Python and one of `NumPy`: which of them it is depends on releases.
    fn scalars(&mut self, path: &'a str, expected: &Leaf<'_>, actual: &Leaf<'_>) {
        match (float_of(expected), float_of(actual)) {
            (Some(one), Some(other)) => self.numbers(path, &Tensor::scalar(one), &Tensor::scalar(other)),
            _ => self.closed(path, changed(expected.describe(), actual.describe())),
        }
    }

    fn structure(&mut self, path: &'a str, expected: &Structure, actual: &Structure) {
        if expected == actual {
            return self.found(path, ValueDifference::Same);
        }
        if expected.atoms() != actual.atoms() || expected.models != actual.models {
            let words = |structure: &Structure| Leaf::Structure(structure).describe();
            return self.closed(path, changed(words(expected), words(actual)));
        }
        self.found(path, atom_names::compare(expected, actual));
    }

    fn text(&mut self, path: &'a str, expected: &str, actual: &str) {
        if expected == actual {
            return self.found(path, ValueDifference::Same);
        }
        let is_short = |text: &str| text.lines().count() < 2 && text.len() <= 60;
        if is_short(expected) && is_short(actual) {
            return self.found(path, changed(format!("{expected:?}"), format!("{actual:?}")));
        }
        let (mut before, mut after) = (expected.lines(), actual.lines());
        let mut line = 0;
        let (expected, actual) = loop {
            line += 1;
            match (before.next(), after.next()) {
                (Some(one), Some(other)) if one == other => {}
                pair => break pair,
            }
        };
        let owned = |line: Option<&str>| line.map(str::to_owned);
        self.found(path, ValueDifference::Lines { line, expected: owned(expected), actual: owned(actual) });
    }

    fn array(&mut self, path: &'a str, expected: (ArrayOrigin, &Tensor), actual: (ArrayOrigin, &Tensor)) {
        let (form, expected) = expected;
        // Which width integers have is the contract's affair, which often allows several.
        if let Some((expected, actual)) = widened(expected, actual.1).filter(|_| form == actual.0) {
            return self.numbers(path, &expected, &actual);
        }
        if form != actual.0 || expected.dtype() != actual.1.dtype() || expected.shape() != actual.1.shape() {
            return self.other_form(path, (form, expected), actual);
        }
        self.numbers(path, expected, actual.1);
    }

    /// Arrays of other types and shapes; that nothing but the type differs is worth a word.
    fn other_form(&mut self, path: &'a str, expected: (ArrayOrigin, &Tensor), actual: (ArrayOrigin, &Tensor)) {
        let describe = |(form, tensor): (ArrayOrigin, &Tensor)| Leaf::Array(form, tensor.clone()).describe();
        let have_equal_values = expected.1.shape() == actual.1.shape()
            && matches!((expected.1.to_f64(), actual.1.to_f64()), (Some(one), Some(other)) if one == other);
        let suffix = if have_equal_values { " with equal values" } else { "" };
        self.closed(path, changed(describe(expected), format!("{}{suffix}", describe(actual))));
    }

    fn rows(&mut self, path: &'a str, expected: &KeptRows, actual: &Tensor) {
        if expected.dtype() != actual.dtype() || expected.shape != actual.shape() {
            let actual = Leaf::Array(ArrayOrigin::Array, actual.clone()).describe();
            return self.closed(path, changed(Leaf::Rows(expected).describe(), actual));
        }
        if expected.hash == ContentHash::of_tensor(actual) {
            return self.equal_numbers(path, expected.dtype().is_float());
        }
        self.kept(path, expected, &KeptRows::of(actual));
    }

    fn kept(&mut self, path: &'a str, expected: &KeptRows, actual: &KeptRows) {
        if expected.hash == actual.hash {
            return self.equal_numbers(path, expected.dtype().is_float());
        }
        let (tolerance, floor) = self.bounds(path, &expected.rows);
        let tolerance = tolerance.unwrap_or(EXACT);
        let bound = bound(tolerance, floor);
        let is_exact = bound.absolute == 0.0 && bound.relative == 0.0;
        match super::kept_rows::compare(expected, actual, bound) {
            // Two arrays of which the same is kept are two arrays still, and nothing is allowed to differ.
            Some(found) if found.is_within() && is_exact => self.found(path, ValueDifference::Hash),
            Some(found) => {
                let measures = vec![of_elements(&found.kept, tolerance, floor), found.measure(tolerance, floor)];
                let finding = ValueDifference::Rows { difference: Box::new(found), tolerance: bound };
                self.measured(path, finding, measures);
            }
            None => self.found(path, changed(Leaf::Rows(expected).describe(), Leaf::Rows(actual).describe())),
        }
    }

    fn numbers(&mut self, path: &'a str, expected: &Tensor, actual: &Tensor) {
        let is_float = expected.dtype().is_float();
        let (tolerance, floor) = self.bounds(path, expected);
        let allowed = tolerance.map_or((f64::INFINITY, 0.0), |tolerance| {
            let bound = bound(tolerance, floor);
            (bound.absolute, bound.relative)
        });
        let Some(difference) = difference(expected, actual, allowed.0, allowed.1) else {
            return self.found(path, text_difference(expected, actual));
        };
        let mut measures = Vec::new();
        let direction = self.direction(expected, actual, &mut measures);
        if let (true, Some(tolerance)) = (is_float, tolerance) {
            measures.push(of_elements(&difference, tolerance, floor));
        }
        let tolerance = Tolerance { absolute: allowed.0, relative: allowed.1 };
        if let Some(direction) = direction.filter(|_| difference.is_within()) {
            return self.measured(path, direction, measures);
        }
        let place = self.atom_at(path, &difference);
        let finding = ValueDifference::Numbers { difference, tolerance, place };
        self.measured(path, finding, measures);
    }

    /// The row that points farthest from where it should, where rows are compared, and the finding if that is too far.
    fn direction(
        &self,
        expected: &Tensor,
        actual: &Tensor,
        measures: &mut Vec<MetricValue>,
    ) -> Option<ValueDifference> {
        let least = self.policy.least_cosine().filter(|_| expected.dtype().is_float())?;
        let width = *expected.shape().last().filter(|width| **width > 1)?;
        let (row, cosine) = match embedding_error_of(actual, expected) {
            Ok(found) => (found.least_cosine.index, found.least_cosine.value),
            // What is not finite has no direction.
            Err(_) => (0, f64::NAN),
        };
        measures.push(MetricValue {
            key: "cosine",
            name: "least cosine of rows",
            unit: "",
            better: Direction::Higher,
            // Rounding may take the cosine of equal rows above 1 or below.
            observed: if expected.bytes() == actual.bytes() { 1.0 } else { cosine },
            floor: None,
            allowed: least,
        });
        let is_same = expected.bytes() == actual.bytes();
        (!is_same && (cosine < least || cosine.is_nan())).then(|| ValueDifference::Directions {
            cosine,
            least,
            position: expected.position(row * width),
            place: None,
        })
    }

    /// An array whose hash is the recorded one: of floats, that is a measure of nothing against what is allowed.
    fn equal_numbers(&mut self, path: &str, is_float: bool) {
        let zero = Tensor::scalar(0.0);
        let (tolerance, floor) = self.bounds(path, &zero);
        let found = is_float.then(|| difference(&zero, &zero, 0.0, 0.0)).flatten();
        let measure = found.zip(tolerance).map(|(found, tolerance)| of_elements(&found, tolerance, floor));
        self.measured(path, ValueDifference::Same, measure.into_iter().collect());
    }

    fn bounds(&self, path: &str, tensor: &Tensor) -> (Option<Tolerance>, Option<Noise>) {
        (self.policy.tolerance(path, tensor.dtype()), self.policy.noise(path))
    }

    /// The atom that an element of a structure's column belongs to.
    fn atom_at(&self, path: &str, difference: &Difference) -> Option<String> {
        let (parent, column) = path.rsplit_once('.')?;
        let structure = self.sides.actual.structure(parent)?;
        let position = &difference.absolute.as_ref()?.position;
        // Coordinates of a stack have the model before the atom.
        let axis = usize::from(column == "coord" && position.len() == 3);
        atom_names::name_of(structure, *position.get(axis)?).filter(|_| matches!(column, "coord" | "b_factor"))
    }

    fn absent(&mut self, path: &'a str) {
        if self.is_covered(path) {
            return;
        }
        let expected = "None".to_owned();
        match self.sides.actual.get(path) {
            Some(Leaf::None) => self.found(path, ValueDifference::Same),
            Some(actual) => self.closed(path, changed(expected, actual.describe())),
            None => self.closed(path, ValueDifference::Missing { expected }),
        }
    }

    /// What only the response has. An attribute that is None and further columns of a structure come with other releases and
    /// say nothing about what was predicted.
    fn extra(&mut self) {
        let is_silent = |path: &str, leaf: &Leaf<'_>| *leaf == Leaf::None || OWN.iter().any(|own| path.contains(own));
        for (path, leaf) in self.sides.actual.entries().filter(|(path, leaf)| !is_silent(path, leaf)) {
            if self.sides.expected.get(path).is_none() && !self.is_covered(path) {
                let actual = leaf.describe();
                self.closed(path, ValueDifference::Extra { actual });
            }
        }
    }

    /// A finding that leaves nothing to say of what lies below.
    fn closed(&mut self, path: &'a str, finding: ValueDifference) {
        self.covered.insert(path);
        self.found(path, finding);
    }

    fn found(&mut self, path: &str, finding: ValueDifference) {
        self.measured(path, finding, Vec::new());
    }

    fn measured(&mut self, path: &str, finding: ValueDifference, measures: Vec<MetricValue>) {
        self.fields.push(FieldComparison::new(path, finding, measures));
    }

    fn is_covered(&self, path: &str) -> bool {
        path.match_indices(['.', '[']).map(|(end, _)| path.split_at(end)).any(|(above, below)| {
            self.covered.contains(above) || self.judged.contains(above) && !OWN.iter().any(|own| below.starts_with(own))
        })
    }
}

fn changed(expected: String, actual: String) -> ValueDifference {
    ValueDifference::Changed { expected, actual }
}

fn text_difference(expected: &Tensor, actual: &Tensor) -> ValueDifference {
    if expected == actual {
        return ValueDifference::Same;
    }
    let differing = (0..expected.len()).find(|&at| expected.text_at(at) != actual.text_at(at));
    let show = |tensor: &Tensor| match differing {
        Some(at) => format!("{:?} at {:?}", tensor.text_at(at).unwrap_or_default(), tensor.position(at)),
        None => "other padding".into(),
    };
    changed(show(expected), show(actual))
}
