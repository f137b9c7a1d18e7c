//! Mistakes in structures and in their confidences.

use std::ops::Range;

use hydrotest::diagnosis::MistakeKind;
use hydrotest::prediction::{Prediction, Value};
use hydrotest::protein::{Label, Structure};
use hydrotest::tensor::Tensor;

use super::Mistake;

/// The structures of a result.
pub fn structures(prediction: &mut Prediction) -> Vec<&mut Structure> {
    let fields = prediction.fields.iter_mut().filter(|(name, _)| name == "atom_array");
    let items = fields.flat_map(|(_, value)| match value {
        Value::List(items) => items.iter_mut().collect(),
        _ => Vec::new(),
    });
    items
        .filter_map(|item| match item {
            Value::Structure(structure) => Some(&mut **structure),
            _ => None,
        })
        .collect()
}

/// A mistake in the first structure. `None` if it does not apply.
fn of_structure(
    name: &'static str,
    kinds: &'static [MistakeKind],
    plant: impl Fn(&mut Structure) -> Option<()> + 'static,
) -> Mistake {
    Mistake::new(name, kinds, move |prediction| plant(structures(prediction).into_iter().next()?))
}

/// The same positions in another order.
fn reorder(structure: &mut Structure, order: &[usize]) {
    structure.coord = order.iter().map(|&atom| structure.coord[atom]).collect();
}

#[expect(clippy::unnecessary_wraps, reason = "a mistake ends with it")]
fn each(structure: &mut Structure, change: impl Fn([f32; 3]) -> [f32; 3]) -> Option<()> {
    structure.coord.iter_mut().for_each(|point| *point = change(*point));
    Some(())
}

fn residues_of_last_chain(structure: &Structure) -> Vec<Range<usize>> {
    let own = structure.chains().pop().map_or(0..0, |(_, own)| own);
    let within = |atoms: &Range<usize>| own.contains(&atoms.start);
    structure.residues().into_iter().filter(within).collect()
}

/// Residues that both cards are confident of, according to the factor of the alpha carbon.
fn confident(structure: &Structure) -> Vec<Range<usize>> {
    let factors = structure.b_factor.clone().unwrap_or_default();
    let is_sure = |atoms: &Range<usize>| structure.atom_named(atoms, "CA").is_some_and(|atom| factors[atom] > 0.85);
    structure.residues().into_iter().filter(is_sure).collect()
}

/// Swaps two atoms in every residue with this name, if any of these residues is confident.
fn swap_atoms(structure: &mut Structure, residue: &str, one: &str, other: &str) -> Option<()> {
    let residues: Vec<Range<usize>> = structure.residues();
    let is_meant = |atoms: &Range<usize>| residue.is_empty() || structure.res_name[atoms.start] == residue;
    let sure = confident(structure);
    let meant: Vec<Range<usize>> = residues.into_iter().filter(is_meant).collect();
    let pairs: Vec<(usize, usize)> = meant
        .iter()
        .filter_map(|atoms| structure.atom_named(atoms, one).zip(structure.atom_named(atoms, other)))
        .collect();
    let is_seen = pairs.iter().any(|(one, _)| sure.iter().any(|atoms| atoms.contains(one)));
    for &(one, other) in &pairs {
        structure.coord.swap(one, other);
    }
    is_seen.then_some(())
}

fn turn(structure: &mut Structure, atoms: Range<usize>, at: usize, degrees: f32) {
    let (sine, cosine) = degrees.to_radians().sin_cos();
    let [x, y, _] = structure.coord[at];
    for point in &mut structure.coord[atoms] {
        let (right, up) = (point[0] - x, point[1] - y);
        (point[0], point[1]) = (x + cosine * right - sine * up, y + sine * right + cosine * up);
    }
}

/// The atoms beyond the beta carbon of a confident residue with a long side chain.
fn side_chain(structure: &Structure) -> Option<Range<usize>> {
    let long = ["LYS", "ARG", "GLN", "MET", "LEU", "ILE"];
    let sure = confident(structure);
    let residue = sure.into_iter().rev().find(|atoms| long.contains(&structure.res_name[atoms.start].as_str()))?;
    Some(residue)
}

#[expect(clippy::unnecessary_wraps, reason = "a mistake ends with it")]
fn keep(structure: &mut Structure, kept: impl Fn(usize) -> bool) -> Option<()> {
    let flags: Vec<bool> = (0..structure.atoms()).map(kept).collect();
    structure.retain(&flags);
    Some(())
}

/// Mistakes that apply to any chain.
#[expect(clippy::too_many_lines, reason = "one entry for each mistake")]
pub fn of_chains() -> Vec<Mistake> {
    vec![
        of_structure("mirror image", &[MistakeKind::Mirror], |it| each(it, |[x, y, z]| [-x, y, z])),
        of_structure("nanometres", &[MistakeKind::Scale], |it| each(it, |point| point.map(|axis| axis / 10.0))),
        of_structure("ten times", &[MistakeKind::Scale], |it| each(it, |point| point.map(|axis| axis * 10.0))),
        // Two swapped axes are a mirror image of the whole, rotated.
        of_structure("axes swapped", &[MistakeKind::AxesSwapped, MistakeKind::Mirror], |it| {
            each(it, |[x, y, z]| [y, x, z])
        }),
        of_structure("bfloat16", &[MistakeKind::LowerPrecision], |it| {
            each(it, |point| point.map(|axis| half::bf16::from_f32(axis).to_f32()))
        }),
        of_structure("atoms rolled", &[MistakeKind::Shifted], |it| {
            it.coord.rotate_right(1);
            Some(())
        }),
        of_structure("residues late", &[MistakeKind::Shifted], |it| {
            let before = it.clone();
            for pair in before.residues().windows(2) {
                for atom in pair[1].clone() {
                    let from = before.atom_named(&pair[0], before.atom_name[atom].as_str());
                    it.coord[atom] = before.coord[from.unwrap_or(pair[0].start)];
                }
            }
            Some(())
        }),
        of_structure("no number", &[MistakeKind::NotFinite], |it| {
            let middle = it.atoms() / 2;
            it.coord[middle][1] = f32::NAN;
            Some(())
        }),
        of_structure("zeros", &[MistakeKind::Constant], |it| each(it, |_| [0.0; 3])),
        of_structure("numbers from 1", &[MistakeKind::Offset], |it| {
            it.res_id.iter_mut().for_each(|number| *number += 1);
            Some(())
        }),
        of_structure("another chain name", &[MistakeKind::PermutedChains], |it| {
            it.chain_id.iter_mut().for_each(|name| *name = Label::new(&format!("{name}1")).unwrap());
            Some(())
        }),
        of_structure("C and CB", &[MistakeKind::PermutedAtoms], |it| swap_atoms(it, "", "C", "CB")),
        of_structure("leucine methyls", &[MistakeKind::PermutedAtoms, MistakeKind::Local], |it| {
            swap_atoms(it, "LEU", "CD1", "CD2")
        }),
        of_structure("valine methyls", &[MistakeKind::PermutedAtoms, MistakeKind::Local], |it| {
            swap_atoms(it, "VAL", "CG1", "CG2")
        }),
        of_structure("histidine ring", &[MistakeKind::PermutedAtoms, MistakeKind::Local], |it| {
            swap_atoms(it, "HIS", "ND1", "CD2")
        }),
        of_structure("carbon and oxygen", &[MistakeKind::PermutedAtoms], |it| swap_atoms(it, "", "C", "O")),
        of_structure("one side chain", &[MistakeKind::Local], |it| {
            let residue = side_chain(it)?;
            let is_backbone = |name: &str| ["N", "CA", "C", "O", "CB"].contains(&name);
            let name = it.atom_name.clone();
            for atom in residue.filter(|&atom| !is_backbone(name[atom].as_str())) {
                it.coord[atom][2] += 3.0;
            }
            Some(())
        }),
        of_structure("one D residue", &[MistakeKind::Local, MistakeKind::PermutedAtoms], |it| {
            let residue = side_chain(it)?;
            let at = |name: &str| it.atom_named(&residue, name);
            let (n, ca, c) = (it.coord[at("N")?], it.coord[at("CA")?], it.coord[at("C")?]);
            let [one, two] = [n, c].map(|point| [0, 1, 2].map(|axis| point[axis] - ca[axis]));
            let normal = [
                one[1] * two[2] - one[2] * two[1],
                one[2] * two[0] - one[0] * two[2],
                one[0] * two[1] - one[1] * two[0],
            ];
            let length = normal.iter().map(|axis| axis * axis).sum::<f32>();
            let name = it.atom_name.clone();
            for atom in residue.filter(|&atom| !["N", "CA", "C", "O"].contains(&name[atom].as_str())) {
                let along: f32 = (0..3).map(|axis| (it.coord[atom][axis] - ca[axis]) * normal[axis]).sum();
                for (axis, normal) in it.coord[atom].iter_mut().zip(normal) {
                    *axis -= 2.0 * along / length * normal;
                }
            }
            Some(())
        }),
        of_structure("one peptide flipped", &[MistakeKind::Local], |it| {
            let residue = confident(it).into_iter().nth(8)?;
            let oxygen = it.atom_named(&residue, "O")?;
            let carbon = it.coord[it.atom_named(&residue, "C")?];
            for (axis, carbon) in it.coord[oxygen].iter_mut().zip(carbon) {
                *axis = 2.0 * carbon - *axis;
            }
            Some(())
        }),
        of_structure("chain broken", &[MistakeKind::Broken], |it| {
            let last = residues_of_last_chain(it);
            let cut = last.get(last.len() / 2)?.start;
            it.coord[cut..].iter_mut().for_each(|point| point[0] += 25.0);
            Some(())
        }),
        of_structure("hinge", &[MistakeKind::Hinge], |it| {
            let last = residues_of_last_chain(it);
            let at = last.get(2 * last.len() / 5).filter(|_| last.len() > 40)?.start;
            turn(it, at..it.atoms(), at, 35.0);
            Some(())
        }),
        of_structure("padding", &[MistakeKind::ExtraResidues], |it| {
            let label = |text: &str| Label::new(text).unwrap();
            let chain = *it.chain_id.last()?;
            for name in ["N", "CA", "C", "O"] {
                it.push(chain, 999, label("GLY"), label(name), label(&name[..1]), [0.0; 3]);
                it.b_factor.as_mut()?.push(0.0);
            }
            Some(())
        }),
        of_structure("without the first residue", &[MistakeKind::Missing], |it| {
            let first = it.residues()[0].len();
            keep(it, |atom| atom >= first)
        }),
        of_structure("without some residues", &[MistakeKind::Missing], |it| {
            let gap = it.residues()[9].start..it.residues()[12].end;
            keep(it, |atom| !gap.contains(&atom))
        }),
        of_structure("cut short", &[MistakeKind::CutShort], |it| {
            let residues = it.residues();
            let end = residues[2 * residues.len() / 3].start;
            keep(it, |atom| atom < end)
        }),
        of_structure("atom twice", &[MistakeKind::DuplicateAtoms], |it| {
            let atom = it.atoms() / 3;
            let position = it.coord[atom];
            it.push(
                it.chain_id[atom],
                it.res_id[atom],
                it.res_name[atom],
                it.atom_name[atom],
                it.element[atom],
                position,
            );
            let factor = it.b_factor.as_ref()?[atom];
            it.b_factor.as_mut()?.push(factor);
            Some(())
        }),
        of_structure("atoms in another order", &[MistakeKind::PermutedAtoms], |it| {
            for residue in it.residues() {
                it.coord[residue.clone()].reverse();
                it.atom_name[residue.clone()].reverse();
                it.element[residue].reverse();
            }
            Some(())
        }),
        of_structure("positions reversed", &[MistakeKind::PermutedAtoms, MistakeKind::PermutedItems], |it| {
            let order: Vec<usize> = it.residues().into_iter().flat_map(Iterator::rev).collect();
            reorder(it, &order);
            Some(())
        }),
    ]
}

/// Mistakes that apply to complexes.
pub fn of_complexes() -> Vec<Mistake> {
    let shift = |distance: f32| {
        move |it: &mut Structure| {
            let (_, atoms) = it.chains().swap_remove(0);
            it.coord[atoms].iter_mut().for_each(|point| point[0] += distance);
            Some(())
        }
    };
    vec![
        of_structure("chain 5 Å off", &[MistakeKind::ChainsMoved], shift(5.0)),
        of_structure("chain 25 Å off", &[MistakeKind::ChainsMoved], shift(25.0)),
        of_structure("chain 500 Å off", &[MistakeKind::ChainsMoved], shift(500.0)),
        of_structure("chain turned", &[MistakeKind::ChainsMoved], |it| {
            let (_, atoms) = it.chains().swap_remove(0);
            let at = atoms.start;
            turn(it, atoms, at, 120.0);
            Some(())
        }),
        of_structure("chain copied", &[MistakeKind::Copied], |it| {
            let chains = it.chains();
            let (one, other) = (chains[0].1.clone(), chains[1].1.clone());
            let positions = it.coord[other.start..other.start + one.len()].to_vec();
            it.coord[one].copy_from_slice(&positions);
            Some(())
        }),
        of_structure("numbers run on", &[MistakeKind::Offset], |it| {
            let (_, own) = it.chains().pop()?;
            it.res_id[own].iter_mut().for_each(|number| *number += 20);
            Some(())
        }),
        of_structure("one chain from 0", &[MistakeKind::Offset], |it| {
            let (_, own) = it.chains().swap_remove(0);
            it.res_id[own].iter_mut().for_each(|number| *number -= 1);
            Some(())
        }),
        of_structure("chains in another order", &[MistakeKind::PermutedChains], |it| {
            let start = it.chains()[1].1.start;
            it.coord.rotate_left(start);
            it.chain_id.rotate_left(start);
            it.res_id.rotate_left(start);
            it.res_name.rotate_left(start);
            it.atom_name.rotate_left(start);
            it.element.rotate_left(start);
            it.b_factor.as_mut()?.rotate_left(start);
            Some(())
        }),
        of_structure("linker left in", &[MistakeKind::ExtraResidues], |it| {
            let label = |text: &str| Label::new(text).unwrap();
            let before = it.clone();
            let (first, own) = before.chains().swap_remove(0);
            keep(it, |atom| own.contains(&atom))?;
            for number in 0..25 {
                for name in ["N", "CA", "C", "O"] {
                    let place = number as f32;
                    it.push(first, 500 + number, label("GLY"), label(name), label(&name[..1]), [place, 30.0, -place]);
                    it.b_factor.as_mut()?.push(0.3);
                }
            }
            for atom in own.end..before.atoms() {
                let identity = (before.res_id[atom] + 600, before.res_name[atom], before.atom_name[atom]);
                it.push(first, identity.0, identity.1, identity.2, before.element[atom], before.coord[atom]);
                it.b_factor.as_mut()?.push(before.b_factor.as_ref()?[atom]);
            }
            Some(())
        }),
    ]
}

/// Mistakes in confidences, both in the structure's temperature factors and in the field.
pub fn of_confidences() -> Vec<Mistake> {
    let factors = |name, kinds, change: fn(&mut Vec<f64>)| {
        of_structure(name, kinds, move |it| {
            let column = it.b_factor.as_mut()?;
            change(column);
            Some(())
        })
    };
    // Changes the confidences of residues, which are those of their alpha carbons.
    let residues = |name, kinds, change: fn(&mut Vec<f64>)| {
        of_structure(name, kinds, move |it| {
            let residues = it.residues();
            let alpha = |atoms: &Range<usize>| it.atom_named(atoms, "CA").unwrap_or(atoms.start);
            let column = it.b_factor.clone()?;
            let mut own: Vec<f64> = residues.iter().map(|atoms| column[alpha(atoms)]).collect();
            change(&mut own);
            let column = it.b_factor.as_mut()?;
            for (atoms, value) in residues.into_iter().zip(own) {
                column[atoms].fill(value);
            }
            Some(())
        })
    };
    let field = |name, kinds, change: fn(&mut Vec<f32>)| {
        Mistake::new(name, kinds, move |prediction| {
            let (_, value) = prediction.fields.iter_mut().find(|(name, _)| name == "plddt")?;
            let Value::List(items) = value else { return None };
            let Value::Array(first) = &mut items[0] else {
                return None;
            };
            let mut values: Vec<f32> = first.values()?.collect();
            change(&mut values);
            *first = Tensor::vector(&values);
            Some(())
        })
    };
    vec![
        factors("factors in percent", &[MistakeKind::Scale], |own| {
            for value in own {
                *value *= 100.0;
            }
        }),
        residues("factors late", &[MistakeKind::Shifted], |own| own.rotate_right(1)),
        residues("factors reversed", &[MistakeKind::PermutedItems], |own| own.reverse()),
        factors("one factor for all", &[MistakeKind::Constant], |own| own.fill(0.5)),
        factors("factors off by 0.1", &[MistakeKind::Offset], |own| {
            for value in own {
                *value += 0.1;
            }
        }),
        field("pLDDT in percent", &[MistakeKind::Scale], |own| {
            for value in own {
                *value *= 100.0;
            }
        }),
        field("pLDDT late", &[MistakeKind::Shifted], |own| own.rotate_right(1)),
        field("pLDDT two early", &[MistakeKind::Shifted], |own| own.rotate_left(2)),
        field("pLDDT reversed", &[MistakeKind::PermutedItems], |own| own.reverse()),
        field("pLDDT of another chain order", &[MistakeKind::PermutedItems], |own| {
            let third = own.len() / 3;
            own.rotate_left(third);
        }),
        field("one pLDDT for all", &[MistakeKind::Constant], |own| own.fill(0.5)),
        field("pLDDT off by 0.1", &[MistakeKind::Offset], |own| {
            for value in own {
                *value += 0.1;
            }
        }),
        field("pLDDT cut short", &[MistakeKind::CutShort], |own| {
            own.truncate(2 * own.len() / 3);
        }),
        field("pLDDT padded", &[MistakeKind::ExtraResidues], |own| {
            own.extend([0.0; 7]);
        }),
        field("pLDDT with special tokens", &[MistakeKind::ExtraResidues], |own| {
            own.insert(0, 0.31);
            own.push(0.29);
        }),
        field("pLDDT without the first", &[MistakeKind::Missing], |own| {
            own.remove(0);
        }),
    ]
}

/// Mistakes in the order of several structures in one result.
pub fn of_samples() -> Vec<Mistake> {
    vec![
        of_all("samples in another order", &[MistakeKind::PermutedItems], |samples| {
            samples.rotate_left(1);
        }),
        of_all("two samples swapped", &[MistakeKind::PermutedItems], |samples| {
            samples.swap(1, 3);
        }),
        of_all("one sample twice", &[MistakeKind::PermutedItems], |samples| {
            samples[2] = samples[0].clone();
        }),
        of_all("one sample for all", &[MistakeKind::PermutedItems], |samples| {
            let first = samples[0].clone();
            samples.fill(first);
        }),
        of_all("last sample mirrored", &[MistakeKind::Mirror], |samples| {
            samples[4].coord.iter_mut().for_each(|point| point[1] = -point[1]);
        }),
    ]
}

fn of_all(name: &'static str, kinds: &'static [MistakeKind], plant: fn(&mut Vec<Structure>)) -> Mistake {
    Mistake::new(name, kinds, move |prediction| {
        let mut samples: Vec<Structure> = structures(prediction).into_iter().map(|it| it.clone()).collect();
        plant(&mut samples);
        for (own, other) in structures(prediction).into_iter().zip(samples) {
            *own = other;
        }
        Some(())
    })
}
