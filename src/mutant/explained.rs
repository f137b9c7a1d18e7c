//! Mutants that no case can tell from a right backend, each with the reason. An entry that is not needed any more is a mistake.

/// The name of a mutant, and why it survives.
const EXPLAINED: &[(&str, &str)] = &[
    ("generated/esmfold/sidechain_frames/single/one-element", WITHIN_WHERE_RECORDED),
    ("generated/esmfold/sidechain_frames/batch/one-element", WITHIN_WHERE_RECORDED),
    ("generated/esmfold/states/single/one-element", WITHIN_WHERE_RECORDED),
];

const WITHIN_WHERE_RECORDED: &str =
    "within the gates in the cases that have a recorded result, and beyond them only in a case that has none";

/// Why a mutant survives, where that is known.
pub(crate) fn reason(mutant: &str) -> Option<&'static str> {
    let mut known = EXPLAINED.iter();
    known.find(|(name, _)| *name == mutant).map(|(_, reason)| *reason)
}
