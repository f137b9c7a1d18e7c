//! What is one model family's own and no contract can say: its wording, as one table. A model that is not in the table
//! is served by the last row, so a new model needs no code. Data and its look-up only; decides nothing.

use crate::prediction::Contract;

/// The wording of one core class. In a message `{model}`, `{field}`, `{sequence}`, `{fragment}`, `{variant}` and
/// `{variants}` stand for what they name.
pub(super) struct ModelFamily {
    /// The last part of the core's dotted path.
    core: &'static str,
    /// To no sequence at all.
    pub no_sequence: &'static str,
    /// To an empty string.
    pub empty_sequence: &'static str,
    /// To a chain without residues.
    pub empty_chain: &'static str,
    /// To text that is no residue, in a model that takes masks; the others list letters.
    pub unreadable: &'static str,
    /// To the name of a field that the response class has for another model.
    pub foreign_field: &'static str,
    /// To a size that is not published: the exception and its words.
    pub unknown_variant: (&'static str, &'static str),
    /// Options that may be `None` though their default is a value.
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

/// ESMFold reads complexes with the parser of ESM-2, and speaks with its words.
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
static UNKNOWN: ModelFamily = OTHER;

impl ModelFamily {
    /// The family of a contract, by its core class.
    pub(crate) fn of(contract: &Contract) -> &'static Self {
        KNOWN.iter().find(|family| family.core == core_class(contract)).unwrap_or(&UNKNOWN)
    }
}

/// The name of the class a model server builds, without its module.
pub(super) fn core_class(contract: &Contract) -> &str {
    contract.core.rsplit('.').next().unwrap_or_default()
}

/// A message with its placeholders filled; those that `values` does not name stay as they are.
pub(super) fn fill(message: &str, values: &[(&str, &str)]) -> String {
    let value = |name: &str| values.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    let mut parts = message.split('{');
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let named = part.split_once('}');
        match named.and_then(|(name, rest)| Some([value(name)?, rest])) {
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
