//! The options of a model as its contract declares them: defaults, rules and roles. Does not check values.

use serde_json::Value as Json;

use super::{Contract, Options};

/// One option of a model.
#[derive(Debug, Clone)]
pub struct OptionSpec {
    /// Its key.
    pub name: String,
    /// The value if neither configuration nor call have one; `null` if the model decides.
    pub(crate) default: serde_json::Value,
    /// Whether it is fixed when the instance starts. A call with such an option is rejected.
    pub(crate) fixed: bool,
    /// The values that it may have.
    pub(crate) rule: OptionRule,
    /// Its meaning outside of the model, if any.
    pub(crate) role: Option<OptionRole>,
}

/// The values that an option may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OptionRule {
    /// Not judged.
    Any,
    /// A whole number of at least 1.
    PositiveInteger,
    /// A whole number of at least 0.
    NonNegativeInteger,
    /// A number of at least 0.
    NonNegativeNumber,
    /// Any finite number.
    Number,
}

/// The meaning of an option outside of its model, so that the program does not depend on names of options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OptionRole {
    /// Where the model runs or keeps files: it changes no result and may differ between backends.
    Placement,
    /// Which of the published sizes it is.
    Variant,
    /// What makes a stochastic result repeatable.
    Seed,
    /// How many samples are drawn of each complex; a model's count is the product of all such options.
    Samples,
}

impl OptionRule {
    /// Every rule with its name in the configuration.
    pub(crate) const NAMES: [(&'static str, Self); 5] = [
        ("any", Self::Any),
        ("positive_integer", Self::PositiveInteger),
        ("non_negative_integer", Self::NonNegativeInteger),
        ("non_negative_number", Self::NonNegativeNumber),
        ("number", Self::Number),
    ];
}

impl OptionRole {
    /// Every role with its name in the configuration.
    pub(crate) const NAMES: [(&'static str, Self); 4] =
        [("placement", Self::Placement), ("variant", Self::Variant), ("seed", Self::Seed), ("samples", Self::Samples)];
}

impl Contract {
    /// The options in which two configurations make different instances, with the value of each; one that a call may give
    /// makes none, nor does a place. Two names of one variant are the same.
    pub(crate) fn differences<'a>(&'a self, one: &Options, other: &Options) -> Vec<(&'a str, Json, Json)> {
        let fixed = self.options.iter().filter(|option| option.fixed && option.role != Some(OptionRole::Placement));
        let value = |option: &OptionSpec, config: &Options| {
            let written = config.get(&option.name).unwrap_or(&option.default);
            let variant = match (option.role, written.as_str()) {
                (Some(OptionRole::Variant), Some(name)) => self.variant_named(name),
                _ => None,
            };
            variant.map_or_else(|| written.clone(), |variant| variant.name.as_str().into())
        };
        let both = fixed.map(|option| (option.name.as_str(), value(option, one), value(option, other)));
        both.filter(|(_, one, other)| one != other).collect()
    }

    /// The fixed options of a configuration that change results and are not the defaults. The variant is not among them: results of
    /// another one have another name.
    pub(crate) fn decisive_config(&self, config: &Options) -> Options {
        let changed = self.differences(&Options::new(), config).into_iter();
        let is_variant = |name: &str| self.variant_option() == Some(name);
        changed.filter(|(name, ..)| !is_variant(name)).map(|(name, _, value)| (name.to_owned(), value)).collect()
    }
}
