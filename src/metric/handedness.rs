//! Whether a chain of points turns in the right sense, which distances cannot tell. Does not look at side chains.

use super::error::{MetricError, Point, check_lengths, check_points};
use super::geometry::vector::{cross, inner, minus};
use super::superposition::superpose;

/// Four points are flat if their volume is a smaller fraction than this of the greatest that their steps could span.
const FLAT: f64 = 0.2;

/// Points that are this close, in ångström, are equal.
const SAME: f64 = 1e-3;

/// The turns of a chain whose sense could be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hands {
    /// Turns that are not flat on either side.
    pub(crate) comparable: usize,
    /// Comparable turns with another sense.
    pub(crate) changed: usize,
}

impl Hands {
    /// The fraction of changed turns; `None` if no turn is comparable.
    pub(crate) fn fraction(&self) -> Option<f64> {
        (self.comparable > 0).then(|| self.changed as f64 / self.comparable as f64)
    }
}

/// Compares the sense of every turn of a chain, which is the sign of the volume that three steps in a row span: for alpha
/// carbons it tells a right-handed helix from a left-handed one. `chains` names each point's chain.
///
/// Turns that are nearly flat on a side do not count, because a little noise changes their sign. If all are flat, the whole chain
/// counts as one turn: it has changed if its mirror image is less than half as far from the reference.
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

/// The volume that the steps between the first four points span, as a fraction of the greatest that such steps could span. NaN if
/// two points coincide.
fn turn(points: &[Point]) -> f64 {
    let [a, b, c] = [0, 1, 2].map(|from| minus(points[from + 1].map(f64::from), points[from].map(f64::from)));
    inner(a, cross(b, c)) / (inner(a, a) * inner(b, b) * inner(c, c)).sqrt()
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
