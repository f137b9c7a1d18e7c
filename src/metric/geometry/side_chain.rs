//! Measures side chains against the ideal ones of their residues: bonds, angles, planes and the chirality of their centres. Gives no
//! verdict.

mod ideal;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use self::ideal::{CENTRES, IDEAL, IdealAtom, PLANES};
use super::vector::{Vector, angle, cross, distance, inner, minus, norm};
use crate::protein::{Label, Structure};

/// One value of a side chain, NaN where positions are no numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SideChainValue {
    /// Index of the residue.
    pub(crate) residue: usize,
    pub(crate) value: f64,
    /// The value of an ideal residue.
    pub(crate) ideal: f64,
}

/// All values of the side chains of a structure, without those of missing atoms.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct SideChains {
    /// Lengths of bonds, in ångström.
    pub(crate) bonds: Vec<SideChainValue>,
    /// Angles between bonds, in degrees.
    pub(crate) angles: Vec<SideChainValue>,
    /// Distance in ångström of the farthest atom of a ring or another flat group from its plane.
    pub(crate) planes: Vec<SideChainValue>,
    /// Volumes of the centres beyond the alpha carbon with the name of the residue, in Å³: `ILE` and `THR` have a chiral centre, and
    /// in `LEU` and `VAL` the volume tells which of two equal groups has which name. It is negative if the chirality is wrong.
    pub(crate) centres: Vec<(Label, SideChainValue)>,
}

/// Atoms that are closer than this in an ideal residue are bonded, in ångström.
const BOND: f64 = 1.95;

/// The ideal values of one kind of residue. Atoms are indices into `names`.
#[derive(Debug, Default)]
struct IdealResidue {
    names: Vec<&'static str>,
    bonds: Vec<([usize; 2], f64)>,
    angles: Vec<([usize; 3], f64)>,
    planes: Vec<(Vec<usize>, Vec<usize>)>,
    centres: Vec<([usize; 4], f64)>,
}

static RESIDUES: LazyLock<HashMap<Label, IdealResidue>> = LazyLock::new(|| {
    let residues = IDEAL.chunk_by(|(one, ..), (other, ..)| one == other);
    residues.map(|atoms| (Label::literal(atoms[0].0), IdealResidue::of(atoms))).collect()
});

impl IdealResidue {
    fn of(atoms: &[IdealAtom]) -> Self {
        let names: Vec<&'static str> = atoms.iter().map(|(_, name, _)| *name).collect();
        let index = |name: &&str| names.iter().position(|own| own == name).unwrap_or_default();
        let at = |atom: usize| atoms[atom].2;
        let is_backbone = |atom: &usize| ["N", "CA", "C"].contains(&names[*atom]);
        let pairs = (0..atoms.len()).flat_map(|second| (0..second).map(move |first| [first, second]));
        let all: Vec<[usize; 2]> = pairs.filter(|[first, second]| distance(at(*first), at(*second)) < BOND).collect();
        let partners = |middle: usize| -> Vec<usize> {
            let of_bond = |bond: &[usize; 2]| match *bond {
                [first, second] if first == middle => Some(second),
                [first, second] if second == middle => Some(first),
                _ => None,
            };
            all.iter().filter_map(of_bond).collect()
        };
        let mut angles = Vec::new();
        for middle in 0..atoms.len() {
            let ends = partners(middle);
            for (place, &last) in ends.iter().enumerate() {
                for &first in &ends[..place] {
                    if ![first, middle, last].iter().all(is_backbone) {
                        angles.push(([first, middle, last], angle(at(first), at(middle), at(last))));
                    }
                }
            }
        }
        let indices = |names: &[&str]| names.iter().map(index).collect::<Vec<_>>();
        let planes = PLANES.iter().filter(|(own, ..)| *own == atoms[0].0);
        let centres = CENTRES.iter().filter(|(own, ..)| *own == atoms[0].0);
        Self {
            bonds: all
                .iter()
                .filter(|bond| !bond.iter().all(is_backbone))
                .map(|&[first, second]| ([first, second], distance(at(first), at(second))))
                .collect(),
            angles,
            planes: planes.map(|(_, span, others)| (indices(span), indices(others))).collect(),
            centres: centres
                .map(|(_, centre, [one, two, three])| {
                    let own = [centre, one, two, three].map(index);
                    (own, volume(own.map(at)))
                })
                .collect(),
            names,
        }
    }
}

impl SideChains {
    /// Measures the residues of the first model for which `is_wanted` holds.
    pub(crate) fn of(structure: &Structure, is_wanted: impl Fn(usize) -> bool) -> Self {
        let mut found = Self::default();
        for (residue, own) in structure.residues().iter().enumerate() {
            let ideal = RESIDUES.get(&structure.res_name[own.start]);
            if let Some(ideal) = ideal.filter(|_| is_wanted(residue)) {
                found.measure(structure, residue, own, ideal);
            }
        }
        found
    }

    fn measure(&mut self, structure: &Structure, residue: usize, own: &Range<usize>, ideal: &IdealResidue) {
        let position = |name: &&str| Some(structure.coord[structure.atom_named(own, name)?].map(f64::from));
        let positions: Vec<Option<Vector>> = ideal.names.iter().map(position).collect();
        let at = |atom: usize| positions[atom];
        let measured = |value, ideal| SideChainValue { residue, value, ideal };
        for &([first, second], length) in &ideal.bonds {
            if let (Some(first), Some(second)) = (at(first), at(second)) {
                self.bonds.push(measured(distance(first, second), length));
            }
        }
        for &([first, middle, last], expected) in &ideal.angles {
            if let (Some(first), Some(middle), Some(last)) = (at(first), at(middle), at(last)) {
                // Coinciding atoms have no angle, and their arc tangent is 0.
                self.angles.push(measured(angle(first, middle, last), expected));
            }
        }
        for (span, others) in &ideal.planes {
            let places = |atoms: &[usize]| atoms.iter().map(|atom| at(*atom)).collect::<Option<Vec<_>>>();
            if let (Some(span), Some(others)) = (places(span), places(others)) {
                self.planes.push(measured(farthest_from_plane(&span, &others), 0.0));
            }
        }
        for &([centre, one, two, three], expected) in &ideal.centres {
            if let (Some(centre), Some(one), Some(two), Some(three)) = (at(centre), at(one), at(two), at(three)) {
                let value = volume([centre, one, two, three]) * expected.signum();
                let name = structure.res_name[own.start];
                self.centres.push((name, measured(value, expected.abs())));
            }
        }
    }
}

/// The volume that three neighbours span with a centre. Its sign is the chirality.
fn volume([centre, one, two, three]: [Vector; 4]) -> f64 {
    inner(minus(one, centre), cross(minus(two, centre), minus(three, centre)))
}

/// The distance of the farthest point from the plane through the middle of `span`, whose points go around a ring in order. NaN if `span`
/// defines no plane.
fn farthest_from_plane(span: &[Vector], others: &[Vector]) -> f64 {
    let middle = [0, 1, 2].map(|axis| span.iter().map(|point| point[axis]).sum::<f64>() / span.len() as f64);
    let next = span.iter().cycle().skip(1);
    let normal = span.iter().zip(next).fold([0.0; 3], |sum, (point, next)| {
        let area = cross(minus(*point, middle), minus(*next, middle));
        [0, 1, 2].map(|axis| sum[axis] + area[axis])
    });
    let length = norm(normal);
    let heights = span.iter().chain(others);
    let heights = heights.map(|point| (inner(minus(*point, middle), normal) / length).abs());
    heights.fold(0.0, |most, height| if height.is_nan() { height } else { most.max(height) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protein::{mmcif, pdb, residue::AMINO_ACIDS, test_data};

    fn ideal_structure() -> Structure {
        let mut structure = Structure::default();
        for (number, atoms) in IDEAL.chunk_by(|(one, ..), (other, ..)| one == other).enumerate() {
            for (name, atom, position) in atoms {
                let position = position.map(|axis| axis as f32);
                let element = Label::new(&atom[..1]).unwrap();
                structure.push(
                    Label::literal("A"),
                    number as i32,
                    Label::literal(name),
                    Label::literal(atom),
                    element,
                    position,
                );
            }
        }
        structure
    }

    #[test]
    fn the_table_has_every_atom_of_the_amino_acids() {
        for amino in &AMINO_ACIDS {
            let rows = IDEAL.iter().filter(|(name, ..)| *name == amino.name);
            let names: Vec<&str> = rows.map(|(_, name, _)| *name).collect();
            let expected: Vec<&str> = amino.atoms.iter().copied().filter(|name| *name != "O").collect();
            assert_eq!(names, if amino.name == "GLY" { Vec::new() } else { expected }, "{}", amino.name);
        }
        assert_eq!(RESIDUES.len(), 19);
        // A tree has one bond less than atoms, and each ring one more; two bonds are those of the backbone.
        for (name, own) in RESIDUES.iter() {
            let rings = match name.as_str() {
                "PRO" | "HIS" | "PHE" | "TYR" => 1,
                "TRP" => 2,
                _ => 0,
            };
            assert_eq!(own.bonds.len(), own.names.len() - 3 + rings, "{name}");
        }
    }

    #[test]
    fn an_ideal_residue_measures_as_ideal_and_its_mirror_image_has_the_other_hand() {
        let mut structure = ideal_structure();
        let found = SideChains::of(&structure, |_| true);
        assert_eq!((found.bonds.len(), found.angles.len()), (93, 134));
        assert_eq!((found.planes.len(), found.centres.len()), (9, 4));
        let values = found.bonds.iter().chain(&found.angles).chain(&found.planes);
        for value in values.chain(found.centres.iter().map(|(_, value)| value)) {
            assert!((value.value - value.ideal).abs() < 0.02, "{value:?}");
        }
        assert!(found.centres.iter().all(|(_, value)| value.value > 2.5));
        structure.coord.iter_mut().for_each(|position| position[0] = -position[0]);
        let mirrored = SideChains::of(&structure, |_| true);
        assert!(mirrored.centres.iter().all(|(_, value)| value.value < -2.5));
        assert_eq!(SideChains::of(&structure, |_| false), SideChains::default());
    }

    #[test]
    fn a_bent_ring_is_not_flat_and_a_point_spans_no_plane() {
        let ring = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]];
        assert!(farthest_from_plane(&ring, &[[2.0, 0.0, 0.0]]).abs() < 1e-12);
        assert!((farthest_from_plane(&ring, &[[2.0, 0.0, 0.5]]) - 0.5).abs() < 1e-12);
        assert!(farthest_from_plane(&[[1.0; 3]; 4], &[]).is_nan());
        assert!(farthest_from_plane(&ring, &[[f64::NAN; 3]]).is_nan());
    }

    #[test]
    fn real_side_chains_are_near_the_ideal() {
        for name in ["multimer-check-A100.pdb", "boltz/0_model_0.cif", "chai/pred.rank_0.cif"] {
            let Some(text) = test_data::read(name) else { continue };
            let structure = if name.ends_with("pdb") { pdb::read(&text).unwrap() } else { mmcif::read(&text).unwrap() };
            let found = SideChains::of(&structure, |_| true);
            let off = |values: &[SideChainValue]| {
                let off = values.iter().map(|own| (own.value - own.ideal).abs());
                off.fold(0.0, f64::max)
            };
            assert!(off(&found.bonds) < 0.15 && off(&found.angles) < 13.0, "{name}");
            assert!(off(&found.planes) < 0.1, "{name}: {}", off(&found.planes));
        }
    }
}
