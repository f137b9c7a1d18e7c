//! How many trials are under way at once.

use super::RunSettings;

/// More concurrent trials than this have to be asked for.
const MOST_WORKERS: usize = 256;

/// The default number: the number of processors, or that of calls which instances elsewhere take at once, if it is
/// larger. Instances without such a number are in this process.
pub(super) fn default_workers(settings: &RunSettings) -> usize {
    let per_instance = match settings.calls_per_instance {
        usize::MAX => 1,
        calls => calls,
    };
    settings.instances.saturating_mul(per_instance).clamp(processors(), MOST_WORKERS.max(processors()))
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_elsewhere_are_all_used_and_those_of_this_process_need_processors() {
        let workers = |instances, calls_per_instance| {
            default_workers(&RunSettings { instances, calls_per_instance, ..RunSettings::default() })
        };
        let many = processors() + 3;
        assert_eq!(workers(many, 1), many);
        assert_eq!(workers(many, 2), 2 * many);
        assert_eq!(workers(1, usize::MAX), processors());
        assert_eq!(workers(1, 1), processors());
        assert_eq!(workers(100_000, 100_000), MOST_WORKERS.max(processors()));
    }
}
