//! Structures that need more than one superposition: mirror images of low-confidence parts, several models, atoms in another
//! order.

use super::{HELIX, compared, placed, remarks};

#[test]
fn a_mirror_image_differs_even_without_confident_residues_or_beta_carbons() {
    let unsure = |text: &str| text.replace("  0.90  ", "  0.30  ");
    let (code, printed) = compared(&unsure(HELIX), &unsure(&placed(|_, [x, y, z]| [x, y, -z])));
    assert_eq!(code, Some(1), "{printed}");
    insta::assert_snapshot!(printed, @"
    first   DIR/first.pdb
    second  DIR/second.pdb
    judged by the gates of unknown models; --model chooses others

    METRIC                                           ALL  ALLOWED        VERDICT
    atoms                                              8
    alpha carbons                                      5
    RMSD of alpha carbons (Å)                 0.82818061
    RMSD of backbone (Å)                      1.12117080
    RMSD of all atoms (Å)                     1.12117080
    farthest alpha carbons (Å)                1.32757560
    TM-score                                  0.44407868
    lDDT, contacts of the first                        1
    lDDT, contacts of the second                       1
    lDDT, symmetric                                    1  at least 0.95  indistinguishable
    Cα with inverted chirality                         1  at most 0.02   different
    pLDDT, mean absolute error                         0  at most 0.02   indistinguishable
    pLDDT, correlation                                 -
    temperature factors, mean absolute error           0  at most 0.02   indistinguishable
    change in confident residues                       0  at most 0.05   indistinguishable
    no pLDDT, correlation: the values do not vary
    a TM-score says nothing of 5 residues: below 30 unrelated chains score high too
    confident: pLDDT of at least 0.7, 0 residues of the first and 0 of the second
    likely cause: mirror image (explains 100 % of the difference); look at the handedness of frames: a rotation of determinant -1, or a flipped axis

    different: 1 of 5 judged numbers are beyond what is allowed
    ");
    assert_eq!(compared(&unsure(HELIX), &unsure(HELIX)).0, Some(0));
}

#[test]
fn of_several_models_the_worst_is_named() {
    let model = |number: usize, atoms: &str| {
        let atoms = atoms.replace("END\n", "");
        format!("MODEL        {number}\n{atoms}ENDMDL\n")
    };
    let two = |second: &str| model(1, HELIX) + &model(2, second) + "END\n";
    let (code, printed) = compared(&two(HELIX), &two(&placed(|_, [x, y, z]| [x, y, -z])));
    assert_eq!(code, Some(1), "{printed}");
    insta::assert_snapshot!(remarks(&printed), @"
    first   DIR/first.pdb
    second  DIR/second.pdb
    judged by the gates of unknown models; --model chooses others

    no pLDDT, correlation: the values do not vary
    farthest: CA of LEU 3 in chain A, 1.32758 Å
    all numbers are of model 2 of 2, which differs most
    a TM-score says nothing of 5 residues: below 30 unrelated chains score high too
    confident: pLDDT of at least 0.7, 5 residues of the first and 5 of the second
    likely cause: mirror image (explains 100 % of the difference); look at the handedness of frames: a rotation of determinant -1, or a flipped axis

    different: 5 of 13 judged numbers are beyond what is allowed
    ");
}

#[test]
fn atoms_in_another_order_are_compared_by_name() {
    let mut lines: Vec<&str> = HELIX.lines().filter(|line| line.starts_with("ATOM")).collect();
    lines.reverse();
    let (code, printed) = compared(HELIX, &(lines.join("\n") + "\nEND\n"));
    assert_eq!(code, Some(1), "{printed}");
    insta::assert_snapshot!(remarks(&printed), @"
    first   DIR/first.pdb
    second  DIR/second.pdb
    judged by the gates of unknown models; --model chooses others

    no pLDDT, correlation: the values do not vary
    a TM-score says nothing of 5 residues: below 30 unrelated chains score high too
    confident: pLDDT of at least 0.7, 5 residues of the first and 5 of the second
    different: the atoms come in another order: N of ALA 1 in chain A is number 7, expected 0
    likely cause: 8 of 8 atoms stand elsewhere in the list (explains 100 % of the difference); look at the table of atom names and the order of atoms in a residue

    different
    ");
    let doubled = HELIX.replace("END\n", HELIX.lines().nth(1).unwrap()) + "\nEND\n";
    let (code, printed) = compared(HELIX, &doubled);
    assert_eq!(code, Some(1), "{printed}");
    insta::assert_snapshot!(remarks(&printed), @"
    first   DIR/first.pdb
    second  DIR/second.pdb
    judged by the gates of unknown models; --model chooses others

    a TM-score says nothing of 5 residues: below 30 unrelated chains score high too
    confident: pLDDT of at least 0.7, 5 residues of the first and 6 of the second
    different: 1 of 9 atoms are not the same; unexpected CA of ALA 1 in chain A
    likely cause: atom CA of ALA 1 in chain A is there twice (explains 100 % of the difference); look at alternate locations, and atoms that are appended a second time

    different
    ");
}

#[test]
fn hydrogens_and_hetero_atoms_do_not_count_as_contacts() {
    let chain = |name: &str, up: f64, hydrogens: &[&str]| {
        let moved = placed(|_, [x, y, z]| [x, y + up, z]).replace(" A   ", &format!(" {name}   "));
        let atoms = moved.lines().filter(|line| line.starts_with("ATOM")).map(str::to_owned);
        let hydrogens = hydrogens.iter().map(|record| {
            // Half way between the chains, where it would add contacts.
            format!("{record}   99  X   LYS {name}   5       7.000   8.500   7.300  1.00  0.90           H")
        });
        atoms.chain(hydrogens).collect::<Vec<_>>().join("\n") + "\n"
    };
    let docked = |apart: f64, hydrogens: &[&str]| {
        let reference = chain("A", 0.0, hydrogens) + &chain("B", 4.5, hydrogens);
        let model = chain("A", 0.0, hydrogens) + &chain("B", apart, hydrogens);
        let (_, printed) = compared(&reference, &model);
        let row = printed.lines().find(|line| line.trim_start().starts_with("DockQ")).map(str::to_owned);
        row.unwrap_or_else(|| panic!("no DockQ in {printed}"))
    };
    let score = |row: &str| row.split_whitespace().nth(1).unwrap().to_owned();
    let plain = score(&docked(8.0, &[]));
    assert!((0.1..0.9).contains(&plain.parse::<f64>().unwrap()), "{plain}");
    assert_eq!(score(&docked(8.0, &["ATOM  "])), plain);
    assert_eq!(score(&docked(8.0, &["HETATM"])), plain);
}
