//! Scores over residues and over anything else a contract declares: what a head on top of a network would say.

use super::context::{Features, SURROUNDINGS};
use super::layout::Content;
use super::mixing::{Random, Weights};
use super::scales::{Profile, SCALES, Scales};

/// Residue letters of the ESM alphabet in the order of its tokens, from the fifth token on.
const LETTERS: &str = "LAGVSERTIDPKQNFYMHWCXBUZO";
/// Tokens before the first letter: start, padding, end and unknown.
const TOKENS_BEFORE: usize = 4;
/// How much more a residue that is seen scores for being what it is.
const SEEN: f32 = 4.0;
/// Score of tokens that are no residue.
const NO_RESIDUE: f32 = -6.0;

/// The scores of the ESM alphabet, the same for every model of the family.
pub(super) struct LanguageHead {
    residues: Vec<(char, Profile)>,
    mixing: Weights,
}

impl LanguageHead {
    /// A head over so many tokens.
    pub fn new(name: &str, scales: &Scales, width: usize) -> Self {
        Self {
            residues: LETTERS.chars().map(|letter| (letter, scales.profile(letter))).collect(),
            mixing: Weights::new(&format!("{name} tokens"), SURROUNDINGS, width),
        }
    }

    /// Writes the scores of one place: similar residues score alike. A hidden residue is judged by its neighbours alone,
    /// and broadly.
    pub fn write(&self, place: &Features, row: &mut [f32]) {
        let (expected, sharpness) = match place.content {
            Content::Residue(_) => (place.own, 0.3),
            Content::Mask | Content::End | Content::Padding => (place.neighbourhood(), 0.06),
        };
        self.mixing.add(&place.surroundings, row);
        for (token, score) in row.iter_mut().enumerate() {
            *score *= 0.3;
            let residue = token
                .checked_sub(TOKENS_BEFORE)
                .and_then(|index| self.residues.get(index));
            *score += match residue {
                Some((letter, profile)) => {
                    let seen = if place.content == Content::Residue(*letter) {
                        SEEN
                    } else {
                        0.0
                    };
                    seen - sharpness * distance(&expected, profile)
                }
                None => NO_RESIDUE,
            };
        }
    }
}

fn distance(first: &Profile, second: &Profile) -> f32 {
    first.iter().zip(second).map(|(a, b)| (a - b).powi(2)).sum()
}

/// Values that say nothing in particular but follow residues and their surroundings: what a field gets whose meaning is
/// not known.
pub(super) struct AnyHead {
    mixing: Weights,
    range: Option<(f32, f32)>,
}

impl AnyHead {
    /// A head of this name over so many values within a range.
    pub fn new(name: &str, width: usize, range: Option<(f64, f64)>) -> Self {
        Self {
            mixing: Weights::new(name, SCALES + SURROUNDINGS, width),
            range: range.map(|(low, high)| (low as f32, high as f32)),
        }
    }

    /// Writes the values of one place, or of a pair of places; `copy` tells rows apart that differ by nothing else.
    pub fn write(&self, place: &Features, partner: Option<&Features>, copy: usize, row: &mut [f32]) {
        let mut features = place.all();
        if copy > 0 {
            let mut random = Random::named(&copy.to_string());
            for value in &mut features {
                *value *= 1.0 + 0.5 * random.next();
            }
        }
        if let Some(partner) = partner {
            for (value, other) in features.iter_mut().zip(partner.all()) {
                // Not symmetric, for pair values such as an aligned error are not.
                *value = *value * other + 0.5 * (*value - other);
            }
        }
        self.mixing.add(&features, row);
        if let Some((low, high)) = self.range {
            for value in row {
                *value = within(low, high, *value);
            }
        }
    }
}

/// Brings any number into a range that may be open on either side.
fn within(low: f32, high: f32, value: f32) -> f32 {
    match (low.is_finite(), high.is_finite()) {
        (false, false) => value,
        (true, false) => low + value.abs(),
        (false, true) => high - value.abs(),
        (true, true) => {
            // A sigmoid without exponential; rounding must not leave the range.
            let share = 0.5 + 0.5 * value / (1.0 + value.abs());
            (low + (high - low) * share).max(low).min(high)
        }
    }
}
