//! Arrays with a number or a vector for every two residues: entries of both axes together that are too many, missing or in another
//! order. Does not look for mistakes along one axis alone.

use std::cmp::Ordering;

use super::gaps::{Gaps, PRICE};
use super::matching::{MOST, assign, costs, describe, is_in_order};
use super::numbers::{Numbers, TELLING, distance, spread};
use super::{Cause, MistakeKind, share};

/// The neighbours on either side that an entry is compared by. Those far away may lie behind a gap.
const NEIGHBOURS: usize = 8;
/// The number of channels that are compared to find counterparts. Once they are found, all are compared.
const CHANNELS: usize = 4;
/// The number of values that represent a row, in ascending order: they do not depend on the order of the entries.
const QUANTILES: usize = 16;
/// The number of entries with certain counterparts, by which the others find theirs.
const ANCHORS: usize = 48;

/// An array as square matrices of vectors.
struct Pairs<'a> {
    values: &'a [f64],
    size: usize,
    inner: usize,
}

impl<'a> Pairs<'a> {
    /// The array whose axes `first` and the next are those of pairs.
    fn new(values: &'a [f64], shape: &[usize], first: usize) -> Option<Self> {
        let (size, inner) = (shape[first], shape[first + 2..].iter().product::<usize>());
        (size == shape[first + 1] && size > 0 && inner > 0).then_some(Self { values, size, inner })
    }

    /// The channels that are compared, each in the first matrix or a later one.
    fn channels(&self) -> Vec<(usize, usize)> {
        let outer = self.values.len() / (self.size * self.size * self.inner);
        let all = outer * self.inner;
        let chosen = (0..all).step_by((all / CHANNELS).max(1)).take(CHANNELS);
        chosen.map(|at| (at / self.inner, at % self.inner)).collect()
    }

    fn number(&self, (outer, channel): (usize, usize), row: usize, column: usize) -> f64 {
        self.values[((outer * self.size + row) * self.size + column) * self.inner + channel]
    }

    /// The same with these entries on both axes.
    fn gather(&self, order: &[usize]) -> Vec<f64> {
        let mut all = Vec::with_capacity(self.values.len());
        for block in self.values.chunks_exact(self.size * self.size * self.inner) {
            for row in order {
                for column in order {
                    let at = (row * self.size + column) * self.inner;
                    all.extend_from_slice(&block[at..at + self.inner]);
                }
            }
        }
        all
    }
}

/// Entries of both axes that are too many or missing.
pub(super) fn of_lengths(expected: (&[f64], &[usize]), actual: (&[f64], &[usize]), first: usize) -> Option<Cause> {
    let wanted = Pairs::new(expected.0, expected.1, first)?;
    let got = Pairs::new(actual.0, actual.1, first)?;
    let is_short = got.size < wanted.size;
    let (short, long) = if is_short { (&got, &wanted) } else { (&wanted, &got) };
    if short.size < TELLING {
        return None;
    }
    let size = spread(expected.0);
    let channels = short.channels();
    let reach = (short.size / 6).clamp(2, NEIGHBOURS);
    // Entries beside a gap have their neighbours on one side only.
    let one_side = |entry: usize, offset: usize, channel: (usize, usize), is_ahead: bool| -> f64 {
        let squares = (0..=reach).map(|step| {
            let other = if is_ahead { entry + step } else { entry - step };
            let gap = |one: usize, two: usize| {
                short.number(channel, one, two) - long.number(channel, one + offset, two + offset)
            };
            gap(entry, other).powi(2) + gap(other, entry).powi(2)
        });
        squares.sum()
    };
    let cost = |entry: usize, offset: usize| -> f64 {
        let sum = |is_ahead| channels.iter().map(|&channel| one_side(entry, offset, channel, is_ahead)).sum::<f64>();
        let (before, ahead) = (entry >= reach, entry + reach < short.size);
        match (before, ahead) {
            (true, true) => sum(false).min(sum(true)),
            (true, false) => sum(false),
            (false, true) => sum(true),
            (false, false) => (short.number(channels[0], entry, entry)
                - long.number(channels[0], entry + offset, entry + offset))
            .powi(2),
        }
    };
    let numbers = short.size * channels.len() * 2 * (reach + 1);
    let price = PRICE * numbers as f64 * size.powi(2);
    let mut gaps = Gaps::cheapest(short.size, long.size - short.size, price, cost);
    if !gaps.is_one_mistake(true) {
        return None;
    }
    let residual = gaps.polish(|gaps| {
        let order: Vec<usize> = (0..short.size).map(|entry| gaps.counterpart(entry)).collect();
        distance(short.values, &long.gather(&order))
    });
    let share = share(residual, f64::INFINITY, size)?;
    let along = format!("axes {first} and {}", first + 1);
    let (kind, what) = if is_short { gaps.missing(&along) } else { gaps.too_many(&along) };
    // A short piece fits at both ends by chance.
    (kind != MistakeKind::Missing || 2 * got.size >= wanted.size).then(|| Cause::new(kind, what, share))
}

/// The same entries along both axes in another order.
pub(super) fn of_order(numbers: &Numbers<'_>) -> Option<Cause> {
    let shape = numbers.shape;
    (1..shape.len()).find_map(|second| {
        let first = second - 1;
        let expected = Pairs::new(numbers.expected, shape, first)?;
        let actual = Pairs::new(numbers.actual, shape, first)?;
        if !(TELLING..=MOST).contains(&expected.size) {
            return None;
        }
        let reversed: Vec<usize> = (0..expected.size).rev().collect();
        let mut orders = vec![reversed];
        orders.extend(counterparts(&expected, &actual));
        let apart = orders.into_iter().map(|order| (distance(numbers.expected, &actual.gather(&order)), order));
        let (residual, order) = apart.min_by(|one, other| one.0.total_cmp(&other.0))?;
        if is_in_order(&order) {
            return None;
        }
        let explained = share(residual, numbers.difference, numbers.spread)?;
        let (kind, what) = describe(&order, &format!("axes {first} and {second}"));
        Some(Cause::new(kind, what, explained))
    })
}

/// The actual place of every expected entry.
fn counterparts(expected: &Pairs<'_>, actual: &Pairs<'_>) -> Option<Vec<usize>> {
    let size = expected.size;
    let channels = expected.channels();
    let (one, other) = (signatures(expected, &channels), signatures(actual, &channels));
    let mut known = costs(&one, &other);
    let mut order = assign(size, &known)?;
    for _ in 0..2 {
        let anchors = anchors(size, &known, &order);
        let row = |pairs: &Pairs<'_>, entry: usize, anchors: &[usize]| -> Vec<f64> {
            let mut row = Vec::with_capacity(2 * anchors.len() * channels.len());
            for &channel in &channels {
                row.push(pairs.number(channel, entry, entry));
                for &anchor in anchors {
                    row.push(pairs.number(channel, entry, anchor));
                    row.push(pairs.number(channel, anchor, entry));
                }
            }
            row
        };
        let there: Vec<usize> = anchors.iter().map(|&anchor| order[anchor]).collect();
        let one: Vec<Vec<f64>> = (0..size).map(|entry| row(expected, entry, &anchors)).collect();
        let other: Vec<Vec<f64>> = (0..size).map(|entry| row(actual, entry, &there)).collect();
        known = costs(&one, &other);
        order = assign(size, &known)?;
    }
    Some(order)
}

/// Values that do not depend on the order of the entries: the row and the column in ascending order, and the diagonal.
fn signatures(pairs: &Pairs<'_>, channels: &[(usize, usize)]) -> Vec<Vec<f64>> {
    let quantiles = |mut values: Vec<f64>| {
        values.sort_unstable_by(f64::total_cmp);
        let last = values.len() - 1;
        (0..QUANTILES).map(move |at| values[at * last / (QUANTILES - 1)])
    };
    let of_entry = |entry: usize| -> Vec<f64> {
        let mut signature = Vec::new();
        for &channel in channels {
            signature.push(pairs.number(channel, entry, entry));
            let line = 0..pairs.size;
            signature.extend(quantiles(line.clone().map(|at| pairs.number(channel, entry, at)).collect()));
            signature.extend(quantiles(line.map(|at| pairs.number(channel, at, entry)).collect()));
        }
        signature
    };
    (0..pairs.size).map(of_entry).collect()
}

/// The entries with the most certain places: all other entries are much farther from them.
fn anchors(size: usize, costs: &[f64], order: &[usize]) -> Vec<usize> {
    let doubt = |entry: usize| -> f64 {
        let own = costs[entry * size + order[entry]];
        let others = (0..size).filter(|&place| place != order[entry]);
        let next = others.map(|place| costs[entry * size + place]).fold(f64::INFINITY, f64::min);
        if next > 0.0 { own / next } else { f64::INFINITY }
    };
    let mut sure: Vec<(f64, usize)> = (0..size).map(|entry| (doubt(entry), entry)).collect();
    sure.sort_by(|one, other| one.0.partial_cmp(&other.0).unwrap_or(Ordering::Equal));
    sure.into_iter().take(ANCHORS).map(|(_, entry)| entry).collect()
}
