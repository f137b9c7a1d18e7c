//! Vectors of three doubles: arithmetic, angles and torsions, and points placed by bond length, angle and torsion. Does not know chemistry.

pub(crate) type Vector = [f64; 3];

pub(crate) fn minus(first: Vector, second: Vector) -> Vector {
    [first[0] - second[0], first[1] - second[1], first[2] - second[2]]
}

pub(crate) fn inner(first: Vector, second: Vector) -> f64 {
    first[0] * second[0] + first[1] * second[1] + first[2] * second[2]
}

pub(crate) fn cross(first: Vector, second: Vector) -> Vector {
    [
        first[1] * second[2] - first[2] * second[1],
        first[2] * second[0] - first[0] * second[2],
        first[0] * second[1] - first[1] * second[0],
    ]
}

pub(crate) fn distance(first: Vector, second: Vector) -> f64 {
    norm(minus(first, second))
}

pub(crate) fn norm(vector: Vector) -> f64 {
    inner(vector, vector).sqrt()
}

/// The angle at `middle` in degrees, from 0 to 180.
pub(crate) fn angle(first: Vector, middle: Vector, last: Vector) -> f64 {
    let (left, right) = (minus(first, middle), minus(last, middle));
    // The arc tangent keeps its digits near 0° and 180°, where the arc cosine loses them.
    norm(cross(left, right)).atan2(inner(left, right)).to_degrees()
}

/// The torsion about the bond between `second` and `third` in degrees, from −180 to 180; positive when looking along the bond
/// the far end is turned clockwise (IUPAC).
pub(crate) fn torsion(first: Vector, second: Vector, third: Vector, fourth: Vector) -> f64 {
    let (before, along, after) = (minus(second, first), minus(third, second), minus(fourth, third));
    let (left, right) = (cross(before, along), cross(along, after));
    let sine = norm(along) * inner(before, right);
    sine.atan2(inner(left, right)).to_degrees()
}

pub(crate) fn add(a: Vector, b: Vector) -> Vector {
    [0, 1, 2].map(|axis| a[axis] + b[axis])
}

pub(crate) fn scale(a: Vector, factor: f64) -> Vector {
    a.map(|along| along * factor)
}

/// The mean position; the origin for none.
pub(crate) fn centroid(points: &[Vector]) -> Vector {
    let sum = points.iter().fold([0.0; 3], |sum, &point| add(sum, point));
    scale(sum, 1.0 / points.len().max(1) as f64)
}

/// Three orthonormal directions, right-handed: the first along `x`, the second on the side of `y`. The two must not be parallel.
pub(crate) fn axes(x: Vector, y: Vector) -> [Vector; 3] {
    let unit = |a: Vector| scale(a, 1.0 / inner(a, a).sqrt());
    let x = unit(x);
    let z = unit(cross(x, y));
    [x, cross(z, x), z]
}

/// The atom `bond` ångström away from `c`, with the angle at `c` to `b` and the torsion about `b–c` to `a`, in degrees: the natural
/// extension reference frame of Parsons et al., J. Comput. Chem. 26:1063 (2005).
pub(crate) fn place([a, b, c]: [Vector; 3], bond: f64, angle: f64, torsion: f64) -> Vector {
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

    #[test]
    fn angles_and_torsions_of_a_cube() {
        let [origin, x, y, xyz] = [[0.0; 3], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 1.0, 1.0]];
        assert!((angle(x, origin, y) - 90.0).abs() < 1e-12);
        assert!((angle(x, origin, x)).abs() < 1e-12);
        assert!((angle(x, origin, [-1.0, 0.0, 0.0]) - 180.0).abs() < 1e-12);
        assert!((torsion(y, origin, x, [1.0, 0.0, 1.0]) - 90.0).abs() < 1e-12, "clockwise is positive");
        assert!((torsion(y, origin, x, [1.0, 0.0, -1.0]) + 90.0).abs() < 1e-12);
        assert!((torsion(y, origin, x, [1.0, -1.0, 0.0]).abs() - 180.0).abs() < 1e-12);
        assert!((torsion(y, origin, x, xyz) - 45.0).abs() < 1e-12);
    }

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
