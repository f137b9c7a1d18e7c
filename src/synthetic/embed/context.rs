//! What a residue is and what surrounds it, as a few features: its own scales, its neighbours on either side with
//! weights that fade with distance, the composition of its sample, and its position.

use super::layout::{Content, Site};
use super::scales::{Profile, SCALES, Scales};

/// Places on either side that a residue sees.
const WINDOW: usize = 8;
/// Weight of a neighbour per position of distance.
const FADING: f32 = 0.7;
/// Waves that encode the position, as in Vaswani et al. 2017.
const WAVES: usize = 6;
/// Share of the position in the surroundings.
const POSITION_SHARE: f32 = 0.5;

/// Number of features of the surroundings: neighbours before and after, composition, position.
pub(super) const SURROUNDINGS: usize = 3 * SCALES + 2 * WAVES;

/// The features of one place.
#[derive(Debug, Clone)]
pub(super) struct Features {
    /// What stands there.
    pub content: Content,
    /// Scales of the residue itself; zero for a mask and for tokens that are no residue.
    pub own: Profile,
    /// Everything else.
    pub surroundings: [f32; SURROUNDINGS],
}

impl Features {
    /// Own scales and surroundings in one row.
    pub fn all(&self) -> [f32; SCALES + SURROUNDINGS] {
        let mut all = [0.0; SCALES + SURROUNDINGS];
        let (own, surroundings) = all.split_at_mut(SCALES);
        own.copy_from_slice(&self.own);
        surroundings.copy_from_slice(&self.surroundings);
        all
    }

    /// What the neighbours suggest for this place: the mean of both sides.
    pub fn neighbourhood(&self) -> Profile {
        std::array::from_fn(|scale| 0.5 * (self.surroundings[scale] + self.surroundings[SCALES + scale]))
    }
}

/// The features of every place of one sample.
pub(super) fn features(sites: &[Site], scales: &Scales) -> Vec<Features> {
    let own: Vec<Profile> = sites.iter().map(|site| own_profile(site.content, scales)).collect();
    let composition = composition(sites, &own);
    sites
        .iter()
        .enumerate()
        .map(|(index, site)| {
            let mut surroundings = [0.0; SURROUNDINGS];
            let (before, rest) = surroundings.split_at_mut(SCALES);
            let (after, rest) = rest.split_at_mut(SCALES);
            let first = index.saturating_sub(WINDOW);
            let last = (index + 1 + WINDOW).min(sites.len());
            add_neighbours(before, site, sites.iter().zip(&own).take(index).skip(first));
            add_neighbours(after, site, sites.iter().zip(&own).take(last).skip(index + 1));
            let (shared, position) = rest.split_at_mut(SCALES);
            shared.copy_from_slice(&composition);
            encode_position(position, site.position);
            Features {
                content: site.content,
                own: own.get(index).copied().unwrap_or_default(),
                surroundings,
            }
        })
        .collect()
}

fn own_profile(content: Content, scales: &Scales) -> Profile {
    match content {
        Content::Residue(letter) => scales.profile(letter),
        Content::Mask | Content::End | Content::Padding => [0.0; SCALES],
    }
}

/// The mean profile of the residues that can be seen.
fn composition(sites: &[Site], own: &[Profile]) -> Profile {
    let mut mean = [0.0; SCALES];
    let mut seen = 0.0_f32;
    for (site, profile) in sites.iter().zip(own) {
        if matches!(site.content, Content::Residue(_)) {
            seen += 1.0;
            for (sum, value) in mean.iter_mut().zip(profile) {
                *sum += value;
            }
        }
    }
    mean.map(|sum| sum / seen.max(1.0))
}

/// Adds neighbours by their distance in positions, so that chains far apart in position do not see one another. End and
/// padding tokens neither see nor are seen: their profile is zero, and a sample must not depend on its batch.
fn add_neighbours<'a>(sum: &mut [f32], site: &Site, neighbours: impl Iterator<Item = (&'a Site, &'a Profile)>) {
    if matches!(site.content, Content::End | Content::Padding) {
        return;
    }
    for (neighbour, profile) in neighbours {
        let distance = site.position.abs_diff(neighbour.position);
        if distance > WINDOW as u64 {
            continue;
        }
        let weight = FADING.powi(distance as i32);
        for (value, own) in sum.iter_mut().zip(profile) {
            *value += weight * own;
        }
    }
}

/// Sines and cosines of wavelengths from 6 to about 6000 positions.
fn encode_position(waves: &mut [f32], position: i64) {
    for (index, pair) in waves.chunks_exact_mut(2).enumerate() {
        let frequency = 10_f64.powf(-3.0 * index as f64 / (WAVES - 1) as f64);
        let (sine, cosine) = (position as f64 * frequency).sin_cos();
        pair.copy_from_slice(&[POSITION_SHARE * sine as f32, POSITION_SHARE * cosine as f32]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(letter: char, position: i64) -> Site {
        Site {
            content: Content::Residue(letter),
            position,
            chain: 0,
            residue: 0,
        }
    }

    fn charge_around(sites: &[Site], index: usize) -> f32 {
        features(sites, &Scales::new())[index].neighbourhood()[5]
    }

    #[test]
    fn nearer_neighbours_weigh_more_and_far_ones_nothing() {
        let near = charge_around(&[site('A', 0), site('K', 1)], 0);
        let farther = charge_around(&[site('A', 0), site('K', 4)], 0);
        let beyond = charge_around(&[site('A', 0), site('K', 500)], 0);
        assert!(near > farther && farther > beyond, "{near} {farther} {beyond}");
        assert_eq!(beyond.to_bits(), 0.0_f32.to_bits());
    }

    #[test]
    fn a_mask_knows_its_neighbours_but_not_itself() {
        let hidden = Site {
            content: Content::Mask,
            ..site('A', 1)
        };
        let features = features(&[site('K', 0), hidden, site('K', 2)], &Scales::new());
        assert!(features[1].own.iter().all(|value| *value == 0.0));
        assert!(features[1].neighbourhood()[5] > 0.5);
    }
}
