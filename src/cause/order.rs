//! Elements of an array in the wrong places: transposed or averaged axes, one place off, entries in another order.

use super::numbers::{Numbers, distance, spread};
use super::{Cause, Kind, share};

/// The most axes whose permutations are all tried.
const MOST_AXES: usize = 5;
/// Rows of fewer elements may look alike by chance; they must trade places exactly.
const TELLING: usize = 4;

/// Mistakes of order between two arrays of one shape.
pub(super) fn of_arrays(numbers: &Numbers<'_>) -> Option<Cause> {
    axes(numbers.expected, numbers.shape, numbers.actual, numbers.shape)
        .or_else(|| symmetrised(numbers))
        .or_else(|| shifted(numbers))
        .or_else(|| permuted(numbers))
}

/// Transposed axes.
pub(super) fn axes(
    expected: &[f64],
    expected_shape: &[usize],
    actual: &[f64],
    actual_shape: &[usize],
) -> Option<Cause> {
    let rank = expected_shape.len();
    if rank != actual_shape.len() || !(2..=MOST_AXES).contains(&rank) || expected.len() != actual.len() {
        return None;
    }
    // Of arrays of different shape all is different.
    let difference = if expected_shape == actual_shape {
        distance(expected, actual)
    } else {
        f64::INFINITY
    };
    let spread = spread(expected);
    permutations(rank).into_iter().find_map(|order| {
        let fits = order
            .iter()
            .enumerate()
            .all(|(axis, &from)| actual_shape[axis] == expected_shape[from]);
        let moves = order
            .iter()
            .enumerate()
            .any(|(axis, &from)| axis != from && expected_shape[from] > 1);
        if !fits || !moves {
            return None;
        }
        let transposed = transpose(expected, expected_shape, &order);
        let share = share(distance(&transposed, actual), difference, spread)?;
        Some(Cause::new(
            Kind::AxesSwapped,
            format!("axes in the order {order:?}"),
            share,
        ))
    })
}

/// The last two axes averaged with their transpose.
fn symmetrised(numbers: &Numbers<'_>) -> Option<Cause> {
    let rank = numbers.shape.len();
    if rank < 2 || numbers.shape[rank - 1] != numbers.shape[rank - 2] || numbers.shape[rank - 1] < TELLING {
        return None;
    }
    let mut order: Vec<usize> = (0..rank).collect();
    order.swap(rank - 1, rank - 2);
    let transposed = transpose(numbers.expected, numbers.shape, &order);
    let mean: Vec<f64> = numbers
        .expected
        .iter()
        .zip(transposed)
        .map(|(one, other)| f64::midpoint(*one, other))
        .collect();
    let share = share(distance(&mean, numbers.actual), numbers.difference, numbers.spread)?;
    let what = "every value is the mean of those of both directions";
    Some(Cause::new(Kind::Symmetrised, what, share))
}

/// All orders of the first numbers.
fn permutations(count: usize) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for _ in 0..count {
        let longer = all.iter().flat_map(|order: &Vec<usize>| {
            let free = (0..count).filter(|axis| !order.contains(axis));
            free.map(|axis| [order.as_slice(), &[axis]].concat())
                .collect::<Vec<_>>()
        });
        all = longer.collect();
    }
    all
}

/// The elements in C order after axis `order[i]` has become axis i.
fn transpose(values: &[f64], shape: &[usize], order: &[usize]) -> Vec<f64> {
    let steps = strides(shape);
    let mut position = vec![0; shape.len()];
    let mut moved = Vec::with_capacity(values.len());
    for _ in 0..values.len() {
        let flat: usize = position.iter().zip(order).map(|(at, &axis)| at * steps[axis]).sum();
        moved.push(values[flat]);
        for place in (0..position.len()).rev() {
            position[place] += 1;
            if position[place] < shape[order[place]] {
                break;
            }
            position[place] = 0;
        }
    }
    moved
}

fn strides(shape: &[usize]) -> Vec<usize> {
    (0..shape.len())
        .map(|axis| shape[axis + 1..].iter().product())
        .collect()
}

/// One place further along an axis, or along two neighbouring axes of one length, as pairs of residues have.
fn shifted(numbers: &Numbers<'_>) -> Option<Cause> {
    let sizes = numbers.shape;
    let steps = strides(sizes);
    let single = (0..sizes.len()).map(|axis| vec![axis]);
    let double = (1..sizes.len())
        .filter(|&axis| sizes[axis] == sizes[axis - 1])
        .map(|axis| vec![axis - 1, axis]);
    let mut tried = single.chain(double);
    tried.find_map(|axes| {
        if axes.iter().any(|&axis| sizes[axis] < TELLING) {
            return None;
        }
        let step: usize = axes.iter().map(|&axis| steps[axis]).sum();
        let is_last = |flat: usize| {
            axes.iter()
                .any(|&axis| flat / steps[axis] % sizes[axis] + 1 == sizes[axis])
        };
        let places: Vec<usize> = (0..numbers.expected.len()).filter(|&flat| !is_last(flat)).collect();
        let pick =
            |values: &[f64], step: usize| -> Vec<f64> { places.iter().map(|&flat| values[flat + step]).collect() };
        let found = |from: usize, to: usize, words: &str| {
            let (expected, actual) = (pick(numbers.expected, from), pick(numbers.actual, to));
            let difference = distance(&expected, &pick(numbers.actual, from));
            let share = share(distance(&expected, &actual), difference, spread(&expected))?;
            let what = format!("every entry one place {words} along axis {axes:?}");
            Some(Cause::new(Kind::Shifted, what, share))
        };
        found(0, step, "late").or_else(|| found(step, 0, "early"))
    })
}

/// The same entries along one axis in another order.
fn permuted(numbers: &Numbers<'_>) -> Option<Cause> {
    (0..numbers.shape.len()).find_map(|axis| {
        let count = numbers.shape[axis];
        let width = numbers.expected.len().checked_div(count)?;
        if count < 2 {
            return None;
        }
        let order: Vec<usize> = std::iter::once(axis)
            .chain((0..numbers.shape.len()).filter(|&other| other != axis))
            .collect();
        let expected = transpose(numbers.expected, numbers.shape, &order);
        let actual = transpose(numbers.actual, numbers.shape, &order);
        // Rows are matched by the rank of one projection each: equal rows have equal ranks.
        let ranks = |values: &[f64]| {
            let project = |row: usize| -> f64 {
                let row = &values[row * width..(row + 1) * width];
                row.iter().enumerate().map(|(index, value)| value * weight(index)).sum()
            };
            let mut keyed: Vec<(f64, usize)> = (0..count).map(|row| (project(row), row)).collect();
            keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
            keyed
        };
        let mut matched: Vec<(usize, usize)> = ranks(&expected)
            .into_iter()
            .zip(ranks(&actual))
            .map(|(from, to)| (from.1, to.1))
            .collect();
        matched.sort_unstable();
        let reordered: Vec<f64> = matched
            .iter()
            .flat_map(|&(_, row)| actual[row * width..(row + 1) * width].iter().copied())
            .collect();
        let residual = distance(&expected, &reordered);
        if width < TELLING && residual > 0.0 {
            return None;
        }
        let share = share(residual, numbers.difference, numbers.spread)?;
        let (from, to) = matched.iter().find(|(from, to)| from != to)?;
        let what = format!("entries along axis {axis} in another order: {from} stands at {to}");
        Some(Cause::new(Kind::PermutedItems, what, share))
    })
}

/// A weight in [1, 2) that differs from index to index.
fn weight(index: usize) -> f64 {
    let mixed = (index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    1.0 + (mixed >> 11) as f64 / (1u64 << 53) as f64
}
