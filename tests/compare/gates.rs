//! Which gates apply, how to change them, and what each number is shown with.

use std::path::Path;
use std::process::Output;

use super::{HELIX, compare, compared, placed, remarks, reported, text};

#[test]
fn the_models_gates_apply_and_can_be_changed() {
    let directory = tempfile::tempdir().unwrap();
    let paths = ["first.pdb", "second.pdb"].map(|name| directory.path().join(name));
    std::fs::write(&paths[0], HELIX).unwrap();
    // One residue moves by a third of an ångström: too much for a deterministic model, little for a diffusion model.
    let moved = placed(|index, [x, y, z]| if index == 6 { [x, y + 0.3, z] } else { [x, y, z] });
    std::fs::write(&paths[1], moved).unwrap();
    let run = |flags: &[&str]| compare(&paths[0], &paths[1], flags);
    let unknown = run(&[]);
    assert_eq!(unknown.status.code(), Some(1), "{}", text(&unknown.stdout));
    let remarks_of = |output: &Output| remarks(&reported(output, directory.path()));
    insta::assert_snapshot!(remarks_of(&unknown), @"
    first   DIR/first.pdb
    second  DIR/second.pdb
    judged by the gates of unknown models; --model chooses others

    no pLDDT, correlation: the values do not vary
    farthest: CA of SER 4 in chain A, 0.179647 Å
    a TM-score says nothing of 5 residues: below 30 unrelated chains score high too
    confident: pLDDT of at least 0.7, 5 residues of the first and 5 of the second

    different: 1 of 13 judged numbers are beyond what is allowed
    ");
    assert_eq!(run(&["--model", "esmfold"]).status.code(), Some(1));
    let boltz = run(&["--model", "boltz2"]);
    assert_eq!(boltz.status.code(), Some(0), "{}", text(&boltz.stdout));
    insta::assert_snapshot!(remarks_of(&boltz), @"
    first   DIR/first.pdb
    second  DIR/second.pdb
    judged by the gates of boltz2

    farthest: CA of SER 4 in chain A, 0.179647 Å
    a TM-score says nothing of 5 residues: below 30 unrelated chains score high too
    without confidence on both sides every residue counts

    within tolerance: they count as the same
    ");
    let loose = ["--gate", "rmsd=1", "--gate", "ca_rmsd=1", "--gate", "ca_max=1", "--gate", "lddt=0.5"];
    let output = run(&[&loose[..], &["--gate", "unmasked_lddt=0.5"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    insta::assert_snapshot!(remarks_of(&output), @"
    first   DIR/first.pdb
    second  DIR/second.pdb
    judged by the gates of unknown models; --model chooses others, with changes

    no pLDDT, correlation: the values do not vary
    farthest: CA of SER 4 in chain A, 0.179647 Å
    a TM-score says nothing of 5 residues: below 30 unrelated chains score high too
    confident: pLDDT of at least 0.7, 5 residues of the first and 5 of the second

    within tolerance: they count as the same
    ");
    let errors = [["--model", "esmfld"], ["--gate", "rmds=1"], ["--gate", "lddt=2"]].map(|flags| {
        let output = run(&flags);
        assert_eq!(output.status.code(), Some(2));
        reported(&output, directory.path())
    });
    insta::assert_snapshot!(errors.join("\n"), @"
    error: there is no model `esmfld`; did you mean `esmfold`?

    1 error in usage or configuration (exit code 2)

    error: invalid value 'rmds=1' for '--gate <GATE=VALUE>': there is no gate `rmds`; there are confidence, ca_rmsd, rmsd, ca_max, atom_max, lddt, residue_lddt, chain_lddt, interface_lddt, inverted_residues, omega, plddt, plddt_max, unmasked_lddt, unmasked_plddt, mask_size, inverted, dockq, pae, pae_row, unmasked_pae, pae_asymmetry, pae_symmetry

    For more information, try '--help'.

    error: invalid value 'lddt=2' for '--gate <GATE=VALUE>': expected a number from 0 to 1

    For more information, try '--help'.
    ");
}

#[test]
fn confidence_uses_the_scale_of_the_first_file() {
    let percent: String = HELIX.lines().map(|line| line.replace("  1.00  0.90", "  1.00 90.00") + "\n").collect();
    assert_eq!(compared(&percent, &percent).0, Some(0));
    let (code, printed) = compared(HELIX, &percent);
    assert_eq!(code, Some(1), "{printed}");
    insta::assert_snapshot!(remarks(&printed), @"
    first   DIR/first.pdb
    second  DIR/second.pdb
    judged by the gates of unknown models; --model chooses others

    no pLDDT, correlation: the values do not vary
    a TM-score says nothing of 5 residues: below 30 unrelated chains score high too
    confident: pLDDT of at least 0.7, 5 residues of the first and 5 of the second
    likely cause: temperature factors: values × 100 (explains 100 % of the difference); look at units (ångström against nanometre, fraction against percent), and factors such as a temperature

    different: 4 of 13 judged numbers are beyond what is allowed
    ");
    let (code, printed) = compared(&percent, HELIX);
    assert_eq!(code, Some(1), "{printed}");
    insta::assert_snapshot!(remarks(&printed), @"
    first   DIR/first.pdb
    second  DIR/second.pdb
    judged by the gates of unknown models; --model chooses others

    no pLDDT, correlation: the values do not vary
    a TM-score says nothing of 5 residues: below 30 unrelated chains score high too
    confident: pLDDT of at least 0.7, 5 residues of the first and 0 of the second
    likely cause: temperature factors: values ÷ 100 (explains 100 % of the difference); look at units (ångström against nanometre, fraction against percent), and factors such as a temperature

    different: 3 of 5 judged numbers are beyond what is allowed
    ");
}

#[test]
fn every_number_is_shown_with_its_bound_and_judgement() {
    let directory = tempfile::tempdir().unwrap();
    let paths = ["first.pdb", "second.pdb"].map(|name| directory.path().join(name));
    std::fs::write(&paths[0], HELIX).unwrap();
    std::fs::write(&paths[1], placed(|index, [x, y, z]| [x, y, z + 0.001 * (index % 3) as f64])).unwrap();
    let output = compare(&paths[0], &paths[1], &["--json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&json["same"], &json["verdict"]), (&true.into(), &"within tolerance".into()), "{json}");
    let metrics = json["sections"][0]["metrics"].as_array().unwrap();
    let rmsd = metrics.iter().find(|row| row["metric"] == "RMSD of alpha carbons (Å)").unwrap();
    let judged = &rmsd["judged"][0];
    assert_eq!(judged["verdict"], "within tolerance");
    assert!(judged["observed"].as_f64().unwrap() < judged["allowed"].as_f64().unwrap());
    let equal = compare(&paths[0], &paths[0], &[]);
    insta::assert_snapshot!(reported(&equal, directory.path()), @"
    first   DIR/first.pdb
    second  DIR/first.pdb
    judged by the gates of unknown models; --model chooses others

    METRIC                                     ALL  CONFIDENT  ALLOWED                             VERDICT
    atoms                                        8          8
    alpha carbons                                5          5
    RMSD of alpha carbons (Å)                    0          0  at most 0.05                        indistinguishable
    RMSD of backbone (Å)                         0          0
    RMSD of all atoms (Å)                        0          0  at most 0.1                         indistinguishable
    farthest alpha carbons (Å)                   0          0  at most 0.25                        indistinguishable
    TM-score                                     1          1
    lDDT, contacts of the first                  1          1  at least 0.999                      indistinguishable
    lDDT, contacts of the second                 1          1
    lDDT, symmetric                              1          1  at least 0.95 of all                indistinguishable
    Cα with inverted chirality                   0             at most 0.02                        indistinguishable
    greatest distance of a confident atom (Å)    0             at most 0.5                         indistinguishable
    least lDDT of a confident residue            1             at least 0.9                        indistinguishable
    pLDDT, greatest error of a residue           0             at most 0.05                        indistinguishable
    pLDDT, mean absolute error                   0          0  at most 0.005, at most 0.02 of all  indistinguishable
    pLDDT, correlation                           -          -
    temperature factors, mean absolute error     0             at most 0.02                        indistinguishable
    change in confident residues                 0             at most 0.05                        indistinguishable
    no pLDDT, correlation: the values do not vary
    a TM-score says nothing of 5 residues: below 30 unrelated chains score high too
    confident: pLDDT of at least 0.7, 5 residues of the first and 5 of the second

    indistinguishable: they are equal, or differ by no more than repeats do
    ");
}

#[test]
fn the_noise_floor_next_to_a_snapshot_is_used() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots/synthetic");
    let directory = tempfile::tempdir().unwrap();
    let copy = |from: &Path| {
        let to = directory.path().join(from.strip_prefix(&root).unwrap());
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(from, &to).unwrap();
        to
    };
    for arrays in std::fs::read_dir(root.join("arrays")).unwrap() {
        copy(&arrays.unwrap().path());
    }
    let [first, second] = [1, 2].map(|seed| copy(&root.join(format!("boltz2/ensemble/ten_seeds+seed_{seed}.snap"))));
    let strict = ["--gate", "ca_rmsd=0.01"];
    let without = compare(&first, &second, &strict);
    assert_eq!(without.status.code(), Some(1), "{}", text(&without.stdout));
    let floor = serde_json::json!({ "backend": "a", "repeats": 5, "fields": { "atom_array[0]": { "ca_rmsd": 0.4 } } });
    std::fs::write(first.with_extension("floor.json"), floor.to_string()).unwrap();
    let with = compare(&first, &second, &strict);
    let printed = text(&with.stdout);
    assert_eq!(with.status.code(), Some(0), "{printed}");
    // The first file is the reference: a floor next to the second one changes nothing.
    let none = serde_json::json!({ "backend": "b", "repeats": 5, "fields": { "atom_array[0]": { "ca_rmsd": 0.0 } } });
    std::fs::write(second.with_extension("floor.json"), none.to_string()).unwrap();
    assert_eq!(compare(&first, &second, &strict).status.code(), Some(0));
    assert_eq!(compare(&second, &first, &strict).status.code(), Some(1));
    let row = printed.lines().find(|line| line.starts_with("RMSD of alpha carbons")).unwrap();
    insta::assert_snapshot!(row, @"RMSD of alpha carbons (Å)                  0.35154669  0.32607183    0.4  at most 0.01                       indistinguishable");
}
