//! Backbone torsions that residues like: the allowed basins of the Ramachandran map. Draws them; places nothing.

use super::backbone::Torsions;
use super::propensity::Local;
use super::random::{Random, seed_of};
use crate::protein::residue::AMINO_ACIDS;

/// Phi and psi in degrees.
type Basin = (f64, f64);

const HELIX: Basin = (-62.0, -42.0);
const STRAND: Basin = (-118.0, 132.0);
/// Polyproline II, extended, right-handed helix, bridge and gamma turn.
const COIL: [Basin; 5] = [
    (-70.0, 145.0),
    (-110.0, 130.0),
    (-65.0, -38.0),
    (-90.0, -5.0),
    (-85.0, 75.0),
];
/// Glycine alone may have a positive phi.
const GLYCINE: [Basin; 5] = [(-70.0, 150.0), (-75.0, -25.0), (60.0, 40.0), (85.0, 5.0), (95.0, 180.0)];
/// The ring of a proline leaves the residue before it no helix.
const BEFORE_PROLINE: [Basin; 2] = [(-70.0, 145.0), (-110.0, 125.0)];
const PROLINE_PHI: f64 = -65.0;

/// Torsions for one residue of a chain: in secondary structure always the same for a seed, which tells chains apart; in
/// coil drawn from `random`.
pub(super) fn choose(residues: &[usize], index: usize, local: Local, seed: u64, random: &mut Random) -> Torsions {
    let letter = |at: usize| residues.get(at).map_or('G', |&amino| AMINO_ACIDS[amino].letter);
    let before_proline = letter(index + 1) == 'P';
    let own = &mut Random::new(seed_of(&[seed, index as u64]));
    match (letter(index), local) {
        ('P', Local::Helix) if !before_proline => around((PROLINE_PHI, -35.0), 3.0, own),
        ('P', _) => Torsions {
            phi: around((PROLINE_PHI, 0.0), 3.0, own).phi,
            ..around((PROLINE_PHI, 145.0), 6.0, random)
        },
        (_, Local::Helix) => around(HELIX, 3.0, own),
        (_, Local::Strand) => around(STRAND, 8.0, own),
        (letter, Local::Coil) => {
            let basins: &[Basin] = match letter {
                _ if before_proline => &BEFORE_PROLINE,
                'G' => &GLYCINE,
                _ => &COIL,
            };
            let which = (random.next() % basins.len() as u64) as usize;
            around(basins[which], 12.0, random)
        }
    }
}

/// A place in a basin, up to so many degrees from its middle.
fn around((phi, psi): Basin, spread: f64, random: &mut Random) -> Torsions {
    Torsions::degrees(phi + spread * random.signed(), psi + spread * random.signed())
}
