//! Vectors in ångström and atoms placed by internal coordinates. Knows no chemistry.

/// A position or a direction.
pub(super) type Point = [f64; 3];

pub(super) fn add(a: Point, b: Point) -> Point {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

pub(super) fn sub(a: Point, b: Point) -> Point {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

pub(super) fn scale(a: Point, factor: f64) -> Point {
    [a[0] * factor, a[1] * factor, a[2] * factor]
}

pub(super) fn dot(a: Point, b: Point) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub(super) fn cross(a: Point, b: Point) -> Point {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

pub(super) fn unit(a: Point) -> Point {
    scale(a, 1.0 / dot(a, a).sqrt())
}

pub(super) fn distance_squared(a: Point, b: Point) -> f64 {
    let d = sub(a, b);
    dot(d, d)
}

pub(super) fn distance(a: Point, b: Point) -> f64 {
    distance_squared(a, b).sqrt()
}

/// The mean position; the origin for none.
pub(super) fn centroid(points: &[Point]) -> Point {
    let sum = points.iter().fold([0.0; 3], |sum, &point| add(sum, point));
    scale(sum, 1.0 / points.len().max(1) as f64)
}

/// A position and three orthonormal directions, right-handed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Frame {
    /// The directions x, y and z.
    pub axes: [Point; 3],
    /// The position.
    pub origin: Point,
}

impl Frame {
    /// The frame at `origin` with x along `x` and y on the side of `y`; the two must not be parallel.
    pub(super) fn from_axes(origin: Point, x: Point, y: Point) -> Self {
        let x = unit(x);
        let z = unit(cross(x, y));
        Self {
            axes: [x, cross(z, x), z],
            origin,
        }
    }

    /// A point given in this frame.
    pub(super) fn to_global(self, local: Point) -> Point {
        let [x, y, z] = self.axes;
        add(
            self.origin,
            add(scale(x, local[0]), add(scale(y, local[1]), scale(z, local[2]))),
        )
    }

    /// The rotation as a unit quaternion `(w, x, y, z)` with `w ≥ 0` (Shepperd, J. Guidance Control 1978).
    #[expect(
        clippy::many_single_char_names,
        reason = "sums and differences of matrix elements have no names"
    )]
    pub(super) fn quaternion(self) -> [f64; 4] {
        // Columns of the rotation matrix are the axes: m(row, column).
        let m = |row: usize, column: usize| self.axes[column][row];
        let trace = m(0, 0) + m(1, 1) + m(2, 2);
        let squares = [trace, m(0, 0), m(1, 1), m(2, 2)].map(|pivot| 1.0 + 2.0 * pivot - trace);
        let largest = (0..4).fold(0, |best, next| if squares[next] > squares[best] { next } else { best });
        let (a, b, c) = (m(2, 1) - m(1, 2), m(0, 2) - m(2, 0), m(1, 0) - m(0, 1));
        let (d, e, f) = (m(1, 0) + m(0, 1), m(0, 2) + m(2, 0), m(2, 1) + m(1, 2));
        let raw = match largest {
            0 => [squares[0], a, b, c],
            1 => [a, squares[1], d, e],
            2 => [b, d, squares[2], f],
            _ => [c, e, f, squares[3]],
        };
        let norm = raw.iter().map(|part| part * part).sum::<f64>().sqrt();
        let sign = if raw[0] < 0.0 { -norm } else { norm };
        raw.map(|part| part / sign)
    }
}

/// The atom `bond` away from `c`, with the angle at `c` to `b` and the torsion about `b–c` to `a`, in radians: the natural
/// extension reference frame of Parsons et al., J. Comput. Chem. 26:1063 (2005).
pub(super) fn place(a: Point, b: Point, c: Point, bond: f64, angle: f64, torsion: f64) -> Point {
    // y lies on a's side of the axis, so that a torsion of zero is cis; z then makes positive torsions clockwise.
    let frame = Frame::from_axes(c, sub(c, b), sub(a, b));
    let (sin_angle, cos_angle) = angle.sin_cos();
    let (sin_torsion, cos_torsion) = torsion.sin_cos();
    let across = bond * sin_angle;
    frame.to_global([-bond * cos_angle, across * cos_torsion, across * sin_torsion])
}

/// The angle at `b`, in radians.
#[cfg(test)]
pub(super) fn angle(a: Point, b: Point, c: Point) -> f64 {
    dot(unit(sub(a, b)), unit(sub(c, b))).clamp(-1.0, 1.0).acos()
}

/// The torsion about `b–c`, in radians within (−π, π], positive when clockwise seen from `b` to `c`.
pub(super) fn torsion(a: Point, b: Point, c: Point, d: Point) -> f64 {
    let axis = unit(sub(c, b));
    let across = |v: Point| sub(v, scale(axis, dot(v, axis)));
    let (first, second) = (across(sub(a, b)), across(sub(d, c)));
    dot(cross(axis, first), second).atan2(dot(first, second))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placed_atom_measures_as_asked() {
        let (a, b, c) = ([0.3, 1.1, -0.2], [0.0, 0.1, 0.4], [1.4, -0.2, 0.9]);
        for degrees in [-170.0f64, -60.0, 0.0, 65.0, 180.0] {
            let d = place(a, b, c, 1.5, 111f64.to_radians(), degrees.to_radians());
            assert!((distance(c, d) - 1.5).abs() < 1e-12);
            assert!((angle(b, c, d).to_degrees() - 111.0).abs() < 1e-9);
            let off = (torsion(a, b, c, d).to_degrees() - degrees).rem_euclid(360.0);
            assert!(off.min(360.0 - off) < 1e-9, "{degrees}: {off}");
        }
    }

    #[test]
    fn a_clockwise_torsion_is_positive() {
        // Looking along +x with y up, +z lies to the right.
        let torsion = torsion([0.0, 1.0, 0.0], [0.0; 3], [1.0, 0.0, 0.0], [1.0, 0.0, 1.0]);
        assert!((torsion.to_degrees() - 90.0).abs() < 1e-12);
    }

    #[test]
    fn quaternions_turn_the_axes_into_the_frame() {
        for (x, y) in [
            ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0]),
            ([-1.0, 0.1, 0.0], [0.0, -1.0, 0.2]),
            ([0.0, 0.2, -1.0], [0.3, -1.0, 0.0]),
            ([-0.2, -1.0, 0.1], [-1.0, 0.0, 0.5]),
        ] {
            let frame = Frame::from_axes([0.0; 3], x, y);
            let [w, i, j, k] = frame.quaternion();
            assert!((w * w + i * i + j * j + k * k - 1.0).abs() < 1e-12 && w >= 0.0);
            let turned = [
                1.0 - 2.0 * (j * j + k * k),
                2.0 * (i * j + k * w),
                2.0 * (i * k - j * w),
            ];
            assert!(distance(turned, frame.axes[0]) < 1e-12);
        }
    }
}
