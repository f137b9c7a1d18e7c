//! Mutants that no case can tell from a right backend, each with the reason. An entry that is not needed any more is a mistake.

/// The beginning of a mutant's name, and why it survives.
const EXPLAINED: &[(&str, &str)] = &[
    (
        "generated/esmfold/sidechain_frames/single/one-element",
        "what is recorded judges frames by the gates of structures, of which one number of one atom of a short chain is a small part",
    ),
    (
        "generated/esmfold/sidechain_frames/batch/one-element",
        "as for one chain",
    ),
    (
        "generated/esmfold/states/single/one-element",
        "one of 384 numbers changes the direction of a residue's vector by less than two kinds of card do",
    ),
];

/// Why a mutant survives, where that is known.
pub(crate) fn reason(mutant: &str) -> Option<&'static str> {
    let mut known = EXPLAINED.iter();
    known.find(|(name, _)| *name == mutant).map(|(_, reason)| *reason)
}
