//! Plants mistakes that real ports make in the embedded models' responses for many proteins, and judges them with the checks of
//! suites: at least one check detects each mistake, its likely cause is named, and correct responses raise neither.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test may fail, and prints its measurements")]

#[path = "injected_bugs/bench.rs"]
mod bench;
#[path = "injected_bugs/bugs.rs"]
mod bugs;
#[path = "support/noise.rs"]
mod noise;
#[path = "injected_bugs/suites.rs"]
mod suites;

use bench::{Bench, Table};
use hydrotest::config::Config;
use hydrotest::diagnosis::MistakeKind;
use hydrotest::metric::energy_test;
use hydrotest::metric_value::MetricVerdict;
use hydrotest::prediction::Prediction;
use hydrotest::protein::Structure;
use serde_json::json;

use noise::noise;

#[test]
fn mistakes_in_structures_are_detected_and_named() {
    let bench = Bench::new(
        "esmfold",
        json!({ "include_fields": ["plddt", "pae"] }),
        &[
            "check = 'contract', call = 'call'",
            "check = 'sequence', call = 'call'",
            "check = 'physical', call = 'call'",
            "check = 'b_factor', atol = 0.01, call = 'call'",
            "check = 'snapshot', call = 'call'",
            "check = 'agree', fields = ['atom_array'], gates = {}",
            "check = 'agree', fields = ['plddt', 'pae'], atol = 0.005",
        ],
    );
    let mut table = Table::default();
    for (input, other) in bench::proteins(20..=150) {
        let right = bench.predict(&input, 1);
        let stale = bench.predict(&other, 1);
        bench.with_recorded(&[(&input, 1, &right), (&other, 1, &stale)], |case| {
            case.agrees(&mut table, &right);
            for (name, kind, wrong) in bugs::of_folds(&right) {
                case.judge(&mut table, name, kind, &wrong);
            }
            case.judge(&mut table, "stale response", MistakeKind::Stale, &stale);
        });
    }
    for (one, other) in bench::complexes() {
        let batch = format!("{one}|{other}");
        let right = bench.predict(&batch, 1);
        bench.with_recorded(&[(&batch, 1, &right)], |case| {
            let permuted = bugs::reversed_batch(&right);
            case.judge(&mut table, "batch permuted", MistakeKind::PermutedItems, &permuted);
        });
        let input = format!("{one}:{other}");
        let right = bench.predict(&input, 1);
        bench.with_recorded(&[(&input, 1, &right)], |case| {
            case.agrees(&mut table, &right);
            for (name, kind, wrong) in bugs::of_complexes(&right) {
                case.judge(&mut table, name, kind, &wrong);
            }
            let linked = bench.predict(&format!("{one}{}{other}", "G".repeat(25)), 1);
            case.judge(&mut table, "linker left in", MistakeKind::ExtraResidues, &linked);
        });
    }
    table.assert();
}

#[test]
fn mistakes_in_embeddings_are_detected_and_named() {
    let bench = Bench::new(
        "esm2",
        json!({}),
        &[
            "check = 'contract', call = 'call'",
            "check = 'finite', fields = ['embeddings'], call = 'call'",
            "check = 'snapshot', call = 'call'",
            "check = 'agree', fields = ['embeddings'], atol = 1e-4, rtol = 1e-4",
        ],
    );
    let mut table = Table::default();
    for (input, other) in bench::proteins(20..=150) {
        let right = bench.predict(&input, 1);
        let stale = bench.predict(&other, 1);
        bench.with_recorded(&[(&input, 1, &right), (&other, 1, &stale)], |case| {
            case.agrees(&mut table, &right);
            for (name, kind, wrong) in bugs::of_embeddings(&right) {
                case.judge(&mut table, name, kind, &wrong);
            }
            case.judge(&mut table, "stale response", MistakeKind::Stale, &stale);
        });
    }
    for (one, other) in bench::complexes() {
        let right = bench.predict(&format!("{one}|{other}"), 1);
        bench.with_recorded(&[(&format!("{one}|{other}"), 1, &right)], |case| {
            let permuted = bugs::reversed_batch(&right);
            case.judge(&mut table, "batch permuted", MistakeKind::PermutedItems, &permuted);
        });
    }
    table.assert();
}

#[test]
fn another_seed_is_detected_and_named() {
    let bench = Bench::new(
        "boltz2",
        json!({ "include_fields": ["plddt"] }),
        &[
            "check = 'contract', call = 'call'",
            "check = 'physical', call = 'call'",
            // Stricter than the shipped gates, with which 3 of these 18 predictions under another seed pass: those gates cover
            // the differences of one seed on one card, and a snapshot alone cannot detect every other seed. In a run, `seeded`
            // does.
            "check = 'snapshot', call = 'call', gates = { ca_rmsd = 0.5, rmsd = 0.75, ca_max = 2.5, lddt = 0.98, unmasked_lddt = 0.85 }",
        ],
    );
    let mut table = Table::default();
    for (input, _) in bench::proteins(40..=150) {
        let [right, two, three] = [1, 2, 3].map(|seed| bench.predict(&input, seed));
        bench.with_recorded(&[(&input, 1, &right), (&input, 2, &two), (&input, 3, &three)], |case| {
            case.agrees(&mut table, &right);
            for other in [&two, &three] {
                case.judge(&mut table, "other seed", MistakeKind::OtherSeed, other);
            }
        });
    }
    table.assert();
}

#[test]
fn cases_of_the_suites_detect_every_mistake_in_a_protein_of_ordinary_length() {
    let nipah = suites::Case::named("esmfold::fold::nipah");
    let right = nipah.right();
    let mut next = noise(7);
    let noisy = suites::every_structure(right, |structure| suites::shaken(structure, 0.2, &mut next));
    let mirrored = suites::every_structure(right, suites::mirrored_where_unsure);
    let mut mistakes: Vec<(&str, Prediction)> = vec![("noise of 0.2 Å", noisy), ("floppy part mirrored", mirrored)];
    let planted = bugs::of_folds(right).into_iter();
    mistakes.extend(planted.map(|(name, _, wrong)| (name, wrong)));
    assert!(mistakes.iter().any(|(name, _)| name.contains("leucine")));
    // The case records no aligned errors, and errors in half of the digits are within its gates. Other cases cover both.
    mistakes.retain(|(name, _)| !matches!(*name, "PAE transposed" | "coordinates through float16"));
    let unseen = mistakes.iter().filter(|(name, wrong)| {
        let findings = nipah.findings(wrong);
        let checks: Vec<&str> = findings.iter().map(|finding| finding.check).collect();
        eprintln!("{name}: {}", checks.join(", "));
        findings.is_empty()
    });
    let unseen: Vec<&str> = unseen.map(|(name, _)| *name).collect();
    assert_eq!(unseen, Vec::<&str>::new());
    let everything = suites::Case::named("esmfold::fold::everything");
    let planted = bugs::of_folds(everything.right());
    let (_, _, transposed) = planted.into_iter().find(|(name, ..)| *name == "PAE transposed").unwrap();
    assert_ne!(everything.findings(&transposed), []);
    let physical = suites::Case::named("esmfold::physical::small_protein");
    let coarse = suites::every_structure(physical.right(), |structure| {
        let axes = structure.coord.iter_mut().flatten();
        axes.for_each(|axis| *axis = half::f16::from_f32(*axis).to_f32());
    });
    assert_ne!(physical.findings(&coarse), []);
}

#[test]
fn every_structure_comparison_in_the_suites_uses_the_gates() {
    for name in [
        "esmfold::multimer::two_chains",
        "esmfold::structure::pdb_of_a_batch",
        "esmfold::metamorphic::repeat_fold",
        "esmfold::metamorphic::folded_alone_or_in_a_batch",
        "esmfold::metamorphic::order_of_a_folded_batch",
        "esmfold::metamorphic::fields_change_no_fold",
        "esmfold::physical::repeat",
    ] {
        let case = suites::Case::named(name);
        let changed = |change: &mut dyn FnMut(&mut Structure)| {
            let wrong = suites::every_structure(case.right(), |structure| change(structure));
            let findings = case.findings(&wrong);
            findings.iter().any(|finding| matches!(finding.check, "agree" | "snapshot"))
        };
        let mut next = noise(11);
        assert!(changed(&mut |structure| suites::shaken(structure, 0.2, &mut next)), "{name}");
        assert!(changed(&mut |structure| structure.coord.iter_mut().for_each(|at| at[0] = -at[0])), "{name}");
        assert!(changed(&mut suites::mirrored_where_unsure), "{name}");
        let mut next = noise(13);
        assert!(!changed(&mut |structure| suites::shaken(structure, 0.005, &mut next)), "{name}");
    }
}

#[test]
fn cases_of_the_suites_report_the_noise_floor_with_their_findings() {
    let nipah = suites::Case::named("esmfold::fold::nipah");
    let noisy = |seed: u64, most: f32| {
        let mut next = noise(seed);
        suites::every_structure(nipah.right(), |structure| suites::shaken(structure, most, &mut next))
    };
    let word = |prediction: &Prediction| {
        let measured = nipah.measurements(prediction);
        let distance = measured.iter().find(|it| it.path == "atom_array[0]" && it.measure.key == "rmsd").unwrap();
        (distance.measure.floor, distance.measure.verdict())
    };
    assert_eq!(word(&noisy(1, 0.02)), (None, MetricVerdict::WithinTolerance));
    assert_eq!(word(&noisy(1, 0.2)), (None, MetricVerdict::Different));
    nipah.calibrate(&[noisy(2, 0.15), noisy(3, 0.15), noisy(4, 0.15)]);
    for (most, verdict) in [
        (0.02, MetricVerdict::Indistinguishable),
        (0.26, MetricVerdict::WithinTolerance),
        (0.5, MetricVerdict::Different),
    ] {
        let (floor, found) = word(&noisy(5, most));
        assert!(floor.is_some_and(|floor| (0.1..0.3).contains(&floor.worst)), "{floor:?}");
        assert_eq!(found, verdict, "{most}");
    }
}

#[test]
fn noise_within_the_measured_floor_passes_without_a_cause() {
    let bench = Bench::new("esmfold", json!({ "include_fields": ["plddt"] }), &["check = 'snapshot', call = 'call'"]);
    let mut table = Table::default();
    for (index, (input, _)) in bench::proteins(20..=150).into_iter().enumerate() {
        let right = bench.predict(&input, 1);
        // Noise above the gates, as on a platform whose repeats differ that much.
        let noisy = |seed: u64| bugs::jittered(&right, 0.1, noise(seed + 100 * index as u64));
        let recorded = noisy(1);
        bench.with_recorded(&[(&input, 1, &recorded)], |case| {
            assert!(!case.findings_of("snapshot", &noisy(2)).is_empty(), "without a floor this is a difference");
            case.calibrate(&[noisy(2), noisy(3), noisy(4), noisy(5), noisy(6)]);
            for seed in 7..10 {
                case.agrees(&mut table, &noisy(seed));
            }
        });
    }
    assert!(table.agreeing > 30);
    assert_eq!((table.alarms, table.false_causes), (0, 0));
}

#[test]
fn equal_ensembles_are_rejected_at_most_once_in_a_hundred() {
    // Points in eight dimensions stand for structures: both sets of ten are drawn from one distribution.
    const DRAWS: usize = 300;
    let config = Config::built_in().unwrap();
    let gates = config.model("boltz2").unwrap().gates.ensemble.unwrap();
    let (sets, p, margin) = (gates.samples as usize, gates.p, gates.rmsd_margin);
    let mut next = noise(42);
    let mut normal = move || (0..12).map(|_| f64::from(next())).sum::<f64>() / 2.0;
    let mut test = |shift: f64| {
        let points: Vec<[f64; 8]> = (0..2 * sets)
            .map(|place| std::array::from_fn(|_| normal() + if place < sets { 0.0 } else { shift }))
            .collect();
        let distance = |one: &[f64; 8], other: &[f64; 8]| {
            let squares = one.iter().zip(other).map(|(one, other)| (one - other).powi(2));
            squares.sum::<f64>().sqrt()
        };
        let matrix: Vec<f64> =
            points.iter().flat_map(|one| points.iter().map(move |other| distance(one, other))).collect();
        let found = energy_test(&matrix, sets, sets, 1).unwrap();
        found.p_value < p && found.distance > margin
    };
    let false_alarms = (0..DRAWS).filter(|_| test(0.0)).count();
    let found = (0..50).filter(|_| test(1.5)).count();
    eprintln!("false alarms: {false_alarms} of {DRAWS} equal ensembles; different ones found: {found} of 50");
    assert!(false_alarms * 100 <= DRAWS, "{false_alarms} of {DRAWS}");
    assert!(found >= 48, "{found} of 50");
}
