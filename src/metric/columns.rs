//! Sorts points into square columns, so that the neighbours of a point are found without looking at all points. Does not decide which
//! neighbours count.

use std::ops::Range;

use super::Point;

/// Points in one column within one radius that are too many. Protein has some 340 atoms there for a radius of 15 Å.
const CROWD: usize = 5000;

/// Steps from the last place before the whole column is searched, which is then about as fast.
const STEPS: usize = 12;

/// Points ordered by column in the xy-plane and by z within each column.
#[derive(Debug)]
pub(super) struct Columns {
    width: f64,
    /// Index of each point in the slice it came from, in the order of the columns.
    pub(crate) order: Vec<usize>,
    /// Heights in the same order.
    heights: Vec<f32>,
    /// Key and first place of every column that has points, sorted by key; its points end where the next begin.
    starts: Vec<((i64, i64), usize)>,
}

/// A column that may hold neighbours of the points of another one.
struct NearColumn {
    cell: (i64, i64),
    /// The places of its points.
    points: Range<usize>,
    /// Those that were near the point that was looked at last.
    run: Range<usize>,
}

impl Columns {
    /// Sorts finite points into columns suited to a search radius in ångström, which must be positive.
    pub(crate) fn new(points: &[Point], radius: f64) -> Self {
        // Half the radius: narrow enough to leave far points out, wide enough that a column is worth a look-up.
        let width = radius / 2.0;
        let key = |[x, y, _]: Point| (cell(x, width), cell(y, width));
        let mut keyed: Vec<((i64, i64), f32, usize)> =
            points.iter().enumerate().map(|(index, &point)| (key(point), point[2], index)).collect();
        keyed.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)));
        let mut starts: Vec<((i64, i64), usize)> = Vec::new();
        for (place, entry) in keyed.iter().enumerate() {
            if starts.last().is_none_or(|last| last.0 != entry.0) {
                starts.push((entry.0, place));
            }
        }
        Self {
            width,
            order: keyed.iter().map(|entry| entry.2).collect(),
            heights: keyed.iter().map(|entry| entry.1).collect(),
            starts,
        }
    }

    /// Calls `visit` with a place in [`Self::order`] and a range of later places that hold every later neighbour within the
    /// radius (and some points beyond it), for all places. So every pair is seen once, from its earlier place.
    pub(crate) fn for_each_candidate_run(
        &self,
        points: &[Point],
        radius: f64,
        mut visit: impl FnMut(usize, Range<usize>),
    ) {
        for (number, &(key, start)) in self.starts.iter().enumerate() {
            let end = self.end(number);
            let mut later = self.later_columns(number, key);
            for place in start..end {
                let [x, y, z] = points[self.order[place]].map(f64::from);
                let top = self.upper(place + 1..end, z + radius);
                visit(place, place + 1..top);
                for NearColumn { cell, points, run } in &mut later {
                    let squared_gap = gap(x, cell.0, self.width).powi(2) + gap(y, cell.1, self.width).powi(2);
                    let squared_reach = radius * radius - squared_gap;
                    if squared_reach >= 0.0 {
                        // The gap is measured with rounding; a little more reach keeps every neighbour.
                        let reach = squared_reach.sqrt() + 1e-6 * radius;
                        run.start = self.seek(points, run.start, |height| height < z - reach);
                        run.end = self.seek(points, run.end, |height| height <= z + reach);
                        if run.start < run.end {
                            visit(place, run.clone());
                        }
                    }
                }
            }
        }
    }

    /// Whether more points lie in one place than real atoms can, which would take quadratic time.
    pub(crate) fn is_crowded(&self, radius: f64) -> bool {
        (0..self.starts.len()).any(|number| {
            let heights = &self.heights[self.starts[number].1..self.end(number)];
            let pairs = heights.iter().zip(heights.iter().skip(CROWD));
            pairs.into_iter().any(|(low, high)| f64::from(high - low) <= radius)
        })
    }

    fn end(&self, column: usize) -> usize {
        self.starts.get(column + 1).map_or(self.order.len(), |next| next.1)
    }

    /// Columns with points that come after this one and may hold neighbours.
    fn later_columns(&self, number: usize, (x, y): (i64, i64)) -> Vec<NearColumn> {
        let mut found = Vec::new();
        for step in 0..=2 {
            let from = (x + step, if step == 0 { y + 1 } else { y - 2 });
            let to = (x + step, y + 2);
            let later = &self.starts[number + 1..];
            let start = number + 1 + later.partition_point(|column| column.0 < from);
            let columns = self.starts.iter().enumerate().skip(start);
            let columns = columns.take_while(|(_, column)| column.0 <= to);
            found.extend(columns.map(|(index, &(cell, first))| NearColumn {
                cell,
                points: first..self.end(index),
                run: first..first,
            }));
        }
        found
    }

    /// The first place in the range whose height is not before a bound. The bounds of consecutive points differ little, so the search
    /// begins near the last place.
    fn seek(&self, among: &Range<usize>, last: usize, is_before: impl Fn(f64) -> bool) -> usize {
        let heights = &self.heights[among.clone()];
        let is_before = |height: &f32| is_before(f64::from(*height));
        let mut place = last - among.start;
        for _ in 0..STEPS {
            if heights.get(place).is_some_and(is_before) {
                place += 1;
            } else if place > 0 && !is_before(&heights[place - 1]) {
                place -= 1;
            } else {
                return among.start + place;
            }
        }
        among.start + heights.partition_point(is_before)
    }

    fn upper(&self, run: Range<usize>, height: f64) -> usize {
        run.start + self.heights[run].partition_point(|&other| f64::from(other) <= height)
    }
}

/// Cells further out than this are one: no two numbers there are near each other unless they are equal.
const FARTHEST: i64 = 1 << 40;

fn cell(coordinate: f32, width: f64) -> i64 {
    ((f64::from(coordinate) / width).floor() as i64).clamp(-FARTHEST, FARTHEST)
}

/// How far a coordinate is from a cell, 0 inside.
fn gap(coordinate: f64, cell: i64, width: f64) -> f64 {
    let low = cell as f64 * width;
    if cell.abs() == FARTHEST {
        return 0.0;
    }
    (low - coordinate).max(coordinate - low - width).max(0.0) * (1.0 - 1e-9)
}

#[cfg(test)]
mod tests {
    use super::super::test_points::{noise, walk};
    use super::*;

    fn squared_distance(first: Point, second: Point) -> f64 {
        first.iter().zip(second).map(|(&a, b)| (f64::from(a) - f64::from(b)).powi(2)).sum()
    }

    #[test]
    fn every_near_pair_is_seen_once() {
        let mut next = noise(7);
        let cloud: Vec<Point> = (0..300).map(|_| [30.0 * next(), 30.0 * next(), 30.0 * next()]).collect();
        let far: Vec<Point> = walk(50, 8).into_iter().map(|[x, y, z]| [x + 3e13, y - 3e38, z]).collect();
        for points in [cloud, walk(200, 9), far, vec![[1.0; 3]; 5], vec![[0.0, 7.5, 15.0], [7.5, 15.0, 0.0]]] {
            for radius in [3.0, 15.0] {
                let columns = Columns::new(&points, radius);
                let mut seen = Vec::new();
                columns.for_each_candidate_run(&points, radius, |place, run| {
                    for other in run {
                        let (first, second) = (columns.order[place], columns.order[other]);
                        if squared_distance(points[first], points[second]) <= radius * radius {
                            seen.push((first.min(second), first.max(second)));
                        }
                    }
                });
                seen.sort_unstable();
                let expected: Vec<(usize, usize)> = (0..points.len())
                    .flat_map(|first| (first + 1..points.len()).map(move |second| (first, second)))
                    .filter(|&(first, second)| squared_distance(points[first], points[second]) <= radius * radius)
                    .collect();
                assert_eq!(seen, expected);
            }
        }
    }
}
