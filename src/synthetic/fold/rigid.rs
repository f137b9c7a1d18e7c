//! Rigid motions: laying one set of points over another, and turning things at random. Changes no distance.

use super::geometry::{Point, add, dot, sub};
use super::random::Random;
use crate::metric::superpose;

/// A rotation about `from`, which then comes to `to`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Motion {
    /// Rows of the rotation matrix.
    pub rows: [Point; 3],
    pub from: Point,
    pub to: Point,
}

impl Motion {
    /// No motion at all.
    pub(super) const STILL: Self = Self {
        rows: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
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

    /// The motion that lays `mobile` over `target`, point by point; none where there are no points.
    pub(super) fn onto(mobile: &[Point], target: &[Point]) -> Self {
        let narrow = |points: &[Point]| -> Vec<[f32; 3]> {
            points.iter().map(|point| point.map(|along| along as f32)).collect()
        };
        superpose(&narrow(mobile), &narrow(target)).map_or(Self::STILL, |found| Self {
            rows: found.rotation,
            from: [0.0; 3],
            to: found.translation,
        })
    }

    pub(super) fn apply(&self, point: Point) -> Point {
        let arm = sub(point, self.from);
        add(self.rows.map(|row| dot(row, arm)), self.to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::fold::geometry::{cross, distance};

    #[test]
    fn a_turned_copy_comes_back() {
        let mut random = Random::new(11);
        let points: Vec<Point> = (0..40).map(|_| [(); 3].map(|()| 20.0 * random.signed())).collect();
        let turn = Motion::random_turn([1.0, 2.0, 3.0], &mut random);
        let moved: Vec<Point> = points.iter().map(|&point| turn.apply(point)).collect();
        let back = Motion::onto(&moved, &points);
        for (&point, &goal) in moved.iter().zip(&points) {
            assert!(distance(back.apply(point), goal) < 1e-4);
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
}
