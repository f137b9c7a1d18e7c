//! Points in cells, so that those near a place are found without looking at all. Last in, first out.

use super::geometry::{Point, distance_squared};

/// Cells along each side of the table; positions beyond wrap around, which costs time and never an answer.
const SIDE: i64 = 32;
const NONE: u32 = u32::MAX;

/// Points with an owner, such as a residue's index.
#[derive(Debug)]
pub(super) struct Neighbours {
    edge: f64,
    /// Latest point of every cell.
    heads: Vec<u32>,
    /// The point before in the same cell, for every point.
    links: Vec<u32>,
    points: Vec<(Point, usize)>,
}

impl Neighbours {
    /// An empty set that answers for distances up to `reach`.
    pub(super) fn within(reach: f64) -> Self {
        Self {
            edge: reach,
            heads: vec![NONE; (SIDE * SIDE * SIDE) as usize],
            links: Vec::new(),
            points: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.points.len()
    }

    pub(super) fn push(&mut self, point: Point, owner: usize) {
        let slot = slot(self.cell(point));
        self.links.push(self.heads[slot]);
        self.heads[slot] = self.points.len() as u32;
        self.points.push((point, owner));
    }

    /// Takes the latest points off until `length` remain.
    pub(super) fn truncate(&mut self, length: usize) {
        while self.points.len() > length {
            if let (Some((point, _)), Some(link)) = (self.points.pop(), self.links.pop()) {
                let slot = slot(self.cell(point));
                self.heads[slot] = link;
            }
        }
    }

    /// Whether `judge` says yes, given owner and squared distance, to some point within reach of `place`; points a
    /// little farther may be asked about too.
    pub(super) fn any(&self, place: Point, mut judge: impl FnMut(usize, f64) -> bool) -> bool {
        let centre = self.cell(place);
        for x in -1..=1 {
            for y in -1..=1 {
                for z in -1..=1 {
                    let mut next = self.heads[slot([centre[0] + x, centre[1] + y, centre[2] + z])];
                    while next != NONE {
                        let (point, owner) = self.points[next as usize];
                        if judge(owner, distance_squared(point, place)) {
                            return true;
                        }
                        next = self.links[next as usize];
                    }
                }
            }
        }
        false
    }

    fn cell(&self, point: Point) -> [i64; 3] {
        point.map(|along| (along / self.edge).floor() as i64)
    }
}

fn slot([x, y, z]: [i64; 3]) -> usize {
    let wrap = |along: i64| along.rem_euclid(SIDE);
    ((wrap(x) * SIDE + wrap(y)) * SIDE + wrap(z)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::fold::random::Random;

    #[test]
    fn finds_the_same_pairs_as_looking_at_all() {
        let mut random = Random::new(3);
        let mut neighbours = Neighbours::within(4.0);
        let points: Vec<Point> = (0..300).map(|_| [0; 3].map(|_| 160.0 * random.signed())).collect();
        for (owner, &point) in points.iter().enumerate() {
            neighbours.push(point, owner);
        }
        for (index, &point) in points.iter().enumerate() {
            let brute = points
                .iter()
                .enumerate()
                .any(|(other, &place)| other != index && distance_squared(place, point) < 16.0);
            assert_eq!(
                neighbours.any(point, |other, square| other != index && square < 16.0),
                brute
            );
        }
    }

    #[test]
    fn forgets_what_came_last() {
        let mut neighbours = Neighbours::within(2.0);
        neighbours.push([0.0; 3], 0);
        neighbours.push([0.5; 3], 1);
        neighbours.truncate(1);
        let mut seen = Vec::new();
        neighbours.any([0.1; 3], |owner, _| {
            seen.push(owner);
            false
        });
        assert_eq!(seen, [0]);
    }
}
