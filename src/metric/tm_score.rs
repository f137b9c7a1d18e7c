//! The TM-score of structures whose residues correspond one to one, maximised over rigid motions. Does not align sequences.

use super::error::{MetricError, Point, check_number, check_points};
use super::superposition::{Superposition, best_motion, best_weighted_motion};

/// A TM-score and the motion that reaches it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TmScore {
    /// From 0 to 1; two unrelated folds score about 0.17, the same fold above 0.5.
    pub(crate) score: f64,
    /// Lays the first structure onto the second; its `rmsd` is that of all points under this motion.
    pub(crate) superposition: Superposition,
}

/// Shortest fragment the search starts from.
const SHORTEST_SEED: usize = 4;
/// Fragment lengths tried: all points, a half, a quarter, ….
const SEED_LENGTHS: usize = 6;
/// Seeds of one length; longer structures are sampled, and the longest with fewer, which keeps the cost at lengths × points.
const MOST_SEEDS: usize = 300;
const FEWEST_SEEDS: usize = 60;
/// Seeds of one length times points beyond which fewer seeds are tried. A climb from any seed near the best ends at the same maximum.
const MOST_GROWN: usize = 600_000;
/// Rounds of growing a seed; the set of near points settles long before.
const ROUNDS: usize = 20;
/// Rounds of climbing from the best motion of a seed length to the maximum near it.
const CLIMBS: usize = 40;
/// A climb ends when a round adds less to the score, as a fraction of 1.
const SETTLED: f64 = 1e-7;

/// The distance in ångström at which a pair counts half: 1.24·∛(L − 15) − 1.8, at least 0.5, for L residues.
pub(crate) fn distance_scale(length: usize) -> f64 {
    (1.24 * (length as f64 - 15.0).cbrt() - 1.8).max(0.5)
}

/// The TM-score of alpha carbons: the maximum over motions of (1/L) Σ 1/(1 + (d/d₀)²), with L = `length`, usually the number
/// of residues of the reference. Meaningless below about 30 residues.
///
/// Zhang & Skolnick, Proteins 57, 2004. Searched as their program does, from superpositions of fragments, each grown by superposing
/// the points that came near until these no longer change: up to 300 points from every fragment, so that the value is the one that
/// this field quotes. Of more points fragments are sampled, and the best of each length climbs to the maximum near it, so that the
/// value is never below the program's; it may be some 10⁻⁴ above it, of structures with hinges some 10⁻³.
///
/// # Errors
/// With fewer than 3 points, sets of different size, a length of 0, and coordinates that are not finite.
pub fn tm_score(mobile: &[Point], target: &[Point], length: usize) -> Result<TmScore, MetricError> {
    check_points(mobile, target, 3)?;
    check_number("residues to normalise by", length, 1)?;
    let scale = distance_scale(length);
    let mut search = Search {
        mobile,
        target,
        squared_scale: scale * scale,
        near_distance: scale.clamp(4.5, 8.0),
        squared_distances: vec![0.0; mobile.len()],
        near: Vec::with_capacity(mobile.len()),
        best: f64::NEG_INFINITY,
        best_motion: Superposition::IDENTITY,
    };
    let mut highest = (f64::NEG_INFINITY, Superposition::IDENTITY);
    let shortest = SHORTEST_SEED.min(mobile.len());
    let mut seed_length = mobile.len();
    let seeds = (MOST_GROWN / mobile.len()).clamp(FEWEST_SEEDS, MOST_SEEDS);
    let are_sampled = mobile.len() > seeds;
    for _ in 0..SEED_LENGTHS {
        let starts = mobile.len() - seed_length + 1;
        for start in (0..starts).step_by(starts.div_ceil(seeds)) {
            search.grow(start..start + seed_length);
        }
        if are_sampled {
            search.climb();
        }
        if search.best > highest.0 {
            highest = (search.best, search.best_motion);
        }
        // Seeds of another length may find another maximum, which is lower before the climb and higher after it.
        search.best = f64::NEG_INFINITY;
        if seed_length == shortest {
            break;
        }
        seed_length = (seed_length / 2).max(shortest);
    }
    let (best, mut superposition) = highest;
    let squares: f64 = superposition.distances(mobile, target).map(|distance| distance * distance).sum();
    superposition.rmsd = (squares / mobile.len() as f64).sqrt();
    Ok(TmScore { score: best / length as f64, superposition })
}

struct Search<'a> {
    mobile: &'a [Point],
    target: &'a [Point],
    squared_scale: f64,
    near_distance: f64,
    /// Squared distances under the motion looked at last.
    squared_distances: Vec<f64>,
    /// Points that are near under it.
    near: Vec<usize>,
    best: f64,
    best_motion: Superposition,
}

impl Search<'_> {
    /// Superposes a fragment, then the points that came near, and so on; keeps the best score on the way.
    fn grow(&mut self, seed: std::ops::Range<usize>) {
        self.near.clear();
        self.near.extend(seed);
        let mut previous = Vec::new();
        for round in 0..=ROUNDS {
            let pairs = self.near.iter().map(|&index| (self.mobile[index], self.target[index]));
            self.measure(&best_motion(pairs));
            // The first superposition has few points, so the limit for near points is stricter.
            let distance = if round == 0 { self.near_distance - 1.0 } else { self.near_distance + 1.0 };
            std::mem::swap(&mut previous, &mut self.near);
            self.collect_near(distance);
            if self.near == previous {
                break;
            }
        }
    }

    /// Climbs from the best motion to the maximum of the score itself: near it the score falls with the squared distances as fast
    /// as a sum of them with weights does, of which the best motion is known, and never faster.
    fn climb(&mut self) {
        let motion = self.best_motion;
        self.measure(&motion);
        for _ in 0..CLIMBS {
            let before = self.best;
            let points = self.mobile.iter().zip(self.target).zip(&self.squared_distances);
            let weighted = points.map(|((&mobile, &target), squared)| {
                let near = 1.0 / (1.0 + squared / self.squared_scale);
                (mobile, target, near * near)
            });
            let motion = best_weighted_motion(weighted);
            self.measure(&motion);
            if self.best - before < SETTLED * self.mobile.len() as f64 {
                return;
            }
        }
    }

    fn measure(&mut self, motion: &Superposition) {
        let mut score = 0.0;
        for ((squared, &mobile), &target) in self.squared_distances.iter_mut().zip(self.mobile).zip(self.target) {
            *squared = motion.squared_distance(mobile, target);
            score += 1.0 / (1.0 + *squared / self.squared_scale);
        }
        if score > self.best {
            self.best = score;
            self.best_motion = *motion;
        }
    }

    /// Collects the points nearer than a distance, which is widened until there are enough to superpose.
    fn collect_near(&mut self, mut distance: f64) {
        loop {
            self.near.clear();
            let near = self.squared_distances.iter().enumerate();
            self.near.extend(near.filter(|&(_, &squared)| squared < distance * distance).map(|(index, _)| index));
            if self.near.len() >= 3 || !distance.is_finite() {
                return;
            }
            distance = self.wide_enough(distance);
        }
    }

    /// The distance widened by halves of an ångström until three points are nearer: in one step, however far they are.
    fn wide_enough(&self, distance: f64) -> f64 {
        let mut squares = self.squared_distances.clone();
        let (_, third, _) = squares.select_nth_unstable_by(2, f64::total_cmp);
        let third = third.sqrt();
        let steps = ((third - distance) / 0.5).floor() + 1.0;
        (distance + 0.5 * steps).max(third.next_up())
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_points::{mirrored, moved, noise, walk};
    use super::*;

    #[test]
    fn a_moved_copy_scores_one() {
        let points = walk(120, 1);
        let result = tm_score(&moved(&points, 2), &points, 120).unwrap();
        assert!((result.score - 1.0).abs() < 1e-9, "{}", result.score);
        assert!(result.superposition.rmsd < 1e-4);
    }

    #[test]
    fn a_half_that_is_kept_is_found_though_the_other_half_went_elsewhere() {
        let target = walk(200, 3);
        let mut mobile = moved(&target, 4);
        mobile.truncate(100);
        mobile.extend(walk(100, 5).iter().map(|point| point.map(|coordinate| coordinate + 200.0)));
        let result = tm_score(&mobile, &target, 200).unwrap();
        assert!((0.5..0.52).contains(&result.score), "{}", result.score);
        let near = result.superposition.distances(&mobile, &target).take(100).fold(0.0, f64::max);
        assert!(near < 1e-3, "the kept half lies on itself: {near}");
    }

    /// The pieces of a walk turned against each other and shaken.
    fn hinged(target: &[Point], pieces: usize, seed: u64) -> Vec<Point> {
        let mut next = noise(seed);
        let pieces = target.chunks(target.len().div_ceil(pieces)).enumerate();
        let turned = pieces.flat_map(|(piece, points)| {
            let (sine, cosine) = (0.3 * piece as f32).sin_cos();
            let about = points[0];
            points.iter().map(move |&[x, y, z]| {
                let (x, y) = (x - about[0], y - about[1]);
                [about[0] + cosine * x - sine * y, about[1] + sine * x + cosine * y, z]
            })
        });
        turned.map(|point| point.map(|coordinate| coordinate + next())).collect()
    }

    #[test]
    fn the_score_is_at_least_that_of_growing_every_fragment() {
        for seed in [11, 12, 13] {
            let target = walk(400, seed);
            let mobile = hinged(&target, 4, seed + 20);
            let scale = distance_scale(400);
            let mut program = Search {
                mobile: &mobile,
                target: &target,
                squared_scale: scale * scale,
                near_distance: scale.clamp(4.5, 8.0),
                squared_distances: vec![0.0; 400],
                near: Vec::new(),
                best: f64::NEG_INFINITY,
                best_motion: Superposition::IDENTITY,
            };
            for length in [400, 200, 100, 50, 25, 4] {
                for start in 0..=400 - length {
                    program.grow(start..start + length);
                }
            }
            let found = tm_score(&mobile, &target, 400).unwrap().score;
            assert!(found >= program.best / 400.0, "{found} of {}", program.best / 400.0);
        }
    }

    #[test]
    fn no_small_turn_improves_the_score() {
        let target = walk(400, 31);
        let mobile = hinged(&target, 3, 32);
        let best = tm_score(&mobile, &target, 400).unwrap();
        let squared_scale = distance_scale(400).powi(2);
        let score = |motion: &Superposition| -> f64 {
            let distances = motion.distances(&mobile, &target);
            distances.map(|d| 1.0 / (1.0 + d * d / squared_scale)).sum::<f64>() / 400.0
        };
        assert!((score(&best.superposition) - best.score).abs() < 1e-12);
        for step in [-0.05, 0.05] {
            for axis in 0..3 {
                let mut shifted = best.superposition;
                shifted.translation[axis] += step;
                assert!(score(&shifted) < best.score);
            }
        }
    }

    #[test]
    fn mirror_images_and_strangers_score_low() {
        let points = walk(150, 6);
        assert!(tm_score(&mirrored(&points), &points, 150).unwrap().score < 0.5);
        assert!(tm_score(&walk(150, 7), &points, 150).unwrap().score < 0.5);
    }

    #[test]
    fn the_score_is_at_least_that_of_the_superposition_of_all_points() {
        let mut next = noise(8);
        let target = walk(80, 9);
        let mobile: Vec<Point> = target.iter().map(|point| point.map(|coordinate| coordinate + 3.0 * next())).collect();
        let motion = super::super::superpose(&mobile, &target).unwrap();
        let scale = distance_scale(80);
        let plain: f64 = motion.distances(&mobile, &target).map(|d| 1.0 / (1.0 + (d / scale).powi(2))).sum();
        assert!(tm_score(&mobile, &target, 80).unwrap().score >= plain / 80.0);
    }

    #[test]
    fn the_scale_has_a_floor_and_the_length_divides() {
        assert!((distance_scale(5) - 0.5).abs() < f64::EPSILON);
        assert!((distance_scale(286) - 6.225_2).abs() < 1e-3);
        let points = walk(30, 10);
        let whole = tm_score(&points, &points, 30).unwrap().score;
        assert!((whole - 1.0).abs() < 1e-12);
        assert!(tm_score(&points[..2], &points[..2], 30).is_err());
        assert!(tm_score(&points, &points, 0).is_err());
    }
}
