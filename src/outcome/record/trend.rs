//! Trends of cases from run to run: headroom, drift towards a limit, durations, flakiness. Does not read histories or judge cases.

use std::collections::BTreeMap;

use super::HistoryLine;
use crate::outcome::Verdict;

/// The number of last runs from which the drift is computed.
pub(crate) const WINDOW: usize = 10;
/// The fewest runs that show a drift.
const FEWEST: usize = 3;
/// A case is flagged if it would reach its limit within this number of runs.
pub(crate) const SOON: f64 = 5.0;

/// The trend of one case on one backend.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CaseTrend<'a> {
    pub(crate) backend: &'a str,
    pub(crate) weights: &'a str,
    pub(crate) case: &'a str,
    /// The number of runs in which it was not skipped.
    pub(crate) runs: usize,
    /// Its last verdict.
    pub(crate) verdict: Verdict,
    /// How often the verdict changed from one run to the next.
    pub(crate) changes: usize,
    /// The number of runs in which it passed only when tried again.
    pub(crate) flaky: usize,
    /// The used part of its tightest allowance in the last run that has one.
    pub(crate) used: Option<f64>,
    /// The used part in the run before that.
    pub(crate) used_before: Option<f64>,
    /// The growth of `used` per run.
    pub(crate) slope: Option<f64>,
    /// Duration of its calls in the last run.
    pub(crate) seconds: f64,
    /// The median duration of all runs.
    pub(crate) median_seconds: f64,
    /// The last duration as a multiple of the median of the runs before.
    pub(crate) times_slower: Option<f64>,
    /// Whether the suites changed among the runs.
    pub(crate) suites_changed: bool,
}

impl CaseTrend<'_> {
    /// The number of runs until it would reach its limit, if that is soon.
    pub(crate) fn runs_to_limit(&self) -> Option<f64> {
        let (used, slope) = (self.used?, self.slope?);
        let runs = (1.0 - used) / slope;
        (used < 1.0 && slope > 0.0 && runs <= SOON).then_some(runs)
    }

    /// The unused part of the allowance: 1 for a perfect match, 0 at the limit.
    pub(crate) fn headroom(&self) -> Option<f64> {
        self.used.map(|used| 1.0 - used)
    }

    /// The unused part in the run before.
    pub(crate) fn headroom_before(&self) -> Option<f64> {
        self.used_before.map(|used| 1.0 - used)
    }
}

/// The trend of each case, the worst first: cases that go wrong, then cases that soon reach a limit, then by changes of the verdict, then
/// by headroom.
pub(crate) fn trends(lines: &[HistoryLine]) -> Vec<CaseTrend<'_>> {
    let mut series: BTreeMap<(&str, &str, &str), Vec<&HistoryLine>> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.verdict != Verdict::Skip) {
        series.entry((&line.backend, &line.weights, &line.case)).or_default().push(line);
    }
    let mut trends: Vec<CaseTrend<'_>> = series
        .into_iter()
        .filter_map(|((backend, weights, case), mut lines)| {
            // A stable sort keeps the order of the files within one second. A file that is named twice counts once.
            lines.sort_by(|one, other| one.date.cmp(&other.date));
            lines.dedup();
            let last = *lines.last()?;
            let used: Vec<f64> =
                lines.iter().filter_map(|line| Some(line.tightest.as_ref()?.used.or_infinite())).collect();
            let seconds: Vec<f64> = lines.iter().map(|line| line.seconds).collect();
            let before = median(&seconds[..seconds.len() - 1]).filter(|before| *before > 0.0);
            Some(CaseTrend {
                backend,
                weights,
                case,
                runs: lines.len(),
                verdict: last.verdict,
                changes: lines.windows(2).filter(|pair| pair[0].verdict != pair[1].verdict).count(),
                flaky: lines.iter().filter(|line| line.flaky).count(),
                used: used.last().copied(),
                used_before: used.len().checked_sub(2).map(|index| used[index]),
                slope: slope(&used[used.len().saturating_sub(WINDOW)..]),
                seconds: last.seconds,
                median_seconds: median(&seconds).unwrap_or_default(),
                times_slower: before.map(|before| last.seconds / before),
                suites_changed: lines.iter().any(|line| line.suites_sha256 != last.suites_sha256),
            })
        })
        .collect();
    trends.sort_by(|one, other| badness(other).partial_cmp(&badness(one)).unwrap_or(std::cmp::Ordering::Equal));
    trends
}

/// The sort key: greater is worse.
fn badness(trend: &CaseTrend<'_>) -> (bool, bool, usize, f64) {
    (trend.verdict.is_wrong(), trend.runs_to_limit().is_some(), trend.changes + trend.flaky, trend.used.unwrap_or(-1.0))
}

/// The slope of a straight line by least squares, one step per value. Returns `None` for infinite values or too few.
fn slope(values: &[f64]) -> Option<f64> {
    if values.len() < FEWEST || values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let number = values.len() as f64;
    let (middle, mean) = ((number - 1.0) / 2.0, values.iter().sum::<f64>() / number);
    let (above, below) = values.iter().enumerate().fold((0.0, 0.0), |(above, below), (index, value)| {
        let step = index as f64 - middle;
        (above + step * (value - mean), below + step * step)
    });
    Some(above / below)
}

fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::history::TightestMetric;
    use super::*;

    /// A line of the n-th day.
    pub(crate) fn line(day: usize, case: &str, verdict: Verdict, used: Option<f64>, seconds: f64) -> HistoryLine {
        HistoryLine {
            form: 1,
            date: format!("2026-11-{day:02}T12:00:00Z"),
            backend: "lab".into(),
            weights: "published".into(),
            hydrotest: "0.1.0".into(),
            suites_sha256: "0".repeat(64),
            case: case.into(),
            verdict,
            flaky: false,
            seconds,
            tightest: used.map(|used| TightestMetric {
                field: "plddt[0]".into(),
                key: "absolute".into(),
                observed: (used / 2.0).into(),
                allowed: 0.5.into(),
                used: used.into(),
            }),
        }
    }

    fn series(case: &str, used: &[f64]) -> Vec<HistoryLine> {
        let lines = used.iter().enumerate();
        lines.map(|(day, &used)| line(day + 1, case, Verdict::Pass, Some(used), 1.0)).collect()
    }

    #[test]
    fn a_drift_that_reaches_the_limit_soon_is_flagged() {
        let lines = series("drifts", &[0.5, 0.6, 0.7]);
        let trend = &trends(&lines)[0];
        assert!((trend.slope.unwrap() - 0.1).abs() < 1e-12);
        assert!((trend.runs_to_limit().unwrap() - 3.0).abs() < 1e-9);
        assert!((trend.headroom().unwrap() - 0.3).abs() < 1e-12);
        assert!((trend.headroom_before().unwrap() - 0.4).abs() < 1e-12);
        let flagged = |used: &[f64]| trends(&series("x", used))[0].runs_to_limit();
        assert_eq!(flagged(&[0.1, 0.15, 0.2]), None, "16 runs");
        assert_eq!(flagged(&[0.7, 0.6, 0.5]), None, "it goes away from the limit");
        assert_eq!(flagged(&[0.5, 0.9]), None, "two runs are no drift");
        assert_eq!(flagged(&[0.9, 0.9, 0.9]), None);
        assert_eq!(flagged(&[0.9, 1.0, 1.1]), None, "it is there already");
        assert_eq!(trends(&series("x", &[0.5, f64::NAN, 0.5]))[0].slope, None);
        // Only the last ten runs count.
        let mut long = vec![0.95; 5];
        long.extend((0..10).map(|index| f64::from(index) * 0.01));
        assert!((trends(&series("x", &long))[0].slope.unwrap() - 0.01).abs() < 1e-12);
    }

    #[test]
    fn durations_are_compared_with_the_median_before() {
        let times = [1.0, 3.0, 2.0, 6.0];
        let lines: Vec<HistoryLine> =
            (1..).zip(times).map(|(day, seconds)| line(day, "x", Verdict::Pass, None, seconds)).collect();
        let trend = &trends(&lines)[0];
        assert_eq!((trend.seconds, trend.median_seconds, trend.times_slower), (6.0, 2.5, Some(3.0)));
        assert_eq!((trend.used, trend.slope), (None, None));
        assert_eq!(trends(&lines[..1])[0].times_slower, None);
    }

    #[test]
    fn the_worst_comes_first_and_order_of_lines_does_not_count() {
        let mut lines = series("calm", &[0.1, 0.1, 0.1]);
        lines.extend(series("near", &[0.8, 0.8, 0.8]));
        lines.extend(series("drifts", &[0.5, 0.6, 0.7]));
        let verdicts = [Verdict::Pass, Verdict::Fail, Verdict::Pass, Verdict::Skip, Verdict::Pass];
        lines.extend((1..).zip(verdicts).map(|(day, verdict)| line(day, "flaky", verdict, None, 1.0)));
        lines.extend([line(1, "wrong", Verdict::Pass, None, 1.0), line(2, "wrong", Verdict::Fail, None, 1.0)]);
        let names = |lines: &[HistoryLine]| trends(lines).iter().map(|trend| trend.case.to_owned()).collect::<Vec<_>>();
        assert_eq!(names(&lines), ["wrong", "drifts", "flaky", "near", "calm"]);
        let changes = |lines: &[HistoryLine]| trends(lines)[2].changes;
        assert_eq!(changes(&lines), 2);
        lines.reverse();
        assert_eq!((names(&lines)[0].as_str(), changes(&lines)), ("wrong", 2));
        let twice = [lines.clone(), lines.clone()].concat();
        assert_eq!(trends(&twice)[0].runs, 2);
    }
}
