//! Rigid groups and torsion angles of residues as `AlphaFold`'s structure module hands them out, measured on the built
//! atoms. Blocks before the last lie on the way there from the origin.

use std::f64::consts::PI;

use super::super::complex::{Complex, Residue, Token};
use super::super::geometry::{Frame, Point, add, scale, sub};
use super::super::side_chain::chi_atoms;
use super::row::Row;

/// The backbone frame as a quaternion `(w, x, y, z)` and a position: origin CA, x towards C, N in the xy-plane.
pub(super) fn backbone(complex: &Complex, row: &Row, out: &mut [f32]) {
    let frame = token_frame(complex, &complex.tokens[row.token]);
    let position = scale(frame.origin, progress(row));
    for (value, part) in out.iter_mut().zip(frame.quaternion().into_iter().chain(position)) {
        *value = part as f32;
    }
}

/// Eight 4 × 4 matrices: backbone, omega, phi, psi and the four chi groups. A group that a residue lacks is where the
/// one before it is.
pub(super) fn side_chain(complex: &Complex, row: &Row, out: &mut [f32]) {
    let token = &complex.tokens[row.token];
    let frames = groups(complex, token);
    for (matrix, frame) in out.chunks_exact_mut(16).zip(frames) {
        let position = scale(frame.origin, progress(row));
        for line in 0..3 {
            for column in 0..3 {
                matrix[4 * line + column] = frame.axes[column][line] as f32;
            }
            matrix[4 * line + 3] = position[line] as f32;
        }
        matrix[12..].copy_from_slice(&[0.0, 0.0, 0.0, 1.0]);
    }
}

/// Sine and cosine, times `length`, of omega before the residue, phi, psi and four chi; zero angles where there is none.
pub(super) fn angles(complex: &Complex, row: &Row, length: f64, out: &mut [f32]) {
    let token = &complex.tokens[row.token];
    let angles = token.residue.map_or([0.0; 7], |residue| {
        let [first, second, third, fourth] = residue.chi;
        [PI, residue.phi, residue.psi, first, second, third, fourth]
    });
    for (pair, angle) in out.chunks_exact_mut(2).zip(angles) {
        let (sin, cos) = (angle * progress(row)).sin_cos();
        pair[0] = (length * sin) as f32;
        pair[1] = (length * cos) as f32;
    }
}

/// How far a block has come: the last one is there.
fn progress(row: &Row) -> f64 {
    (row.layer + 1) as f64 / row.layers as f64
}

fn token_frame(complex: &Complex, token: &Token) -> Frame {
    if token.residue.is_none() {
        return Frame {
            axes: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
            origin: complex.atoms[token.centre].position,
        };
    }
    let at = |atom: usize| complex.atoms[token.atoms.start + atom].position;
    let (n, ca, c) = (at(0), at(1), at(2));
    Frame::from_axes(ca, sub(c, ca), sub(n, ca))
}

fn groups(complex: &Complex, token: &Token) -> [Frame; 8] {
    let backbone = token_frame(complex, token);
    let mut groups = [backbone; 8];
    let Some(residue) = &token.residue else {
        return groups;
    };
    let at = |atom: usize| complex.atoms[token.atoms.start + atom].position;
    groups[2] = phi_group(residue, [at(0), at(1), at(2)]);
    groups[3] = group([at(1), at(2), at(3)]);
    for (chi, [_, b, c, d]) in chi_atoms(residue.amino).into_iter().enumerate() {
        groups[4 + chi] = group([at(b), at(c), at(d)]);
    }
    for chi in 4 + chi_atoms(residue.amino).len()..8 {
        groups[chi] = if chi == 4 { backbone } else { groups[chi - 1] };
    }
    groups
}

/// The group that turns about `b–c`: origin c, x away from b, and its own first atom d in the xy-plane.
fn group([b, c, d]: [Point; 3]) -> Frame {
    Frame::from_axes(c, sub(c, b), sub(d, c))
}

/// The group that phi turns; it has no heavy atom, so its second direction is that of C turned by phi.
fn phi_group(residue: &Residue, [n, ca, c]: [Point; 3]) -> Frame {
    let away = sub(n, ca);
    let still = Frame::from_axes(n, away, sub(c, ca));
    let (sin, cos) = residue.phi.sin_cos();
    Frame::from_axes(n, away, add(scale(still.axes[1], cos), scale(still.axes[2], sin)))
}
