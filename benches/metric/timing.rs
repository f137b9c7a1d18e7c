//! Measures the time of a function: the median of many runs, with the quartiles as its spread. Uses the processor time of the
//! process, so that other load on the machine matters little; nothing measured here uses threads.

use std::hint::black_box;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// Processor time of one run, in seconds.
#[derive(Debug, Clone, Copy, serde::Deserialize)]
pub struct Timing {
    pub median: f64,
    pub lower: f64,
    pub upper: f64,
}

/// How long each measurement repeats.
const BUDGET: Duration = Duration::from_millis(1500);
/// Shortest duration of a sample, so that reading the clock is negligible.
const SAMPLE: Duration = Duration::from_micros(500);
const FEWEST_SAMPLES: usize = 5;
const MOST_SAMPLES: usize = 1000;

/// Measures a function. Its result is not optimised away.
pub fn time<T>(mut run: impl FnMut() -> T) -> Timing {
    let mut once = |times: u32| {
        let start = processor_time();
        for _ in 0..times {
            black_box(run());
        }
        processor_time().saturating_sub(start)
    };
    // The first run fills the caches and shows how many runs make a sample.
    once(1);
    let repeats = (SAMPLE.as_nanos() / once(1).as_nanos().max(1)) as u32 + 1;
    let begin = Instant::now();
    let mut samples = Vec::new();
    while samples.len() < FEWEST_SAMPLES || begin.elapsed() < BUDGET && samples.len() < MOST_SAMPLES {
        samples.push(once(repeats).as_secs_f64() / f64::from(repeats));
    }
    samples.sort_unstable_by(f64::total_cmp);
    let at = |quarter: usize| samples[(samples.len() - 1) * quarter / 4];
    Timing { median: at(2), lower: at(1), upper: at(3) }
}

fn processor_time() -> Duration {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(spent.tv_sec.unsigned_abs(), spent.tv_nsec as u32)
}

impl Timing {
    /// Median and quartiles in a suitable unit.
    pub fn show(&self) -> String {
        let (scale, unit) = match self.median {
            seconds if seconds < 1e-3 => (1e6, "µs"),
            seconds if seconds < 1.0 => (1e3, "ms"),
            _ => (1.0, "s"),
        };
        let [median, lower, upper] = [self.median, self.lower, self.upper].map(|seconds| digits(seconds * scale));
        format!("{median} {unit} ({lower}–{upper})")
    }
}

/// Formats three significant digits.
pub fn digits(value: f64) -> String {
    let decimals = match value {
        value if value < 10.0 => 2,
        value if value < 100.0 => 1,
        _ => 0,
    };
    format!("{value:.decimals$}")
}
