//! Kills the harness with SIGKILL at random moments on every available platform. After `hydrotest clean`, or after the next
//! run, nothing may be left; the machine and the platforms are asked for this, not hydrotest. Resources left on purpose prove
//! first, on each platform, that leaks are detected.
//!
//! The moments come from a seed (`HYDROTEST_SEED`), which is printed. `HYDROTEST_KILLS` sets the number of kills on each
//! platform.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test fails by panicking, and prints its counts")]

mod ask;
#[path = "../support/clean.rs"]
mod clean;
#[path = "../support/engine.rs"]
mod engine;
mod home;
#[path = "../support/image.rs"]
mod image;
mod look;
mod planted;
mod platforms;
#[path = "../support/turns.rs"]
#[expect(dead_code, reason = "these tests share no engine")]
mod turns;

use std::time::{Duration, Instant};

use home::Home;
use platforms::Platform;

/// How often the harness is killed on a platform by default.
const KILLS: usize = 4;
/// How often an earlier moment is tried if the run ended before the kill.
const TRIES: u32 = 12;
/// On platforms that pull images, the images are removed before every n-th kill.
const PULLED_EVERY: usize = 3;
/// A pull takes longer than this, so that a kill within this time of its start happens during the pull.
const PULLING: Duration = Duration::from_secs(2);

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn slurm_killed_leaves_nothing() {
    kill_often(&platforms::SLURM);
}

#[test]
#[ignore = "needs HYDROTEST_PODMAN and HYDROTEST_REGISTRY"]
fn podman_killed_leaves_nothing() {
    kill_often(&platforms::PODMAN);
}

#[test]
#[ignore = "needs HYDROTEST_DOCKER and HYDROTEST_REGISTRY"]
fn docker_killed_leaves_nothing() {
    kill_often(&platforms::DOCKER);
}

#[test]
#[ignore = "needs HYDROTEST_APPTAINER and HYDROTEST_REGISTRY"]
fn apptainer_killed_leaves_nothing() {
    kill_often(&platforms::APPTAINER);
}

#[test]
#[ignore = "needs HYDROTEST_SLURM, HYDROTEST_APPTAINER and HYDROTEST_REGISTRY"]
fn apptainer_in_slurm_killed_leaves_nothing() {
    kill_often(&platforms::APPTAINER_IN_SLURM);
}

#[test]
#[ignore = "needs HYDROTEST_PYTHON"]
fn python_killed_leaves_nothing() {
    kill_often(&platforms::PYTHON);
}

#[test]
fn process_killed_leaves_nothing() {
    kill_often(&platforms::PROCESS);
}

/// The number in an environment variable.
fn number<T: std::str::FromStr>(variable: &str) -> Option<T> {
    std::env::var(variable).ok()?.parse().ok()
}

#[track_caller]
fn kill_often(platform: &Platform) {
    // Resources are counted after each kill, so that an engine is used by one platform at a time.
    let _alone = platform.engine.map(turns::alone);
    let kills = number("HYDROTEST_KILLS").unwrap_or(KILLS);
    let seed = number("HYDROTEST_SEED")
        .unwrap_or_else(|| std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos() as u64);
    let mut random = Random(seed ^ (platform.name.len() as u64) << 56);
    let home = Home::new(platform);
    let whole = home.whole_run();
    look::sees(&home);
    let (mut bad, mut pulls) = (Vec::new(), 0);
    for number in 0..kills {
        let moment = match platform.pulls_to {
            Some(cache) if number % PULLED_EVERY == 0 => {
                home.forget_images(cache);
                let moment = kill_in_a_pull(&home, &mut random);
                pulls += usize::from((platform.things)(home.path()).iter().any(|thing| thing.contains(".pull-")));
                moment
            }
            _ => kill_once(&home, whole, &mut random),
        };
        home.learn_killed();
        // The two ways to clean up alternate.
        let how = if number % 2 == 0 { home.clean() } else { home.next_run() };
        let left = how.err().into_iter().chain(look::left(&home)).collect::<Vec<_>>();
        if !left.is_empty() {
            bad.push(format!("killed after {moment:?}:\n  {}", left.join("\n  ")));
            // Resources left by this kill must not count for the next one.
            let _ = home.clean();
        }
    }
    if platform.pulls_to.is_some() && pulls == 0 {
        bad.push("no kill fell into a pull, so nothing is shown of pulls".to_owned());
    }
    let clean = kills - bad.len().min(kills);
    eprintln!("{clean} of {kills} kills left nothing (seed {seed}, {pulls} while an image was pulled)");
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

/// Starts a run and kills it between its start and its end. Returns the delay.
fn kill_once(home: &Home, whole: Duration, random: &mut Random) -> Duration {
    let mut moment = whole.mul_f64(random.fraction());
    for _ in 0..TRIES {
        let mut run = home.start();
        let begun = Instant::now();
        // The delay is random on purpose; waiting for an event would fix the moment.
        while begun.elapsed() < moment && run.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1).min(moment));
        }
        let was_running = run.try_wait().unwrap().is_none();
        let at = begun.elapsed();
        run.kill().unwrap();
        run.wait().unwrap();
        if was_running {
            return at;
        }
        moment /= 2;
    }
    panic!("the run is always over before it can be killed");
}

/// Starts a run that has to pull its image and kills it during the pull. Returns the delay after the start of the pull.
fn kill_in_a_pull(home: &Home, random: &mut Random) -> Duration {
    let moment = PULLING.mul_f64(random.fraction());
    let mut run = home.start();
    while (home.platform.things)(home.path()).is_empty() {
        assert!(run.try_wait().unwrap().is_none(), "the run ended without a pull");
        std::thread::sleep(Duration::from_millis(1));
    }
    // As above, the delay is random on purpose.
    std::thread::sleep(moment);
    run.kill().unwrap();
    run.wait().unwrap();
    moment
}

/// Sebastiano Vigna's splitmix64.
struct Random(u64);

impl Random {
    /// Between 0 and 1.
    fn fraction(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        (mixed >> 11) as f64 / (1_u64 << 53) as f64
    }
}
