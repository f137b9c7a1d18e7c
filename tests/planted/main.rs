//! Plants mistakes in real results: the verdict detects them, the likely cause names them and is never a wrong one, and equally
//! correct results are not different. This test measures the table in `docs/planted.md`.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test may fail, and prints its measurements")]

mod arrays;
mod base_cases;
mod folds;
mod judge;
mod length;
#[path = "../support/noise.rs"]
mod noise;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use hydrotest::diagnosis::MistakeKind;
use hydrotest::prediction::Prediction;

use base_cases::BaseCase;
use judge::judge;

/// If set, the table is written again.
const BLESS: &str = "HYDROTEST_BLESS";

/// Applies a mistake to a result. `None` if it does not apply.
type Plant = Box<dyn Fn(&mut Prediction) -> Option<()>>;

/// A mistake, and the causes that describe it correctly.
pub struct Mistake {
    name: &'static str,
    kinds: &'static [MistakeKind],
    plant: Plant,
}

impl Mistake {
    fn new(
        name: &'static str,
        kinds: &'static [MistakeKind],
        plant: impl Fn(&mut Prediction) -> Option<()> + 'static,
    ) -> Self {
        Self { name, kinds, plant: Box::new(plant) }
    }
}

/// What is combined with a mistake.
const BESIDE: [&str; 3] = ["alone", "beside noise", "beside a second one"];

/// Counts for one kind of mistake: planted, detected, cause named, wrong cause named.
#[derive(Default, Clone, Copy)]
struct Counts {
    planted: usize,
    seen: usize,
    named: usize,
    wrong: usize,
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.planted += other.planted;
        self.seen += other.seen;
        self.named += other.named;
        self.wrong += other.wrong;
    }

    fn row(self) -> String {
        format!("{} | {} | {} | {}", self.planted, self.seen, self.named, self.wrong)
    }
}

#[derive(Default)]
struct Table(BTreeMap<(&'static str, &'static str), [Counts; 3]>);

impl Table {
    fn add(&mut self, group: &'static str, case: &BaseCase, beside: usize, planted: &[&Mistake], actual: &Prediction) {
        let found = judge(&case.contract, &case.expected, actual);
        let is_named = found.cause.is_some_and(|kind| planted.iter().any(|mistake| mistake.kinds.contains(&kind)));
        let is_wrong = found.cause.is_some() && !is_named;
        if !found.different || !is_named {
            let names: Vec<&str> = planted.iter().map(|mistake| mistake.name).collect();
            eprintln!("{} {} {:?}: different {} {}", case.name, BESIDE[beside], names, found.different, found.message);
        }
        self.0.entry((group, planted[0].name)).or_default()[beside].add(Counts {
            planted: 1,
            seen: usize::from(found.different),
            named: usize::from(is_named),
            wrong: usize::from(is_wrong),
        });
    }

    /// Plants every mistake alone, under noise, and together with a small second one.
    fn plant(&mut self, group: &'static str, case: &BaseCase, mistakes: &[Mistake], seconds: &[Mistake]) {
        for (index, mistake) in mistakes.iter().enumerate() {
            for (beside, right) in [(0, &case.expected), (1, &case.noisy)] {
                let mut actual = right.clone();
                if (mistake.plant)(&mut actual).is_some() {
                    self.add(group, case, beside, &[mistake], &actual);
                }
            }
            let mut both = case.expected.clone();
            let mut others = (0..seconds.len()).map(|at| &seconds[(index + at) % seconds.len()]);
            let second = others.find(|second| second.name != mistake.name);
            let Some(second) = second else { continue };
            if (second.plant)(&mut both).is_some() && (mistake.plant)(&mut both).is_some() {
                self.add(group, case, 2, &[mistake, second], &both);
            }
        }
    }

    fn total(&self, beside: usize) -> Counts {
        let mut total = Counts::default();
        self.0.values().for_each(|counts| total.add(counts[beside]));
        total
    }

    fn page(&self, benign: usize) -> String {
        let mut page = String::from(
            "# Planted differences\n\n\
             This table counts mistakes planted in real results (`tests/fixtures/structures`) and in vectors of the embedded models. Each is \
             planted\nalone, beside the noise of another machine, and beside a second mistake. The columns count the planted mistakes, those that \
             the verdict\nsaw, those that the likely cause named (of two mistakes, either), and the wrong causes that it named. The test \
             `planted` measures this\nand fails if the page is stale; `HYDROTEST_BLESS=1 cargo test --test planted` writes it.\n\n",
        );
        let _ = writeln!(
            page,
            "| results | mistake | beside | planted | seen | named | wrongly |\n|---|---|---|---|---|---|---|"
        );
        for ((group, name), counts) in &self.0 {
            for (beside, counts) in BESIDE.iter().zip(counts).filter(|(_, counts)| counts.planted > 0) {
                let _ = writeln!(page, "| {group} | {name} | {beside} | {} |", counts.row());
            }
        }
        for (beside, label) in BESIDE.iter().enumerate() {
            let _ = writeln!(page, "| all | all | {label} | {} |", self.total(beside).row());
        }
        let _ = writeln!(page, "\nOf {benign} correct results that vary from the expected one, 0 are different.");
        page
    }
}

/// The second mistakes: frequent ones.
fn seconds(all: impl IntoIterator<Item = Mistake>, names: &[&str]) -> Vec<Mistake> {
    all.into_iter().filter(|mistake| names.contains(&mistake.name)).collect()
}

#[test]
fn only_planted_mistakes_are_detected_and_named() {
    let mut table = Table::default();
    let mut benign = 0;
    let mut alarms = Vec::new();
    let mut right = |case: &BaseCase| {
        for (name, actual) in &case.benign {
            let found = judge(&case.contract, &case.expected, actual);
            benign += 1;
            if found.different {
                alarms.push(format!("{} {name}: {}", case.name, found.message));
            }
        }
    };
    let beside = || {
        let all = folds::of_chains().into_iter().chain(folds::of_confidences());
        seconds(all, &["one side chain", "factors in percent", "leucine methyls", "pLDDT late", "numbers from 1"])
    };
    for case in base_cases::structures() {
        right(&case);
        let is_complex = case.name.starts_with("complex");
        if is_complex {
            table.plant("complex", &case, &folds::of_complexes(), &beside());
        }
        // The reversed complex is the same pair again.
        if case.name != "complex, reversed" {
            let group = if is_complex { "complex" } else { "chain" };
            table.plant(group, &case, &folds::of_chains(), &beside());
            table.plant("confidences", &case, &folds::of_confidences(), &beside());
        }
    }
    let samples = base_cases::samples();
    right(&samples);
    table.plant("samples", &samples, &folds::of_samples(), &beside());
    for case in base_cases::aligned_errors() {
        right(&case);
        table.plant("aligned errors", &case, &arrays::of_errors(), &beside());
    }
    for case in base_cases::vectors() {
        right(&case);
        let all = arrays::of_vectors().into_iter().chain(arrays::of_indices());
        let others = seconds(all, &["offset", "residue index from 1"]);
        table.plant("vectors", &case, &arrays::of_vectors(), &others);
    }
    let totals = [0, 1, 2].map(|beside| table.total(beside));
    for (label, total) in BESIDE.iter().zip(totals) {
        eprintln!("{label}: {}", total.row());
    }
    let page = table.page(benign);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/planted.md");
    if std::env::var_os(BLESS).is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    assert_eq!(alarms, Vec::<String>::new());
    assert!(benign >= 150, "{benign}");
    let all = totals.iter().map(|total| total.planted).sum::<usize>();
    let seen = totals.iter().map(|total| total.seen).sum::<usize>();
    assert!(all >= 400 && seen * 100 >= all * 99, "seen {seen} of {all}");
    for (total, least) in totals.into_iter().zip([95, 85, 85]) {
        assert!(total.named * 100 >= total.planted * least, "{} of {}", total.named, total.planted);
        assert_eq!(total.wrong, 0);
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), page, "docs/planted.md is stale");
}
