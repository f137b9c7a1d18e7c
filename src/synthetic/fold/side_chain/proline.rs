//! The ring of proline, closed with ideal bonds.

use super::super::geometry::{Frame, Point, distance, place, sub};

/// Bond lengths in ångström and angles in degrees (Engh and Huber 1991). The angle at CB is the wide end of what is
/// observed, so that the one at CD, which follows, is not too narrow.
const N_CD: f64 = 1.473;
const CB_CG: f64 = 1.492;
const CG_CD: f64 = 1.503;
const CA_N_CD: f64 = 112.0;
const CA_CB_CG: f64 = 106.0;
/// The turn from C to CB about N–CA, in degrees.
const IMPROPER: f64 = -119.8;

/// Which way the ring puckers: the sign of chi 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pucker {
    Positive,
    Negative,
}

/// CG and CD from N, CA and CB. CD lies in the plane of the peptide bond before, so phi (in radians) fixes it; CG keeps its
/// distances from CB, CD and CA, which leaves two places.
pub(super) fn close_ring([n, ca, cb]: [Point; 3], phi: f64, pucker: Pucker) -> [Point; 2] {
    let turn = phi + (IMPROPER + 180.0).to_radians();
    let cd = place(cb, ca, n, N_CD, CA_N_CD.to_radians(), turn);
    let ca_cb = distance(ca, cb);
    let to_ca_squared = ca_cb * ca_cb + CB_CG * CB_CG - 2.0 * ca_cb * CB_CG * CA_CB_CG.to_radians().cos();
    // Trilateration in the frame of CB with CD on the x-axis and CA in the xy-plane.
    let frame = Frame::from_axes(cb, sub(cd, cb), sub(ca, cb));
    let span = distance(cb, cd);
    let x = (CB_CG * CB_CG - CG_CD * CG_CD + span * span) / (2.0 * span);
    let ca_x = (ca_cb * ca_cb - distance(ca, cd).powi(2) + span * span) / (2.0 * span);
    let ca_y = (ca_cb * ca_cb - ca_x * ca_x).max(0.0).sqrt();
    let y = (CB_CG * CB_CG - to_ca_squared + ca_cb * ca_cb - 2.0 * ca_x * x) / (2.0 * ca_y);
    let height = (CB_CG * CB_CG - x * x - y * y).max(0.0).sqrt();
    let z = match pucker {
        Pucker::Positive => height,
        Pucker::Negative => -height,
    };
    [frame.to_global([x, y, z]), cd]
}
