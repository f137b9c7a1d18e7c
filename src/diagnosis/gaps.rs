//! Places where entries are too many or missing while all others keep their order, as text. Does not know arrays: the caller gives the cost
//! of matching two entries.

use super::MistakeKind;

/// The most gaps that one mistake makes: a linker between every two chains.
const MOST: usize = 12;
/// Places around a gap that are tried with the cost of all entries together.
const REACH: usize = 12;
/// The part of the total variation that a further gap must save. Noise saves a little with every gap.
pub(super) const PRICE: f64 = 2e-3;

/// For every entry of the shorter side the number of preceding entries of the longer side without a counterpart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Gaps {
    /// Ascending, from 0 to `extra`.
    offsets: Vec<usize>,
    extra: usize,
}

impl Gaps {
    /// The cheapest way to give every entry of the shorter side one of the longer side, in order. A new gap costs `price`; of
    /// equally cheap ways the one whose gaps come last is taken.
    pub(crate) fn cheapest(short: usize, extra: usize, price: f64, cost: impl Fn(usize, usize) -> f64) -> Self {
        let width = extra + 1;
        let mut from: Vec<u32> = Vec::with_capacity(short * width);
        let mut total = vec![0.0; width];
        for entry in 0..short {
            // The cheapest offset so far that is smaller than this one.
            let mut least = (f64::INFINITY, 0);
            let mut next = Vec::with_capacity(width);
            for (offset, &stay) in total.iter().enumerate() {
                let before = if least.0 + price < stay { least.1 } else { offset };
                let paid = if before == offset { stay } else { least.0 + price };
                if stay < least.0 {
                    least = (stay, offset);
                }
                from.push(before as u32);
                next.push(paid + cost(entry, offset));
            }
            total = next;
        }
        let mut offset = 0;
        for other in 1..width {
            if total[other] < total[offset] {
                offset = other;
            }
        }
        let mut offsets = vec![0; short];
        for entry in (0..short).rev() {
            offsets[entry] = offset;
            offset = from[entry * width + offset] as usize;
        }
        Self { offsets, extra }
    }

    /// Moves gaps one by one to the place with the least total cost.
    pub(crate) fn polish(&mut self, whole: impl Fn(&Self) -> f64) -> f64 {
        let mut least = whole(self);
        for gap in (0..self.inner().len()).chain(0..self.inner().len()) {
            let Some(&(place, _)) = self.inner().get(gap) else {
                continue;
            };
            let (low, high) = (self.offsets[place - 1], self.offsets[place]);
            let start = self.clone();
            for at in place.saturating_sub(REACH)..=(place + REACH).min(self.offsets.len()) {
                let (moved, from, to) = if at < place { (at..place, low, high) } else { (place..at, high, low) };
                // A gap moves only through entries that have its own offsets.
                if moved.is_empty() || start.offsets[moved.clone()].iter().any(|offset| *offset != from) {
                    continue;
                }
                let mut other = start.clone();
                other.offsets[moved].fill(to);
                let cost = whole(&other);
                if cost < least {
                    (least, *self) = (cost, other);
                }
            }
        }
        least
    }

    /// The counterpart of an entry of the shorter side.
    pub(crate) fn counterpart(&self, entry: usize) -> usize {
        entry + self.offsets[entry]
    }

    /// Gaps between two entries: the entry after the gap, and the width.
    fn inner(&self) -> Vec<(usize, usize)> {
        let pairs = self.offsets.windows(2).enumerate();
        let widths = pairs.map(|(place, pair)| (place + 1, pair[1] - pair[0]));
        widths.filter(|(_, width)| *width > 0).collect()
    }

    /// All gaps: the entry of the shorter side after the gap, and the width.
    fn all(&self) -> Vec<(usize, usize)> {
        let first = self.offsets.first().copied().unwrap_or(0);
        let behind = self.extra - self.offsets.last().copied().unwrap_or(0);
        let ends = [(0, first), (self.offsets.len(), behind)];
        let mut all = self.inner();
        all.extend(ends.into_iter().filter(|(_, width)| *width > 0));
        all.sort_unstable();
        all
    }

    /// Whether the gaps are one mistake. Entries of few numbers fit anywhere by chance, so they may have only one gap, or one token at
    /// the beginning and the rest at the end.
    pub(crate) fn is_one_mistake(&self, is_telling: bool) -> bool {
        let inner = self.inner().len();
        let all = self.all().len();
        if is_telling { all <= MOST } else { all == 1 || (inner == 0 && self.offsets.first() == Some(&1)) }
    }

    /// The mistake if the longer side is the actual one. `along` names the axis.
    pub(crate) fn too_many(&self, along: &str) -> (MistakeKind, String) {
        let short = self.offsets.len();
        let all = self.all();
        let inner = self.inner().len();
        let what = match (inner, all.as_slice()) {
            (0, [(0, _)]) => "a special token or padding",
            (0, [_]) => "padding",
            (0, _) => "special tokens",
            (1, _) => "a linker",
            _ => "linkers",
        };
        let places: Vec<String> = all
            .iter()
            .map(|&(place, width)| {
                let place = if place == short && all.len() > 1 { "the end".to_owned() } else { place.to_string() };
                format!("{width} extra {} at {place}", noun(width))
            })
            .collect();
        // `1 extra entry at 0 and 1 at the end`: the noun appears once.
        let mut words = places.first().cloned().unwrap_or_default();
        for (place, &(_, width)) in places.iter().zip(&all).skip(1) {
            words.push_str(" and ");
            words.push_str(&place.replace(&format!("extra {} ", noun(width)), ""));
        }
        (MistakeKind::ExtraResidues, format!("{what} left in: {words} along {along}"))
    }

    /// The mistake if the shorter side is the actual one.
    pub(crate) fn missing(&self, along: &str) -> (MistakeKind, String) {
        let (got, wanted) = (self.offsets.len(), self.offsets.len() + self.extra);
        match self.all().as_slice() {
            &[(place, _)] => {
                let (kind, what) = shorter(place, (got, wanted), "entries");
                (kind, format!("{what} along {along}"))
            }
            all => {
                let places: Vec<String> = all
                    .iter()
                    .map(|(place, width)| match place {
                        0 => format!("the first {width}"),
                        place if *place == got => format!("the last {width}"),
                        place => format!("{width} after {place} that are there"),
                    })
                    .collect();
                let what = format!("without {} of {wanted} entries along {along}", places.join(" and "));
                (MistakeKind::Missing, what)
            }
        }
    }
}

const fn noun(count: usize) -> &'static str {
    if count == 1 { "entry" } else { "entries" }
}

/// The mistake if the entries before and after a cut are there, and those between them are not.
pub(super) fn shorter(cut: usize, (got, wanted): (usize, usize), things: &str) -> (MistakeKind, String) {
    let missing = wanted - got;
    if cut == got {
        (MistakeKind::CutShort, format!("only the first {got} of {wanted} {things}"))
    } else if cut == 0 {
        let what = format!("without the first {missing} of {wanted} {things}");
        (MistakeKind::Missing, what)
    } else {
        let what = format!("without {missing} of {wanted} {things} after the first {cut}");
        (MistakeKind::Missing, what)
    }
}
