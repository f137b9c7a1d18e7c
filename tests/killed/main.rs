//! The harness is killed by SIGKILL at random moments, spread over every platform that is there. After `hydrotest clean`, or
//! after the next run, nothing of it may be left: the machine and the platforms are asked themselves, not our code. That they would
//! tell is proven first, with something that is left on each on purpose.
//!
//! The moments come from a seed (`HYDROTEST_SEED`), which is printed, and `HYDROTEST_KILLS` says how many there are. Platforms whose engines are not there are told and ignored.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it counted"
)]

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

use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Failed, Trial};

use home::Home;
use platforms::{PLATFORMS, Platform};

/// How often the harness is killed, over all platforms, where nothing else is asked for: four times on each.
const KILLS: usize = 28;
/// Jobs are counted on the one cluster, whatever runs in them.
static CLUSTER: Mutex<()> = Mutex::new(());
/// How often a moment is tried earlier when the run was over before it.
const TRIES: u32 = 12;
/// Where images are pulled, they are taken away before every one of so many kills.
const PULLED_EVERY: usize = 3;
/// A pull takes longer than this, so that a kill in this time from its beginning falls into it.
const PULLING: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let seed = std::env::var("HYDROTEST_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or_else(|| std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos() as u64);
    let asked = std::env::var("HYDROTEST_KILLS")
        .ok()
        .and_then(|kills| kills.parse().ok());
    let all_kills: usize = asked.unwrap_or(KILLS);
    let there: Vec<&Platform> = PLATFORMS.iter().filter(|platform| platform.is_there()).collect();
    let counted: &'static Mutex<Count> = Box::leak(Box::default());
    let mut trials = Vec::new();
    for platform in PLATFORMS {
        let place = there.iter().position(|other| other.name == platform.name);
        // Every platform has its share; the first ones have what is left over.
        let kills = place.map_or(0, |place| {
            all_kills / there.len() + usize::from(place < all_kills % there.len())
        });
        let trial = Trial::test(format!("{}_killed_leaves_nothing", platform.name), move || {
            let random = Random(seed ^ (platform.name.len() as u64) << 56);
            kill_often(platform, kills, random, counted)
        });
        trials.extend(engine::with_engines(platform.engines, vec![trial]));
    }
    let listed = arguments.list;
    let conclusion = libtest_mimic::run(
        &Arguments {
            // What is left is counted after each kill, so that an engine is one platform's at a time; two platforms share none.
            test_threads: Some(4),
            ..arguments
        },
        trials,
    );
    let count = counted.lock().unwrap();
    if !listed && count.kills > 0 {
        println!(
            "{} of {} kills left nothing (seed {seed}, over {}; {} while an image was pulled)",
            count.clean,
            count.kills,
            count.platforms.join(", "),
            count.pulls,
        );
    }
    conclusion.exit_code()
}

/// What came of the kills.
#[derive(Default)]
struct Count {
    kills: usize,
    clean: usize,
    /// How many fell into a pull.
    pulls: usize,
    platforms: Vec<String>,
}

fn kill_often(platform: &Platform, kills: usize, mut random: Random, counted: &Mutex<Count>) -> Result<(), Failed> {
    let on_the_cluster = platform.kind == "slurm";
    let _alone = on_the_cluster.then(|| CLUSTER.lock().unwrap_or_else(PoisonError::into_inner));
    let home = Home::new(platform);
    let whole = home.whole_run();
    look::sees(&home)?;
    let (mut bad, mut pulls) = (Vec::new(), 0);
    for number in 0..kills {
        let moment = match platform.pulls_to {
            Some(cache) if number % PULLED_EVERY == 0 => {
                home.forget_images(cache);
                let moment = kill_in_a_pull(&home, &mut random);
                pulls += usize::from(
                    (platform.things)(home.path())
                        .iter()
                        .any(|thing| thing.contains(".pull-")),
                );
                moment
            }
            _ => kill_once(&home, whole, &mut random),
        };
        home.learn_killed();
        // Both ways to clear up take turns.
        let how = if number % 2 == 0 { home.clean() } else { home.next_run() };
        let left = how.err().into_iter().chain(look::left(&home)).collect::<Vec<_>>();
        let mut count = counted.lock().unwrap();
        count.kills += 1;
        count.clean += usize::from(left.is_empty());
        if !left.is_empty() {
            bad.push(format!("killed after {moment:?}:\n  {}", left.join("\n  ")));
            // What is left of this one must not count against the next.
            let _ = home.clean();
        }
    }
    let mut count = counted.lock().unwrap();
    count.pulls += pulls;
    count.platforms.push(format!("{kills} on {}", platform.name));
    if platform.pulls_to.is_some() && pulls == 0 {
        bad.push("no kill fell into a pull, so nothing is shown of pulls".to_owned());
    }
    if bad.is_empty() {
        Ok(())
    } else {
        Err(bad.join("\n").into())
    }
}

/// Starts a run and kills it somewhere between its beginning and its end; says when.
fn kill_once(home: &Home, whole: Duration, random: &mut Random) -> Duration {
    let mut moment = whole.mul_f64(random.fraction());
    for _ in 0..TRIES {
        let mut run = home.start();
        let begun = Instant::now();
        // The moment is what is random here; waiting for an event would make it none.
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

/// Starts a run that has to pull its image and kills it in the middle of that; says how long after the pull began.
fn kill_in_a_pull(home: &Home, random: &mut Random) -> Duration {
    let moment = PULLING.mul_f64(random.fraction());
    let mut run = home.start();
    while (home.platform.things)(home.path()).is_empty() {
        assert!(
            run.try_wait().unwrap().is_none(),
            "the run is over and has pulled nothing"
        );
        std::thread::sleep(Duration::from_millis(1));
    }
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
