//! Whether a chain of points turns the way it should. Sees what distances cannot: the other hand.

use super::error::{MetricError, Point, check_lengths, check_points};
use super::superposition::superpose;

/// Four points whose volume is a smaller part than this of what their steps could span are too flat to have a hand.
const FLAT: f64 = 0.2;

/// Points that lie this close, in ångström, lie on each other.
const SAME: f64 = 1e-3;

/// How many turns of a chain could be told, and how many of them go the other way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hands {
    /// Turns that both sides have.
    pub(crate) comparable: usize,
    /// Those of them with another hand.
    pub(crate) changed: usize,
}

impl Hands {
    /// The fraction that changed; `None` where no turn could be told.
    pub(crate) fn fraction(&self) -> Option<f64> {
        (self.comparable > 0).then(|| self.changed as f64 / self.comparable as f64)
    }
}

/// Compares the sense of every turn of a chain, which is the sign of the volume that three steps in a row span: for alpha
/// carbons it tells a right-handed helix from a left-handed one. `chains` names each point's chain.
///
/// Turns that are nearly flat on a side do not count, as a little noise changes their sign. Where all are flat, the whole counts as
/// one: it has another hand when its mirror image lies less than half as far from the reference.
///
/// # Errors
/// With fewer than four points, for lists of different length and points that are not finite.
pub(crate) fn changed_hands(observed: &[Point], reference: &[Point], chains: &[usize]) -> Result<Hands, MetricError> {
    check_points(observed, reference, 4)?;
    check_lengths("chains", chains.len(), reference.len())?;
    let mut hands = Hands { comparable: 0, changed: 0 };
    for first in 0..reference.len() - 3 {
        if chains[first] != chains[first + 3] {
            continue;
        }
        let (before, after) = (turn(&reference[first..]), turn(&observed[first..]));
        if before.abs() >= FLAT && after.abs() >= FLAT {
            hands.comparable += 1;
            hands.changed += usize::from(before * after < 0.0);
        }
    }
    if hands.comparable == 0 {
        let mirrored: Vec<Point> = observed.iter().map(|&[x, y, z]| [x, y, -z]).collect();
        let (proper, improper) = (superpose(observed, reference)?.rmsd, superpose(&mirrored, reference)?.rmsd);
        hands = Hands { comparable: 1, changed: usize::from(proper > SAME && improper < proper / 2.0) };
    }
    Ok(hands)
}

/// The volume that the steps between the first four points span, as a part of the greatest that such steps could; NaN where two
/// points are one.
fn turn(points: &[Point]) -> f64 {
    let step = |from: usize| [0, 1, 2].map(|axis| f64::from(points[from + 1][axis]) - f64::from(points[from][axis]));
    let [a, b, c] = [step(0), step(1), step(2)];
    let cross = [b[1] * c[2] - b[2] * c[1], b[2] * c[0] - b[0] * c[2], b[0] * c[1] - b[1] * c[0]];
    let inner = |one: [f64; 3], other: [f64; 3]| one[0] * other[0] + one[1] * other[1] + one[2] * other[2];
    inner(a, cross) / (inner(a, a) * inner(b, b) * inner(c, c)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::super::test_points::{mirrored, moved, noise, walk};
    use super::*;

    #[test]
    fn the_mirror_image_changes_every_hand_and_moving_none() {
        let (points, chains) = (walk(100, 1), vec![0; 100]);
        let same = changed_hands(&moved(&points, 2), &points, &chains).unwrap();
        assert!(same.comparable > 50 && same.changed == 0, "{same:?}");
        let mirror = changed_hands(&moved(&mirrored(&points), 2), &points, &chains).unwrap();
        assert_eq!(mirror.changed, mirror.comparable);
        assert_eq!(mirror.fraction(), Some(1.0));
    }

    #[test]
    fn a_little_noise_changes_no_hand() {
        let points = walk(300, 3);
        let mut next = noise(4);
        let noisy: Vec<Point> = points.iter().map(|point| point.map(|axis| axis + 0.2 * next())).collect();
        assert_eq!(changed_hands(&noisy, &points, &[0; 300]).unwrap().changed, 0);
    }

    #[test]
    fn turns_do_not_cross_chains() {
        let points = walk(8, 5);
        let both = changed_hands(&mirrored(&points), &points, &[0, 0, 0, 0, 1, 1, 1, 1]).unwrap();
        assert!(both.comparable <= 2, "{both:?}");
    }

    #[test]
    fn what_is_flat_at_every_turn_is_looked_at_as_a_whole() {
        // A long ladder that twists a little at every step.
        let points: Vec<Point> = (0..60u8)
            .map(|step| {
                let (sine, cosine) = (0.05 * f32::from(step)).sin_cos();
                let width = if step % 2 == 0 { 1.0 } else { -1.0 };
                [width * cosine, width * sine, 3.3 * f32::from(step)]
            })
            .collect();
        let chains = vec![0; 60];
        let comparable = |observed: &[Point]| changed_hands(observed, &points, &chains).unwrap();
        assert_eq!(comparable(&moved(&points, 6)), Hands { comparable: 1, changed: 0 });
        assert_eq!(comparable(&moved(&mirrored(&points), 6)), Hands { comparable: 1, changed: 1 });
        let line: Vec<Point> = (0..60u8).map(|step| [f32::from(step), 0.0, 0.0]).collect();
        assert_eq!(changed_hands(&mirrored(&line), &line, &chains).unwrap().changed, 0);
    }

    #[test]
    fn too_few_points_have_no_hand() {
        let points = walk(3, 7);
        assert!(changed_hands(&points, &points, &[0; 3]).is_err());
    }
}
