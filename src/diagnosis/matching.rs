//! The places of entries that come in another order, and that order as text. Does not know arrays: the caller gives the cost of matching two
//! entries.

use super::MistakeKind;

/// The most entries that are matched.
pub(super) const MOST: usize = 1024;
/// The number of places that are tried for an entry, the cheapest first.
const TRIED: usize = 6;
/// A rotation by at most so many places is a slice that begins wrongly, if there are at least three times as many entries.
pub(super) const TURN: usize = 3;
/// At most so many pieces in another order are chains.
const PIECES: usize = 12;

/// The sum of the squared differences of two rows.
pub(super) fn squares(one: &[f64], other: &[f64]) -> f64 {
    let mut sum = 0.0;
    for (one, other) in one.iter().zip(other) {
        let gap = one - other;
        sum += gap * gap;
    }
    sum
}

/// The cost of matching every expected row with every actual one, row by row.
pub(super) fn costs(expected: &[Vec<f64>], actual: &[Vec<f64>]) -> Vec<f64> {
    let mut costs = Vec::with_capacity(expected.len() * actual.len());
    for one in expected {
        costs.extend(actual.iter().map(|other| squares(one, other)));
    }
    costs
}

/// Gives every entry a place of its own, the cheapest first.
pub(super) fn assign(size: usize, costs: &[f64]) -> Option<Vec<usize>> {
    let mut tries: Vec<(f64, usize, usize)> = Vec::with_capacity(size * TRIED);
    for entry in 0..size {
        let places = (0..size).map(|place| (costs[entry * size + place], entry, place));
        let mut own: Vec<(f64, usize, usize)> = places.collect();
        if size > TRIED {
            own.select_nth_unstable_by(TRIED, |one, other| one.0.total_cmp(&other.0));
            own.truncate(TRIED);
        }
        tries.extend(own);
    }
    tries.sort_unstable_by(|one, other| one.0.total_cmp(&other.0).then((one.1, one.2).cmp(&(other.1, other.2))));
    let (mut order, mut taken) = (vec![None; size], vec![false; size]);
    for (_, entry, place) in tries {
        if order[entry].is_none() && !taken[place] {
            order[entry] = Some(place);
            taken[place] = true;
        }
    }
    let mut free = (0..size).filter(|&place| !taken[place]);
    order.into_iter().map(|place| place.or_else(|| free.next())).collect()
}

/// Whether every entry is in its place.
pub(super) fn is_in_order(order: &[usize]) -> bool {
    order.iter().enumerate().all(|(entry, &place)| entry == place)
}

/// An order as text. `along` names the axis.
pub(super) fn describe(order: &[usize], along: &str) -> (MistakeKind, String) {
    let size = order.len();
    let first = order.iter().enumerate().find(|(entry, place)| entry != *place);
    let (first, place) = first.unwrap_or((0, &0));
    let is_reversed = order.iter().enumerate().all(|(entry, &place)| entry + place + 1 == size);
    if is_reversed && size > 2 {
        return (
            MistakeKind::PermutedItems,
            format!("entries along {along} in reverse order: {first} stands at {place}"),
        );
    }
    let starts: Vec<usize> = (0..size).filter(|&entry| entry == 0 || order[entry] != order[entry - 1] + 1).collect();
    if let [0, behind] = *starts.as_slice()
        && order[behind] == 0
        && size >= 3 * TURN
        && behind.min(size - behind) <= TURN
    {
        let (places, words) = if behind <= TURN { (behind, "early") } else { (size - behind, "late") };
        let number = if places == 1 { "place" } else { "places" };
        let what = format!("every entry {places} {number} {words} along {along}");
        return (MistakeKind::Shifted, what);
    }
    let runs = starts.len();
    let what = if runs <= PIECES && runs * 4 <= size {
        format!("entries along {along} in another order, {runs} runs as chains are: {first} stands at {place}")
    } else {
        format!("entries along {along} in another order: {first} stands at {place}")
    };
    (MistakeKind::PermutedItems, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_told_by_what_makes_them() {
        let reported = |order: &[usize]| describe(order, "axis 0");
        let turned = |places: usize| -> Vec<usize> { (0..12).map(|entry| (entry + places) % 12).collect() };
        assert_eq!(reported(&turned(2)), (MistakeKind::Shifted, "every entry 2 places late along axis 0".into()));
        insta::assert_snapshot!(reported(&turned(11)).1, @"every entry 1 place early along axis 0");
        insta::assert_snapshot!(reported(&turned(5)).1, @"entries along axis 0 in another order, 2 runs as chains are: 0 stands at 5");
        insta::assert_snapshot!(reported(&[1, 0]).1, @"entries along axis 0 in another order: 0 stands at 1");
        let reversed: Vec<usize> = (0..12).rev().collect();
        insta::assert_snapshot!(reported(&reversed).1, @"entries along axis 0 in reverse order: 0 stands at 11");
    }

    #[test]
    fn every_entry_gets_a_place_of_its_own() {
        let rows = |order: &[usize]| -> Vec<Vec<f64>> { order.iter().map(|&row| vec![row as f64, 1.0]).collect() };
        let costs = costs(&rows(&[0, 1, 2, 3]), &rows(&[2, 0, 3, 1]));
        assert_eq!(assign(4, &costs), Some(vec![1, 3, 0, 2]));
        assert_eq!(assign(3, &[0.0; 9]), Some(vec![0, 1, 2]));
    }
}
