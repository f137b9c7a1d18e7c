//! Structures that need more than one superposition: mirror images of what nobody is sure of, several models, atoms in another
//! order.

use super::{HELIX, compared, placed};

#[test]
fn a_mirror_image_is_different_though_nothing_is_confident_and_has_no_beta_carbons() {
    let unsure = |text: &str| text.replace("  0.90  ", "  0.30  ");
    let (code, words) = compared(&unsure(HELIX), &unsure(&placed(|_, [x, y, z]| [x, y, -z])));
    assert_eq!(code, Some(1), "{words}");
    assert!(words.contains("Cα with inverted chirality"), "{words}");
    assert!(words.contains("likely cause: mirror image"), "{words}");
    assert_eq!(compared(&unsure(HELIX), &unsure(HELIX)).0, Some(0));
}

#[test]
fn of_several_models_the_worst_is_shown_and_named() {
    let model = |number: usize, atoms: &str| {
        let atoms = atoms.replace("END\n", "");
        format!("MODEL        {number}\n{atoms}ENDMDL\n")
    };
    let two = |second: &str| model(1, HELIX) + &model(2, second) + "END\n";
    let (code, words) = compared(&two(HELIX), &two(&placed(|_, [x, y, z]| [x, y, -z])));
    assert_eq!(code, Some(1), "{words}");
    assert!(
        words.contains("all numbers are of model 2 of 2, which differs most"),
        "{words}"
    );
    assert!(words.contains("likely cause: mirror image"), "{words}");
}

#[test]
fn atoms_in_another_order_are_measured_by_their_names() {
    let mut lines: Vec<&str> = HELIX.lines().filter(|line| line.starts_with("ATOM")).collect();
    lines.reverse();
    let (code, words) = compared(HELIX, &(lines.join("\n") + "\nEND\n"));
    assert_eq!(code, Some(1), "{words}");
    assert!(words.contains("5 residues of the first and 5 of the second"), "{words}");
    assert!(words.contains("atoms stand elsewhere in the list"), "{words}");
    let doubled = HELIX.replace("END\n", HELIX.lines().nth(1).unwrap()) + "\nEND\n";
    let (code, words) = compared(HELIX, &doubled);
    assert_eq!(code, Some(1), "{words}");
    assert!(words.contains("atom CA of ALA 1 in chain A is there twice"), "{words}");
}

#[test]
fn hydrogens_and_hetero_atoms_do_not_dock() {
    let chain = |name: &str, up: f64, hydrogens: &[&str]| {
        let moved = placed(|_, [x, y, z]| [x, y + up, z]).replace(" A   ", &format!(" {name}   "));
        let atoms = moved.lines().filter(|line| line.starts_with("ATOM")).map(str::to_owned);
        let hydrogens = hydrogens.iter().map(|record| {
            // Half way between the chains, so that it would make contacts.
            format!("{record}   99  X   LYS {name}   5       7.000   8.500   7.300  1.00  0.90           H")
        });
        atoms.chain(hydrogens).collect::<Vec<_>>().join("\n") + "\n"
    };
    let docked = |apart: f64, hydrogens: &[&str]| {
        let reference = chain("A", 0.0, hydrogens) + &chain("B", 4.5, hydrogens);
        let model = chain("A", 0.0, hydrogens) + &chain("B", apart, hydrogens);
        let (_, words) = compared(&reference, &model);
        let row = words
            .lines()
            .find(|line| line.trim_start().starts_with("DockQ"))
            .map(str::to_owned);
        row.unwrap_or_else(|| panic!("no DockQ in {words}"))
    };
    let score = |row: &str| row.split_whitespace().nth(1).unwrap().to_owned();
    let plain = score(&docked(8.0, &[]));
    assert!((0.1..0.9).contains(&plain.parse::<f64>().unwrap()), "{plain}");
    assert_eq!(score(&docked(8.0, &["ATOM  "])), plain);
    assert_eq!(score(&docked(8.0, &["HETATM"])), plain);
}
