//! Places atoms by bond lengths, angles and torsions. Knows no chemistry.

pub(super) use crate::metric::geometry::vector::{Vector as Position, cross, distance, inner, minus};

pub(super) fn add(a: Position, b: Position) -> Position {
    [0, 1, 2].map(|axis| a[axis] + b[axis])
}

pub(super) fn scale(a: Position, factor: f64) -> Position {
    a.map(|along| along * factor)
}

/// The mean position; the origin for none.
pub(super) fn centroid(points: &[Position]) -> Position {
    let sum = points.iter().fold([0.0; 3], |sum, &point| add(sum, point));
    scale(sum, 1.0 / points.len().max(1) as f64)
}

/// Three orthonormal directions, right-handed: the first along `x`, the second on the side of `y`. The two must not be parallel.
pub(super) fn axes(x: Position, y: Position) -> [Position; 3] {
    let unit = |a: Position| scale(a, 1.0 / inner(a, a).sqrt());
    let x = unit(x);
    let z = unit(cross(x, y));
    [x, cross(z, x), z]
}

/// The atom `bond` ångström away from `c`, with the angle at `c` to `b` and the torsion about `b–c` to `a`, in degrees: the natural
/// extension reference frame of Parsons et al., J. Comput. Chem. 26:1063 (2005).
pub(super) fn place([a, b, c]: [Position; 3], bond: f64, angle: f64, torsion: f64) -> Position {
    // `aside` lies on a's side of the axis, so that a torsion of zero is cis; `upwards` then makes positive torsions clockwise.
    let [along, aside, upwards] = axes(minus(c, b), minus(a, b));
    let (sin_angle, cos_angle) = angle.to_radians().sin_cos();
    let (sin_torsion, cos_torsion) = torsion.to_radians().sin_cos();
    let across = add(scale(aside, sin_angle * cos_torsion), scale(upwards, sin_angle * sin_torsion));
    add(c, scale(add(scale(along, -cos_angle), across), bond))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::geometry::vector::{angle, torsion};

    #[test]
    fn a_placed_atom_measures_as_asked() {
        let (a, b, c) = ([0.3, 1.1, -0.2], [0.0, 0.1, 0.4], [1.4, -0.2, 0.9]);
        for degrees in [-170.0f64, -60.0, 0.0, 65.0, 180.0] {
            let d = place([a, b, c], 1.5, 111.0, degrees);
            assert!((distance(c, d) - 1.5).abs() < 1e-12);
            assert!((angle(b, c, d) - 111.0).abs() < 1e-9);
            let off = (torsion(a, b, c, d) - degrees).rem_euclid(360.0);
            assert!(off.min(360.0 - off) < 1e-9, "{degrees}: {off}");
        }
    }

    #[test]
    fn a_clockwise_torsion_is_positive() {
        // Looking along +x with y up, +z lies to the right.
        let torsion = torsion([0.0, 1.0, 0.0], [0.0; 3], [1.0, 0.0, 0.0], [1.0, 0.0, 1.0]);
        assert!((torsion - 90.0).abs() < 1e-12);
    }
}
