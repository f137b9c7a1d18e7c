//! The columns of a structure that hold measured values, as arrays. Knows which columns there are, not what they mean.

use super::{Bond, Structure};
use crate::tensor::{DType, Tensor, TensorError};

impl Structure {
    /// Coordinates, temperature factors, bonds, cell and what else the structure carries, one array each by name. The columns
    /// must be even.
    pub(crate) fn number_columns(&self) -> Vec<(String, Tensor)> {
        let named = |name: &str, column: Option<Tensor>| column.map(|column| (name.to_owned(), column));
        let fixed = [
            named("coord", self.coord_column().ok()),
            named("b_factor", self.b_factor_column()),
            named("bonds", self.bonds.as_deref().and_then(|bonds| bond_rows(bonds).ok())),
            named("cell", self.cell.clone()),
        ];
        let extra = self.extra.iter();
        let extra = extra.map(|(name, tensor)| (format!("extra.{name}"), tensor.clone()));
        fixed.into_iter().flatten().chain(extra).collect()
    }

    /// The coordinates as float32 `[atoms, 3]`, or `[models, atoms, 3]`.
    ///
    /// # Errors
    /// When there are more or fewer coordinates than atoms.
    pub(crate) fn coord_column(&self) -> Result<Tensor, TensorError> {
        let mut bytes = vec![0; self.coord.as_flattened().len() * 4];
        let (cells, _) = bytes.as_chunks_mut();
        for (cell, value) in cells.iter_mut().zip(self.coord.as_flattened()) {
            *cell = value.to_le_bytes();
        }
        let shape = self.models.into_iter().chain([self.atoms(), 3]).collect();
        Tensor::new(DType::F32, shape, bytes.into())
    }

    /// The temperature factors in the type in which they came.
    pub(crate) fn b_factor_column(&self) -> Option<Tensor> {
        let values = self.b_factor.as_ref()?;
        Some(match self.b_factor_dtype {
            Some(DType::F32) => Tensor::vector(&values.iter().map(|&value| value as f32).collect::<Vec<_>>()),
            _ => Tensor::vector(values),
        })
    }
}

/// Bonds as uint32 `[bonds, 3]`: both atoms and the order.
///
/// # Errors
/// When there are more of them than memory can hold.
pub(crate) fn bond_rows(bonds: &[Bond]) -> Result<Tensor, TensorError> {
    let rows = bonds.iter();
    let rows: Vec<u32> = rows.flat_map(|bond| [bond.first, bond.second, bond.order.into()]).collect();
    Tensor::from_values(vec![bonds.len(), 3], &rows)
}
