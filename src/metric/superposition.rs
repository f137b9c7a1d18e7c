//! The rigid motion that superposes one set of points on another. Uses proper rotations only, so a mirror image does not fit.

use super::error::{MetricError, Point, check_lengths, check_number, check_points};

/// A rigid motion x ↦ R·x + t, and how far points are apart after it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Superposition {
    /// Rotation matrix by rows, determinant +1.
    pub(crate) rotation: [[f64; 3]; 3],
    /// Translation in ångström, applied after the rotation.
    pub(crate) translation: [f64; 3],
    /// Root mean square distance after superposition in ångström, from the distances themselves.
    pub(crate) rmsd: f64,
}

impl Superposition {
    /// The motion that leaves every point where it is.
    pub(crate) const IDENTITY: Self =
        Self { rotation: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], translation: [0.0; 3], rmsd: 0.0 };

    /// Where the motion takes a point.
    #[must_use]
    pub fn apply(&self, point: Point) -> [f64; 3] {
        let [x, y, z] = point.map(f64::from);
        let along = |axis: usize| {
            let row = self.rotation[axis];
            row[0] * x + row[1] * y + row[2] * z + self.translation[axis]
        };
        [along(0), along(1), along(2)]
    }

    /// Distance in ångström of every moved point of `mobile` from its partner in `target`.
    pub(crate) fn distances<'a>(&'a self, mobile: &'a [Point], target: &'a [Point]) -> impl Iterator<Item = f64> + 'a {
        mobile.iter().zip(target).map(|(&mobile, &target)| self.squared_distance(mobile, target).sqrt())
    }

    /// Sum of the squared distances after the motion, two points at a time so that it compiles to vector instructions.
    fn sum_of_squares(&self, mobile: &[Point], target: &[Point]) -> f64 {
        let (mobile_pairs, mobile_rest) = mobile.as_chunks::<2>();
        let (target_pairs, target_rest) = target.as_chunks::<2>();
        let mut sums = [0.0; 2];
        for (mobile, target) in mobile_pairs.iter().zip(target_pairs) {
            for (axis, row) in self.rotation.iter().enumerate() {
                for lane in 0..2 {
                    let [x, y, z] = mobile[lane].map(f64::from);
                    let moved = row[0] * x + row[1] * y + row[2] * z + self.translation[axis];
                    let off = moved - f64::from(target[lane][axis]);
                    sums[lane] += off * off;
                }
            }
        }
        let rest = mobile_rest.iter().zip(target_rest);
        let rest: f64 = rest.map(|(&mobile, &target)| self.squared_distance(mobile, target)).sum();
        sums[0] + sums[1] + rest
    }

    pub(super) fn squared_distance(&self, mobile: Point, target: Point) -> f64 {
        let moved = self.apply(mobile);
        let [x, y, z] = target.map(f64::from);
        (moved[0] - x).powi(2) + (moved[1] - y).powi(2) + (moved[2] - z).powi(2)
    }
}

/// Lays `mobile` onto `target` with the least root mean square distance.
///
/// Horn's quaternion method (J. Opt. Soc. Am. A 4, 1987) in double precision: the same optimum as Kabsch's, and a proper
/// rotation whatever the points, even for collinear ones or a single one. The residual is measured on the moved points; the
/// shortcut through the eigenvalue cancels and can report more than the true distance of equal structures.
///
/// # Errors
/// Without points, for sets of different size, and for coordinates that are not finite.
pub fn superpose(mobile: &[Point], target: &[Point]) -> Result<Superposition, MetricError> {
    check_lengths("points", mobile.len(), target.len())?;
    check_number("points", mobile.len(), 1)?;
    let mut motion = best_motion(mobile.iter().copied().zip(target.iter().copied()));
    motion.rmsd = (motion.sum_of_squares(mobile, target) / mobile.len() as f64).sqrt();
    // Points that are not finite show up here, so they need not be checked before.
    if !motion.rmsd.is_finite() {
        check_points(mobile, target, 1)?;
    }
    Ok(motion)
}

/// The best motion for pairs of points; its `rmsd` is left at 0. The identity when there is no pair.
pub(super) fn best_motion(pairs: impl Iterator<Item = (Point, Point)>) -> Superposition {
    best_weighted_motion(pairs.map(|(mobile, target)| (mobile, target, 1.0)))
}

/// As [`best_motion`] for pairs with positive weights.
pub(super) fn best_weighted_motion(pairs: impl Iterator<Item = (Point, Point, f64)>) -> Superposition {
    let mut pairs = pairs.peekable();
    // Sums relative to the first pair keep their digits however far the structures are from the origin.
    let Some(origins) = pairs.peek().map(|pair| [pair.0, pair.1].map(|point| point.map(f64::from))) else {
        return Superposition::IDENTITY;
    };
    let mut whole = 0.0;
    let (mut from, mut to) = ([0.0; 3], [0.0; 3]);
    let mut covariance = [[0.0; 3]; 3];
    for (mobile, target, weight) in pairs {
        whole += weight;
        let mobile = [0, 1, 2].map(|axis| f64::from(mobile[axis]) - origins[0][axis]);
        let target = [0, 1, 2].map(|axis| f64::from(target[axis]) - origins[1][axis]);
        for row in 0..3 {
            let weighted = weight * mobile[row];
            from[row] += weighted;
            to[row] += weight * target[row];
            for column in 0..3 {
                covariance[row][column] += weighted * target[column];
            }
        }
    }
    for (row, sum) in covariance.iter_mut().zip(from) {
        for (entry, other) in row.iter_mut().zip(to) {
            *entry -= sum * other / whole;
        }
    }
    let from = [0, 1, 2].map(|axis| origins[0][axis] + from[axis] / whole);
    let to = [0, 1, 2].map(|axis| origins[1][axis] + to[axis] / whole);
    let rotation = best_rotation(&covariance);
    let turned = rotation.map(|row| row[0] * from[0] + row[1] * from[1] + row[2] * from[2]);
    Superposition { rotation, translation: [to[0] - turned[0], to[1] - turned[1], to[2] - turned[2]], rmsd: 0.0 }
}

/// Root mean square distance in ångström without moving anything.
///
/// # Errors
/// As [`superpose`].
pub(crate) fn rmsd(first: &[Point], second: &[Point]) -> Result<f64, MetricError> {
    check_points(first, second, 1)?;
    Ok((Superposition::IDENTITY.sum_of_squares(first, second) / first.len() as f64).sqrt())
}

/// The proper rotation R that maximises Σ target · R·mobile for `covariance[i][j]` = Σ mobileᵢ · targetⱼ of centred points.
/// Solves Horn's 4 × 4 eigenproblem for the quaternion of the rotation by Jacobi's method.
///
/// Always orthogonal with determinant +1. Where several rotations are equally good (points on a line, or one point), one of
/// them.
fn best_rotation(covariance: &[[f64; 3]; 3]) -> [[f64; 3]; 3] {
    let [[xx, xy, xz], [yx, yy, yz], [zx, zy, zz]] = *covariance;
    let matrix = [
        [xx + yy + zz, yz - zy, zx - xz, xy - yx],
        [yz - zy, xx - yy - zz, xy + yx, zx + xz],
        [zx - xz, xy + yx, yy - xx - zz, yz + zy],
        [xy - yx, zx + xz, yz + zy, zz - xx - yy],
    ];
    // Scaling changes no eigenvector and keeps squares of the entries within range.
    let greatest = matrix.iter().flatten().fold(0.0f64, |most, entry| most.max(entry.abs()));
    let scale = if greatest > 0.0 { greatest } else { 1.0 };
    rotation_of(greatest_eigenvector(matrix.map(|row| row.map(|entry| entry / scale))))
}

/// The eigenvector of the greatest eigenvalue of a symmetric matrix, by cyclic Jacobi rotations (Golub & Van Loan, 8.5).
fn greatest_eigenvector(mut matrix: [[f64; 4]; 4]) -> [f64; 4] {
    let mut vectors = [[0.0; 4]; 4];
    for (index, row) in vectors.iter_mut().enumerate() {
        row[index] = 1.0;
    }
    // Convergence is quadratic: six sweeps are many, the bound is for input that is not a number.
    for _ in 0..32 {
        let mut off_diagonal = 0.0;
        let mut diagonal = 0.0;
        for (row, values) in matrix.iter().enumerate() {
            for (column, value) in values.iter().enumerate() {
                *(if row == column { &mut diagonal } else { &mut off_diagonal }) += value * value;
            }
        }
        if off_diagonal <= 1e-31 * diagonal {
            break;
        }
        for row in 0..3 {
            for column in row + 1..4 {
                annihilate(&mut matrix, &mut vectors, row, column);
            }
        }
    }
    let mut best = 0;
    for index in 1..4 {
        if matrix[index][index] > matrix[best][best] {
            best = index;
        }
    }
    vectors.map(|row| row[best])
}

/// One Jacobi rotation, which makes an off-diagonal entry zero.
fn annihilate(matrix: &mut [[f64; 4]; 4], vectors: &mut [[f64; 4]; 4], row: usize, column: usize) {
    let entry = matrix[row][column];
    if entry == 0.0 {
        return;
    }
    let theta = (matrix[column][column] - matrix[row][row]) / (2.0 * entry);
    let tangent = theta.signum() / (theta.abs() + theta.hypot(1.0));
    let cosine = 1.0 / tangent.hypot(1.0);
    let sine = tangent * cosine;
    let turn = |first: f64, second: f64| (cosine * first - sine * second, sine * first + cosine * second);
    for values in matrix.iter_mut().chain(vectors) {
        (values[row], values[column]) = turn(values[row], values[column]);
    }
    let (upper, lower) = (matrix[row], matrix[column]);
    for (index, (first, second)) in upper.into_iter().zip(lower).enumerate() {
        (matrix[row][index], matrix[column][index]) = turn(first, second);
    }
}

fn rotation_of(quaternion: [f64; 4]) -> [[f64; 3]; 3] {
    let norm = quaternion.iter().map(|part| part * part).sum::<f64>().sqrt();
    let [w, x, y, z] = quaternion.map(|part| part / norm);
    [
        [w * w + x * x - y * y - z * z, 2.0 * (x * y - w * z), 2.0 * (x * z + w * y)],
        [2.0 * (x * y + w * z), w * w - x * x + y * y - z * z, 2.0 * (y * z - w * x)],
        [2.0 * (x * z - w * y), 2.0 * (y * z + w * x), w * w - x * x - y * y + z * z],
    ]
}

#[cfg(test)]
mod tests {
    use super::super::test_points::{mirrored, moved, walk};
    use super::*;

    #[test]
    fn a_moved_copy_lies_on_itself() {
        let points = walk(200, 1);
        let motion = superpose(&moved(&points, 2), &points).unwrap();
        assert!(motion.rmsd < 2e-5, "{}", motion.rmsd);
        let same = superpose(&points, &points).unwrap();
        assert!(same.rmsd.abs() < f64::MIN_POSITIVE, "equal structures are at distance zero, not nearly zero");
    }

    #[test]
    fn no_small_turn_improves_the_optimum() {
        let target = walk(60, 3);
        let mobile: Vec<Point> =
            target.iter().zip(walk(60, 4)).map(|(a, b)| [0, 1, 2].map(|i| a[i] + 0.2 * b[i])).collect();
        let best = superpose(&mobile, &target).unwrap();
        for angle in [-1e-3, 1e-3] {
            for axis in 0..3 {
                let mut turned = best;
                let (next, last) = ((axis + 1) % 3, (axis + 2) % 3);
                for column in 0..3 {
                    let (a, b) = (best.rotation[next][column], best.rotation[last][column]);
                    turned.rotation[next][column] = a - angle * b;
                    turned.rotation[last][column] = b + angle * a;
                }
                let (a, b) = (best.translation[next], best.translation[last]);
                turned.translation[next] = a - angle * b;
                turned.translation[last] = b + angle * a;
                let sum = |motion: &Superposition| motion.distances(&mobile, &target).map(|d| d * d).sum::<f64>();
                assert!(sum(&turned) > sum(&best));
            }
        }
    }

    #[test]
    fn a_mirror_image_does_not_lie_on_the_original() {
        let points = walk(100, 5);
        assert!(superpose(&mirrored(&points), &points).unwrap().rmsd > 1.0);
    }

    #[test]
    fn points_that_leave_a_turn_open_still_superpose() {
        let line: Vec<Point> = (0..5u8).map(|index| [f32::from(index), 0.0, 0.0]).collect();
        let upright: Vec<Point> = line.iter().map(|&[x, _, _]| [7.0, x, -1.0]).collect();
        for (mobile, target) in [
            (&line[..], &upright[..]),
            (&line[..1], &upright[3..4]),
            (&line[..2], &upright[..2]),
            (&[[1.0; 3]; 4][..], &[[2.0; 3]; 4][..]),
        ] {
            assert!(superpose(mobile, target).unwrap().rmsd < 1e-12);
        }
    }

    #[test]
    fn what_has_no_superposition_is_an_error() {
        let message = |first: &[Point], second: &[Point]| superpose(first, second).unwrap_err().to_string();
        insta::assert_snapshot!(message(&[], &[]), @"needs at least 1 points, got 0");
        insta::assert_snapshot!(message(&[[0.0; 3]], &[]), @"1 points cannot be compared with 0");
        insta::assert_snapshot!(message(&[[0.0; 3]; 2], &[[0.0; 3], [0.0, f32::NAN, 0.0]]), @"point 1 is not finite");
        let far = [[f32::MAX; 3], [-f32::MAX; 3]];
        assert!(superpose(&far, &far).unwrap().rmsd.is_finite());
    }

    #[test]
    fn distance_in_place_moves_nothing() {
        let shifted = rmsd(&[[0.0; 3], [1.0; 3]], &[[3.0, 4.0, 0.0], [1.0; 3]]).unwrap();
        assert!((shifted - 12.5f64.sqrt()).abs() < 1e-15);
    }

    fn determinant([a, b, c]: [[f64; 3]; 3]) -> f64 {
        a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) + a[2] * (b[0] * c[1] - b[1] * c[0])
    }

    #[test]
    fn every_covariance_gives_a_proper_rotation() {
        let cases = [
            [[0.0; 3]; 3],
            [[1.0, 0.0, 0.0], [0.0; 3], [0.0; 3]],
            [[-1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, -1.0]],
            [[1.0, 2.0, 3.0], [-2.0, 5.0, 0.5], [0.0, 0.25, -7.0]],
            [[1e70, 1e60, 0.0], [-1e70, 3e70, 1e-70], [1.0, 1.0, 1.0]],
            [[1e-300, 0.0, 2e-300], [0.0; 3], [3e-300; 3]],
        ];
        for covariance in cases {
            let rotation = best_rotation(&covariance);
            assert!((determinant(rotation) - 1.0).abs() < 1e-12, "{covariance:?}");
            for (row, values) in rotation.iter().enumerate() {
                for (other, others) in rotation.iter().enumerate() {
                    let product: f64 = values.iter().zip(others).map(|(a, b)| a * b).sum();
                    assert!((product - f64::from(u8::from(row == other))).abs() < 1e-12, "{covariance:?}");
                }
            }
        }
    }

    #[test]
    fn a_quarter_turn_about_z_is_found() {
        // x goes to y, y to −x.
        let rotation = best_rotation(&[[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]);
        for (row, expected) in rotation.iter().zip([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]) {
            for (value, expected) in row.iter().zip(expected) {
                assert!((value - expected).abs() < 1e-15);
            }
        }
    }
}
