//! Elements of an array in the wrong places: transposed or averaged axes, one place off, entries in another order.

use super::matching::{MOST, assign, costs, describe, is_in_order, squares};
use super::numbers::{Numbers, TELLING, distance, spread};
use super::{Cause, MistakeKind, SUFFICIENT, best, pairs, share};

/// The most axes whose permutations are all tried.
const MOST_AXES: usize = 5;
/// At least so many numbers do not turn into each other by chance.
const MANY: usize = 12;
/// The number of values of a row that are compared to find its place.
const LOOKED_AT: usize = 64;
/// The most values that are compared in total to find the order of rows.
const MOST_HELD: usize = 1 << 24;
/// The number of elements that tell whether all are worth comparing, and the part of the difference that they may leave then.
const SAMPLE: usize = 4096;
const UNLIKELY: f64 = 0.3;
/// The most places by which a slice begins wrongly.
const MOST_PLACES: usize = 3;

/// Mistakes of order between two arrays of one shape.
pub(super) fn of_arrays(numbers: &Numbers<'_>) -> Option<Cause> {
    best([
        &|| axes(numbers.expected, numbers.shape, numbers.actual, numbers.shape),
        &|| symmetrised(numbers),
        &|| shifted(numbers),
        &|| permuted(numbers),
        &|| pairs::of_order(numbers),
    ])
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
    // Arrays of different shapes differ completely.
    let difference = if expected_shape == actual_shape { distance(expected, actual) } else { f64::INFINITY };
    let spread = spread(expected);
    permutations(rank).into_iter().find_map(|order| {
        let fits = order.iter().enumerate().all(|(axis, &from)| actual_shape[axis] == expected_shape[from]);
        let moves = order.iter().enumerate().any(|(axis, &from)| axis != from && expected_shape[from] > 1);
        if !fits || !moves {
            return None;
        }
        let transposed = transpose(expected, expected_shape, &order);
        let share = share(distance(&transposed, actual), difference, spread)?;
        Some(Cause::new(MistakeKind::AxesSwapped, format!("axes in the order {order:?}"), share))
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
    let mean: Vec<f64> =
        numbers.expected.iter().zip(transposed).map(|(one, other)| f64::midpoint(*one, other)).collect();
    let share = share(distance(&mean, numbers.actual), numbers.difference, numbers.spread)?;
    let what = "every value is the mean of those of both directions";
    Some(Cause::new(MistakeKind::Symmetrised, what, share))
}

/// All orders of the first numbers.
fn permutations(count: usize) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for _ in 0..count {
        let longer = all.iter().flat_map(|order: &Vec<usize>| {
            let free = (0..count).filter(|axis| !order.contains(axis));
            free.map(|axis| [order.as_slice(), &[axis]].concat()).collect::<Vec<_>>()
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
    (0..shape.len()).map(|axis| shape[axis + 1..].iter().product()).collect()
}

/// A few places further along an axis, or along two neighbouring axes of one length, as pairs of residues have.
fn shifted(numbers: &Numbers<'_>) -> Option<Cause> {
    let sizes = numbers.shape;
    let single = (0..sizes.len()).map(|axis| vec![axis]);
    let double = (1..sizes.len()).filter(|&axis| sizes[axis] == sizes[axis - 1]).map(|axis| vec![axis - 1, axis]);
    let axes: Vec<Vec<usize>> = single.chain(double).collect();
    (1..=MOST_PLACES).find_map(|places| axes.iter().find_map(|axes| shifted_by(numbers, axes, places)))
}

fn shifted_by(numbers: &Numbers<'_>, axes: &[usize], places: usize) -> Option<Cause> {
    let sizes = numbers.shape;
    let steps = strides(sizes);
    if axes.iter().any(|&axis| sizes[axis] < TELLING.max(3 * places)) {
        return None;
    }
    let step: usize = places * axes.iter().map(|&axis| steps[axis]).sum::<usize>();
    let is_last = |flat: usize| axes.iter().any(|&axis| flat / steps[axis] % sizes[axis] + places >= sizes[axis]);
    let kept = |every: usize| -> Vec<usize> {
        let all = (0..numbers.expected.len()).step_by(every);
        all.filter(|&flat| !is_last(flat)).collect()
    };
    let pick = |kept: &[usize], values: &[f64], step: usize| -> Vec<f64> {
        kept.iter().map(|&flat| values[flat + step]).collect()
    };
    let sample = kept((numbers.expected.len() / SAMPLE).max(1));
    let found = |from: usize, to: usize, words: &str| {
        // Most tried shifts are wrong, which a part of the elements shows.
        let apart = |from: usize, to: usize| {
            let (one, other) = (pick(&sample, numbers.expected, from), pick(&sample, numbers.actual, to));
            distance(&one, &other)
        };
        if apart(from, to) > UNLIKELY * apart(from, from) {
            return None;
        }
        let kept = kept(1);
        let pick = |values: &[f64], step: usize| pick(&kept, values, step);
        let (expected, actual) = (pick(numbers.expected, from), pick(numbers.actual, to));
        let difference = distance(&expected, &pick(numbers.actual, from));
        let share = share(distance(&expected, &actual), difference, spread(&expected))?;
        let count = match places {
            1 => "one place".to_owned(),
            places => format!("{places} places"),
        };
        let along = match axes {
            [one] => format!("axis {one}"),
            several => format!("axes {several:?}"),
        };
        let what = format!("every entry {count} {words} along {along}");
        Some(Cause::new(MistakeKind::Shifted, what, share).along(axes))
    };
    found(0, step, "late").or_else(|| found(step, 0, "early"))
}

/// The same entries along one axis in another order.
fn permuted(numbers: &Numbers<'_>) -> Option<Cause> {
    (0..numbers.shape.len()).find_map(|axis| {
        let count = numbers.shape[axis];
        let width = numbers.expected.len().checked_div(count)?;
        if count < 2 {
            return None;
        }
        let order: Vec<usize> =
            std::iter::once(axis).chain((0..numbers.shape.len()).filter(|&other| other != axis)).collect();
        let expected = transpose(numbers.expected, numbers.shape, &order);
        let actual = transpose(numbers.actual, numbers.shape, &order);
        let reorder = |rows: &[usize]| -> Vec<f64> {
            let rows = rows.iter().flat_map(|&row| &actual[row * width..(row + 1) * width]);
            rows.copied().collect()
        };
        let apart = |order: Vec<usize>| (distance(&expected, &reorder(&order)), order);
        let simple = simple_orders(&expected, &actual, count).into_iter().map(apart);
        // Any two sorted lists of single numbers are alike, so an order that is not simple must leave nothing.
        let is_sure = |found: &(f64, Vec<usize>)| {
            width >= TELLING || found.0 == 0.0 || count >= MANY && (is_turned(&found.1) || is_reversed(&found.1))
        };
        let simple = simple.filter(is_sure).min_by(|one, other| one.0.total_cmp(&other.0));
        let is_enough = |found: &(f64, Vec<usize>)| found.0 <= (1.0 - SUFFICIENT) * numbers.difference;
        let found = match simple.filter(is_enough) {
            Some(found) => Some(found),
            None => nearest(&expected, &actual, count).map(apart),
        };
        let (residual, order) = found?;
        let explained = share(residual, numbers.difference, numbers.spread)?;
        if is_in_order(&order) {
            return None;
        }
        let (kind, what) = describe(&order, &format!("axis {axis}"));
        let kind = if is_of_features(numbers.shape, axis) { MistakeKind::Features } else { kind };
        Some(Cause::new(kind, what, explained).along(&[axis]))
    })
}

/// Whether an axis counts features: the last one behind samples and residues. Two axes of one length are those of pairs.
pub(super) fn is_of_features(shape: &[usize], axis: usize) -> bool {
    let rank = shape.len();
    rank >= 3 && axis + 1 == rank && shape[axis] != shape[axis - 1]
}

/// Whether the first entries were moved behind the others, and nothing else.
fn is_turned(order: &[usize]) -> bool {
    order.windows(2).filter(|pair| pair[1] != pair[0] + 1).count() == 1
}

fn is_reversed(order: &[usize]) -> bool {
    order.windows(2).all(|pair| pair[0] == pair[1] + 1)
}

/// Simple orders of rows: the reverse, a rotation, and the ranks by one projection, in which equal rows are equal.
fn simple_orders(expected: &[f64], actual: &[f64], count: usize) -> Vec<Vec<usize>> {
    let width = expected.len() / count;
    let ranks = |values: &[f64]| {
        let rows = values.chunks_exact(width).enumerate();
        let project = |row: &[f64]| -> f64 { row.iter().enumerate().map(|(at, value)| value * weight(at)).sum() };
        let mut keyed: Vec<(f64, usize)> = rows.map(|(row, values)| (project(values), row)).collect();
        keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
        keyed
    };
    let ranked = ranks(expected).into_iter().zip(ranks(actual));
    let mut ranked: Vec<(usize, usize)> = ranked.map(|(from, to)| (from.1, to.1)).collect();
    ranked.sort_unstable();
    let mut all = vec![ranked.into_iter().map(|(_, row)| row).collect(), (0..count).rev().collect()];
    if count <= MOST && width < TELLING {
        let apart = |places: usize| -> f64 {
            let (behind, ahead) = actual.split_at(places * width);
            let (start, end) = expected.split_at(ahead.len());
            squares(start, ahead) + squares(end, behind)
        };
        let turns = (1..count).map(|places| (apart(places), places));
        let best = turns.min_by(|one, other| one.0.total_cmp(&other.0));
        all.extend(best.map(|(_, places)| (places..count).chain(0..places).collect()));
    }
    all
}

/// The order in which every row is the nearest. Returns `None` for short rows, of which many are near each other.
fn nearest(expected: &[f64], actual: &[f64], count: usize) -> Option<Vec<usize>> {
    let width = expected.len() / count;
    if count > MOST || width < TELLING {
        return None;
    }
    // Every row is compared with every other one.
    let looked_at = (MOST_HELD / (count * count)).clamp(TELLING, LOOKED_AT);
    let some = |values: &[f64]| -> Vec<Vec<f64>> {
        let rows = values.chunks_exact(width);
        let some = |row: &[f64]| row.iter().step_by((width / looked_at).max(1)).copied().collect();
        rows.map(some).collect()
    };
    assign(count, &costs(&some(expected), &some(actual)))
}

/// A weight in [1, 2) that differs from index to index.
fn weight(index: usize) -> f64 {
    let mixed = (index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    1.0 + (mixed >> 11) as f64 / (1u64 << 53) as f64
}
