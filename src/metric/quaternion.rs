//! The rotation that agrees best with a covariance of two point sets: Horn's 4 × 4 eigenproblem, solved by Jacobi's method.

/// The proper rotation R that maximises Σ target · R·mobile for `covariance[i][j]` = Σ mobileᵢ · targetⱼ of centred points.
///
/// Always orthogonal with determinant +1. Where several rotations are equally good (points on a line, or one point), one of
/// them.
pub(super) fn best_rotation(covariance: &[[f64; 3]; 3]) -> [[f64; 3]; 3] {
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
    use super::*;

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
