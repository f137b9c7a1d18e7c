//! Walks two responses path by path and compares every value: by its gates if the policy has any, else element by element. Does not
//! write messages.

use std::collections::HashSet;

use super::comparison::{FieldComparison, ValueDifference};
use super::fields::BothResponses;
use super::policy::{EXACT, Policy};
use crate::metric::{Difference, MetricError, difference, embedding_error_of};
use crate::metric_value::{Direction, MetricValue, Noise, bound, of_elements};
use crate::prediction::contract::Tolerance;
use crate::prediction::{ArrayOrigin, Leaf, Listing};
use crate::protein::Structure;
use crate::tensor::{ContentHash, DType, KeptRows, Tensor};

/// Columns that only some structures have, and that the comparison of a structure does not cover.
const OWN: [&str; 3] = [".extra.", ".bonds", ".cell"];

/// Compares all values.
pub(super) fn walk(expected: &Listing<'_>, actual: &Listing<'_>, policy: &Policy) -> Vec<FieldComparison> {
    let mut walk = ValueWalk {
        sides: BothResponses { expected, actual, scales: policy.scales },
        policy,
        fields: Vec::new(),
        covered: HashSet::new(),
        judged: HashSet::new(),
    };
    if expected.class != actual.class {
        walk.found("class", changed(expected.class.clone(), actual.class.clone()));
    }
    // Values that are None matter least and come last.
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

/// A Python float or a `NumPy` scalar.
fn float_of(leaf: &Leaf<'_>) -> Option<f64> {
    match leaf {
        Leaf::Float(number) => Some(*number),
        Leaf::Array(_, tensor) if tensor.shape().is_empty() && tensor.dtype().is_float() => tensor.f64_at(0),
        _ => None,
    }
}

/// Two arrays of integers of different widths, converted to 64 bits.
fn widened(expected: &Tensor, actual: &Tensor) -> Option<(Tensor, Tensor)> {
    let are_integers = expected.dtype().is_integer() && actual.dtype().is_integer();
    if !are_integers || expected.dtype() == actual.dtype() || expected.shape() != actual.shape() {
        return None;
    }
    let wide = |tensor: &Tensor| {
        let values: Vec<i64> = match tensor.dtype() {
            DType::I64 => tensor.values::<i64>()?.collect(),
            DType::U64 => tensor.values::<u64>()?.map(|value| i64::try_from(value).unwrap_or(i64::MAX)).collect(),
            _ => tensor.to_f64()?.into_iter().map(|value| value as i64).collect(),
        };
        Tensor::from_values(tensor.shape().to_vec(), &values).ok()
    };
    Some((wide(expected)?, wide(actual)?))
}

struct ValueWalk<'a> {
    sides: BothResponses<'a>,
    policy: &'a Policy,
    fields: Vec<FieldComparison>,
    /// Paths whose finding includes everything below them.
    covered: HashSet<&'a str>,
    /// Paths that were compared by gates, which includes the columns that every structure has.
    judged: HashSet<&'a str>,
}

impl<'a> ValueWalk<'a> {
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

    /// A Python float and a `NumPy` scalar: which one a response has depends on the release.
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
        self.found(path, compare_atom_names(expected, actual));
    }

    fn text(&mut self, path: &'a str, expected: &str, actual: &str) {
        if expected == actual {
            return self.found(path, ValueDifference::Same);
        }
        let is_short = |text: &str| text.lines().count() < 2 && text.len() <= 60;
        if is_short(expected) && is_short(actual) {
            return self.found(path, changed(format!("{expected:?}"), format!("{actual:?}")));
        }
        // Not `lines`, which takes different line ends for the same.
        let equal = expected.split('\n').zip(actual.split('\n')).take_while(|(one, other)| one == other).count();
        let line_of = |text: &str| text.split('\n').nth(equal).map(str::to_owned);
        let (expected, actual) = (line_of(expected), line_of(actual));
        self.found(path, ValueDifference::Lines { line: equal + 1, expected, actual });
    }

    fn array(
        &mut self,
        path: &'a str,
        (form, expected): (ArrayOrigin, &Tensor),
        (other_form, actual): (ArrayOrigin, &Tensor),
    ) {
        // The contract checks the width of integers, and often allows several.
        if let Some((expected, actual)) = widened(expected, actual).filter(|_| form == other_form) {
            return self.numbers(path, &expected, &actual);
        }
        if form == other_form && expected.dtype() == actual.dtype() && expected.shape() == actual.shape() {
            return self.numbers(path, expected, actual);
        }
        // It is worth mentioning that only the type differs.
        let have_equal_values = expected.shape() == actual.shape()
            && matches!((expected.to_f64(), actual.to_f64()), (Some(one), Some(other)) if one == other);
        let suffix = if have_equal_values { " with equal values" } else { "" };
        let describe = |form, tensor: &Tensor| Leaf::Array(form, tensor.clone()).describe();
        let actual = format!("{}{suffix}", describe(other_form, actual));
        self.closed(path, changed(describe(form, expected), actual));
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
            // Equal rows and lengths do not make equal arrays, and nothing is allowed to differ.
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

    /// Adds the least cosine of rows, if rows are compared. Returns a finding if it is too low.
    fn direction(
        &self,
        expected: &Tensor,
        actual: &Tensor,
        measures: &mut Vec<MetricValue>,
    ) -> Option<ValueDifference> {
        let least = self.policy.least_cosine.filter(|_| expected.dtype().is_float())?;
        let width = *expected.shape().last().filter(|width| **width > 1)?;
        let is_same = expected.bytes() == actual.bytes();
        let (row, cosine) = match embedding_error_of(actual, expected) {
            Ok(found) => (found.least_cosine.index, found.least_cosine.value),
            // A row that is not finite has no direction.
            Err(MetricError::NotFinite { index, .. }) => (index / width, f64::NAN),
            Err(_) => (0, f64::NAN),
        };
        measures.push(MetricValue {
            key: "cosine",
            name: "least cosine of rows",
            unit: "",
            better: Direction::Higher,
            // The cosine of equal rows may not be exactly 1, due to rounding.
            observed: if is_same { 1.0 } else { cosine },
            floor: None,
            allowed: least,
        });
        (!is_same && (cosine < least || cosine.is_nan())).then(|| ValueDifference::Directions {
            cosine,
            least,
            position: expected.position(row * width),
            place: None,
        })
    }

    /// An array whose hash is the recorded one. Floats get a metric with a difference of 0.
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
        name_of(structure, *position.get(axis)?).filter(|_| matches!(column, "coord" | "b_factor"))
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

    /// Values that only the response has. Attributes that are None and additional columns of a structure depend on the release, not on
    /// the prediction.
    fn extra(&mut self) {
        let is_silent = |path: &str, leaf: &Leaf<'_>| *leaf == Leaf::None || OWN.iter().any(|own| path.contains(own));
        for (path, leaf) in self.sides.actual.entries().filter(|(path, leaf)| !is_silent(path, leaf)) {
            if self.sides.expected.get(path).is_none() && !self.is_covered(path) {
                let actual = leaf.describe();
                self.closed(path, ValueDifference::Extra { actual });
            }
        }
    }

    /// Adds a finding that includes everything below its path.
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

/// Compares the names of the atoms of two structures of the same size.
fn compare_atom_names(expected: &Structure, actual: &Structure) -> ValueDifference {
    let total = expected.atoms();
    let mut differing = (0..total).filter(|&atom| {
        name_of(expected, atom) != name_of(actual, atom)
            || expected.element.get(atom) != actual.element.get(atom)
            || expected.hetero.get(atom) != actual.hetero.get(atom)
    });
    let Some(first) = differing.next() else {
        return ValueDifference::Same;
    };
    let describe = |structure: &Structure| {
        let name = name_of(structure, first).unwrap_or_default();
        let element = structure.element.get(first).map(ToString::to_string).unwrap_or_default();
        format!("{name} ({element})")
    };
    ValueDifference::Atoms {
        first,
        total,
        expected: describe(expected),
        actual: describe(actual),
        differing: 1 + differing.count(),
    }
}

/// `A GLY 12 CA`: chain, residue name, number and insertion code, atom name.
fn name_of(structure: &Structure, atom: usize) -> Option<String> {
    Some(format!(
        "{} {} {}{} {}",
        structure.chain_id.get(atom)?,
        structure.res_name.get(atom)?,
        structure.res_id.get(atom)?,
        structure.ins_code.get(atom)?,
        structure.atom_name.get(atom)?
    ))
}
