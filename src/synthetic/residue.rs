//! Builds amino acids from ideal bond lengths, angles and torsions. Does not choose backbone torsions; all side chains of a kind are
//! equal.

use crate::metric::geometry::vector::{Vector, place};

/// Backbone torsions phi and psi in degrees. Omega is always 180.
pub(super) type BackboneTorsions = [f64; 2];

/// The heavy atoms of an amino acid in the order of its kind. `before` holds N, CA, C and psi of the previous residue; without it
/// the residue begins a chain at the origin.
pub(super) fn build(before: Option<([Vector; 3], f64)>, letter: char, [phi, psi]: BackboneTorsions) -> Vec<Vector> {
    // Bond lengths and angles: R. A. Engh and R. Huber, Acta Cryst. A47:392 (1991) and International Tables F (2001).
    let (peptide_bond, peptide_angle) = if letter == 'P' { (1.341, 119.3) } else { (1.329, 121.7) };
    let alpha_angle = match letter {
        'G' => 112.5,
        'P' => 111.8,
        _ => 111.2,
    };
    let (n, ca, behind, turn) = match before {
        Some(([n, ca, c], psi)) => {
            let next = place([n, ca, c], peptide_bond, 117.2, psi);
            (next, place([ca, c, next], 1.458, peptide_angle, 180.0), c, phi)
        }
        None => ([0.0; 3], [1.458, 0.0, 0.0], [0.0, 1.0, 0.0], 180.0),
    };
    let c = place([behind, n, ca], 1.525, alpha_angle, turn);
    let mut atoms = vec![n, ca, c, place([n, ca, c], 1.231, 120.5, psi + 180.0)];
    for (_, own, bond, angle, torsion) in SIDE_CHAINS.iter().filter(|(letters, ..)| letters.contains(letter)) {
        atoms.push(place(own.map(|atom| atoms[atom]), *bond, *angle, *torsion));
    }
    atoms
}

/// An atom of the side chains of some kinds: three atoms of its residue by index, the bond length to the last of them in ångström,
/// and the angle and torsion in degrees.
type SideChainAtom = (&'static str, [usize; 3], f64, f64, f64);

/// The atoms of every kind are the rows with its letter, in order. Indices: N 0, CA 1, C 2, O 3, CB 4, then by row. Torsions are
/// those that fit best into a helix. The torsion of CB makes a residue L, those of branches fix their stereochemistry. The ring of
/// proline closes at [`super::chain::PROLINE_PHI`].
static SIDE_CHAINS: [SideChainAtom; 58] = [
    ("A", [2, 0, 1], 1.521, 110.4, -123.03),
    ("ITV", [2, 0, 1], 1.540, 111.5, -122.01),
    ("P", [2, 0, 1], 1.530, 103.0, -118.18),
    ("CDEFHKLMNQRSWY", [2, 0, 1], 1.530, 110.5, -122.58),
    ("EKMQR", [0, 1, 4], 1.520, 114.1, -177.0),
    ("DN", [0, 1, 4], 1.516, 112.6, -177.0),
    ("L", [0, 1, 4], 1.530, 116.3, -177.0),
    ("FY", [0, 1, 4], 1.512, 113.8, -160.0),
    ("H", [0, 1, 4], 1.497, 113.8, -160.0),
    ("W", [0, 1, 4], 1.498, 113.6, -160.0),
    ("C", [0, 1, 4], 1.808, 114.4, -65.0),
    ("S", [0, 1, 4], 1.417, 111.1, 62.0),
    ("P", [0, 1, 4], 1.492, 106.0, -18.0),
    ("P", [1, 4, 5], 1.503, 104.0, 33.6),
    ("T", [0, 1, 4], 1.433, 109.6, -65.0),
    ("I", [0, 1, 4], 1.530, 110.4, -57.0),
    ("I", [0, 1, 4], 1.521, 110.5, -179.6),
    ("I", [1, 4, 5], 1.513, 113.8, -60.0),
    ("TV", [0, 1, 4], 1.521, 110.5, 175.0),
    ("V", [0, 1, 4], 1.521, 110.5, -62.4),
    ("L", [1, 4, 5], 1.521, 110.7, 65.0),
    ("L", [1, 4, 5], 1.521, 110.7, -172.2),
    ("N", [1, 4, 5], 1.231, 120.8, 65.0),
    ("N", [1, 4, 5], 1.328, 116.4, -115.0),
    ("D", [1, 4, 5], 1.249, 118.4, 65.0),
    ("D", [1, 4, 5], 1.249, 118.4, -115.0),
    ("M", [1, 4, 5], 1.803, 112.7, 180.0),
    ("M", [4, 5, 6], 1.791, 100.9, 180.0),
    ("EQ", [1, 4, 5], 1.516, 112.6, 180.0),
    ("Q", [4, 5, 6], 1.231, 120.8, 180.0),
    ("Q", [4, 5, 6], 1.328, 116.4, 0.0),
    ("E", [4, 5, 6], 1.249, 118.4, 180.0),
    ("E", [4, 5, 6], 1.249, 118.4, 0.0),
    ("KR", [1, 4, 5], 1.520, 111.3, 180.0),
    ("K", [4, 5, 6], 1.520, 111.3, 180.0),
    ("K", [5, 6, 7], 1.489, 111.9, 180.0),
    ("R", [4, 5, 6], 1.461, 112.0, 180.0),
    ("R", [5, 6, 7], 1.329, 124.2, 180.0),
    ("R", [6, 7, 8], 1.326, 120.0, 0.0),
    ("R", [6, 7, 8], 1.326, 120.0, 180.0),
    ("H", [1, 4, 5], 1.378, 122.7, 75.0),
    ("H", [1, 4, 5], 1.354, 131.2, -105.0),
    ("H", [4, 5, 6], 1.321, 109.0, 180.0),
    ("H", [4, 5, 7], 1.374, 107.2, 180.0),
    ("W", [1, 4, 5], 1.365, 126.9, 75.0),
    ("W", [1, 4, 5], 1.433, 126.8, -105.0),
    ("W", [4, 5, 6], 1.374, 110.2, 180.0),
    ("W", [4, 5, 7], 1.409, 107.2, 180.0),
    ("W", [4, 5, 7], 1.398, 133.9, 0.0),
    ("W", [5, 7, 9], 1.394, 122.4, 180.0),
    ("W", [5, 7, 10], 1.382, 118.6, 180.0),
    ("W", [7, 9, 11], 1.368, 117.5, 0.0),
    ("FY", [1, 4, 5], 1.389, 120.8, 75.0),
    ("FY", [1, 4, 5], 1.389, 120.8, -105.0),
    ("FY", [4, 5, 6], 1.382, 121.2, 180.0),
    ("FY", [4, 5, 7], 1.382, 121.2, 180.0),
    ("FY", [5, 6, 8], 1.378, 119.6, 0.0),
    ("Y", [6, 8, 10], 1.376, 119.9, 180.0),
];
