//! What the elements of an array are together, as a contract says it. Compares nothing.

/// What the elements of an array are together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    /// Numbers, each judged by itself.
    Numbers,
    /// One vector for each residue or pair, of all dimensions behind those of residues: judged by direction and length.
    Vectors,
    /// Rigid frames in ångström: the last dimension is a quaternion, real part first, and a position; or the last two are a
    /// rotation and a position, four by four. Judged as a structure is.
    Frames,
    /// Positions in ångström along the last dimension. Judged as a structure is.
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
