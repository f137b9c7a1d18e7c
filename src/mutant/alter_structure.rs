//! The same operations on structures and on the files that hold them as text.

use half::f16;

use super::alter::Operation;
use crate::protein::{Structure, mmcif, pdb};

/// How far an atom is moved that is wrong, in ångström.
const FAR: f32 = 3.0;

/// A structure altered; `None` where the operation makes no sense for it.
pub(crate) fn altered_structure(right: &Structure, operation: Operation) -> Option<Structure> {
    let mut wrong = right.clone();
    let axes = |wrong: &mut Structure, change: &dyn Fn(f32) -> f32| {
        wrong.coord.iter_mut().flatten().for_each(|axis| *axis = change(*axis));
    };
    let residues = right.residues();
    let middle = residues.get(residues.len() / 2)?.clone();
    match operation {
        Operation::Scaled => axes(&mut wrong, &|axis| axis * 1.3),
        Operation::Offset => wrong.res_id.iter_mut().for_each(|number| *number += 1),
        Operation::Reversed(0) => wrong.coord.iter_mut().for_each(|at| at.reverse()),
        Operation::Rolled(0) => wrong.coord.rotate_right(1),
        Operation::OneElement => wrong.coord[middle.start][1] += FAR,
        Operation::OneRow(0) => wrong.coord[middle].iter_mut().for_each(|at| at[1] += FAR),
        Operation::Zeroed => axes(&mut wrong, &|_| 0.0),
        Operation::NotANumber => wrong.coord[middle.start][1] = f32::NAN,
        Operation::Halved => axes(&mut wrong, &|axis| f16::from_f32(axis).to_f32()),
        Operation::OtherType => {
            wrong.atom_name.iter_mut().zip(&right.element).for_each(|(name, element)| *name = *element)
        }
        Operation::OtherShape => {
            let mut keep = vec![true; right.atoms()];
            keep[middle].fill(false);
            wrong.retain(&keep);
        }
        _ => return None,
    }
    Some(wrong)
}

/// The text of a structure file altered; `None` where the operation makes no sense for it or the text cannot be read.
pub(crate) fn altered_text(right: &str, operation: Operation) -> Option<String> {
    match operation {
        // What cannot be written as a file.
        Operation::NotANumber => return None,
        Operation::Halved => return Some(right.get(..right.len() / 2)?.to_owned()),
        _ => {}
    }
    if right.starts_with("data_") {
        let wrong = altered_structure(&mmcif::read(right).ok()?, operation)?;
        return Some(mmcif::write(&wrong, "model"));
    }
    let wrong = altered_structure(&pdb::read(right).ok()?, operation)?;
    pdb::write(&wrong).ok()
}
