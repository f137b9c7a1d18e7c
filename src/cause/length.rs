//! Results that are longer or shorter than they should be: linkers, special tokens and padding left in, ends cut off.

use super::numbers::{distance, spread};
use super::{Cause, Kind, share};

/// Arrays whose shapes differ along one axis.
pub(super) fn of_arrays(
    expected: &[f64],
    expected_shape: &[usize],
    actual: &[f64],
    actual_shape: &[usize],
) -> Option<Cause> {
    if expected_shape.len() != actual_shape.len() {
        return None;
    }
    let mut unequal = (0..expected_shape.len()).filter(|&axis| expected_shape[axis] != actual_shape[axis]);
    let (axis, None) = (unequal.next()?, unequal.next()) else {
        return None;
    };
    let inner: usize = expected_shape[axis + 1..].iter().product();
    let (wanted, got) = (expected_shape[axis], actual_shape[axis]);
    if wanted == 0 || got == 0 {
        return None;
    }
    let rows = |values: &[f64], length: usize, row: usize| -> Vec<f64> {
        values
            .chunks_exact(length * inner)
            .flat_map(|block| block[row * inner..(row + 1) * inner].to_vec())
            .collect()
    };
    let gap = |row: usize, place: usize| distance(&rows(expected, wanted, row), &rows(actual, got, place)).powi(2);
    let fits = |squares: f64| {
        let residual = (squares.max(0.0) / wanted.min(got) as f64).sqrt();
        share(residual, f64::INFINITY, spread(expected))
    };
    if got < wanted {
        let missing = wanted - got;
        let (squares, cut) = best_cut(got, |row| gap(row, row), |row| gap(row + missing, row));
        let (kind, what) = shorter(cut, (got, wanted), "entries");
        let share = fits(squares).filter(|_| kind == Kind::CutShort || 2 * got >= wanted)?;
        return Some(Cause::new(kind, format!("{what} along axis {axis}"), share));
    }
    let extra = got - wanted;
    let (squares, cut) = best_cut(wanted, |row| gap(row, row), |row| gap(row, row + extra));
    if let Some(share) = fits(squares) {
        let what = format!(
            "{} left in: {extra} extra {} at {cut} along axis {axis}",
            longer(cut, wanted),
            number(extra, ["entry", "entries"])
        );
        return Some(Cause::new(Kind::ExtraResidues, what, share));
    }
    // Models put one token before a sequence and one after it; a batch is padded further.
    let share = fits((0..wanted).map(|row| gap(row, row + 1)).sum()).filter(|_| extra > 1)?;
    let behind = extra - 1;
    let what = format!("special tokens left in: 1 extra entry at 0 and {behind} at the end along axis {axis}");
    Some(Cause::new(Kind::ExtraResidues, what, share))
}

/// The place of a cut, with what is left there: everything before it stands where it should, everything after it somewhere else.
fn best_cut(rows: usize, before: impl Fn(usize) -> f64, after: impl Fn(usize) -> f64) -> (f64, usize) {
    let mut left: f64 = (0..rows).map(&after).sum();
    let mut best = (left, 0);
    for cut in 1..=rows {
        left += before(cut - 1) - after(cut - 1);
        if left <= best.0 {
            best = (left, cut);
        }
    }
    best
}

/// What is wrong when the things before and after a cut are there, and those between them are not.
fn shorter(cut: usize, (got, wanted): (usize, usize), things: &str) -> (Kind, String) {
    let missing = wanted - got;
    if cut == got {
        (Kind::CutShort, format!("only the first {got} of {wanted} {things}"))
    } else if cut == 0 {
        (
            Kind::Missing,
            format!("without the first {missing} of {wanted} {things}"),
        )
    } else {
        let what = format!("without {missing} of {wanted} {things} after the first {cut}");
        (Kind::Missing, what)
    }
}

/// What it is that stands at a place too much.
const fn longer(cut: usize, wanted: usize) -> &'static str {
    if cut == 0 {
        "a special token or padding"
    } else if cut == wanted {
        "padding"
    } else {
        "a linker"
    }
}

const fn number(count: usize, [one, many]: [&'static str; 2]) -> &'static str {
    if count == 1 { one } else { many }
}

/// Sequences, one letter per residue, of structures of different length; `chains` is the number of chains expected.
pub(super) fn of_sequences(expected: &str, actual: &str, chains: usize) -> Option<Cause> {
    let (wanted, got) = (expected.len(), actual.len());
    if wanted == 0 || got == 0 || wanted == got {
        return None;
    }
    let kept = |one: &str, other: &str| one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let reversed = |text: &str| text.bytes().rev().map(char::from).collect::<String>();
    let (short, long) = if got < wanted {
        (actual, expected)
    } else {
        (expected, actual)
    };
    let (ahead, behind) = (kept(short, long), kept(&reversed(short), &reversed(long)));
    if ahead + behind >= short.len() {
        if got < wanted {
            // Equal letters leave open where some are missing; the end is cut off most often.
            let cut = if ahead == got { got } else { got - behind };
            let (kind, what) = shorter(cut, (got, wanted), "residues");
            // A little that fits at both ends fits by chance.
            return (kind == Kind::CutShort || 2 * got >= wanted).then(|| Cause::new(kind, what, 1.0));
        }
        let extra = got - wanted;
        let cut = if ahead == wanted { wanted } else { wanted - behind };
        let place = match cut {
            0 => "at the start".to_owned(),
            cut if cut == wanted => "at the end".to_owned(),
            cut => format!("after {cut} residues"),
        };
        let what = format!(
            "{} left in: {extra} extra {} {place}",
            longer(cut, wanted),
            number(extra, ["residue", "residues"])
        );
        return Some(Cause::new(Kind::ExtraResidues, what, 1.0));
    }
    if got < wanted {
        return None;
    }
    let extra = got - wanted;
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
    (rest.peek().is_none() && runs <= chains.max(1)).then(|| {
        Cause::new(
            Kind::ExtraResidues,
            format!(
                "a linker left in: {extra} extra {}",
                number(extra, ["residue", "residues"])
            ),
            1.0,
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_or_too_much_is_told_by_its_place() {
        let told = |expected: &str, actual: &str, chains| {
            of_sequences(expected, actual, chains).map(|cause| (cause.kind, cause.what))
        };
        let case = |kind, what: &str| Some((kind, what.to_owned()));
        assert_eq!(
            told("MKVLAG", "MKVL", 1),
            case(Kind::CutShort, "only the first 4 of 6 residues")
        );
        assert_eq!(
            told("MKVLAG", "KVLAG", 1),
            case(Kind::Missing, "without the first 1 of 6 residues")
        );
        assert_eq!(
            told("MKVLAG", "MKAG", 1),
            case(Kind::Missing, "without 2 of 6 residues after the first 2")
        );
        assert_eq!(
            told("AAAA", "AAA", 1),
            case(Kind::CutShort, "only the first 3 of 4 residues")
        );
        assert_eq!(
            told("MKVLAG", "XMKVLAG", 1),
            case(
                Kind::ExtraResidues,
                "a special token or padding left in: 1 extra residue at the start"
            )
        );
        assert_eq!(
            told("MKVLAG", "MKVLAGXX", 1),
            case(Kind::ExtraResidues, "padding left in: 2 extra residues at the end")
        );
        assert_eq!(
            told("MKVLAG", "MKVGGGLAG", 2),
            case(
                Kind::ExtraResidues,
                "a linker left in: 3 extra residues after 3 residues"
            )
        );
        assert_eq!(
            told("MKVLAG", "MKVGGGLAGXX", 2),
            case(Kind::ExtraResidues, "a linker left in: 5 extra residues")
        );
        assert_eq!(told("MKVLAG", "GALV", 1), None);
        assert_eq!(told("MKVLAG", "MKVLAW", 1), None);
        assert_eq!(told("", "M", 1), None);
    }

    #[test]
    fn rows_that_are_missing_or_too_many_are_told_by_their_place() {
        let rows = |order: &[usize]| -> Vec<f64> {
            let row = |&row: &usize| (0..3).map(move |column| ((row * 7 + column * 3) % 11) as f64);
            order.iter().flat_map(row).collect()
        };
        let all: Vec<usize> = (0..9).collect();
        let told = |order: &[usize]| {
            let cause = of_arrays(&rows(&all), &[9, 3], &rows(order), &[order.len(), 3])?;
            Some((cause.kind, cause.what))
        };
        let case = |kind, what: &str| Some((kind, what.to_owned()));
        assert_eq!(
            told(&all[1..]),
            case(Kind::Missing, "without the first 1 of 9 entries along axis 0")
        );
        assert_eq!(
            told(&[0, 1, 2, 4, 5, 6, 7, 8]),
            case(Kind::Missing, "without 1 of 9 entries after the first 3 along axis 0")
        );
        assert_eq!(
            told(&all[..7]),
            case(Kind::CutShort, "only the first 7 of 9 entries along axis 0")
        );
        assert_eq!(
            told(&[&[40][..], &all].concat()),
            case(
                Kind::ExtraResidues,
                "a special token or padding left in: 1 extra entry at 0 along axis 0"
            )
        );
        assert_eq!(
            told(&[&[40][..], &all, &[41]].concat()),
            case(
                Kind::ExtraResidues,
                "special tokens left in: 1 extra entry at 0 and 1 at the end along axis 0"
            )
        );
        assert_eq!(told(&[40, 41, 42, 43, 44, 45, 46, 47]), None);
    }
}
