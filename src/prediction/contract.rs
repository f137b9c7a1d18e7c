//! The contract of one model: its method, options, fields and tolerances. Does not judge a response: `check/contract` does, and
//! `synthetic` fulfils it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(crate) use super::dimension::{Dimension, RESPONSE_SYMBOLS, SAMPLE_SYMBOLS, Sizes};
pub(crate) use super::option::{OptionRole, OptionRule, OptionSpec};

use super::gates::Gates;
use super::identity::FieldIdentity;
use super::known::KnownDefect;
use super::{Method, Options};
use crate::tensor::DType;

/// One `[models.KEY]` table.
#[derive(Debug, Clone)]
pub struct Contract {
    /// The key in the configuration, such as `esmfold2`.
    pub key: String,
    /// The name people use, such as `ESMFold2`.
    pub name: String,
    /// The method it answers.
    pub method: Method,
    /// Dotted path of the class a model server builds.
    pub core: String,
    /// Dotted path of the class Python users build.
    pub(crate) wrapper: String,
    /// Dotted path of the class of its responses.
    pub output: String,
    /// Image that holds it, without repository and tag.
    pub(crate) image: String,
    /// What a list of sequences means.
    pub list: ListMeaning,
    /// Free names of what it can do; suites ask for them by `needs`. The name of [`Self::list`] is among them.
    pub features: BTreeSet<String>,
    /// Letters accepted besides the twenty amino acids.
    pub(crate) extra_residues: String,
    /// Options in declared order, with their defaults.
    pub options: Vec<OptionSpec>,
    /// Sizes that hold for every variant, such as `vocabulary`.
    pub(crate) dimensions: BTreeMap<String, usize>,
    /// The published sizes of the model, the default first; empty when there is only one.
    pub variants: Vec<Variant>,
    /// Attributes of a response in the order of its class, without `metadata`.
    pub fields: Vec<FieldSpec>,
    /// How fields of one response follow from one another.
    pub(crate) identities: Vec<FieldIdentity>,
    /// Tolerance of a comparison with a recorded result, unless a field says otherwise.
    pub(crate) tolerance: Tolerance,
    /// What checks on structures judge by.
    pub gates: Gates,
    /// What is known to go wrong in it on every platform.
    pub(crate) known: Vec<Arc<KnownDefect>>,
}

/// What a list of sequences asks of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListMeaning {
    /// Every item is a sample of its own.
    Batch,
    /// The list must have exactly one item.
    Single,
    /// The items are the chains of one complex.
    Chains,
}

impl ListMeaning {
    /// Every meaning with its name in the configuration, which is also what suites ask for by `needs`.
    pub(crate) const NAMES: [(&'static str, Self); 3] =
        [("batch", Self::Batch), ("single", Self::Single), ("chains", Self::Chains)];
}

/// One published size of a model, chosen by the option whose role that is.
#[derive(Debug, Clone)]
pub struct Variant {
    /// The value of the option.
    pub name: String,
    /// Other values that mean the same.
    pub(crate) aliases: Vec<String>,
    /// Its sizes, such as `layers` and `D`.
    pub(crate) dimensions: BTreeMap<String, usize>,
}

/// One attribute of a response.
#[derive(Debug, Clone)]
pub struct FieldSpec {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub(crate) kind: FieldKind,
    /// When it has a value.
    pub(crate) presence: Presence,
    /// Dimensions of the array, or of each array of a per-sample list.
    pub(crate) shape: Vec<Dimension>,
    /// Element types allowed.
    pub(crate) dtypes: Vec<DType>,
    /// Smallest and greatest value allowed, padding aside.
    pub(crate) range: Option<(f64, f64)>,
    /// Value of the rows past a sample's end in a padded batch. `None` if they are not judged.
    pub(crate) padding: Option<f64>,
    /// Residue number of the first residue of every chain, for structures.
    pub first_residue: Option<i32>,
    /// How the temperature factors carry the plddt. `None` if the column is absent.
    pub b_factor: Option<FactorScale>,
    /// The meaning of the elements of an array, which decides how two arrays are compared.
    pub(crate) holds: Holds,
    /// Tolerance of a comparison, if it differs from the model's.
    pub(crate) tolerance: Option<Tolerance>,
}

/// How the temperature factors of a structure carry the plddt of its residues.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FactorScale {
    /// The factor of a plddt of 1.
    pub(crate) greatest: f64,
    /// The factor of a residue that is its plddt.
    pub(crate) rule: FactorRule,
}

/// The temperature factor among those of a residue's atoms that is its plddt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FactorRule {
    /// The factor of the alpha carbon, or of the first atom if there is none. Other atoms have factors of their own.
    Alpha,
    /// The mean over the atoms, which have factors of their own.
    Mean,
    /// Every factor: all atoms of a residue have the same.
    Each,
}

impl FactorRule {
    /// Every rule with its name in the configuration.
    pub(crate) const NAMES: [(&'static str, Self); 3] =
        [("CA", Self::Alpha), ("mean", Self::Mean), ("each", Self::Each)];
}

impl FactorScale {
    /// Factors up to `greatest`, read at the alpha carbon: the assumption if a contract does not say otherwise.
    pub(crate) const fn of_alphas(greatest: f64) -> Self {
        Self { greatest, rule: FactorRule::Alpha }
    }
}

/// The condition under which an attribute of a response has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    /// In every response.
    Always,
    /// If `include_fields` names it or contains `*`.
    Requested,
    /// In no response: the class has it for another model, and a request for it by name is refused.
    Never,
}

impl Presence {
    /// Every presence with its name in the configuration.
    pub(crate) const NAMES: [(&'static str, Self); 3] =
        [("always", Self::Always), ("requested", Self::Requested), ("never", Self::Never)];
}

/// The kind of value that a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldKind {
    /// One array for the whole batch.
    Array,
    /// A list with one array per sample.
    Arrays,
    /// One number.
    Scalar,
    /// A list with one structure per sample.
    Structures,
    /// A list with one structure file as text per sample, in PDB format.
    Pdb,
    /// A list with one structure file as text per sample, in mmCIF format.
    Cif,
    /// A list with one mapping per sample.
    Mappings,
    /// One mapping for the whole response.
    Mapping,
}

/// The meaning of the elements of an array, by which two arrays are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    /// Numbers that are compared one by one.
    Numbers,
    /// One vector per residue or pair, over all dimensions after the residues: compared by direction and length.
    Vectors,
    /// Rigid frames in ångström: the last dimension is a quaternion, real part first, and a position; or the last two are a 4 × 4 matrix
    /// with rotation and position. Compared as a structure.
    Frames,
    /// Positions in ångström along the last dimension. Compared as a structure.
    Positions,
}

impl Holds {
    /// Every kind with its name in the configuration.
    pub(crate) const NAMES: [(&'static str, Self); 4] = [
        ("numbers", Self::Numbers),
        ("vectors", Self::Vectors),
        ("frames", Self::Frames),
        ("positions", Self::Positions),
    ];
}

/// How far two numbers may lie apart: `|a − b| ≤ absolute + relative · |b|`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// In the unit of the field.
    pub absolute: f64,
    /// As a fraction of the recorded value.
    pub relative: f64,
}

impl Contract {
    /// The variant that a configuration selects, by name or alias; the first when it names none; `None` for an unknown
    /// name or a model without variants.
    pub(crate) fn variant(&self, config: &Options) -> Option<&Variant> {
        match self.variant_option().and_then(|option| config.get(option)?.as_str()) {
            None => self.variants.first(),
            Some(name) => self.variant_named(name),
        }
    }

    /// The sizes of the model with those of the variant that a configuration selects.
    pub(crate) fn sizes(&self, config: &Options) -> Sizes {
        let mut sizes = self.dimensions.clone();
        sizes.extend(self.variant(config).into_iter().flat_map(|variant| variant.dimensions.clone()));
        sizes
    }

    /// The option that selects a variant, if there are variants.
    pub(crate) fn variant_option(&self) -> Option<&str> {
        self.options_of(OptionRole::Variant).next().filter(|_| !self.variants.is_empty())
    }

    /// The option that is the seed of stochastic results.
    pub(crate) fn seed_option(&self) -> Option<&str> {
        self.options_of(OptionRole::Seed).next()
    }

    /// The options with a role, in declared order.
    pub(crate) fn options_of(&self, role: OptionRole) -> impl Iterator<Item = &str> {
        let options = self.options.iter().filter(move |option| option.role == Some(role));
        options.map(|option| option.name.as_str())
    }

    /// The option of a name.
    pub(crate) fn option(&self, name: &str) -> Option<&OptionSpec> {
        self.options.iter().find(|option| option.name == name)
    }

    /// How many samples a call draws of each complex, with these effective options. A suite may ask for any number, which is cut where no
    /// response can hold more.
    pub(crate) fn draws(&self, effective: &Options) -> usize {
        const MOST: usize = 1 << 20;
        self.options_of(OptionRole::Samples)
            .filter_map(|name| effective.get(name)?.as_u64())
            .map(|count| usize::try_from(count).unwrap_or(usize::MAX))
            .fold(1, usize::saturating_mul)
            .min(MOST)
    }

    /// The variant of a name or alias.
    pub(crate) fn variant_named(&self, name: &str) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.answers_to(name))
    }

    /// The field of a name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&FieldSpec> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Names of the options that only an instance may set, sorted.
    #[must_use]
    pub fn fixed_options(&self) -> Vec<&str> {
        let mut names: Vec<&str> =
            self.options.iter().filter(|option| option.fixed).map(|option| option.name.as_str()).collect();
        names.sort_unstable();
        names
    }

    /// Defaults, then configuration, then the options of a call.
    pub(crate) fn effective_options(&self, config: &Options, call: &Options) -> Options {
        let mut merged: Options =
            self.options.iter().map(|option| (option.name.clone(), option.default.clone())).collect();
        merged.extend(config.clone());
        merged.extend(call.clone());
        merged
    }
}

impl Variant {
    /// Whether this is its name or one of its aliases.
    pub(crate) fn answers_to(&self, name: &str) -> bool {
        self.name == name || self.aliases.iter().any(|alias| alias == name)
    }
}

impl FieldKind {
    /// Every kind with its name in the configuration.
    pub(crate) const NAMES: [(&'static str, Self); 8] = [
        ("array", Self::Array),
        ("arrays", Self::Arrays),
        ("scalar", Self::Scalar),
        ("structures", Self::Structures),
        ("pdb", Self::Pdb),
        ("cif", Self::Cif),
        ("mappings", Self::Mappings),
        ("mapping", Self::Mapping),
    ];

    /// Whether there is one item per sample, in a list.
    pub(crate) const fn is_per_sample(self) -> bool {
        !matches!(self, Self::Array | Self::Scalar | Self::Mapping)
    }
}
