//! Whether two structures speak of the same atoms: names, order, columns. Looks at no position but for being a number.

use crate::metric::selection::shared_atoms;
use crate::metric_value::count;
use crate::protein::Structure;
use crate::protein::name_of_atom;

/// What is not the same about the atoms of two structures whose columns are even; nothing when they can be measured.
pub(crate) fn faults(expected: &Structure, got: &Structure) -> Vec<String> {
    if expected.model_count() != got.model_count() {
        let (expected, got) = (expected.model_count(), got.model_count());
        return vec![format!("{} against {got}", count(expected, "model"))];
    }
    let mut faults: Vec<String> = names(expected, got).into_iter().collect();
    for (side, structure) in [("expected", expected), ("got", got)] {
        let broken = |position: &[f32; 3]| position.iter().any(|axis| !axis.is_finite());
        let places = structure.coord.iter().enumerate();
        let mut broken = places.filter(|(_, position)| broken(position)).map(|(place, _)| place);
        if let Some(first) = broken.next() {
            faults.push(format!(
                "{side}: {} without finite position, the first {}",
                count(1 + broken.count(), "atom"),
                name_of_atom(structure, first % structure.atoms().max(1))
            ));
        }
    }
    if expected.b_factor.is_some() != got.b_factor.is_some() {
        faults.push("only one has temperature factors".to_owned());
    }
    faults
}

fn names(expected: &Structure, got: &Structure) -> Option<String> {
    if expected.atoms() == 0 || got.atoms() == 0 {
        let atoms = count(expected.atoms(), "atom");
        return Some(format!("{atoms} against {}, nothing to compare", got.atoms()));
    }
    let shared = shared_atoms(expected, got);
    let total = expected.atoms().max(got.atoms());
    if shared.len() < total {
        let mut alone = vec![true; expected.atoms()];
        let mut extra = vec![true; got.atoms()];
        for &(one, other) in &shared {
            alone[one] = false;
            extra[other] = false;
        }
        let mut words = vec![format!("{} of {total} atoms are not the same", total - shared.len())];
        let first = |flags: &[bool]| flags.iter().position(|flag| *flag);
        words.extend(first(&alone).map(|atom| format!("no {}", name_of_atom(expected, atom))));
        words.extend(first(&extra).map(|atom| format!("unexpected {}", name_of_atom(got, atom))));
        return Some(words.join("; "));
    }
    if let Some((one, other)) = shared.iter().find(|(one, other)| one != other) {
        let name = name_of_atom(expected, *one);
        return Some(format!("the atoms come in another order: {name} is number {other}, expected {one}"));
    }
    let differs =
        |atom: &usize| expected.element[*atom] != got.element[*atom] || expected.hetero[*atom] != got.hetero[*atom];
    let atom = (0..total).find(differs)?;
    Some(format!(
        "{} is {} against {} by element",
        name_of_atom(expected, atom),
        expected.element[atom],
        got.element[atom]
    ))
    .filter(|_| expected.element[atom] != got.element[atom])
    .or_else(|| Some(format!("only one calls {} hetero", name_of_atom(expected, atom))))
}
