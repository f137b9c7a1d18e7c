//! Reads one `[models.KEY]` table as the contract of that model, and checks that its parts fit together. Does not check predictions.

use std::collections::{BTreeMap, BTreeSet};

use super::{Diagnostic, Diagnostics, Located, Section, TableReader, field, gates, identity, known};
use crate::prediction::Method;
use crate::prediction::contract::{
    Contract, ListMeaning, OptionRole, OptionRule, OptionSpec, RESPONSE_SYMBOLS, Variant,
};

/// The methods of models, by name.
pub(super) const METHODS: [(&str, Method); 3] =
    [("fold", Method::Fold), ("embed", Method::Embed), ("generate", Method::Generate)];

/// What [`is_name`] accepts, for messages.
pub(super) const EXPECTED_NAME: &str = "expected lowercase letters, digits and `_`, a letter first";

/// Reads the model `key`; `None` if a mistake in a required part was reported.
pub(super) fn read(key: &Located<String>, section: &Section, diagnostics: &mut Diagnostics) -> Option<Contract> {
    if !is_name(&key.value) {
        diagnostics.report(key.location.clone(), format!("`{}` is not a model key", key.value), EXPECTED_NAME);
    }
    let mut reader = TableReader::new(section, diagnostics);
    let name = reader.required_text("name");
    reader.require("method").require("list").require("fields");
    let method = reader.choice("method", &METHODS);
    let list = reader.choice("list", &ListMeaning::NAMES);
    let core = read_class(&mut reader, "core");
    let wrapper = read_class(&mut reader, "wrapper");
    let output = read_class(&mut reader, "output");
    let image = reader.required_text("image");
    let mut features: BTreeSet<String> = reader.texts("features").unwrap_or_default().into_iter().collect();
    let extra_residues = reader.text("extra_residues").unwrap_or_default();
    let tolerance = field::read_tolerance(&mut reader);
    let options = read_options(&mut reader);
    let dimensions = read_sizes(&mut reader, "dimensions");
    let variants = read_variants(&mut reader);
    check_variants(&mut reader, &options, &variants);
    let gates = gates::read(&mut reader);
    let symbols = read_symbols(&mut reader, &dimensions, &variants);
    let (names, sections): (Vec<_>, Vec<_>) = reader.named_sections("fields").into_iter().unzip();
    let read_field = |(name, section): (&Located<String>, _)| field::read(&name.value, section, &symbols, &mut reader);
    let fields: Vec<_> = names.iter().zip(&sections).map(read_field).collect();
    let identities = identity::read(&identity::DeclaredFields { names: &names, read: &fields }, &mut reader);
    let (known, _) = known::read(&mut reader, known::Of::OneModel);
    reader.finish();
    if let Some((name, _)) = ListMeaning::NAMES.iter().find(|(_, meaning)| Some(*meaning) == list) {
        features.insert((*name).to_owned());
    }
    Some(Contract {
        key: key.value.clone(),
        name: name?,
        method: method?,
        core: core?,
        wrapper: wrapper?,
        output: output?,
        image: image?,
        list: list?,
        features,
        extra_residues,
        options,
        dimensions,
        variants,
        fields: fields.into_iter().collect::<Option<_>>()?,
        identities,
        tolerance: tolerance.unwrap_or(field::EXACT),
        gates,
        known,
    })
}

/// Whether a name is safe in test names, file names and selections.
pub(super) fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
}

/// A dotted Python path with at least a module and a name.
fn read_class(reader: &mut TableReader<'_>, key: &'static str) -> Option<String> {
    let path = reader.required_text(key)?;
    let identifier = |part: &str| {
        !part.is_empty()
            && !part.starts_with(|first: char| first.is_ascii_digit())
            && part.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
    };
    if path.contains('.') && path.split('.').all(identifier) {
        return Some(path);
    }
    reader.reject(key, format_args!("`{path}` is not a dotted path"), "expected `module.Class`");
    None
}

fn read_options(outer: &mut TableReader<'_>) -> Vec<OptionSpec> {
    let mut options = Vec::new();
    for (name, section) in outer.named_sections("options") {
        let mut reader = outer.within(&section);
        let option = OptionSpec {
            name: name.value,
            default: reader.json("default").unwrap_or_default(),
            fixed: reader.flag("fixed").unwrap_or(false),
            rule: reader.choice("rule", &OptionRule::NAMES).unwrap_or(OptionRule::Any),
            role: reader.choice("role", &OptionRole::NAMES),
        };
        let only_one = matches!(option.role, Some(OptionRole::Variant | OptionRole::Seed));
        if let Some(earlier) = options.iter().find(|earlier: &&OptionSpec| only_one && earlier.role == option.role) {
            let message = format_args!("`{}` has this role already", earlier.name);
            reader.reject("role", message, "expected one option with it");
        }
        reader.finish();
        options.push(option);
    }
    options
}

/// Reads a table of sizes, if there is one.
fn read_sizes(outer: &mut TableReader<'_>, key: &'static str) -> BTreeMap<String, usize> {
    outer.section(key).map_or_else(BTreeMap::new, |section| outer.within(&section).sizes())
}

fn read_variants(outer: &mut TableReader<'_>) -> Vec<Variant> {
    let mut variants: Vec<Variant> = Vec::new();
    for (name, section) in outer.named_sections("variants") {
        let mut reader = outer.within(&section);
        let aliases = reader.located_texts("aliases").unwrap_or_default();
        let dimensions = read_sizes(&mut reader, "sizes");
        for alias in &aliases {
            let taken = |variant: &Variant| variant.name == alias.value || variant.aliases.contains(&alias.value);
            if alias.value == name.value || variants.iter().any(taken) {
                let message = format!("`{}` already names a variant", alias.value);
                reader.diagnostics().push(Diagnostic::at(alias.location.clone(), message));
            }
        }
        reader.finish();
        let aliases = aliases.into_iter().map(|alias| alias.value).collect();
        variants.push(Variant { name: name.value, aliases, dimensions });
    }
    variants
}

/// An instance without configuration gets the default of the option and the first variant, so they must agree. All variants must have
/// the same sizes, so that a shape holds for all of them.
fn check_variants(reader: &mut TableReader<'_>, options: &[OptionSpec], variants: &[Variant]) {
    let Some(first) = variants.first() else { return };
    let option = options.iter().find(|option| option.role == Some(OptionRole::Variant));
    match option {
        None => {
            let label = "expected an option with `role = \"variant\"` beside them";
            reader.reject("variants", "nothing selects a variant", label);
        }
        Some(option) if option.default.as_str() != Some(&first.name) => {
            let message = format!("the first variant is `{}`, the default of `{}` is not", first.name, option.name);
            reader.reject("variants", message, "expected the default first");
        }
        Some(_) => {}
    }
    for variant in variants {
        if !variant.dimensions.keys().eq(first.dimensions.keys()) {
            let message = format!("variant `{}` has other sizes than `{}`", variant.name, first.name);
            reader.reject("variants", message, "expected the same sizes in every variant");
        }
    }
}

/// All symbols that a shape may name. Symbols without a published size must be declared, so that a mistyped one is found.
fn read_symbols(
    reader: &mut TableReader<'_>,
    dimensions: &BTreeMap<String, usize>,
    variants: &[Variant],
) -> BTreeSet<String> {
    let free = reader.texts("unpublished_dimensions").unwrap_or_default();
    let response = RESPONSE_SYMBOLS.into_iter().map(str::to_owned);
    let sizes = variants.first().into_iter().flat_map(|variant| variant.dimensions.keys().cloned());
    response.chain(dimensions.keys().cloned()).chain(sizes).chain(free).collect()
}
