//! Arithmetic with vectors of three doubles.

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
}
