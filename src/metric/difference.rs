//! How two arrays of numbers differ, element by element, in one pass at about the speed of memory. Knows no fields.

use super::error::{MetricError, check_lengths};

/// How far an element may be from its reference r: by at most `absolute` + `relative`·|r|, as in NumPy's `allclose`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Tolerance {
    /// In the unit of the array, not negative.
    pub absolute: f64,
    /// A fraction of the reference's magnitude, not negative.
    pub relative: f64,
}

/// What to make of an element that is NaN on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NanRule {
    /// It is the same.
    Same,
    /// It differs, as IEEE 754 has it.
    Differs,
}

/// A value and the flat index of its element.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extreme {
    /// The value.
    pub value: f64,
    /// Where it is, in C order.
    pub index: usize,
}

/// The differences between two arrays.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// Number of elements compared.
    pub elements: usize,
    /// Elements beyond the tolerance.
    pub differing: usize,
    /// The first of them.
    pub first_differing: Option<usize>,
    /// Elements that differ whatever the tolerance: NaN on one side (or, by the rule, on both).
    pub not_a_number: usize,
    /// The greatest |observed − reference|, infinite where only one side is; `None` without comparable elements.
    pub greatest_absolute: Option<Extreme>,
    /// The greatest |observed − reference| / |reference| over references that are finite and not zero.
    pub greatest_relative: Option<Extreme>,
    /// The least absolute tolerance that would have passed with this relative one; `None` when none would.
    pub needed_absolute: Option<f64>,
}

impl Difference {
    /// Whether every element is within the tolerance.
    #[must_use]
    pub const fn is_within(&self) -> bool {
        self.differing == 0
    }
}

/// Elements looked at together; a block without news costs no branch.
const BLOCK: usize = 512;

/// Compares `observed` with `reference`, both of any type that a double holds exactly. Infinities are equal to themselves.
///
/// # Errors
/// When the arrays have different lengths.
pub fn difference<T: Copy + Into<f64>>(
    observed: &[T],
    reference: &[T],
    tolerance: Tolerance,
    nan: NanRule,
) -> Result<Difference, MetricError> {
    check_lengths("elements", observed.len(), reference.len())?;
    let mut scan = Scan {
        tolerance,
        nan,
        absolute: -1.0,
        relative: -1.0,
        excess: f64::NEG_INFINITY,
        difference: Difference {
            elements: observed.len(),
            differing: 0,
            first_differing: None,
            not_a_number: 0,
            greatest_absolute: None,
            greatest_relative: None,
            needed_absolute: None,
        },
    };
    for (block, (observed, reference)) in observed.chunks(BLOCK).zip(reference.chunks(BLOCK)).enumerate() {
        scan.block(block * BLOCK, observed, reference);
    }
    let mut difference = scan.difference;
    if difference.not_a_number == 0 && scan.excess < f64::INFINITY {
        difference.needed_absolute = Some(scan.excess.max(0.0));
    }
    Ok(difference)
}

struct Scan {
    tolerance: Tolerance,
    nan: NanRule,
    /// The greatest differences so far, −1 before the first.
    absolute: f64,
    relative: f64,
    /// The greatest of |observed − reference| − relative·|reference| so far.
    excess: f64,
    difference: Difference,
}

impl Scan {
    fn block<T: Copy + Into<f64>>(&mut self, start: usize, observed: &[T], reference: &[T]) {
        let Tolerance { absolute, relative } = self.tolerance;
        let (most, most_relative, most_excess) = (self.absolute, self.relative, self.excess);
        let mut differing = 0;
        let mut known = 1;
        for (&observed, &reference) in observed.iter().zip(reference) {
            let (observed, reference): (f64, f64) = (observed.into(), reference.into());
            let apart = (observed - reference).abs();
            let excess = apart - relative * reference.abs();
            differing += u64::from(excess > absolute);
            // Numbers instead of truth values keep branches out; of NaN nothing is known.
            let no_greater_fraction = u64::from(apart <= most_relative * reference.abs()) | u64::from(reference == 0.0);
            known &= u64::from(apart <= most) & no_greater_fraction & u64::from(excess <= most_excess);
        }
        if known == 0 || (differing > 0 && self.difference.first_differing.is_none()) {
            for (offset, (&observed, &reference)) in observed.iter().zip(reference).enumerate() {
                self.element(start + offset, observed.into(), reference.into());
            }
        } else {
            self.difference.differing += differing as usize;
        }
    }

    fn element(&mut self, index: usize, observed: f64, reference: f64) {
        let differs = |difference: &mut Difference| {
            difference.differing += 1;
            difference.first_differing.get_or_insert(index);
        };
        if observed.is_nan() || reference.is_nan() {
            if !(observed.is_nan() && reference.is_nan() && self.nan == NanRule::Same) {
                self.difference.not_a_number += 1;
                differs(&mut self.difference);
            }
            return;
        }
        let same_infinity = observed.is_infinite() && observed.is_sign_positive() == reference.is_sign_positive();
        let apart = if same_infinity && reference.is_infinite() {
            0.0
        } else {
            (observed - reference).abs()
        };
        // Nothing is a fraction of infinity.
        let allowed = if reference.is_infinite() {
            0.0
        } else {
            self.tolerance.relative * reference.abs()
        };
        let excess = apart - allowed;
        if excess > self.tolerance.absolute {
            differs(&mut self.difference);
        }
        self.excess = self.excess.max(excess);
        if apart > self.absolute {
            self.absolute = apart;
            self.difference.greatest_absolute = Some(Extreme { value: apart, index });
        }
        let fraction = apart / reference.abs();
        if reference != 0.0 && reference.is_finite() && fraction > self.relative {
            self.relative = fraction;
            self.difference.greatest_relative = Some(Extreme { value: fraction, index });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_points::noise;
    use super::*;

    const STRICT: Tolerance = Tolerance {
        absolute: 0.0,
        relative: 0.0,
    };

    fn of(observed: &[f64], reference: &[f64], tolerance: Tolerance) -> Difference {
        difference(observed, reference, tolerance, NanRule::Same).unwrap()
    }

    #[test]
    fn extremes_and_counts_are_found_wherever_they_are() {
        let mut next = noise(1);
        let reference: Vec<f32> = (0..5000).map(|_| next()).collect();
        let observed: Vec<f32> = reference.iter().map(|value| value + 1e-3 * next()).collect();
        let tolerance = Tolerance {
            absolute: 5e-4,
            relative: 1e-4,
        };
        let found = difference(&observed, &reference, tolerance, NanRule::Differs).unwrap();
        let apart: Vec<(f64, f64)> = observed
            .iter()
            .zip(&reference)
            .map(|(&o, &r)| ((f64::from(o) - f64::from(r)).abs(), f64::from(r).abs()))
            .collect();
        let beyond = |&(apart, magnitude): &(f64, f64)| apart - 1e-4 * magnitude > 5e-4;
        assert_eq!(found.differing, apart.iter().filter(|pair| beyond(pair)).count());
        assert_eq!(
            found.first_differing,
            apart.iter().position(|pair| beyond(&pair.to_owned()))
        );
        let greatest = |values: Vec<f64>| {
            let index = (0..values.len())
                .max_by(|&a, &b| values[a].total_cmp(&values[b]))
                .unwrap();
            Some(Extreme {
                value: values[index],
                index,
            })
        };
        assert_eq!(
            found.greatest_absolute,
            greatest(apart.iter().map(|pair| pair.0).collect())
        );
        assert_eq!(
            found.greatest_relative,
            greatest(apart.iter().map(|pair| pair.0 / pair.1).collect())
        );
    }

    #[test]
    fn the_needed_tolerance_passes_and_the_next_smaller_does_not() {
        let mut next = noise(2);
        let reference: Vec<f64> = (0..1000).map(|_| f64::from(next())).collect();
        let observed: Vec<f64> = reference.iter().map(|value| value + 0.1 * f64::from(next())).collect();
        let relative = 0.05;
        let needed = of(
            &observed,
            &reference,
            Tolerance {
                absolute: 0.0,
                relative,
            },
        )
        .needed_absolute
        .unwrap();
        assert!(needed > 0.0);
        let passes = |absolute| of(&observed, &reference, Tolerance { absolute, relative }).is_within();
        assert!(passes(needed));
        assert!(!passes(needed.next_down()));
    }

    #[test]
    fn equal_arrays_differ_nowhere() {
        let values: Vec<f64> = (0..2000).map(f64::from).collect();
        let found = of(&values, &values, STRICT);
        assert!(found.is_within());
        assert_eq!(found.needed_absolute, Some(0.0));
        assert_eq!(found.greatest_absolute, Some(Extreme { value: 0.0, index: 0 }));
        assert_eq!(found.greatest_relative, Some(Extreme { value: 0.0, index: 1 }));
        assert!(of(&[], &[], STRICT).is_within());
    }

    #[test]
    fn not_a_number_is_judged_by_the_rule_and_never_by_the_tolerance() {
        let generous = Tolerance {
            absolute: f64::MAX,
            relative: 1.0,
        };
        let mut first = vec![1.0; 1500];
        let mut second = first.clone();
        first[700] = f64::NAN;
        second[700] = f64::NAN;
        assert!(of(&first, &second, generous).is_within());
        let strict = difference(&first, &second, generous, NanRule::Differs).unwrap();
        assert_eq!(
            (strict.differing, strict.not_a_number, strict.first_differing),
            (1, 1, Some(700))
        );
        second[700] = 1.0;
        let one_sided = of(&first, &second, generous);
        assert_eq!((one_sided.differing, one_sided.needed_absolute), (1, None));
    }

    #[test]
    fn infinities_equal_only_themselves() {
        let infinity = f64::INFINITY;
        let found = of(&[infinity, -infinity, 1.0], &[infinity, -infinity, 1.0], STRICT);
        assert!(found.is_within());
        let tolerance = Tolerance {
            absolute: 10.0,
            relative: 0.1,
        };
        for (observed, reference) in [(infinity, -infinity), (infinity, 1.0), (1.0, infinity), (infinity, 0.0)] {
            let found = of(&[0.0, observed], &[0.0, reference], tolerance);
            assert_eq!(
                (found.differing, found.needed_absolute),
                (1, None),
                "{observed} {reference}"
            );
            assert_eq!(
                found.greatest_absolute,
                Some(Extreme {
                    value: infinity,
                    index: 1
                })
            );
        }
    }

    #[test]
    fn a_reference_of_zero_has_no_relative_difference() {
        let found = of(&[0.5, 2.0], &[0.0, 1.0], STRICT);
        assert_eq!(found.greatest_relative, Some(Extreme { value: 1.0, index: 1 }));
        assert_eq!(found.greatest_absolute, Some(Extreme { value: 1.0, index: 1 }));
        assert!(difference(&[1.0f32], &[], STRICT, NanRule::Same).is_err());
    }
}
