//! Side chains on their backbones by ideal internal coordinates. Looks at no neighbours.

mod proline;
mod rotamer;
mod table;

use self::proline::{Pucker, close_ring};
use self::table::{CA, CB, G, N, Row, Turn, rows};
use super::geometry::{Point, place, torsion};
use crate::protein::residue::AMINO_ACIDS;

/// Greatest number of heavy atoms in a residue: tryptophan.
pub(super) const MOST_ATOMS: usize = 14;

/// The atoms of one residue in the order of [`AMINO_ACIDS`]; entries past its own number of atoms mean nothing.
pub(super) type ResidueAtoms = [Point; MOST_ATOMS];

/// Where CB stands: bond length, angles N–CA–CB and C–CA–CB.
fn beta(letter: char) -> (f64, f64, f64) {
    match letter {
        'A' => (1.521, 110.4, 110.5),
        'I' | 'T' | 'V' => (1.540, 111.5, 109.1),
        'P' => (1.530, 103.0, 110.1),
        _ => (1.530, 110.5, 110.1),
    }
}

/// The angle N–CA–C in degrees.
pub(super) fn alpha_angle(amino: usize) -> f64 {
    match letter(amino) {
        'G' => 112.5,
        'P' => 111.8,
        _ => 111.2,
    }
}

/// Heavy atoms of a kind of residue.
pub(super) fn atom_count(amino: usize) -> usize {
    AMINO_ACIDS.get(amino).map_or(0, |amino| amino.atoms.len())
}

/// CB of an L-residue, from N, CA and C. Glycine has none, but a place where it would be.
pub(super) fn place_beta(amino: usize, [n, ca, c]: [Point; 3]) -> Point {
    let (bond, to_n, to_c) = beta(letter(amino));
    let (to_n, to_c, between) = (to_n.to_radians(), to_c.to_radians(), alpha_angle(amino).to_radians());
    // Both angles fix the turn about N–CA by the spherical law of cosines; its sign is what makes the residue L.
    let turn = (to_c.cos() - between.cos() * to_n.cos()) / (between.sin() * to_n.sin());
    place(c, n, ca, bond, to_n, -turn.clamp(-1.0, 1.0).acos())
}

/// Fills in the atoms after CB from the first five and the side-chain torsions in degrees.
pub(super) fn place_side_chain(amino: usize, atoms: &mut ResidueAtoms, phi: f64, chi: [f64; 4]) {
    if letter(amino) == 'P' {
        let pucker = if chi[0] < 0.0 {
            Pucker::Negative
        } else {
            Pucker::Positive
        };
        let ring = close_ring([atoms[N], atoms[CA], atoms[CB]], phi, pucker);
        atoms[G..G + 2].copy_from_slice(&ring);
        return;
    }
    for (index, Row([a, b, c], bond, angle, turn)) in rows(letter(amino)).iter().enumerate() {
        let torsion = match *turn {
            Turn::Chi(which, offset) => chi[which] + offset,
            Turn::Fixed(torsion) => torsion,
        };
        atoms[G + index] = place(
            atoms[*a],
            atoms[*b],
            atoms[*c],
            *bond,
            angle.to_radians(),
            torsion.to_radians(),
        );
    }
}

/// The common rotamers, best first: chi torsions in degrees, zero past the last one.
pub(super) fn rotamers(amino: usize) -> &'static [[f64; 4]] {
    rotamer::by_letter(letter(amino))
}

/// The side-chain torsions of placed atoms in radians, zero past the last one.
pub(super) fn chi_angles(amino: usize, atoms: &[Point]) -> [f64; 4] {
    let mut angles = [0.0; 4];
    for (angle, [a, b, c, d]) in angles.iter_mut().zip(chi_atoms(amino)) {
        *angle = torsion(atoms[a], atoms[b], atoms[c], atoms[d]);
    }
    angles
}

/// The four atoms, by index in the residue, of each side-chain torsion.
pub(super) fn chi_atoms(amino: usize) -> Vec<[usize; 4]> {
    if letter(amino) == 'P' {
        return vec![[N, CA, CB, G], [CA, CB, G, G + 1]];
    }
    let mut found = Vec::new();
    for (index, Row([a, b, c], _, _, turn)) in rows(letter(amino)).iter().enumerate() {
        if matches!(turn, Turn::Chi(which, _) if *which == found.len()) {
            found.push([*a, *b, *c, G + index]);
        }
    }
    found
}

fn letter(amino: usize) -> char {
    AMINO_ACIDS.get(amino).map_or('G', |amino| amino.letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotamers_are_built_with_their_torsions() {
        for amino in 0..AMINO_ACIDS.len() {
            for chi in rotamers(amino) {
                let mut atoms = [[0.0; 3]; MOST_ATOMS];
                atoms[..3].copy_from_slice(&[[0.0; 3], [1.458, 0.0, 0.0], [2.0, 1.42, 0.0]]);
                atoms[CB] = place_beta(amino, [atoms[0], atoms[1], atoms[2]]);
                place_side_chain(amino, &mut atoms, -65f64.to_radians(), *chi);
                let measured = chi_angles(amino, &atoms).map(f64::to_degrees);
                // A pucker is chosen by sign, and closing the ring fixes its torsions.
                let within = if letter(amino) == 'P' { 15.0 } else { 1e-6 };
                for (index, _) in chi_atoms(amino).iter().enumerate() {
                    let off = (measured[index] - chi[index]).rem_euclid(360.0);
                    assert!(off.min(360.0 - off) < within, "{} {chi:?} {measured:?}", letter(amino));
                }
            }
        }
    }
}
