//! Finds pairs of points in contact, and compares the contacts of two structures. Does not select the points.

use super::columns::Columns;
use super::error::{MetricError, Point, check_lengths, check_points};

/// When two residues touch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ContactRule {
    /// Greatest distance of their points in ångström; 8 is usual for CB atoms.
    pub(crate) distance: f64,
    /// Least distance along the sequence within one chain, in residues. Neighbours are always in contact.
    pub(crate) separation: usize,
}

/// How many contacts two structures have and share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ContactAgreement {
    /// Contacts of the reference.
    pub(crate) reference: usize,
    /// Contacts of the observed structure.
    pub(crate) observed: usize,
    /// Contacts of both.
    pub(crate) shared: usize,
}

impl ContactAgreement {
    /// Shared contacts over contacts of either (Jaccard's index); 1 when there is none.
    pub(crate) fn overlap(&self) -> f64 {
        fraction(self.shared, self.reference + self.observed - self.shared)
    }
}

/// Compares the contacts of two structures by one point per residue; `chains` names each residue's chain.
///
/// # Errors
/// For different lengths, no residues, points that are not finite, a distance that is not positive and finite, and when
/// thousands of points lie in one place.
pub(crate) fn contact_agreement(
    observed: &[Point],
    reference: &[Point],
    chains: &[usize],
    rule: ContactRule,
) -> Result<ContactAgreement, MetricError> {
    check_points(observed, reference, 1)?;
    check_lengths("residues", chains.len(), reference.len())?;
    if !(rule.distance > 0.0 && rule.distance.is_finite()) {
        return Err(MetricError::Malformed("the distance of contacts must be positive and finite"));
    }
    let counts =
        |first: usize, second: usize| chains[first] != chains[second] || first.abs_diff(second) >= rule.separation;
    let mut agreement = ContactAgreement { reference: 0, observed: 0, shared: 0 };
    for_each_contact_of_matter(reference, rule.distance, |first, second| {
        if counts(first, second) {
            agreement.reference += 1;
            let there = squared_distance(observed[first], observed[second]);
            agreement.shared += usize::from(there <= rule.distance * rule.distance);
        }
    })?;
    for_each_contact_of_matter(observed, rule.distance, |first, second| {
        agreement.observed += usize::from(counts(first, second));
    })?;
    Ok(agreement)
}

/// Calls `visit` for every pair of points within a distance. Fails if more points lie in one place than real atoms can, because they
/// would have too many pairs.
pub(super) fn for_each_contact_of_matter(
    points: &[Point],
    distance: f64,
    visit: impl FnMut(usize, usize),
) -> Result<(), MetricError> {
    let columns = Columns::new(points, distance);
    if columns.is_crowded(distance) {
        return Err(MetricError::Malformed("too many atoms lie in one place"));
    }
    visit_contacts(&columns, points, distance, usize::MAX, visit);
    Ok(())
}

/// Calls `visit` once for every pair of finite points within a distance, in no particular order. If more points lie in one place than
/// real atoms can, only the next points of each are visited, because all pairs would be too many. Every point is still visited.
pub(super) fn for_each_near_contact(points: &[Point], distance: f64, visit: impl FnMut(usize, usize)) {
    visit_contacts(&Columns::new(points, distance), points, distance, HEAP, visit);
}

/// Points in one column within one distance that make a heap. Of real atoms there are fewer for a distance of 8 Å.
const HEAP: usize = 256;

fn visit_contacts(
    columns: &Columns,
    points: &[Point],
    distance: f64,
    most: usize,
    mut visit: impl FnMut(usize, usize),
) {
    columns.for_each_candidate_run(points, distance, |place, run| {
        let first = columns.order[place];
        for second in run.take(most).map(|other| columns.order[other]) {
            if squared_distance(points[first], points[second]) <= distance * distance {
                visit(first, second);
            }
        }
    });
}

pub(super) fn squared_distance(first: Point, second: Point) -> f64 {
    let apart = |axis: usize| f64::from(first[axis]) - f64::from(second[axis]);
    apart(0).powi(2) + apart(1).powi(2) + apart(2).powi(2)
}

fn fraction(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::super::test_points::{moved, walk};
    use super::*;

    const RULE: ContactRule = ContactRule { distance: 8.0, separation: 3 };

    #[test]
    fn a_moved_copy_has_the_same_contacts() {
        let points = walk(200, 1);
        let agreement = contact_agreement(&moved(&points, 2), &points, &[0; 200], RULE).unwrap();
        assert!(agreement.reference > 20);
        assert!(agreement.overlap() > 0.99);
    }

    #[test]
    fn separation_counts_within_a_chain_only() {
        let line: Vec<Point> = (0..4u8).map(|index| [f32::from(index) * 3.0, 0.0, 0.0]).collect();
        let count = |chains: &[usize]| contact_agreement(&line, &line, chains, RULE).unwrap().reference;
        assert_eq!(count(&[0, 0, 0, 0]), 0);
        assert_eq!(count(&[0, 0, 1, 1]), 3);
    }

    #[test]
    fn a_heap_of_points_is_refused_before_its_pairs_are_counted() {
        let apart = walk(100_000, 3);
        let heap = vec![[1.0; 3]; apart.len()];
        let chains = vec![0; apart.len()];
        for (observed, reference) in [(&heap, &apart), (&apart, &heap)] {
            let error = contact_agreement(observed, reference, &chains, RULE).unwrap_err();
            assert_eq!(error.to_string(), "too many atoms lie in one place");
        }
        assert!(contact_agreement(&heap[..500], &heap[..500], &chains[..500], RULE).is_ok());
    }

    #[test]
    fn every_point_of_a_heap_is_near_and_not_every_pair_is_visited() {
        let heap = vec![[1.0; 3]; 20_000];
        let (mut visits, mut is_near) = (0, vec![false; heap.len()]);
        for_each_near_contact(&heap, 2.3, |first, second| {
            visits += 1;
            is_near[first] = true;
            is_near[second] = true;
        });
        assert!(visits <= heap.len() * HEAP, "{visits}");
        assert!(is_near.into_iter().all(|is_near| is_near));
        // What may be matter is visited whole.
        let mut pairs = 0;
        for_each_near_contact(&heap[..200], 2.3, |_, _| pairs += 1);
        assert_eq!(pairs, 200 * 199 / 2);
    }

    #[test]
    fn fractions_tell_lost_from_gained() {
        let reference = [[0.0, 0.0, 0.0], [5.0, 0.0, 0.0], [99.0, 0.0, 0.0], [104.0, 0.0, 0.0]];
        let observed = [[0.0, 0.0, 0.0], [5.0, 0.0, 0.0], [99.0, 0.0, 0.0], [120.0, 0.0, 0.0]];
        let rule = ContactRule { separation: 1, ..RULE };
        let agreement = contact_agreement(&observed, &reference, &[0; 4], rule).unwrap();
        assert_eq!((agreement.reference, agreement.observed, agreement.shared), (2, 1, 1));
        assert!((agreement.overlap() - 0.5).abs() < f64::EPSILON);
        let none = ContactRule { distance: 0.1, ..rule };
        let empty = contact_agreement(&observed, &reference, &[0; 4], none).unwrap();
        assert!((empty.overlap() - 1.0).abs() < f64::EPSILON);
        for distance in [0.0, f64::NAN, f64::INFINITY] {
            assert!(contact_agreement(&observed, &reference, &[0; 4], ContactRule { distance, ..rule }).is_err());
        }
    }
}
