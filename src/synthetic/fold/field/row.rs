//! Which row of an array is being made: the position that every generator of values is asked for. Data only.

/// Which row of an array is wanted; indices of axes that it lacks are zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Row {
    /// Index along the first token axis.
    pub token: usize,
    /// Index along the second token axis.
    pub partner: usize,
    /// Index along the axes before that are neither samples nor tokens, such as the blocks of a network.
    pub layer: usize,
    /// How many of those there are.
    pub layers: usize,
}
