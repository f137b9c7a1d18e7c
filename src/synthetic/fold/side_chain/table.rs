//! Ideal internal coordinates of the atoms after CB. A table only.

/// How the torsion that places an atom is known.
#[derive(Debug, Clone, Copy)]
pub(super) enum Turn {
    /// A side-chain torsion (chi, counted from 0) plus an offset in degrees.
    Chi(usize, f64),
    /// The same in every rotamer, in degrees.
    Fixed(f64),
}

/// One atom after CB: three atoms of its residue by index (N 0, CA 1, C 2, O 3, CB 4, then in order), bond length to the
/// last of them in ångström, angle there in degrees, and torsion.
pub(super) struct Row(pub [usize; 3], pub f64, pub f64, pub Turn);

use Turn::{Chi, Fixed};

pub(super) const N: usize = 0;
pub(super) const CA: usize = 1;
pub(super) const CB: usize = 4;
/// The first atom after CB: CG, OG, SG, CG1 or OG1.
pub(super) const G: usize = 5;

// Bond lengths and angles: R. A. Engh and R. Huber, Acta Cryst. A47:392 (1991) and International Tables F (2001).
// The offsets of ILE CG2 and THR CG2 (−) and of VAL CG2 and LEU CD2 (+) are their stereochemistry.
static ARG: [Row; 6] = [
    Row([N, CA, CB], 1.520, 114.1, Chi(0, 0.0)),
    Row([CA, CB, G], 1.520, 111.3, Chi(1, 0.0)),
    Row([CB, G, 6], 1.461, 112.0, Chi(2, 0.0)),
    Row([G, 6, 7], 1.329, 124.2, Chi(3, 0.0)),
    Row([6, 7, 8], 1.326, 120.0, Fixed(0.0)),
    Row([6, 7, 8], 1.326, 120.0, Fixed(180.0)),
];
static ASN: [Row; 3] = [
    Row([N, CA, CB], 1.516, 112.6, Chi(0, 0.0)),
    Row([CA, CB, G], 1.231, 120.8, Chi(1, 0.0)),
    Row([CA, CB, G], 1.328, 116.4, Chi(1, 180.0)),
];
static ASP: [Row; 3] = [
    Row([N, CA, CB], 1.516, 112.6, Chi(0, 0.0)),
    Row([CA, CB, G], 1.249, 118.4, Chi(1, 0.0)),
    Row([CA, CB, G], 1.249, 118.4, Chi(1, 180.0)),
];
static CYS: [Row; 1] = [Row([N, CA, CB], 1.808, 114.4, Chi(0, 0.0))];
static GLN: [Row; 4] = [
    Row([N, CA, CB], 1.520, 114.1, Chi(0, 0.0)),
    Row([CA, CB, G], 1.516, 112.6, Chi(1, 0.0)),
    Row([CB, G, 6], 1.231, 120.8, Chi(2, 0.0)),
    Row([CB, G, 6], 1.328, 116.4, Chi(2, 180.0)),
];
static GLU: [Row; 4] = [
    Row([N, CA, CB], 1.520, 114.1, Chi(0, 0.0)),
    Row([CA, CB, G], 1.516, 112.6, Chi(1, 0.0)),
    Row([CB, G, 6], 1.249, 118.4, Chi(2, 0.0)),
    Row([CB, G, 6], 1.249, 118.4, Chi(2, 180.0)),
];
static HIS: [Row; 5] = [
    Row([N, CA, CB], 1.497, 113.8, Chi(0, 0.0)),
    Row([CA, CB, G], 1.378, 122.7, Chi(1, 0.0)),
    Row([CA, CB, G], 1.354, 131.2, Chi(1, 180.0)),
    Row([CB, G, 6], 1.321, 109.0, Fixed(180.0)),
    Row([CB, G, 7], 1.374, 107.2, Fixed(180.0)),
];
static ILE: [Row; 3] = [
    Row([N, CA, CB], 1.530, 110.4, Chi(0, 0.0)),
    Row([N, CA, CB], 1.521, 110.5, Chi(0, -122.6)),
    Row([CA, CB, G], 1.513, 113.8, Chi(1, 0.0)),
];
static LEU: [Row; 3] = [
    Row([N, CA, CB], 1.530, 116.3, Chi(0, 0.0)),
    Row([CA, CB, G], 1.521, 110.7, Chi(1, 0.0)),
    Row([CA, CB, G], 1.521, 110.7, Chi(1, 122.8)),
];
static LYS: [Row; 4] = [
    Row([N, CA, CB], 1.520, 114.1, Chi(0, 0.0)),
    Row([CA, CB, G], 1.520, 111.3, Chi(1, 0.0)),
    Row([CB, G, 6], 1.520, 111.3, Chi(2, 0.0)),
    Row([G, 6, 7], 1.489, 111.9, Chi(3, 0.0)),
];
static MET: [Row; 3] = [
    Row([N, CA, CB], 1.520, 114.1, Chi(0, 0.0)),
    Row([CA, CB, G], 1.803, 112.7, Chi(1, 0.0)),
    Row([CB, G, 6], 1.791, 100.9, Chi(2, 0.0)),
];
static PHE: [Row; 6] = [
    Row([N, CA, CB], 1.502, 113.8, Chi(0, 0.0)),
    Row([CA, CB, G], 1.384, 120.7, Chi(1, 0.0)),
    Row([CA, CB, G], 1.384, 120.7, Chi(1, 180.0)),
    Row([CB, G, 6], 1.382, 120.7, Fixed(180.0)),
    Row([CB, G, 7], 1.382, 120.7, Fixed(180.0)),
    Row([G, 6, 8], 1.382, 120.0, Fixed(0.0)),
];
static SER: [Row; 1] = [Row([N, CA, CB], 1.417, 111.1, Chi(0, 0.0))];
static THR: [Row; 2] = [
    Row([N, CA, CB], 1.433, 109.6, Chi(0, 0.0)),
    Row([N, CA, CB], 1.521, 110.5, Chi(0, -120.4)),
];
static TRP: [Row; 9] = [
    Row([N, CA, CB], 1.498, 113.6, Chi(0, 0.0)),
    Row([CA, CB, G], 1.365, 126.9, Chi(1, 0.0)),
    Row([CA, CB, G], 1.433, 126.8, Chi(1, 180.0)),
    Row([CB, G, 6], 1.374, 110.2, Fixed(180.0)),
    Row([CB, G, 7], 1.409, 107.2, Fixed(180.0)),
    Row([CB, G, 7], 1.398, 133.9, Fixed(0.0)),
    Row([G, 7, 9], 1.394, 122.4, Fixed(180.0)),
    Row([G, 7, 10], 1.382, 118.6, Fixed(180.0)),
    Row([7, 9, 11], 1.368, 117.5, Fixed(0.0)),
];
static TYR: [Row; 7] = [
    Row([N, CA, CB], 1.512, 113.8, Chi(0, 0.0)),
    Row([CA, CB, G], 1.389, 120.8, Chi(1, 0.0)),
    Row([CA, CB, G], 1.389, 120.8, Chi(1, 180.0)),
    Row([CB, G, 6], 1.382, 121.2, Fixed(180.0)),
    Row([CB, G, 7], 1.382, 121.2, Fixed(180.0)),
    Row([G, 6, 8], 1.378, 119.6, Fixed(0.0)),
    Row([6, 8, 10], 1.376, 119.9, Fixed(180.0)),
];
static VAL: [Row; 2] = [
    Row([N, CA, CB], 1.521, 110.5, Chi(0, 0.0)),
    Row([N, CA, CB], 1.521, 110.5, Chi(0, 122.6)),
];

/// The rows of an amino acid by its letter; none for those without atoms after CB, and for proline, whose ring is
/// closed differently.
pub(super) fn rows(letter: char) -> &'static [Row] {
    match letter {
        'R' => &ARG,
        'N' => &ASN,
        'D' => &ASP,
        'C' => &CYS,
        'Q' => &GLN,
        'E' => &GLU,
        'H' => &HIS,
        'I' => &ILE,
        'L' => &LEU,
        'K' => &LYS,
        'M' => &MET,
        'F' => &PHE,
        'S' => &SER,
        'T' => &THR,
        'W' => &TRP,
        'Y' => &TYR,
        'V' => &VAL,
        _ => &[],
    }
}
