//! The error messages of each model family, which no contract can express, as one table. A model that is not in the table uses the
//! last row, so a new model needs no code. Does not decide when an error occurs.

use crate::prediction::Contract;

/// The messages of one core class. `{model}`, `{field}`, `{sequence}`, `{fragment}`, `{variant}` and `{variants}` are placeholders.
pub(super) struct ModelFamily {
    /// The last part of the core's dotted path.
    core: &'static str,
    /// For an empty list of sequences.
    pub no_sequence: &'static str,
    /// For an empty string.
    pub empty_sequence: &'static str,
    /// For a chain without residues.
    pub empty_chain: &'static str,
    /// For text that is not a residue, in a model that accepts masks. Other models list the invalid letters.
    pub unreadable: &'static str,
    /// For a field that the response class only has for another model.
    pub foreign_field: &'static str,
    /// For a size that is not published: the exception and its message.
    pub unknown_variant: (&'static str, &'static str),
    /// Options that may be `None` although their default is a value.
    pub nullable: &'static [&'static str],
    /// How many attributes of the response class come before `metadata`.
    pub metadata_position: usize,
}

/// Any model that boileroom does not ship.
const OTHER: ModelFamily = ModelFamily {
    core: "",
    no_sequence: "{model} input must contain at least one sequence.",
    empty_sequence: "{model} input must contain at least one residue.",
    empty_chain: "Invalid {model} sequence {sequence}: empty chain near ':'.",
    unreadable: "Invalid {model} token fragment {fragment} in sequence {sequence}.",
    foreign_field: "{field} are not available for {model}.",
    unknown_variant: ("ValueError", "Unsupported {model} model: {variant}. Supported models: {variants}"),
    nullable: &[],
    metadata_position: 0,
};

/// ESMFold parses complexes with ESM-2's parser, so it has the same messages.
const ESMFOLD: ModelFamily = ModelFamily {
    core: "ESMFoldCore",
    empty_sequence: "ESM2 sequence must contain at least one residue token.",
    empty_chain: "Invalid ESM2 sequence {sequence}: empty chain near ':'.",
    ..OTHER
};

const ESM2: ModelFamily = ModelFamily {
    core: "ESM2Core",
    unreadable: "Invalid ESM2 token fragment {fragment} in sequence {sequence}.",
    unknown_variant: ("AssertionError", "Model {variant} not supported"),
    metadata_position: 1,
    ..ESMFOLD
};

const ESMFOLD2: ModelFamily = ModelFamily {
    core: "ESMFold2Core",
    no_sequence: "ESMFold2.fold received an empty input sequence.",
    empty_sequence: "Invalid ESMFold2 protein sequence {sequence}: empty chain near ':'.",
    empty_chain: "Invalid ESMFold2 protein sequence {sequence}: empty chain near ':'.",
    unknown_variant: (
        "OSError",
        "{variant} is not a local folder and is not a valid model identifier listed on the model hub",
    ),
    nullable: &["msa_max_depth", "lm_dropout", "msa_column_mask_rate"],
    ..OTHER
};

const ESMC: ModelFamily = ModelFamily {
    core: "ESMCCore",
    no_sequence: "ESM-C/ESM3 embedding input must contain at least one sequence.",
    empty_sequence: "ESM-C/ESM3 sequences must not contain empty chains.",
    empty_chain: "ESM-C/ESM3 sequences must not contain empty chains.",
    foreign_field: "{field} are only available for ESM3, not {model}.",
    ..OTHER
};

const ESM3: ModelFamily = ModelFamily {
    core: "ESM3Core",
    foreign_field: "{field} are not supported for {model} embeddings by the current SDK wrapper.",
    ..ESMC
};

static KNOWN: [ModelFamily; 5] = [ESMFOLD, ESM2, ESMFOLD2, ESMC, ESM3];

impl ModelFamily {
    pub(crate) fn of(contract: &Contract) -> &'static Self {
        KNOWN.iter().find(|family| family.core == core_class(contract)).unwrap_or(&OTHER)
    }
}

/// The name of the class that a model server builds, without its module.
pub(super) fn core_class(contract: &Contract) -> &str {
    contract.core.rsplit('.').next().unwrap_or_default()
}

/// Replaces the placeholders of a message. Placeholders that `values` does not name stay as they are.
pub(super) fn fill(message: &str, values: &[(&str, &str)]) -> String {
    let value = |name: &str| values.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    let mut parts = message.split('{');
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('}').and_then(|(name, rest)| Some([value(name)?, rest])) {
            Some(texts) => filled.extend(texts),
            None => filled.extend(["{", part]),
        }
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn a_filled_value_is_never_filled_again() {
        assert_eq!(fill("{a} and {b} {c", &[("a", "{b}"), ("b", "x")]), "{b} and x {c");
    }
}
