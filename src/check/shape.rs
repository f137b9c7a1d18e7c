//! `shape`: dimensions, element type and number of items of a field.

use super::case_results::AnsweredCall;
use super::complex::Complex;
use super::field_path::FieldPath;
use super::finding::Finding;
use super::number::tuple;
use super::parser::CheckParser;
use super::{CallFindings, CheckRule, InputScope};
use crate::prediction::contract::{Dimension, FieldKind, Sizes};
use crate::prediction::{Value, show_shape};
use crate::tensor::{DType, Tensor};

/// The name of the check.
pub(crate) const NAME: &str = "shape";

#[derive(Debug)]
struct ShapeCheck {
    field: FieldPath,
    dimensions: Option<Vec<Dimension>>,
    dtype: Option<DType>,
    items: Option<usize>,
}

/// Reads `field` and at least one of `shape`, `dtype` and `items`.
pub(super) fn compile(parser: &mut CheckParser<'_>) -> Option<Box<dyn CheckRule>> {
    let field = parser.field();
    let items = parser.reader.count("items", 0);
    let dimensions = read_shape(parser, field.as_ref());
    let dtype = read_dtype(parser);
    if !["items", "shape", "dtype"].into_iter().any(|key| parser.reader.has(key)) {
        let label = "expected at least one of `shape`, `dtype` and `items`";
        parser.reject("nothing is demanded of the field", label);
    }
    Some(Box::new(ShapeCheck { field: field?, dimensions, dtype, items }))
}

fn read_shape(parser: &mut CheckParser<'_>, field: Option<&FieldPath>) -> Option<Vec<Dimension>> {
    let written = parser.reader.located_sizes("shape")?;
    let dimensions: Option<Vec<Dimension>> = written.iter().map(|size| Dimension::parse(&size.value)).collect();
    let Some(dimensions) = dimensions else {
        let label = "expected sizes and symbols, as in `[1, \"L\", 64]` or `[\"layers+1\"]`";
        parser.reader.reject("shape", "this is not a shape", label);
        return None;
    };
    for (dimension, size) in dimensions.iter().zip(written) {
        if let Dimension::Symbol(symbol, _) = dimension {
            parser.demand_symbol(symbol, field, size.location);
        }
    }
    Some(dimensions)
}

fn read_dtype(parser: &mut CheckParser<'_>) -> Option<DType> {
    let name = parser.reader.text("dtype")?;
    let dtype = DType::parse(&name);
    if dtype.is_none() {
        let message = format!("unknown dtype `{name}`");
        parser.reader.reject("dtype", message, "expected a name such as `float32` or `int64`");
    }
    dtype
}

impl CheckRule for ShapeCheck {
    fn other_inputs(&self) -> Option<InputScope> {
        let fixes_a_size = self.dimensions.iter().flatten().any(|size| matches!(size, Dimension::Fixed(_)));
        (self.field.is_whole() && self.items.is_none() && !fixes_a_size).then_some(InputScope::Every)
    }

    fn judge_one(&self, answered: &AnsweredCall<'_>) -> CallFindings {
        let field = &self.field;
        let value = field.find(NAME, answered)?;
        let mut findings = Vec::from_iter(self.without_size(value, answered));
        let mut add = |summary: String| findings.push(Finding::wrong(NAME, answered.call, summary));
        if let Some(items) = self.items {
            match value.as_items() {
                Some(got) if got.len() == items => {}
                Some(got) => add(format!("{field}: expected {items} items, got {}", got.len())),
                None => add(format!("{field}: expected a list of {items}, got {}", value.describe())),
            }
        }
        if self.dimensions.is_none() && self.dtype.is_none() {
            return Ok(findings);
        }
        match value {
            Value::Array(tensor) => {
                self.judge_array(&field.to_string(), tensor, (answered, None), &mut add);
            }
            Value::List(items) if !items.is_empty() => {
                for (index, item) in items.iter().enumerate() {
                    let path = format!("{field}[{index}]");
                    match item.as_array() {
                        Some(tensor) => {
                            self.judge_array(&path, tensor, (answered, Some(index)), &mut add);
                        }
                        None => add(format!("{path}: expected an array, got {}", item.describe())),
                    }
                }
            }
            other => add(format!("{field}: expected an array, got {}", other.describe())),
        }
        Ok(findings)
    }
}

impl ShapeCheck {
    /// The finding about a symbol without a size: no response could meet the demand.
    fn without_size(&self, value: &Value, answered: &AnsweredCall<'_>) -> Option<Finding> {
        let places = value.as_items().map_or(1, <[Value]>::len);
        let symbol = (0..places).find_map(|index| {
            let index = Some(index);
            self.open_dimension(answered, index, &sizes_of(answered, &self.field, index))
        })?;
        let field = &self.field;
        let summary =
            format!("{field}: the size of `{symbol}` is not known for this call, so that no response can have it");
        let hint = "write a number, or leave the shape to `contract`; how many tokens ligands and modified residues have is the \
                    model's choice";
        Some(Finding::misconfigured(NAME, answered.call, summary).hint(hint))
    }

    /// The dimension of an array whose size is not known. None of an item beyond the samples, which should not be there.
    fn open_dimension(&self, answered: &AnsweredCall<'_>, index: Option<usize>, sizes: &Sizes) -> Option<&Dimension> {
        if kind_of(answered, &self.field).is_per_sample() && complex_of(answered, &self.field, index).is_none() {
            return None;
        }
        self.dimensions.iter().flatten().find(|dimension| dimension.resolve(sizes).is_none())
    }

    /// Judges the array at a place in the list of a response.
    fn judge_array(
        &self,
        path: &str,
        tensor: &Tensor,
        (answered, index): (&AnsweredCall<'_>, Option<usize>),
        add: &mut impl FnMut(String),
    ) {
        let sizes = sizes_of(answered, &self.field, index);
        if let Some(shape) = self.dimensions.as_ref().filter(|_| self.open_dimension(answered, index, &sizes).is_none())
            && !tensor
                .shape()
                .iter()
                .map(|size| Some(*size))
                .eq(shape.iter().map(|dimension| dimension.resolve(&sizes)))
        {
            add(format!("{path}: expected shape {}, got {}", tuple(shape, &sizes), show_shape(tensor.shape())));
        }
        if let Some(dtype) = self.dtype.filter(|dtype| *dtype != tensor.dtype()) {
            add(format!("{path}: expected dtype {dtype}, got {}", tensor.dtype()));
        }
    }
}

/// The sizes for one array, with `N` and `C` of its sample. `index` is its place in the list at the path.
fn sizes_of(answered: &AnsweredCall<'_>, field: &FieldPath, index: Option<usize>) -> Sizes {
    let mut sizes = match complex_of(answered, field, index) {
        Some(complex) => answered.expected.sizes_of(complex),
        None => answered.expected.sizes.clone(),
    };
    if !answered.expected.complexes.iter().all(Complex::has_known_tokens) {
        sizes.remove("L");
    }
    sizes
}

/// The complex of the sample that an item of a field belongs to, or a part of the item.
fn complex_of<'a>(answered: &'a AnsweredCall<'_>, field: &FieldPath, index: Option<usize>) -> Option<&'a Complex> {
    let kind = kind_of(answered, field);
    let sample = field.item().or(index.filter(|_| field.is_whole())).filter(|_| kind.is_per_sample())?;
    answered.expected.complex(kind, sample)
}

fn kind_of(answered: &AnsweredCall<'_>, field: &FieldPath) -> FieldKind {
    answered.contract.field(field.name()).map_or(FieldKind::Arrays, |field| field.kind)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::case_results::CallResult;
    use super::super::fixture::folded::{declared, folded_complex};
    use super::super::fixture::{compile_errors, compiled, embedder, folder, judge, response, summaries};
    use crate::backend::Responsible;

    fn found(table: &str, response: CallResult) -> Vec<String> {
        let contract = if response.result.as_ref().unwrap().class.contains("embed") { embedder() } else { folder() };
        let check = compiled(&contract, &format!("check = 'shape'\n{table}"));
        summaries(&check, &contract, &[response])
    }

    #[test]
    fn sizes_and_symbols_are_compared() {
        let states = || response(&embedder(), "call", "AC|DEF", json!({"include_fields": ["*"]}));
        let table = "field = 'hidden_states'\nshape = [2, 'layers+1', 'L', 4]\ndtype = 'float32'";
        assert_eq!(found(table, states()), Vec::<String>::new());
        insta::assert_snapshot!(found("field = 'hidden_states'\nshape = [2, 'L', 4]\ndtype = 'int64'", states()).join("\n"), @"
        hidden_states: expected shape (2, 3, 4), got (2, 3, 3, 4)
        hidden_states: expected dtype int64, got float32
        ");
    }

    #[test]
    fn lists_are_counted_and_judged_item_by_item() {
        let scores = || response(&folder(), "call", "AC|DEF", json!({"include_fields": ["*"]}));
        assert_eq!(found("field = 'plddt'\nshape = ['N']\nitems = 2", scores()), Vec::<String>::new());
        insta::assert_snapshot!(found("field = 'plddt'\nshape = [2]\nitems = 3", scores()).join("\n"), @"
        plddt: expected 3 items, got 2
        plddt[1]: expected shape (2,), got (3,)
        ");
        assert_eq!(found("field = 'plddt[0]'\nshape = ['N']", scores()), Vec::<String>::new());
        assert_eq!(found("field = 'pae[1]'\nshape = ['N', 'L']", scores()), Vec::<String>::new());
        insta::assert_snapshot!(found("field = 'plddt[0]'\nshape = ['C']", scores()).join("\n"), @"plddt[0]: expected shape (1,), got (2,)");
        insta::assert_snapshot!(found("field = 'atom_array'\nshape = [2]", scores())[0], @"atom_array[0]: expected an array, got structure of 11 atoms");
    }

    #[test]
    fn a_size_that_the_model_chooses_is_a_mistake_of_the_suite() {
        let contract = declared("esmfold2");
        let call = folded_complex(&json!([
            { "kind": "protein", "id": "A", "sequence": "MKV" },
            { "kind": "ligand", "id": "B", "smiles": "CCO" },
        ]));
        let judged = |table: &str| {
            let check = compiled(&contract, &format!("check = 'shape'\nfield = 'plddt'\n{table}"));
            judge(&check, &contract, std::slice::from_ref(&call))
        };
        let findings = judged("shape = ['N']");
        assert_eq!(findings[0].responsible, Responsible::Settings);
        insta::assert_snapshot!(findings[0].summary, @"plddt: the size of `N` is not known for this call, so that no response can have it");
        // What else is wrong is found all the same.
        let findings = judged("shape = ['L']\ndtype = 'int64'");
        assert_eq!(
            findings.iter().map(|finding| finding.responsible).collect::<Vec<_>>(),
            [Responsible::Settings, Responsible::Backend]
        );
        // A number is compared.
        insta::assert_snapshot!(judged("shape = [1]")[0].summary, @"plddt[0]: expected shape (1,), got (4,)");
    }

    #[test]
    fn a_symbol_that_the_model_does_not_have_is_a_mistake_of_the_suite() {
        let errors = compile_errors(&embedder(), "check = 'shape'\nfield = 'embeddings'\nshape = ['B', 'L', 'Q']");
        insta::assert_snapshot!(errors, @"
        error: unknown dimension `Q`
         --> check.toml:3:20
          |
        3 | shape = ['B', 'L', 'Q']
          |                    ^^^
          |
          = help: known: `B`, `L`, `N`, `C`, `D`, `layers`
        ");
    }

    #[test]
    fn a_symbol_without_a_size_cannot_be_demanded() {
        let table = "check = 'shape'\nfield = 'distogram'\nshape = ['N', 'N', 'distogram_bins']";
        insta::assert_snapshot!(compile_errors(&declared("esmfold2"), table), @"
        error: the size of `distogram_bins` is not known
         --> check.toml:3:20
          |
        3 | shape = ['N', 'N', 'distogram_bins']
          |                    ^^^^^^^^^^^^^^^^ expected a symbol whose size is published, or a number
        ");
        let errors = compile_errors(&embedder(), "check = 'shape'\nfield = 'embeddings'\nshape = ['B', 'N', 'D']");
        insta::assert_snapshot!(errors, @"
        error: `N` has no size in `embeddings`
         --> check.toml:3:15
          |
        3 | shape = ['B', 'N', 'D']
          |               ^^^ a size of one sample; `embeddings` of `embedder` is of all
        ");
    }

    #[test]
    fn a_check_that_demands_nothing_is_refused() {
        let errors = compile_errors(&folder(), "check = 'shape'\nfield = 'plddt'");
        insta::assert_snapshot!(errors, @"
        error: nothing is demanded of the field
         --> check.toml:1:1
          |
        1 | check = 'shape'
          | ^ expected at least one of `shape`, `dtype` and `items`
        ");
        let errors = compile_errors(&folder(), "check = 'shape'\nfield = 'plddt'\nshape = [-1]\ndtype = 'float'");
        insta::assert_snapshot!(errors, @r#"
        error: this is not a shape
         --> check.toml:3:9
          |
        3 | shape = [-1]
          |         ^^^^ expected sizes and symbols, as in `[1, "L", 64]` or `["layers+1"]`

        error: unknown dtype `float`
         --> check.toml:4:9
          |
        4 | dtype = 'float'
          |         ^^^^^^^ expected a name such as `float32` or `int64`
        "#);
    }
}
