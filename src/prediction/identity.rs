//! Relations between the fields of one response that hold for every request: `[[models.KEY.identities]]`. Does not check them:
//! `check/contract/identities` does.

use std::fmt;

use super::dimension::Dimension;

/// A field that follows from another one, or from the request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FieldIdentity {
    /// The part that follows from other parts.
    pub(crate) field: FieldPart,
    /// How it follows.
    pub(crate) relation: FieldRelation,
    /// The part that it follows from. `None` if the relation needs no other field.
    pub(crate) of: Option<FieldPart>,
    /// The greatest allowed difference, in the unit of the field.
    pub(crate) tolerance: f64,
}

/// How a field follows from another one. Those of rows are about the last dimension of the other one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum FieldRelation {
    /// The same numbers.
    Same,
    /// The softmax of every row.
    Softmax,
    /// Every row at length 1.
    Normalised,
    /// What every row of probabilities expects.
    Expectation(BinCentres),
    /// As `Expectation`, of rows of logits.
    SoftmaxExpectation(BinCentres),
    /// The predicted TM-score of a single chain, from rows of logits of its aligned errors.
    TmScore(BinCentres),
    /// Every row is of length 1; needs no other field.
    Unit,
    /// The positions of the alpha carbons of a structure.
    AlphaCarbons,
    /// The numbers of the residues' types, by the one-letter codes in their order; needs no other field.
    ResidueTypes(String),
}

/// The values that bins of equal width stand for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct BinCentres {
    /// Of the first one.
    pub(crate) first: f64,
    /// From each to the next.
    pub(crate) step: f64,
}

/// A field, or a part of it as NumPy writes it: `lddt_head[-1, ..., 1, :]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldPart {
    /// The name of the field.
    pub(crate) field: String,
    picks: Vec<AxisPick>,
}

/// The selection from one dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AxisPick {
    /// All of it.
    All,
    /// One index, counted from the end if negative. The dimension is removed.
    One(isize),
    /// From one index to the one before another.
    Range(usize, usize),
    /// All of as many dimensions as are left over.
    Rest,
}

impl BinCentres {
    /// The value that a bin stands for.
    pub(crate) fn centre(self, bin: usize) -> f64 {
        self.step.mul_add(bin as f64, self.first)
    }
}

impl FieldPart {
    /// Reads `pae` or `hidden_states[:, -1]`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (field, picks) = match text.split_once('[') {
            None => (text, Vec::new()),
            Some((field, rest)) => {
                let picks = rest.strip_suffix(']')?.split(',');
                (field, picks.map(|pick| AxisPick::parse(pick.trim())).collect::<Option<_>>()?)
            }
        };
        let rests = picks.iter().filter(|pick| **pick == AxisPick::Rest).count();
        let part = Self { field: field.trim().to_owned(), picks };
        (rests < 2 && !part.field.is_empty()).then_some(part)
    }

    /// Whether it is the whole field.
    pub(crate) const fn is_whole(&self) -> bool {
        self.picks.is_empty()
    }

    /// The selection from every dimension of an array of this rank. Returns `None` if it has fewer dimensions than selections.
    pub(crate) fn picks(&self, rank: usize) -> Option<Vec<AxisPick>> {
        let rest = self.picks.iter().position(|pick| *pick == AxisPick::Rest);
        let (before, after) = match rest {
            Some(rest) => (&self.picks[..rest], &self.picks[rest + 1..]),
            None => (self.picks.as_slice(), &[][..]),
        };
        let left = rank.checked_sub(before.len() + after.len())?;
        let all = std::iter::repeat_n(AxisPick::All, left);
        Some(before.iter().copied().chain(all).chain(after.iter().copied()).collect())
    }
}

impl AxisPick {
    fn parse(text: &str) -> Option<Self> {
        match (text, text.split_once(':')) {
            (":", _) => Some(Self::All),
            ("...", _) => Some(Self::Rest),
            (_, None) => text.parse().ok().map(Self::One),
            (_, Some((from, to))) => {
                let from = if from.is_empty() { 0 } else { from.parse().ok()? };
                let to = to.parse().ok()?;
                (from < to).then_some(Self::Range(from, to))
            }
        }
    }

    /// First index and count of what is taken of a dimension of this size; `None` past its end.
    pub(crate) fn of(self, size: usize) -> Option<(usize, usize)> {
        match self {
            Self::All | Self::Rest => Some((0, size)),
            Self::One(index) if index < 0 => Some((size.checked_sub(index.unsigned_abs())?, 1)),
            Self::One(index) => Some((index.unsigned_abs(), 1)).filter(|(index, _)| *index < size),
            Self::Range(from, to) => (to <= size).then(|| (from, to - from)),
        }
    }

    /// The dimension after the selection. Returns `None` past its end. Sizes of symbols are judged with the response.
    pub(crate) fn dimension(self, dimension: &Dimension) -> Option<Dimension> {
        match (self, dimension) {
            (Self::All | Self::Rest, _) => Some(dimension.clone()),
            (_, Dimension::Fixed(size)) => self.of(*size).map(|(_, count)| Dimension::Fixed(count)),
            (Self::Range(from, to), Dimension::Symbol(..)) => Some(Dimension::Fixed(to - from)),
            (Self::One(_), Dimension::Symbol(..)) => Some(Dimension::Fixed(1)),
        }
    }
}

impl fmt::Display for FieldPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.field)?;
        if self.is_whole() {
            return Ok(());
        }
        let picks: Vec<String> = self.picks.iter().map(ToString::to_string).collect();
        write!(f, "[{}]", picks.join(", "))
    }
}

impl fmt::Display for AxisPick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str(":"),
            Self::One(index) => write!(f, "{index}"),
            Self::Range(from, to) => write!(f, "{from}:{to}"),
            Self::Rest => f.write_str("..."),
        }
    }
}

/// What is wrong with a value by an identity, in words.
impl fmt::Display for FieldIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ", self.field)?;
        match (&self.relation, &self.of) {
            (FieldRelation::Same, Some(of)) => write!(f, "is not `{of}`"),
            (FieldRelation::Softmax, Some(of)) => write!(f, "is not the softmax of `{of}`"),
            (FieldRelation::Normalised, Some(of)) => write!(f, "is not `{of}` at length 1"),
            (FieldRelation::Expectation(_), Some(of)) => write!(f, "is not the expectation of `{of}`"),
            (FieldRelation::SoftmaxExpectation(_), Some(of)) => {
                write!(f, "is not the expectation of the softmax of `{of}`")
            }
            (FieldRelation::TmScore(_), Some(of)) => write!(f, "is not the TM-score of `{of}`"),
            (FieldRelation::AlphaCarbons, Some(of)) => write!(f, "is not where the alpha carbons of `{of}` are"),
            (FieldRelation::ResidueTypes(_), _) => f.write_str("is not the types of the residues"),
            (FieldRelation::Unit, _) | (_, None) => f.write_str("is not of length 1"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_read_as_numpy_writes_them() {
        for text in ["pae", "hidden_states[:, -1]", "frames[-1, ..., 4:7]", "lddt_head[-1, ..., 1, :]"] {
            assert_eq!(FieldPart::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(FieldPart::parse("x[ :4 ]").unwrap().to_string(), "x[0:4]");
        for wrong in ["", "[1]", "x[", "x[]", "x[4:]", "x[3:3]", "x[..., ...]", "x[1.5]", "x[1] "] {
            assert_eq!(FieldPart::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn picks_are_of_every_dimension() {
        let picks = |text: &str, rank| FieldPart::parse(text).unwrap().picks(rank);
        let expected = [AxisPick::One(-1), AxisPick::All, AxisPick::All, AxisPick::Range(4, 7)];
        assert_eq!(picks("x[-1, ..., 4:7]", 4).unwrap(), expected);
        assert_eq!(picks("x[:, -1]", 3).unwrap(), [AxisPick::All, AxisPick::One(-1), AxisPick::All]);
        assert_eq!(picks("x[-1, ..., 4:7]", 1), None);
    }

    #[test]
    fn what_is_taken_lies_within_the_dimension() {
        assert_eq!(AxisPick::One(-1).of(8), Some((7, 1)));
        assert_eq!((AxisPick::One(-9).of(8), AxisPick::One(8).of(8)), (None, None));
        assert_eq!((AxisPick::Range(4, 7).of(7), AxisPick::Range(4, 8).of(7)), (Some((4, 3)), None));
    }
}
