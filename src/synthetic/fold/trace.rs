//! Torsions for a chain that stays compact and never runs into itself: rigid stretches of secondary structure, joined by
//! loops whose torsions are searched depth first. Deterministic; knows nothing of side chains but their size.

use std::ops::Range;

use super::backbone::{Backbone, Torsions, extend};
use super::conformation::choose;
use super::geometry::{Point, add, distance_squared, scale, sub, unit};
use super::neighbours::Neighbours;
use super::propensity::{Assignment, Local};
use super::random::{Random, seed_of};
use super::side_chain::atom_count;

/// Coil residues searched at a time.
const LONGEST_LOOP: usize = 6;
/// Ways to continue that are built, and tried from the most compact on, before going back.
const CANDIDATES: usize = 24;
const ROUNDS: usize = 2;
/// Distances kept between points of residues far apart in the chain, in ångström, each tried when the one before fails.
const SPACINGS: [f64; 3] = [3.7, 3.3, 2.9];
/// Distance kept between backbone atoms two to four residues apart.
const NEAR_SPACING: f64 = 2.7;
/// Distance kept between the middles of side chains two to four residues apart.
const BULK_SPACING: f64 = 3.3;

/// How far beyond its end a candidate is judged, in ångström.
const OUTLOOK: f64 = 6.0;

/// Owners of points are twice the residue's index, plus this for the middle of its side chain.
const BULK: usize = 1;

/// Torsions of every residue of a chain, given by indices into [`AMINO_ACIDS`](crate::protein::residue::AMINO_ACIDS).
pub(super) fn trace(residues: &[usize], assigned: &[Assignment], seed: u64) -> Vec<Torsions> {
    SPACINGS
        .iter()
        .find_map(|&spacing| Search::new(residues, assigned, seed, spacing).run())
        // A polyproline helix is straight, so it always fits.
        .unwrap_or_else(|| vec![Torsions::degrees(-75.0, 145.0); residues.len()])
}

/// One way to continue the chain over a block of residues.
struct Candidate {
    torsions: Vec<Torsions>,
    residues: Vec<Backbone>,
    spread: f64,
}

/// The state of the search at one block.
struct Level {
    candidates: Vec<Candidate>,
    tried: usize,
    rounds: usize,
    /// Residues and points there were before this block.
    before: (usize, usize),
}

struct Search<'a> {
    residues: &'a [usize],
    assigned: &'a [Assignment],
    seed: u64,
    spacing: f64,
    blocks: Vec<Range<usize>>,
    placed: Vec<Backbone>,
    torsions: Vec<Torsions>,
    points: Neighbours,
}

impl<'a> Search<'a> {
    fn new(residues: &'a [usize], assigned: &'a [Assignment], seed: u64, spacing: f64) -> Self {
        Self {
            residues,
            assigned,
            seed,
            spacing,
            blocks: blocks(assigned),
            placed: Vec::with_capacity(residues.len()),
            torsions: Vec::with_capacity(residues.len()),
            points: Neighbours::within(spacing),
        }
    }

    /// The torsions found; `None` when the budget is spent.
    fn run(mut self) -> Option<Vec<Torsions>> {
        let mut budget = 200 + 40 * self.blocks.len();
        let mut levels = vec![self.level()];
        while levels.len() <= self.blocks.len() {
            let depth = levels.len() - 1;
            let level = levels.last_mut()?;
            if level.tried == level.candidates.len() {
                if level.rounds == ROUNDS {
                    // Nothing fits behind what was chosen before: choose anew there.
                    levels.pop();
                    let (residues, points) = levels.last()?.before;
                    self.placed.truncate(residues);
                    self.torsions.truncate(residues);
                    self.points.truncate(points);
                    continue;
                }
                level.candidates = self.candidates(depth, level.rounds);
                level.rounds += 1;
                level.tried = 0;
            }
            budget = budget.checked_sub(1)?;
            let candidate = level.candidates.get(level.tried)?;
            level.tried += 1;
            if self.accept(candidate) {
                levels.push(self.level());
            }
        }
        Some(self.torsions)
    }

    fn level(&self) -> Level {
        Level {
            candidates: Vec::new(),
            tried: 0,
            rounds: 0,
            before: (self.placed.len(), self.points.len()),
        }
    }

    /// Ways over a block, the most compact first.
    fn candidates(&self, depth: usize, round: usize) -> Vec<Candidate> {
        let Some(block) = self.blocks.get(depth) else {
            return Vec::new();
        };
        let middle = self.middle();
        let mut candidates: Vec<Candidate> = (0..CANDIDATES)
            .map(|which| {
                let seed = seed_of(&[self.seed, depth as u64, (round * CANDIDATES + which) as u64]);
                self.candidate(block.clone(), &mut Random::new(seed), middle)
            })
            .collect();
        candidates.sort_by(|a, b| a.spread.total_cmp(&b.spread));
        candidates
    }

    fn candidate(&self, block: Range<usize>, random: &mut Random, middle: Point) -> Candidate {
        let mut torsions: Vec<Torsions> = Vec::with_capacity(block.len());
        let mut residues: Vec<Backbone> = Vec::with_capacity(block.len());
        let mut spread = 0.0;
        for index in block {
            let chosen = choose(self.residues, index, self.assigned[index].local, self.seed, random);
            let before = match (residues.last(), torsions.last()) {
                (Some(residue), Some(&torsions)) => Some((residue, torsions)),
                _ => self.placed.last().zip(self.torsions.last().copied()),
            };
            let residue = extend(before, self.residues[index], chosen);
            spread += distance_squared(residue[1], middle);
            torsions.push(chosen);
            residues.push(residue);
        }
        // Where the chain is heading counts as much as where it is: otherwise it leaves and never returns.
        if let Some(&[_, ca, c, ..]) = residues.last() {
            let ahead = add(c, scale(unit(sub(c, ca)), OUTLOOK));
            spread += 3.0 * residues.len() as f64 * distance_squared(ahead, middle);
        }
        Candidate {
            torsions,
            residues,
            spread,
        }
    }

    /// The mean CA position so far.
    fn middle(&self) -> Point {
        let sum = self.placed.iter().fold([0.0; 3], |sum, residue| add(sum, residue[1]));
        scale(sum, 1.0 / self.placed.len().max(1) as f64)
    }

    /// Adds a candidate to the chain unless it comes too near to what is there.
    fn accept(&mut self, candidate: &Candidate) -> bool {
        let first = self.placed.len();
        let mark = self.points.len();
        for (offset, residue) in candidate.residues.iter().enumerate() {
            let index = first + offset;
            if !self.fits(index, residue) {
                self.points.truncate(mark);
                return false;
            }
            self.insert(index, residue);
        }
        self.placed.extend_from_slice(&candidate.residues);
        self.torsions.extend_from_slice(&candidate.torsions);
        true
    }

    fn fits(&self, index: usize, residue: &Backbone) -> bool {
        let far = self.spacing * self.spacing;
        let near = NEAR_SPACING * NEAR_SPACING;
        // Rotamers make room between near side chains; only backbones must fit there.
        let backbone_hits = |owner: usize, square: f64| match (index - owner / 2, owner % 2) {
            (0 | 1, _) | (2..=4, BULK) => false,
            (2..=4, _) => square < near,
            _ => square < far,
        };
        let bulk_hits = |owner: usize, square: f64| match (index - owner / 2, owner % 2) {
            (0 | 1, _) | (2..=4, 0) => false,
            (2..=4, _) => square < BULK_SPACING * BULK_SPACING,
            _ => square < far,
        };
        residue.iter().all(|&point| !self.points.any(point, backbone_hits))
            && !self.points.any(self.bulk(index, residue), bulk_hits)
    }

    fn insert(&mut self, index: usize, residue: &Backbone) {
        for &point in residue {
            self.points.push(point, 2 * index);
        }
        let bulk = self.bulk(index, residue);
        self.points.push(bulk, 2 * index + BULK);
    }

    /// About where the side chain's middle will be, from its number of atoms.
    fn bulk(&self, index: usize, residue: &Backbone) -> Point {
        let atoms = atom_count(self.residues[index]).saturating_sub(4) as f64;
        let [_, ca, _, _, cb] = *residue;
        add(ca, scale(unit(sub(cb, ca)), 1.5 * atoms.max(0.5).powf(0.42)))
    }
}

/// Stretches searched together: some coil and the secondary structure that follows it.
fn blocks(assigned: &[Assignment]) -> Vec<Range<usize>> {
    let mut blocks = Vec::new();
    let mut start = 0;
    while start < assigned.len() {
        let coil = assigned[start..]
            .iter()
            .take(LONGEST_LOOP)
            .take_while(|residue| residue.local == Local::Coil)
            .count();
        let mut end = start + coil;
        if let Some(local) = assigned
            .get(end)
            .map(|next| next.local)
            .filter(|&local| local != Local::Coil)
        {
            end += assigned[end..]
                .iter()
                .take_while(|residue| residue.local == local)
                .count();
        }
        blocks.push(start..end);
        start = end;
    }
    blocks
}
