//! Points for tests: random walks that look like chains, moved or mirrored. The same on every run.

use super::Point;

/// Numbers in [−1, 1) from a seed: Knuth's linear congruential generator, upper half.
pub(crate) fn noise(seed: u64) -> impl FnMut() -> f32 {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 40) as f32 / (1u64 << 23) as f32) - 1.0
    }
}

/// A random walk of steps of 3.8 Å, as alpha carbons take them.
pub(crate) fn walk(length: usize, seed: u64) -> Vec<Point> {
    let mut next = noise(seed);
    let mut at = [0.0f32; 3];
    (0..length)
        .map(|_| {
            let step = [next(), next(), next()];
            let norm = step.iter().map(|part| part * part).sum::<f32>().sqrt().max(1e-3);
            for (coordinate, part) in at.iter_mut().zip(step) {
                *coordinate += 3.8 * part / norm;
            }
            at
        })
        .collect()
}

/// The points after a rotation and a translation.
pub(crate) fn moved(points: &[Point], seed: u64) -> Vec<Point> {
    let mut next = noise(seed);
    let (sine, cosine) = (3.0 * next()).sin_cos();
    let (pitch, level) = (3.0 * next()).sin_cos();
    let shift = [next(), next(), next()].map(|part| 20.0 * part);
    let turned = |[x, y, z]: Point| {
        let (x, y) = (cosine * x - sine * y, sine * x + cosine * y);
        let (y, z) = (level * y - pitch * z, pitch * y + level * z);
        [x + shift[0], y + shift[1], z + shift[2]]
    };
    points.iter().map(|&point| turned(point)).collect()
}

/// The mirror image.
pub(crate) fn mirrored(points: &[Point]) -> Vec<Point> {
    points.iter().map(|&[x, y, z]| [x, y, -z]).collect()
}
