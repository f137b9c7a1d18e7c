//! Ideal internal coordinates of the twenty side chains and their common rotamers. Tables and how to read them; looks at
//! no neighbours.

use super::geometry::{Frame, Point, distance, place, sub};
use crate::protein::residue::AMINO_ACIDS;

/// Greatest number of heavy atoms in a residue: tryptophan.
pub(super) const MOST_ATOMS: usize = 14;

/// The atoms of one residue in the order of [`AMINO_ACIDS`]; entries past its own number of atoms mean nothing.
pub(super) type ResidueAtoms = [Point; MOST_ATOMS];

/// How the torsion that places an atom is known.
#[derive(Debug, Clone, Copy)]
enum Turn {
    /// A side-chain torsion (chi, counted from 0) plus an offset in degrees.
    Chi(usize, f64),
    /// The same in every rotamer, in degrees.
    Fixed(f64),
}

/// One atom after CB: three atoms of its residue by index (N 0, CA 1, C 2, O 3, CB 4, then in order), bond length to the
/// last of them in ångström, angle there in degrees, and torsion.
struct Row([usize; 3], f64, f64, Turn);

use Turn::{Chi, Fixed};

const N: usize = 0;
const CA: usize = 1;
const CB: usize = 4;
/// The first atom after CB: CG, OG, SG, CG1 or OG1.
const G: usize = 5;

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
        close_ring(atoms, phi, chi[0]);
        return;
    }
    for (index, Row([a, b, c], bond, angle, turn)) in rows(amino).iter().enumerate() {
        let torsion = match *turn {
            Chi(which, offset) => chi[which] + offset,
            Fixed(torsion) => torsion,
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

/// The four atoms, by index in the residue, of each side-chain torsion.
pub(super) fn chi_atoms(amino: usize) -> Vec<[usize; 4]> {
    if letter(amino) == 'P' {
        return vec![[N, CA, CB, 5], [CA, CB, 5, 6]];
    }
    let mut found = Vec::new();
    for (index, Row([a, b, c], _, _, turn)) in rows(amino).iter().enumerate() {
        if matches!(turn, Chi(which, _) if *which == found.len()) {
            found.push([*a, *b, *c, G + index]);
        }
    }
    found
}

/// Proline's CG and CD. CD lies in the plane of the peptide bond, so phi fixes it; CG then has its three bond lengths and
/// angles' distances to keep, which leaves two puckers, told apart by the sign of chi 1.
fn close_ring(atoms: &mut ResidueAtoms, phi: f64, chi: f64) {
    let [n, ca, _, _, cb, ..] = *atoms;
    let improper = -119.8;
    let cd = place(
        cb,
        ca,
        n,
        1.473,
        112f64.to_radians(),
        phi + (improper + 180f64).to_radians(),
    );
    let (to_cb, to_cd, angle_cb) = (1.492, 1.503, 104.5f64.to_radians());
    let across = distance(ca, cb);
    let to_ca = (across * across + to_cb * to_cb - 2.0 * across * to_cb * angle_cb.cos()).sqrt();
    // Trilateration from CB, CD and CA in the frame with x towards CD and CA in the xy-plane.
    let frame = Frame::from_axes(cb, sub(cd, cb), sub(ca, cb));
    let span = distance(cb, cd);
    let x = (to_cb * to_cb - to_cd * to_cd + span * span) / (2.0 * span);
    let ca_x = across * across - distance(ca, cd).powi(2) + span * span;
    let ca_x = ca_x / (2.0 * span);
    let ca_y = (across * across - ca_x * ca_x).max(0.0).sqrt();
    let y = (to_cb * to_cb - to_ca * to_ca + across * across - 2.0 * ca_x * x) / (2.0 * ca_y);
    let z = (to_cb * to_cb - x * x - y * y).max(0.0).sqrt();
    atoms[G] = frame.to_global([x, y, if chi < 0.0 { -z } else { z }]);
    atoms[G + 1] = cd;
}

fn letter(amino: usize) -> char {
    AMINO_ACIDS.get(amino).map_or('G', |amino| amino.letter)
}

fn rows(amino: usize) -> &'static [Row] {
    match letter(amino) {
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
