//! Chains beside one another: each is turned and slid towards those before it until their atoms touch. Turns whole
//! molecules only.

use super::geometry::{Frame, Point, add, centroid, dot, scale, sub};
use super::neighbours::Neighbours;
use super::random::Random;
use super::rigid::Motion;

/// Ways to approach that are compared for each molecule.
const APPROACHES: usize = 12;
/// Residues whose CB atoms are this near are in contact, in ångström.
const CONTACT: f64 = 8.0;
/// Distance of the nearest atoms of two undisturbed molecules: touching, in ångström.
const TOUCH: f64 = 3.1;
/// Nearest that atoms of deviating molecules come, in ångström: more than any pair of radii less 1.5.
const CLEARANCE: f64 = 2.6;

/// Where a molecule stands beside those before it, and the direction it came from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pose {
    motion: Motion,
    direction: Point,
}

/// An undisturbed molecule.
#[derive(Debug, Clone, Default)]
pub(super) struct Shape {
    pub atoms: Vec<Point>,
    /// Atoms by which contacts count: one for every residue.
    pub anchors: Vec<usize>,
}

/// Poses for molecules, chosen for many contacts; the first stays where it is.
pub(super) fn poses(molecules: &[Shape], seed: u64) -> Vec<Pose> {
    let mut random = Random::new(seed);
    let mut placed: Vec<Point> = Vec::new();
    let mut anchors: Vec<Point> = Vec::new();
    let mut poses = Vec::with_capacity(molecules.len());
    for molecule in molecules {
        let mut best: Option<(usize, Pose)> = None;
        for _ in 0..if placed.is_empty() { 0 } else { APPROACHES } {
            let pose = Pose::approach(&molecule.atoms, &placed, &mut random);
            let contacts = contacts(molecule.anchors(&pose), &anchors);
            if best.as_ref().is_none_or(|(most, _)| contacts > *most) {
                best = Some((contacts, pose));
            }
        }
        let pose = best.map_or(Pose::STILL, |(_, pose)| pose);
        anchors.extend(molecule.anchors(&pose));
        placed.extend(molecule.atoms.iter().map(|&atom| pose.motion.apply(atom)));
        poses.push(pose);
    }
    poses
}

impl Shape {
    fn anchors(&self, pose: &Pose) -> impl Iterator<Item = Point> {
        self.anchors.iter().map(|&atom| pose.motion.apply(self.atoms[atom]))
    }
}

impl Pose {
    const STILL: Self = Self {
        motion: Motion::STILL,
        direction: [1.0, 0.0, 0.0],
    };

    /// Turns a molecule at random and slides it in from afar until it touches those placed.
    fn approach(atoms: &[Point], placed: &[Point], random: &mut Random) -> Self {
        let direction = Motion::random_turn([0.0; 3], random).rows[0];
        let mut motion = Motion::random_turn(centroid(atoms), random);
        motion.to = centroid(placed);
        let turned: Vec<Point> = atoms.iter().map(|&atom| motion.apply(atom)).collect();
        let blocked = blocked_stretches(placed, &turned, direction, TOUCH);
        let distance = blocked.iter().fold(0.0, |far: f64, stretch| far.max(stretch[1]));
        motion.to = add(motion.to, scale(direction, distance));
        Self { motion, direction }
    }

    /// The atoms of a molecule that deviates a little, in its place beside those already placed, and pushed back as far
    /// as it takes to keep clear of them.
    pub(super) fn place(&self, atoms: &[Point], placed: &[Point]) -> Vec<Point> {
        let moved: Vec<Point> = atoms.iter().map(|&atom| self.motion.apply(atom)).collect();
        let mut blocked = blocked_stretches(placed, &moved, self.direction, CLEARANCE);
        blocked.sort_by(|a, b| a[0].total_cmp(&b[0]));
        let mut distance = 0.0;
        for [start, end] in blocked {
            if start > distance {
                break;
            }
            distance = end.max(distance);
        }
        let push = scale(self.direction, distance);
        moved.into_iter().map(|atom| add(atom, push)).collect()
    }
}

/// The stretches of the way along `direction` on which some pair of atoms is nearer than `gap`; a pair that only meets
/// on the way back has none.
fn blocked_stretches(placed: &[Point], moving: &[Point], direction: Point, gap: f64) -> Vec<[f64; 2]> {
    // Any direction that is not parallel will do for the second axis.
    let other = if direction[0].abs() < 0.7 {
        [1.0, 0.0, 0.0]
    } else {
        [0.0, 1.0, 0.0]
    };
    let [x, y, z] = Frame::from_axes([0.0; 3], direction, other).axes;
    // Atoms by their place across the direction; how far along it they are is kept aside.
    let across = |atom: Point| [0.0, dot(atom, y), dot(atom, z)];
    let mut lanes = Neighbours::within(gap);
    for (index, &atom) in placed.iter().enumerate() {
        lanes.push(across(atom), index);
    }
    let mut blocked = Vec::new();
    for &atom in moving {
        lanes.any(across(atom), |index, square| {
            let reach = (gap * gap - square).max(0.0).sqrt();
            let middle = dot(sub(placed[index], atom), x);
            if reach > 0.0 && middle + reach > 0.0 {
                blocked.push([middle - reach, middle + reach]);
            }
            false
        });
    }
    blocked
}

fn contacts(moved: impl Iterator<Item = Point>, placed: &[Point]) -> usize {
    let mut near = Neighbours::within(CONTACT);
    for &point in placed {
        near.push(point, 0);
    }
    let mut count = 0;
    for point in moved {
        near.any(point, |_, square| {
            count += usize::from(square < CONTACT * CONTACT);
            false
        });
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::fold::geometry::distance;

    fn blob(seed: u64, atoms: usize) -> Shape {
        let mut random = Random::new(seed);
        Shape {
            atoms: (0..atoms).map(|_| [(); 3].map(|()| 12.0 * random.signed())).collect(),
            anchors: (0..atoms).step_by(4).collect(),
        }
    }

    fn nearest(atoms: &[Point], placed: &[Point]) -> f64 {
        let pairs = atoms.iter().flat_map(|&a| placed.iter().map(move |&b| distance(a, b)));
        pairs.fold(f64::INFINITY, f64::min)
    }

    #[test]
    fn docked_molecules_touch_and_never_overlap() {
        let molecules = [blob(1, 60), blob(2, 60), blob(3, 60), blob(4, 1)];
        let mut placed: Vec<Point> = Vec::new();
        for (molecule, pose) in molecules.iter().zip(poses(&molecules, 9)) {
            let docked = pose.place(&molecule.atoms, &placed);
            if !placed.is_empty() {
                let nearest = nearest(&docked, &placed);
                assert!(nearest >= TOUCH - 1e-9, "{nearest}");
                assert!(molecule.atoms.len() == 1 || nearest < TOUCH + 1e-6, "{nearest}");
            }
            placed.extend(docked);
        }
    }

    #[test]
    fn a_molecule_that_grew_is_pushed_back() {
        let (first, mut second) = (blob(1, 60), blob(2, 60));
        let poses = poses(&[first.clone(), second.clone()], 9);
        let middle = centroid(&second.atoms);
        for atom in &mut second.atoms {
            *atom = add(*atom, scale(sub(*atom, middle), 0.3));
        }
        let crowded: Vec<Point> = second.atoms.iter().map(|&atom| poses[1].motion.apply(atom)).collect();
        assert!(nearest(&crowded, &first.atoms) < CLEARANCE);
        let placed = poses[1].place(&second.atoms, &first.atoms);
        assert!(nearest(&placed, &first.atoms) >= CLEARANCE - 1e-9);
    }
}
