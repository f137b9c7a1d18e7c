//! Delta debugging over indices: finds a small set that still makes a test fail. Does not know inputs or backends.

use std::collections::HashSet;

/// A small subset of `0..count` for which `fails` is true, as it is for the whole set. Tries a set at most once, and never the empty one.
/// `None` ends the search with the smallest set so far.
///
/// Finds the shortest prefix by halving, and then its shortest suffix: ports often fail above some length, which halving finds in ten calls
/// and removing parts in hundreds. The rest goes through ddmin (Zeller and Hildebrandt, 2002) in the version of "Why Programs Fail", which
/// removes parts and never tries one alone, because a part that fails alone is also the rest after removing the others. At the end, no
/// single element can be removed from the result.
pub(super) async fn shortest(count: usize, fails: impl AsyncFnMut(&[usize]) -> Option<bool>) -> Vec<usize> {
    let mut search = IndexSearch { kept: (0..count).collect(), fails, passed: HashSet::new() };
    // Both return `None` if the search has ended. The smallest set so far stays.
    if search.cut(CutSide::End).await.is_some() && search.cut(CutSide::Beginning).await.is_some() {
        let _ = search.remove_parts().await;
    }
    search.kept
}

/// The side at which elements are cut off.
#[derive(Clone, Copy)]
enum CutSide {
    Beginning,
    End,
}

struct IndexSearch<F> {
    kept: Vec<usize>,
    fails: F,
    passed: HashSet<Vec<usize>>,
}

impl<F: AsyncFnMut(&[usize]) -> Option<bool>> IndexSearch<F> {
    /// Whether a set fails. Keeps it if so.
    async fn try_set(&mut self, set: Vec<usize>) -> Option<bool> {
        if self.passed.contains(&set) {
            return Some(false);
        }
        let fails = (self.fails)(&set).await?;
        if fails {
            self.kept = set;
        } else {
            self.passed.insert(set);
        }
        Some(fails)
    }

    /// Cuts off as much as possible at one side by halving, as if every set shorter than one that passes would pass too.
    async fn cut(&mut self, side: CutSide) -> Option<()> {
        let mut too_short = 0;
        while self.kept.len() > too_short + 1 {
            let middle = too_short + (self.kept.len() - too_short) / 2;
            let rest = match side {
                CutSide::End => &self.kept[..middle],
                CutSide::Beginning => &self.kept[self.kept.len() - middle..],
            };
            if !self.try_set(rest.to_vec()).await? {
                too_short = middle;
            }
        }
        Some(())
    }

    /// Removes ever smaller parts.
    async fn remove_parts(&mut self) -> Option<()> {
        let mut parts = 2;
        while self.kept.len() > 1 {
            let count = self.kept.len();
            parts = parts.min(count);
            let mut is_smaller = false;
            for part in 0..parts {
                let (start, end) = (part * count / parts, (part + 1) * count / parts);
                let rest = [&self.kept[..start], &self.kept[end..]].concat();
                if self.try_set(rest).await? {
                    is_smaller = true;
                    break;
                }
            }
            if is_smaller {
                parts = (parts - 1).max(2);
            } else if parts == count {
                break;
            } else {
                parts *= 2;
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    /// The result and the number of sets that were asked of, of which no more than `limit`.
    fn found(count: usize, limit: usize, fails: impl Fn(&[usize]) -> bool) -> (Vec<usize>, usize) {
        let mut asked = Vec::new();
        let search = shortest(count, async |set| {
            assert!(!set.is_empty() && set.len() < count, "{set:?}");
            assert!(set.is_sorted(), "the order stays: {set:?}");
            if asked.len() == limit {
                return None;
            }
            assert!(!asked.contains(&set.to_vec()), "asked twice: {set:?}");
            asked.push(set.to_vec());
            Some(fails(set))
        });
        let kept = search.now_or_never().unwrap();
        (kept, asked.len())
    }

    #[test]
    fn one_culprit_is_found_by_halving() {
        for culprit in [0, 1, 499, 998, 999] {
            let (kept, asked) = found(1000, usize::MAX, |set| set.contains(&culprit));
            assert_eq!(kept, [culprit]);
            assert!(asked <= 20, "{asked}");
        }
    }

    #[test]
    fn culprits_that_lie_apart_are_all_kept_and_nothing_else() {
        let culprits = [3, 40, 41, 90];
        let all = |set: &[usize]| culprits.iter().all(|culprit| set.contains(culprit));
        let (kept, asked) = found(100, usize::MAX, all);
        assert_eq!(kept, culprits);
        assert!(asked <= 80, "{asked}");
    }

    #[test]
    fn a_length_is_found_in_a_few_calls_and_then_only_proved() {
        let (kept, asked) = found(1239, usize::MAX, |set| set.len() >= 501);
        assert_eq!(kept, (0..501).collect::<Vec<_>>());
        assert!(asked > 500, "each of them was left out once: {asked}");
        assert_eq!(found(1239, 12, |set| set.len() >= 501).0.len(), 501);
    }

    #[test]
    fn the_result_fails_and_no_single_element_can_be_removed() {
        // Fails with an odd number of elements of 0, 5, 10, …: not monotone.
        let odd = |set: &[usize]| set.iter().filter(|index| *index % 5 == 0).count() % 2 == 1;
        let (kept, _) = found(45, usize::MAX, odd);
        assert!(odd(&kept));
        for index in 0..kept.len() {
            let mut less = kept.clone();
            less.remove(index);
            assert!(less.is_empty() || !odd(&less), "{kept:?}");
        }
    }

    #[test]
    fn what_cannot_get_smaller_stays_and_an_end_keeps_what_was_found() {
        assert_eq!(found(0, 9, |_| true), (vec![], 0));
        assert_eq!(found(1, 9, |_| true), (vec![0], 0));
        assert_eq!(found(8, 999, |set| set.len() == 8).0.len(), 8);
        assert_eq!(found(1024, 1, |_| true).0.len(), 512);
        assert_eq!(found(1024, 0, |_| true).0.len(), 1024);
    }
}
