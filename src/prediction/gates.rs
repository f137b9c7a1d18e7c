//! The gates of a model: the numbers that define when two results are the same and when a structure could exist. All values come from
//! the configuration; no gate has a value in code.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One number of a table of gates.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Gate {
    /// Its key in the configuration.
    pub(crate) key: &'static str,
    /// The values that it may have.
    pub(crate) range: RangeInclusive<f64>,
}

/// The effect of another value of a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GateEffect {
    /// More results pass.
    Wider,
    /// Fewer results pass.
    Narrower,
    /// Another part of the results is judged, so that neither is known.
    Other,
}

impl Gate {
    /// Whether no result can break the gate with this value.
    pub(crate) fn is_open_at(&self, value: f64) -> bool {
        if OTHERS.contains(&self.key) {
            // No probability is below 0.
            return self.key == "p" && value == 0.0;
        }
        if LEAST.contains(&self.key) { value <= *self.range.start() } else { value >= *self.range.end() }
    }

    /// Whether the gate may have this value.
    pub(crate) fn takes(&self, value: f64) -> bool {
        value.is_finite() && self.range.contains(&value) && !self.is_open_at(value)
    }

    /// The effect of the value `own` in place of `shared`; `None` if they are equal.
    pub(crate) fn effect(&self, shared: f64, own: f64) -> Option<GateEffect> {
        let wider = match own.total_cmp(&shared) {
            std::cmp::Ordering::Equal => return None,
            _ if self.key != "slack" && OTHERS.contains(&self.key) => return Some(GateEffect::Other),
            std::cmp::Ordering::Less => LEAST.contains(&self.key),
            std::cmp::Ordering::Greater => !LEAST.contains(&self.key),
        };
        Some(if wider { GateEffect::Wider } else { GateEffect::Narrower })
    }
}

/// Some gates by their keys, with which a check overrides those of a model.
pub(crate) type GateValues = BTreeMap<&'static str, f64>;

/// A table of gates.
pub(crate) trait GateTable: Sized + Copy {
    /// Name of the table below `[models.KEY.gates]`.
    const NAME: &'static str;

    /// Its keys.
    fn gates() -> Vec<Gate>;

    /// The table with these values; `None` if one is missing.
    fn of(values: &GateValues) -> Option<Self>;

    fn get(&self, key: &str) -> Option<f64>;

    /// The same table with some values changed.
    #[must_use]
    fn with(self, values: &GateValues) -> Self;

    /// Whether no result can break any of its gates.
    fn is_open(&self) -> bool {
        let is_open = |gate: &Gate| self.get(gate.key).is_some_and(|value| gate.is_open_at(value));
        let gates = Self::gates();
        let mut judging = gates.iter().filter(|gate| !OTHERS.contains(&gate.key));
        let has_no_chance = gates.iter().any(|gate| gate.key == "p" && is_open(gate));
        has_no_chance || judging.all(is_open)
    }
}

/// Gates that select what is judged, and do not bound a metric.
const OTHERS: [&str; 12] = [
    "break_distance",
    "claimed",
    "confidence",
    "greatest_volume",
    "least_volume",
    "overlap",
    "p",
    "samples",
    "sigmas",
    "slack",
    "torn_length",
    "twist",
];

/// Gates with a least value.
const LEAST: [&str; 9] = [
    "chain_lddt",
    "cosine",
    "dockq",
    "heap",
    "interface_lddt",
    "lddt",
    "pae_asymmetry",
    "residue_lddt",
    "unmasked_lddt",
];

/// Every table that a model may have. Checks that need a missing table cannot judge the model.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Gates {
    /// When two structures are the same.
    pub structure: Option<StructureGates>,
    /// When two sets of vectors of residues are the same.
    pub(crate) embedding: Option<EmbeddingGates>,
    /// When two sets of samples come from one distribution.
    pub ensemble: Option<EnsembleGates>,
    /// When a structure could exist.
    pub(crate) physical: Option<PhysicalGates>,
    /// How much noise is tolerated.
    pub(crate) floor: Option<FloorGates>,
}

impl Gates {
    /// Factor for the noise floor up to which a difference is noise, 1 without a gate.
    pub(crate) fn slack(&self) -> f64 {
        self.floor.map_or(1.0, |floor| floor.slack)
    }

    /// The names of the existing tables, as in `needs` of suites.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let tables = [
            ("gates.structure", self.structure.is_some()),
            ("gates.embedding", self.embedding.is_some()),
            ("gates.ensemble", self.ensemble.is_some()),
            ("gates.physical", self.physical.is_some()),
        ];
        tables.into_iter().filter(|(_, is_there)| *is_there).map(|(name, _)| name)
    }
}

macro_rules! gate_table {
    ($(#[$about:meta])* $name:ident, $table:literal { $($(#[$doc:meta])* $key:ident: $range:expr,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub struct $name {
            $($(#[$doc])* pub $key: f64,)+
        }

        impl GateTable for $name {
            const NAME: &'static str = $table;

            fn gates() -> Vec<Gate> {
                vec![$(Gate { key: stringify!($key), range: $range }),+]
            }

            fn of(values: &GateValues) -> Option<Self> {
                Some(Self { $($key: *values.get(stringify!($key))?,)+ })
            }

            fn get(&self, key: &str) -> Option<f64> {
                match key {
                    $(stringify!($key) => Some(self.$key),)+
                    _ => None,
                }
            }

            fn with(self, values: &GateValues) -> Self {
                Self { $($key: values.get(stringify!($key)).copied().unwrap_or(self.$key),)+ }
            }
        }
    };
}

const FRACTION: RangeInclusive<f64> = 0.0..=1.0;
const ANY: RangeInclusive<f64> = 0.0..=f64::INFINITY;

gate_table! {
    /// When two structures of one input are the same. Residues count as confident when both sides say so.
    StructureGates, "structure" {
        /// The plddt, as a fraction of 1, from which a residue is confident.
        confidence: FRACTION,
        /// Greatest root mean square distance of the confident alpha carbons after superposition, in ångström.
        ca_rmsd: ANY,
        /// The same over all confident atoms.
        rmsd: ANY,
        /// Greatest distance of a single confident alpha carbon, in ångström.
        ca_max: ANY,
        /// Greatest distance of a single confident atom, in ångström.
        atom_max: ANY,
        /// Least lDDT of the confident atoms.
        lddt: FRACTION,
        /// The same of the confident residue that has least.
        residue_lddt: FRACTION,
        /// Least lDDT within a single chain, confident or not, the worse of both directions.
        chain_lddt: FRACTION,
        /// Least lDDT between two chains that touch on either side, confident or not.
        interface_lddt: FRACTION,
        /// How many confident residues may have inverted chirality.
        inverted_residues: ANY,
        /// How far a confident peptide bond may turn, in degrees.
        omega: 0.0..=180.0,
        /// Greatest mean absolute difference of the plddt of confident residues, as a fraction of 1.
        plddt: ANY,
        /// The same of a single confident residue.
        plddt_max: ANY,
        /// Least lDDT of all atoms, the worse of both directions.
        unmasked_lddt: FRACTION,
        /// Greatest mean absolute difference of the plddt of all residues, and of the temperature factors of all atoms where
        /// these are confidences, as a fraction of 1.
        unmasked_plddt: ANY,
        /// How much more or fewer residues may be confident, as a fraction of those that were.
        mask_size: ANY,
        /// Greatest fraction of all alpha carbons that change hands; without beta carbons, of the turns of the chain.
        inverted: FRACTION,
        /// Least `DockQ` of two chains that touch and that both sides are confident of.
        dockq: FRACTION,
        /// Greatest mean absolute difference of the PAE between confident residues, in ångström.
        pae: ANY,
        /// The same between one confident residue and all others.
        pae_row: ANY,
        /// The same between all residues.
        unmasked_pae: ANY,
        /// Least correlation of what is not symmetric about the PAE: 1 for the same, 0 for noise, −1 for a transposed one.
        pae_asymmetry: -1.0..=1.0,
        /// How much less asymmetric the PAE may be, as a fraction: 1 for one that was made symmetric.
        pae_symmetry: ANY,
    }
}

gate_table! {
    /// When two sets of vectors, one for each residue, are the same, where single elements vary as those of half precision do.
    EmbeddingGates, "embedding" {
        /// Least cosine of the two vectors of a residue.
        cosine: -1.0..=1.0,
        /// How far the ratio of their lengths may be from 1.
        norm_ratio: ANY,
        /// Least mean cosine of all residues; the gates above are of those that a model is sure of, where it says so.
        unmasked_cosine: -1.0..=1.0,
    }
}

gate_table! {
    /// When two sets of samples come from one distribution. A difference must be surprising and large to count.
    EnsembleGates, "ensemble" {
        /// The mean plddt, as a fraction of 1, from which a residue is confident.
        confidence: FRACTION,
        /// The fewest samples on each side.
        samples: 2.0..=1000.0,
        /// The probability below which a difference is no chance, shared by all tests of one complex.
        p: 0.0..=0.5,
        /// Greatest energy distance of structures (alpha carbons after superposition), in ångström.
        rmsd_margin: ANY,
        /// Greatest energy distance of structures by 1 − lDDT of alpha carbons.
        lddt_margin: FRACTION,
        /// Greatest energy distance of plddt by mean absolute difference, as a fraction of 1.
        plddt_margin: ANY,
    }
}

gate_table! {
    /// When a structure could exist: how many confident residues may break a rule, as fractions of those that could.
    PhysicalGates, "physical" {
        /// The plddt, as a fraction of 1, from which a residue is confident.
        confidence: FRACTION,
        /// From how many standard deviations of accurate crystal structures on a bond or angle is wrong.
        sigmas: ANY,
        /// Greatest fraction of backbone bonds that are wrong.
        bonds: FRACTION,
        /// Greatest fraction of angles across peptide bonds that are wrong.
        angles: FRACTION,
        /// How far a peptide bond may be turned out of its plane, in degrees.
        twist: 0.0..=90.0,
        /// Greatest fraction of peptide bonds that are turned further.
        twisted: FRACTION,
        /// Greatest fraction of peptide bonds that are cis, those before proline aside.
        cis: FRACTION,
        /// Least volume (N−CA)·[(C−CA)×(CB−CA)] of an alpha carbon, in Å³; a mirror image has a negative one.
        least_volume: ANY,
        /// Its greatest volume.
        greatest_volume: ANY,
        /// Greatest fraction of alpha carbons with another volume.
        chirality: FRACTION,
        /// How far a bond of a side chain may be from its ideal length, in ångström.
        side_bond: ANY,
        /// How far an angle of a side chain may be from its ideal, in degrees.
        side_angle: ANY,
        /// How far an atom of a ring or another flat group may lie from its plane, in ångström.
        plane: ANY,
        /// Greatest fraction of bonds, angles and planes of side chains that are further off.
        side_chains: FRACTION,
        /// Greatest fraction of isoleucines, and of threonines, whose second centre has the wrong hand.
        second_centres: FRACTION,
        /// Greatest fraction of leucines, and of valines, whose two methyl groups have each other's names; 1 where a model names
        /// them by chance.
        methyl_names: FRACTION,
        /// Least distance of two atoms of one nucleotide or component of a ligand, in ångström.
        apart: ANY,
        /// Greatest distance of a ligand or nucleic acid from the nearest atom of another chain, in ångström.
        reach: ANY,
        /// How far two atoms may overlap, in ångström.
        overlap: ANY,
        /// Greatest fraction of atoms that overlap others further.
        clashes: FRACTION,
        /// Distance of neighbouring alpha carbons from which on a chain is broken, in ångström.
        break_distance: ANY,
        /// Greatest fraction of neighbours between which the chain is broken.
        breaks: FRACTION,
        /// Greatest distance of any two neighbours, in ångström.
        gap: ANY,
        /// Greatest fraction of residues other than glycine with a positive phi.
        positive_phi: FRACTION,
        /// Greatest fraction of coordinates that hold no more digits than half precision has.
        coarse: FRACTION,
        /// The fraction of residues that must be confident before the gross rules below hold for all residues of a structure
        /// whose weights are not known to be those of a trained model.
        claimed: FRACTION,
        /// From which length on a peptide bond is torn, confident or not, in ångström.
        torn_length: ANY,
        /// Greatest fraction of all peptide bonds that are torn.
        torn: FRACTION,
        /// Least radius of a chain, within which half of it lies, as a fraction of that of a compact globule.
        heap: ANY,
        /// Its greatest radius, as a multiple of that of a straight helix.
        stretch: ANY,
    }
}

gate_table! {
    /// How much noise is tolerated if repeats on one platform were measured.
    FloorGates, "floor" {
        /// Factor for the differences of repeats, of which there are few, up to which a difference is noise.
        slack: 1.0..=100.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_needs_every_value_and_takes_changes() {
        let mut values: GateValues = EnsembleGates::gates().iter().map(|gate| (gate.key, 0.5)).collect();
        let table = EnsembleGates::of(&values).unwrap();
        let changed = table.with(&GateValues::from([("p", 0.25), ("unheard_of", 9.0)]));
        assert_eq!(changed, EnsembleGates { p: 0.25, ..table });
        assert!(!changed.is_open());
        assert!(table.with(&GateValues::from([("p", 0.0)])).is_open());
        let margins = [("rmsd_margin", f64::INFINITY), ("lddt_margin", 1.0)];
        assert!(!table.with(&GateValues::from(margins)).is_open());
        let plddt = ("plddt_margin", f64::INFINITY);
        assert!(table.with(&GateValues::from([margins[0], margins[1], plddt])).is_open());
        values.remove("p");
        assert_eq!(EnsembleGates::of(&values), None);
    }
}
