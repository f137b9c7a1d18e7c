//! Two predictions of one protein, as structures for our code and as files for the other tools.

use std::path::{Path, PathBuf};

use hydrotest::metric::selection::{Part, positions, residue_of_atoms};
use hydrotest::metric::{Contacts, Point, lddt, superpose, tm_score};
use hydrotest::protein::{Label, Structure, mmcif, pdb};

use super::folding::{bent, fold, structure};
use super::timing::{Timing, time};

pub struct Pair {
    first: Structure,
    second: Structure,
    /// The first as PDB and as mmCIF text.
    texts: [String; 2],
}

impl Pair {
    fn new(first: Structure, second: Structure) -> Self {
        let texts = [pdb::write(&first).expect("a structure that fits the format"), mmcif::write(&first, "model")];
        Self { first, second, texts }
    }

    /// Two PDB files with the same atoms.
    pub fn read(first: &Path, second: &Path) -> Self {
        let read = |path: &Path| {
            let text = std::fs::read_to_string(path).expect("a readable file");
            pdb::read(&text).expect("a PDB file")
        };
        let (first, second) = (read(first), read(second));
        assert_eq!(first.atom_name, second.atom_name, "the two need the same atoms");
        Self::new(first, second)
    }

    /// The response of an embedded model, and a bent copy.
    pub fn folded() -> Self {
        const CHAIN: &str =
            "MKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQAPILSRVGDGTQDNLSGAEKAVQVKVKALPDAQFEVVHSLCKWKRQTLGQHDFSAGEGLYTHMKALRP";
        let sequence: String = CHAIN.chars().cycle().take(286).collect();
        let first = structure(&fold("esmfold", &sequence, &[]));
        let second = bent(&first);
        Self::new(first, second)
    }

    /// Side-by-side copies of the pair, each a chain of its own, until the size is closest to `residues`. Copies keep the
    /// density of the original; the embedded models' responses for long chains do not.
    pub fn enlarged(&self, residues: usize) -> Self {
        let copies = (residues as f64 / self.residues() as f64).round() as usize;
        let motion = superpose(&self.second.coord, &self.first.coord).expect("points that correspond");
        let moved = |point: &Point| motion.apply(*point).map(|along| along as f32);
        let second = Structure { coord: self.second.coord.iter().map(moved).collect(), ..self.second.clone() };
        let along = |structure: &Structure| structure.coord.iter().map(|point| point[0]).collect::<Vec<f32>>();
        let most = along(&self.first).into_iter().fold(f32::MIN, f32::max);
        let least = along(&self.first).into_iter().fold(f32::MAX, f32::min);
        let assembled = |structure: &Structure| repeat(structure, copies, most - least);
        Self::new(assembled(&self.first), assembled(&second))
    }

    /// Writes both as PDB and the first as mmCIF.
    pub fn write(&self, folder: &Path) -> [PathBuf; 3] {
        let second = pdb::write(&self.second).expect("a structure that fits the format");
        let files = [("first.pdb", &self.texts[0]), ("second.pdb", &second), ("first.cif", &self.texts[1])];
        files.map(|(name, text)| {
            let path = folder.join(name);
            std::fs::write(&path, text).expect("a file");
            path
        })
    }

    /// Measures each operation, under the names that the peer uses.
    pub fn measure(&self) -> Vec<(&'static str, Timing)> {
        let carbons = Part::AlphaCarbons.of(&self.first);
        let alphas: [Vec<Point>; 2] = [&self.first, &self.second].map(|side| positions(side, &carbons));
        let (first, second) = (&self.first.coord, &self.second.coord);
        vec![
            ("superposition and RMSD, CA", time(|| superpose(&alphas[1], &alphas[0]))),
            ("superposition and RMSD, all atoms", time(|| superpose(second, first))),
            ("lDDT, all atoms", self.measure_lddt().0),
            ("TM-score", time(|| tm_score(&alphas[1], &alphas[0], carbons.len()))),
            ("read PDB", time(|| pdb::read(&self.texts[0]))),
            ("read mmCIF", time(|| mmcif::read(&self.texts[1]))),
        ]
    }

    pub fn atoms(&self) -> usize {
        self.first.atoms()
    }

    pub fn residues(&self) -> usize {
        self.first.residues().len()
    }

    /// Measures how long lDDT takes, and how many atom pairs it visits.
    pub fn measure_lddt(&self) -> (Timing, usize) {
        let residues = residue_of_atoms(&self.first);
        let score = || lddt(&self.first.coord, &self.second.coord, &residues, Contacts::InReference);
        let pairs = score().expect("structures with contacts").pairs;
        (time(score), pairs)
    }
}

/// Copies in a row, renumbered, in chains A, B, ….
fn repeat(structure: &Structure, copies: usize, distance: f32) -> Structure {
    let residues = residue_of_atoms(structure);
    let mut row = Structure::default();
    for copy in 0..copies {
        let letter = char::from(b'A' + copy as u8).to_string();
        let chain = Label::new(&letter).expect("one letter");
        for (atom, &[x, y, z]) in structure.coord.iter().enumerate() {
            row.push(
                chain,
                residues[atom] as i32 + 1,
                structure.res_name[atom],
                structure.atom_name[atom],
                structure.element[atom],
                [x + copy as f32 * distance, y, z],
            );
        }
    }
    row.b_factor = structure.b_factor.as_ref().map(|values| values.repeat(copies));
    row.b_factor_dtype = structure.b_factor_dtype;
    row
}
