//! Structures that need more than one superposition: mirror images of what nobody is sure of, several models, atoms in another
//! order.

use super::{HELIX, compared, placed};

#[test]
fn a_mirror_image_is_different_though_nothing_is_confident_and_has_no_beta_carbons() {
    let unsure = |text: &str| text.replace("  0.90  ", "  0.30  ");
    let (code, words) = compared(&unsure(HELIX), &unsure(&placed(|_, [x, y, z]| [x, y, -z])));
    assert_eq!(code, Some(1), "{words}");
    assert!(words.contains("alpha carbons that changed hands"), "{words}");
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
