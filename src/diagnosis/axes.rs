//! What the axes of an array count according to its contract, so that a cause names samples, residues, layers or features. Does not
//! look for a cause.

use super::{Cause, MistakeKind};
use crate::prediction::Contract;
use crate::prediction::contract::Dimension;

/// What an axis counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AxisRole {
    /// Samples of a batch.
    Samples,
    /// Residues or tokens.
    Residues,
    /// Chains of a complex.
    Chains,
    /// Layers of the model.
    Layers,
    /// Features, entries of a vocabulary, or bins.
    Features,
}

/// What each axis of a value counts, by the field of the value.
pub(crate) fn roles(contract: &Contract, path: &str) -> Vec<Option<AxisRole>> {
    let name = path.split(['[', '.']).next().unwrap_or(path);
    let shape = contract.field(name).map(|field| &*field.shape).unwrap_or_default();
    let role = |(axis, dimension): (usize, &Dimension)| match dimension {
        Dimension::Symbol(symbol, _) => Some(match symbol.as_str() {
            "B" => AxisRole::Samples,
            "L" | "N" => AxisRole::Residues,
            "C" => AxisRole::Chains,
            "layers" => AxisRole::Layers,
            _ => AxisRole::Features,
        }),
        // Such as bins, or the three of a position.
        Dimension::Fixed(_) => (axis > 0 && axis + 1 == shape.len()).then_some(AxisRole::Features),
    };
    shape.iter().enumerate().map(role).collect()
}

impl Cause {
    /// The same cause with the name of what its axis counts.
    pub(crate) fn named_by(mut self, roles: &[Option<AxisRole>]) -> Self {
        let [axis] = *self.axes else { return self };
        let Some(role) = roles.get(axis).copied().flatten() else {
            return self;
        };
        let name = match role {
            AxisRole::Samples => "samples",
            AxisRole::Residues => "residues",
            AxisRole::Chains => "chains",
            AxisRole::Layers => "layers",
            AxisRole::Features => "features",
        };
        let plain = format!("axis {axis}");
        self.what = self.what.replace(&plain, &format!("{plain} ({name})"));
        self.kind = of_role(self.kind, role);
        self
    }
}

/// The kind of a mistake along an axis, by what the axis counts.
const fn of_role(kind: MistakeKind, role: AxisRole) -> MistakeKind {
    use MistakeKind::{CutShort, ExtraResidues, Features, Layers, Missing, PermutedChains, PermutedItems, Shifted};
    match (role, kind) {
        (
            AxisRole::Layers,
            PermutedItems | PermutedChains | Shifted | Missing | ExtraResidues | CutShort | Features,
        ) => Layers,
        (AxisRole::Features, PermutedItems | PermutedChains | Shifted | Missing | ExtraResidues | CutShort) => Features,
        (AxisRole::Samples, Shifted | PermutedChains) => PermutedItems,
        (AxisRole::Chains, PermutedItems | Shifted) => PermutedChains,
        (_, kind) => kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn an_axis_is_named_and_looked_for_where_its_entries_are_mixed_up() {
        let config = Config::built_in().unwrap();
        let reported = |model: &str, path: &str, axis: usize, kind: MistakeKind| {
            let contract = config.model(model).unwrap();
            let cause = Cause::new(kind, format!("every entry one place late along axis {axis}"), 1.0);
            let cause = cause.along(&[axis]).named_by(&roles(contract, path));
            format!("{:?}: {}", cause.kind, cause.what)
        };
        let all = [
            reported("esm2", "hidden_states", 1, MistakeKind::Shifted),
            reported("esmc", "hidden_states", 1, MistakeKind::Shifted),
            reported("esm2", "lm_logits", 2, MistakeKind::PermutedItems),
            reported("esm2", "lm_logits", 1, MistakeKind::Shifted),
            reported("chai1", "plddt[1]", 0, MistakeKind::Shifted),
            reported("esmfold2", "distogram[0]", 2, MistakeKind::CutShort),
            reported("esm2", "no_such_field", 1, MistakeKind::Shifted),
        ];
        insta::assert_snapshot!(all.join("\n"), @"
        Layers: every entry one place late along axis 1 (layers)
        PermutedItems: every entry one place late along axis 1 (samples)
        Features: every entry one place late along axis 2 (features)
        Shifted: every entry one place late along axis 1 (residues)
        Shifted: every entry one place late along axis 0 (residues)
        Features: every entry one place late along axis 2 (features)
        Shifted: every entry one place late along axis 1
        ");
    }
}
