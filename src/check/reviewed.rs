//! Compares a result that waits for review with the contract of its model, as far as the stored values allow. The check `contract`
//! judges a live response in full; this refuses only what can never have been right.

use crate::prediction::contract::FieldSpec;
use crate::prediction::{Contract, Leaf, Listing, Prediction, field_of};
use crate::tensor::{DType, Tensor};

/// Where a stored result violates the contract of its model, one line for each field.
pub(crate) fn breaches(contract: &Contract, prediction: &Prediction) -> Vec<String> {
    let listing = match Listing::of(prediction) {
        Ok(listing) => listing,
        Err(error) => return vec![error.to_string()],
    };
    let entries = listing.entries().filter(|(_, leaf)| **leaf != Leaf::None);
    let breaches = entries.filter_map(|(path, leaf)| {
        let name = field_of(path);
        if name == "metadata" {
            return None;
        }
        let Some(field) = contract.field(name) else {
            return Some(format!("{path}: {} has no such field", contract.name));
        };
        // Columns of structures and values of mappings have no shape in the contract.
        let rest = path.strip_prefix(name).unwrap_or_default();
        let is_item = rest.starts_with('[') && rest.find(']') == Some(rest.len() - 1);
        let breach = match leaf {
            _ if !rest.is_empty() && !is_item => None,
            Leaf::Array(_, tensor) => of_array(field, tensor.dtype(), tensor.shape(), Some(tensor)),
            Leaf::Rows(rows) => of_array(field, rows.dtype(), &rows.shape, None),
            _ => None,
        };
        breach.map(|breach| format!("{path}: {breach}"))
    });
    breaches.collect()
}

fn of_array(field: &FieldSpec, dtype: DType, shape: &[usize], stored: Option<&Tensor>) -> Option<String> {
    if !field.dtypes.is_empty() && !field.dtypes.contains(&dtype) {
        let allowed: Vec<String> = field.dtypes.iter().map(ToString::to_string).collect();
        return Some(format!("{dtype}, and the contract allows {}", allowed.join(", ")));
    }
    if !field.shape.is_empty() && field.shape.len() != shape.len() {
        return Some(format!("{} dimensions, and the contract has {}", shape.len(), field.shape.len()));
    }
    let is_padding = |value: f64| field.padding.is_some_and(|padding| padding.total_cmp(&value).is_eq());
    let is_wrong = |value: &f64| {
        let outside = field.range.is_some_and(|(least, most)| *value < least || *value > most);
        (value.is_nan() || outside) && !is_padding(*value)
    };
    let value = stored?.to_f64()?.into_iter().find(is_wrong)?;
    Some(format!("holds {value}, which the contract does not allow"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fixture::{folder, response};
    use super::*;
    use crate::prediction::Value;
    use crate::tensor::Tensor;

    #[test]
    fn another_element_type_shape_range_or_field_is_found_and_a_right_result_is_not() {
        let contract = folder();
        let right = response(&contract, "call", "AC:D", json!({"include_fields": ["*"]}));
        let found =
            |response: super::super::CallResult| breaches(&contract, response.result.as_ref().unwrap()).join("; ");
        assert_eq!(found(right.clone()), "");
        let list = |tensor: Tensor| Value::List(vec![Value::Array(tensor)]);
        let wide = right.clone().with("plddt", list(Tensor::vector(&[0.5f64, 0.5, 0.5])));
        insta::assert_snapshot!(found(wide), @"plddt[0]: float64, and the contract allows float32");
        insta::assert_snapshot!(found(right.clone().with_element("plddt", 1, 7.0)), @"plddt[0]: holds 7, which the contract does not allow");
        let deep = Tensor::from_values(vec![1, 3], &[0.5f32; 3]).unwrap();
        insta::assert_snapshot!(found(right.with("plddt", list(deep))), @"plddt[0]: 2 dimensions, and the contract has 1");
    }
}
