//! Published physico-chemical scales of the amino acids, each brought to mean 0 and variance 1 over the twenty.

/// Number of scales.
pub(super) const SCALES: usize = 6;

/// One value per scale.
pub(super) type Profile = [f32; SCALES];

/// Per amino acid: hydropathy (Kyte and Doolittle 1982, J. Mol. Biol. 157:105), volume in Å³ (Zamyatnin 1972, Prog.
/// Biophys. Mol. Biol. 24:107), polarity (Grantham 1974, Science 185:862), helix and strand propensity (Chou and Fasman
/// 1978, Adv. Enzymol. 47:45), and the charge of the side chain at pH 7.
const PUBLISHED: [(char, Profile); 20] = [
    ('A', [1.8, 88.6, 8.1, 1.42, 0.83, 0.0]),
    ('R', [-4.5, 173.4, 10.5, 0.98, 0.93, 1.0]),
    ('N', [-3.5, 114.1, 11.6, 0.67, 0.89, 0.0]),
    ('D', [-3.5, 111.1, 13.0, 1.01, 0.54, -1.0]),
    ('C', [2.5, 108.5, 5.5, 0.70, 1.19, 0.0]),
    ('Q', [-3.5, 143.8, 10.5, 1.11, 1.10, 0.0]),
    ('E', [-3.5, 138.4, 12.3, 1.51, 0.37, -1.0]),
    ('G', [-0.4, 60.1, 9.0, 0.57, 0.75, 0.0]),
    ('H', [-3.2, 153.2, 10.4, 1.00, 0.87, 0.1]),
    ('I', [4.5, 166.7, 5.2, 1.08, 1.60, 0.0]),
    ('L', [3.8, 166.7, 4.9, 1.21, 1.30, 0.0]),
    ('K', [-3.9, 168.6, 11.3, 1.16, 0.74, 1.0]),
    ('M', [1.9, 162.9, 5.7, 1.45, 1.05, 0.0]),
    ('F', [2.8, 189.9, 5.2, 1.13, 1.38, 0.0]),
    ('P', [-1.6, 112.7, 8.0, 0.57, 0.55, 0.0]),
    ('S', [-0.8, 89.0, 9.2, 0.77, 0.75, 0.0]),
    ('T', [-0.7, 116.1, 8.6, 0.83, 1.19, 0.0]),
    ('W', [-0.9, 227.8, 5.4, 1.08, 1.37, 0.0]),
    ('Y', [-1.3, 193.6, 6.2, 0.69, 1.47, 0.0]),
    ('V', [4.2, 140.0, 5.9, 1.06, 1.70, 0.0]),
];

/// The scales of all letters.
pub(super) struct Scales {
    standard: [(char, Profile); 20],
}

impl Scales {
    /// Normalises the published values.
    pub fn new() -> Self {
        let mut standard = PUBLISHED;
        for scale in 0..SCALES {
            let count = standard.len() as f32;
            let mean = standard.iter().map(|(_, profile)| profile[scale]).sum::<f32>() / count;
            let variance = standard
                .iter()
                .map(|(_, profile)| (profile[scale] - mean).powi(2))
                .sum::<f32>()
                / count;
            for (_, profile) in &mut standard {
                profile[scale] = (profile[scale] - mean) / variance.sqrt();
            }
        }
        Self { standard }
    }

    /// The profile of a letter. The ambiguous B and Z are the mean of what they stand for, U and O resemble cysteine and
    /// lysine, anything else is the average amino acid.
    pub fn profile(&self, letter: char) -> Profile {
        let like = match letter {
            'B' => ['D', 'N'],
            'Z' => ['E', 'Q'],
            'U' => ['C', 'C'],
            'O' => ['K', 'K'],
            other => [other, other],
        };
        let [first, second] = like.map(|letter| self.standard_profile(letter));
        std::array::from_fn(|scale| 0.5 * (first[scale] + second[scale]))
    }

    fn standard_profile(&self, letter: char) -> Profile {
        self.standard
            .iter()
            .find(|(known, _)| *known == letter)
            .map_or([0.0; SCALES], |(_, profile)| *profile)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opposite_residues_lie_on_opposite_sides_of_the_mean() {
        let scales = Scales::new();
        let (isoleucine, arginine) = (scales.profile('I'), scales.profile('R'));
        assert!(isoleucine[0] > 1.0 && arginine[0] < -1.0, "hydropathy");
        assert!(scales.profile('W')[1] > 2.0 && scales.profile('G')[1] < -1.5, "volume");
        assert!(arginine[5] > 1.0 && scales.profile('E')[5] < -1.0, "charge");
    }

    #[test]
    fn ambiguous_letters_lie_between_what_they_stand_for() {
        let scales = Scales::new();
        let charge = |letter| scales.profile(letter)[5];
        assert!(charge('D') < charge('B') && charge('B') < charge('N'));
        assert!(scales.profile('X').iter().all(|value| *value == 0.0));
    }
}
