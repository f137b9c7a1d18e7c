//! Rigid motions: laying one set of points over another, and turning things at random. Changes no distance.

use super::geometry::{Point, add, centroid, cross, dot, scale, sub, unit};
use super::random::Random;

/// A rotation about `from`, which then comes to `to`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Motion {
    /// Rows of the rotation matrix.
    pub rows: [Point; 3],
    pub from: Point,
    pub to: Point,
}

const STILL: [Point; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

impl Motion {
    /// No motion at all.
    pub(super) const STILL: Self = Self {
        rows: STILL,
        from: [0.0; 3],
        to: [0.0; 3],
    };

    /// A rotation about a point, uniform over all (Shoemake, Graphics Gems III, 1992).
    #[expect(clippy::many_single_char_names, reason = "the names of the quaternion's formula")]
    pub(super) fn random_turn(about: Point, random: &mut Random) -> Self {
        let (share, first, second) = (random.unit(), random.unit(), random.unit());
        let (a, b) = ((1.0 - share).sqrt(), share.sqrt());
        let (first, second) = (first * std::f64::consts::TAU, second * std::f64::consts::TAU);
        let (x, y, z, w) = (a * first.sin(), a * first.cos(), b * second.sin(), b * second.cos());
        Self {
            rows: [
                [
                    1.0 - 2.0 * (y * y + z * z),
                    2.0 * (x * y - z * w),
                    2.0 * (x * z + y * w),
                ],
                [
                    2.0 * (x * y + z * w),
                    1.0 - 2.0 * (x * x + z * z),
                    2.0 * (y * z - x * w),
                ],
                [
                    2.0 * (x * z - y * w),
                    2.0 * (y * z + x * w),
                    1.0 - 2.0 * (x * x + y * y),
                ],
            ],
            from: about,
            to: about,
        }
    }

    /// The motion that lays `mobile` over `target`, which must be alike: small rotations are solved for one after the
    /// other (Gauss-Newton), which needs no eigenvectors and finds the nearest minimum only.
    pub(super) fn onto(mobile: &[Point], target: &[Point]) -> Self {
        let (from, to) = (centroid(mobile), centroid(target));
        let mut rows = STILL;
        for _ in 0..6 {
            let mut inertia = [[0.0; 3]; 3];
            let mut moment = [0.0; 3];
            for (&point, &goal) in mobile.iter().zip(target) {
                let arm = rotate(&rows, sub(point, from));
                moment = add(moment, cross(arm, sub(goal, to)));
                for (index, row) in inertia.iter_mut().enumerate() {
                    row[index] += dot(arm, arm);
                    *row = sub(*row, scale(arm, arm[index]));
                }
            }
            rows = turned(&rows, solve(&inertia, moment));
        }
        Self { rows, from, to }
    }

    pub(super) fn apply(&self, point: Point) -> Point {
        add(rotate(&self.rows, sub(point, self.from)), self.to)
    }
}

fn rotate(rows: &[Point; 3], point: Point) -> Point {
    rows.map(|row| dot(row, point))
}

/// The rotation followed by one about `turn`, as long as its angle in radians (Rodrigues).
fn turned(rows: &[Point; 3], turn: Point) -> [Point; 3] {
    let angle = dot(turn, turn).sqrt();
    if angle < 1e-15 {
        return *rows;
    }
    let axis = unit(turn);
    let (sin, cos) = angle.sin_cos();
    let columns: [Point; 3] = [0, 1, 2].map(|column| {
        let old = [rows[0][column], rows[1][column], rows[2][column]];
        add(
            add(scale(old, cos), scale(cross(axis, old), sin)),
            scale(axis, dot(axis, old) * (1.0 - cos)),
        )
    });
    [0, 1, 2].map(|row| [columns[0][row], columns[1][row], columns[2][row]])
}

/// Cramer's rule for a symmetric matrix, kept solvable where points lie on a line.
fn solve(matrix: &[Point; 3], right: Point) -> Point {
    let trace = matrix[0][0] + matrix[1][1] + matrix[2][2];
    let mut columns = *matrix;
    for (index, column) in columns.iter_mut().enumerate() {
        column[index] += 1e-9 * trace + f64::MIN_POSITIVE;
    }
    let [a, b, c] = columns;
    let determinant = dot(a, cross(b, c));
    if determinant == 0.0 {
        return [0.0; 3];
    }
    scale(
        [
            dot(right, cross(b, c)),
            dot(a, cross(right, c)),
            dot(a, cross(b, right)),
        ],
        1.0 / determinant,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::fold::geometry::distance;

    #[test]
    fn a_turned_copy_comes_back_exactly() {
        let mut random = Random::new(11);
        let points: Vec<Point> = (0..40).map(|_| [(); 3].map(|()| 20.0 * random.signed())).collect();
        let turn = Motion {
            rows: turned(&STILL, [0.3, -0.5, 0.2]),
            from: [1.0, 2.0, 3.0],
            to: [-4.0, 0.0, 9.0],
        };
        let moved: Vec<Point> = points.iter().map(|&point| turn.apply(point)).collect();
        let back = Motion::onto(&moved, &points);
        for (&point, &goal) in moved.iter().zip(&points) {
            assert!(distance(back.apply(point), goal) < 1e-9);
        }
    }

    #[test]
    fn random_turns_keep_distances_and_handedness() {
        let mut random = Random::new(2);
        for _ in 0..20 {
            let [a, b, c] = Motion::random_turn([0.0; 3], &mut random).rows;
            assert!((dot(a, cross(b, c)) - 1.0).abs() < 1e-12);
            assert!(dot(a, b).abs() < 1e-12 && (dot(a, a) - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn one_point_or_a_line_is_no_trouble() {
        let line = [[0.0; 3], [1.0, 0.0, 0.0], [2.0, 0.0, 0.0]];
        for count in 1..=3 {
            let motion = Motion::onto(&line[..count], &line[..count]);
            assert!(distance(motion.apply(line[count - 1]), line[count - 1]) < 1e-9);
        }
    }
}
