//! Results that are too long or too short: linkers, special tokens and padding left in, ends cut off.

use super::gaps::{Gaps, PRICE, shorter};
use super::numbers::{TELLING, distance, spread};
use super::order::is_of_features;
use super::{Cause, MistakeKind, pairs, share};

/// The number of values of a row that are compared to find its counterpart. Once it is found, all are compared.
const LOOKED_AT: usize = 64;
/// The most pairs of entries that are tried.
const MOST_TRIED: usize = 1 << 23;

/// Arrays whose shapes differ along one axis, or along two neighbouring ones as of pairs of residues.
pub(super) fn of_arrays(
    expected: &[f64],
    expected_shape: &[usize],
    actual: &[f64],
    actual_shape: &[usize],
) -> Option<Cause> {
    if expected_shape.len() != actual_shape.len() {
        return None;
    }
    let unequal: Vec<usize> =
        (0..expected_shape.len()).filter(|&axis| expected_shape[axis] != actual_shape[axis]).collect();
    let axis = match *unequal.as_slice() {
        [axis] => axis,
        [first, second] if second == first + 1 => {
            return pairs::of_lengths((expected, expected_shape), (actual, actual_shape), first);
        }
        _ => return None,
    };
    let inner: usize = expected_shape[axis + 1..].iter().product();
    let (wanted, got) = (expected_shape[axis], actual_shape[axis]);
    if wanted == 0 || got == 0 || inner == 0 {
        return None;
    }
    let rows = |values, length| RowsAlongAxis { values, length, inner };
    let (short, long) = if got < wanted {
        (rows(actual, got), rows(expected, wanted))
    } else {
        (rows(expected, wanted), rows(actual, got))
    };
    let extra = long.length - short.length;
    // Every entry is tried at every offset.
    if short.length.saturating_mul(extra + 1) > MOST_TRIED {
        return None;
    }
    let size = spread(expected);
    let step = (short.width() / LOOKED_AT).max(1);
    let looked_at: Vec<usize> = (0..short.width()).step_by(step).collect();
    let price = PRICE * (short.length * looked_at.len()) as f64 * size.powi(2);
    let find = |is_centred: bool| {
        let centre = |rows: &RowsAlongAxis<'_>, row: usize| -> f64 {
            let numbers = looked_at.iter().map(|&at| rows.number(row, at));
            if is_centred { numbers.sum::<f64>() / looked_at.len() as f64 } else { 0.0 }
        };
        let centres =
            |rows: &RowsAlongAxis<'_>| -> Vec<f64> { (0..rows.length).map(|row| centre(rows, row)).collect() };
        let (own, others) = (centres(&short), centres(&long));
        let gaps = Gaps::cheapest(short.length, extra, price, |row, offset| {
            let level = own[row] - others[row + offset];
            let places = looked_at.iter();
            let gaps = places.map(|&at| short.number(row, at) - long.number(row + offset, at) - level);
            gaps.map(|gap| gap * gap).sum()
        });
        if !gaps.is_one_mistake(short.width() >= TELLING) {
            return None;
        }
        let order: Vec<usize> = (0..short.length).map(|row| gaps.counterpart(row)).collect();
        let mut found = long.gather(&order);
        if is_centred {
            let level = (short.values.iter().sum::<f64>() - found.iter().sum::<f64>()) / found.len() as f64;
            for value in &mut found {
                *value += level;
            }
        }
        let explained = share(distance(short.values, &found), f64::INFINITY, size)?;
        Some((gaps, explained, if is_centred { ", beneath another offset" } else { "" }))
    };
    let centred = || if short.width() >= TELLING { find(true) } else { None };
    let (gaps, explained, beneath) = find(false).or_else(centred)?;
    let along = format!("axis {axis}");
    let (kind, what) = if got < wanted { gaps.missing(&along) } else { gaps.too_many(&along) };
    // A short piece fits at both ends by chance.
    (kind != MistakeKind::Missing || 2 * got >= wanted).then(|| {
        let kind = if is_of_features(expected_shape, axis) { MistakeKind::Features } else { kind };
        Cause::new(kind, format!("{what}{beneath}"), explained).along(&[axis])
    })
}

/// An array as rows along one axis: of every block that the axes before it count, a part.
struct RowsAlongAxis<'a> {
    values: &'a [f64],
    length: usize,
    inner: usize,
}

impl RowsAlongAxis<'_> {
    /// The numbers of a row.
    const fn width(&self) -> usize {
        self.values.len() / self.length
    }

    fn number(&self, row: usize, at: usize) -> f64 {
        self.values[at / self.inner * self.length * self.inner + row * self.inner + at % self.inner]
    }

    fn gather(&self, order: &[usize]) -> Vec<f64> {
        let blocks = self.values.chunks_exact(self.length * self.inner);
        let rows = blocks.flat_map(|block| order.iter().map(|&row| &block[row * self.inner..(row + 1) * self.inner]));
        rows.flatten().copied().collect()
    }
}

/// Sequences, one letter per residue, of structures of different length; `chains` is the number of chains expected.
pub(super) fn of_sequences(expected: &str, actual: &str, chains: usize) -> Option<Cause> {
    let (wanted, got) = (expected.len(), actual.len());
    if wanted == 0 || got == 0 || wanted == got {
        return None;
    }
    let extra = |count: usize| format!("{count} extra {}", if count == 1 { "residue" } else { "residues" });
    let kept = |one: &str, other: &str| one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let reversed = |text: &str| text.bytes().rev().map(char::from).collect::<String>();
    let (short, long) = if got < wanted { (actual, expected) } else { (expected, actual) };
    let (ahead, behind) = (kept(short, long), kept(&reversed(short), &reversed(long)));
    if ahead + behind >= short.len() {
        if got < wanted {
            // Equal letters leave open where some are missing; the end is cut off most often.
            let cut = if ahead == got { got } else { got - behind };
            let (kind, what) = shorter(cut, (got, wanted), "residues");
            // A short piece fits at both ends by chance.
            return (kind == MistakeKind::CutShort || 2 * got >= wanted).then(|| Cause::new(kind, what, 1.0));
        }
        let cut = if ahead == wanted { wanted } else { wanted - behind };
        let (what, place) = match cut {
            0 => ("a special token or padding", "at the start".to_owned()),
            cut if cut == wanted => ("padding", "at the end".to_owned()),
            cut => ("a linker", format!("after {cut} residues")),
        };
        let what = format!("{what} left in: {} {place}", extra(got - wanted));
        return Some(Cause::new(MistakeKind::ExtraResidues, what, 1.0));
    }
    if got < wanted {
        return None;
    }
    let mut rest = expected.chars().peekable();
    let (mut runs, mut skipping) = (0, false);
    for letter in actual.chars() {
        if rest.peek() == Some(&letter) {
            rest.next();
            skipping = false;
        } else if !skipping {
            runs += 1;
            skipping = true;
        }
    }
    // One linker between two chains, and perhaps padding behind the last.
    (rest.peek().is_none() && runs <= chains.max(1))
        .then(|| Cause::new(MistakeKind::ExtraResidues, format!("a linker left in: {}", extra(got - wanted)), 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_or_too_much_is_told_by_its_place() {
        let reported = |expected: &str, actual: &str, chains| {
            of_sequences(expected, actual, chains).map(|cause| (cause.kind, cause.what))
        };
        let case = |kind, what: &str| Some((kind, what.to_owned()));
        assert_eq!(reported("MKVLAG", "MKVL", 1), case(MistakeKind::CutShort, "only the first 4 of 6 residues"));
        assert_eq!(reported("MKVLAG", "KVLAG", 1), case(MistakeKind::Missing, "without the first 1 of 6 residues"));
        assert_eq!(
            reported("MKVLAG", "MKAG", 1),
            case(MistakeKind::Missing, "without 2 of 6 residues after the first 2")
        );
        assert_eq!(reported("AAAA", "AAA", 1), case(MistakeKind::CutShort, "only the first 3 of 4 residues"));
        assert_eq!(
            reported("MKVLAG", "XMKVLAG", 1),
            case(MistakeKind::ExtraResidues, "a special token or padding left in: 1 extra residue at the start")
        );
        assert_eq!(
            reported("MKVLAG", "MKVLAGXX", 1),
            case(MistakeKind::ExtraResidues, "padding left in: 2 extra residues at the end")
        );
        assert_eq!(
            reported("MKVLAG", "MKVGGGLAG", 2),
            case(MistakeKind::ExtraResidues, "a linker left in: 3 extra residues after 3 residues")
        );
        assert_eq!(
            reported("MKVLAG", "MKVGGGLAGXX", 2),
            case(MistakeKind::ExtraResidues, "a linker left in: 5 extra residues")
        );
        assert_eq!(reported("MKVLAG", "GALV", 1), None);
        assert_eq!(reported("MKVLAG", "MKVLAW", 1), None);
        assert_eq!(reported("", "M", 1), None);
    }

    #[test]
    fn rows_that_are_missing_or_too_many_are_told_by_their_place() {
        let rows = |order: &[usize]| -> Vec<f64> {
            let row = |&row: &usize| (0..3).map(move |column| ((row * 7 + column * 3) % 11) as f64);
            order.iter().flat_map(row).collect()
        };
        let all: Vec<usize> = (0..9).collect();
        let reported = |order: &[usize]| {
            let cause = of_arrays(&rows(&all), &[9, 3], &rows(order), &[order.len(), 3])?;
            Some((cause.kind, cause.what))
        };
        let case = |kind, what: &str| Some((kind, what.to_owned()));
        assert_eq!(reported(&all[1..]), case(MistakeKind::Missing, "without the first 1 of 9 entries along axis 0"));
        assert_eq!(
            reported(&[0, 1, 2, 4, 5, 6, 7, 8]),
            case(MistakeKind::Missing, "without 1 of 9 entries after the first 3 along axis 0")
        );
        assert_eq!(reported(&all[..7]), case(MistakeKind::CutShort, "only the first 7 of 9 entries along axis 0"));
        assert_eq!(
            reported(&[&[40][..], &all].concat()),
            case(MistakeKind::ExtraResidues, "a special token or padding left in: 1 extra entry at 0 along axis 0")
        );
        assert_eq!(
            reported(&[&[40][..], &all, &[41]].concat()),
            case(
                MistakeKind::ExtraResidues,
                "special tokens left in: 1 extra entry at 0 and 1 at the end along axis 0"
            )
        );
        assert_eq!(reported(&[40, 41, 42, 43, 44, 45, 46, 47]), None);
    }
}
