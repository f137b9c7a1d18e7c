//! The columns of a structure that hold measured values, as arrays. Knows which columns there are, not what they mean.

use super::Structure;
use crate::tensor::{DType, Tensor};

impl Structure {
    /// Coordinates, temperature factors, bonds, cell and what else the structure carries, one array each by name. The columns
    /// must be even.
    #[must_use]
    pub fn number_columns(&self) -> Vec<(String, Tensor)> {
        let mut bytes = vec![0; self.coord.as_flattened().len() * 4];
        let (cells, _) = bytes.as_chunks_mut();
        for (cell, value) in cells.iter_mut().zip(self.coord.as_flattened()) {
            *cell = value.to_le_bytes();
        }
        let shape = match self.models {
            Some(models) => vec![models, self.atoms(), 3],
            None => vec![self.atoms(), 3],
        };
        let mut columns = Vec::new();
        if let Ok(coord) = Tensor::new(DType::F32, shape, bytes.into()) {
            columns.push(("coord".to_owned(), coord));
        }
        if let Some(b_factor) = &self.b_factor {
            let narrow: Vec<f32> = b_factor.iter().map(|&value| value as f32).collect();
            let tensor = match self.b_factor_dtype {
                Some(DType::F32) => Tensor::vector(&narrow),
                _ => Tensor::vector(b_factor),
            };
            columns.push(("b_factor".to_owned(), tensor));
        }
        if let Some(bonds) = &self.bonds {
            let flat: Vec<u32> = bonds
                .iter()
                .flat_map(|bond| [bond.first, bond.second, u32::from(bond.order)])
                .collect();
            columns.extend(Tensor::from_values(vec![bonds.len(), 3], &flat).map(|bonds| ("bonds".to_owned(), bonds)));
        }
        columns.extend(self.cell.clone().map(|cell| ("cell".to_owned(), cell)));
        let extra = self.extra.iter();
        columns.extend(extra.map(|(name, tensor)| (format!("extra.{name}"), tensor.clone())));
        columns
    }
}
