//! The names that suites may require of a model: features, options, fields, sizes and gates. Does not judge whether they are met by a
//! response.

use std::borrow::Cow;

use super::contract::{Contract, Dimension, Presence, RESPONSE_SYMBOLS};

impl Contract {
    /// Whether the model has what `needs` of a suite names: a feature, an option (`fixed.NAME` if only an instance may set it), a
    /// field that it can fill, a symbol of shapes, or gates.
    pub(crate) fn provides(&self, need: &str) -> bool {
        self.provisions().any(|provided| provided == need)
    }

    /// All names for which [`Self::provides`] is true.
    pub(crate) fn provisions(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let fixed = self.options.iter().filter(|option| option.fixed);
        let fixed = fixed.map(|option| Cow::Owned(format!("fixed.{}", option.name)));
        let fields = self.fields.iter().filter(|field| field.presence != Presence::Never);
        let features = self.features.iter().map(String::as_str);
        let sizes = self.variants.first().into_iter().flat_map(|variant| variant.dimensions.keys());
        features
            .chain(self.options.iter().map(|option| option.name.as_str()))
            .chain(fields.map(|field| field.name.as_str()))
            .chain(self.dimensions.keys().chain(sizes).map(String::as_str))
            .chain(self.gates.names())
            .map(Cow::Borrowed)
            .chain(fixed)
    }

    /// Whether a check may use a symbol in a shape: one of every response, or a size of the model.
    pub(crate) fn has_symbol(&self, symbol: &str) -> bool {
        self.symbols().any(|own| own == symbol)
    }

    /// Whether the shapes of the model's own fields use a symbol that has no published size.
    pub(crate) fn leaves_open(&self, symbol: &str) -> bool {
        let is_it = |dimension: &Dimension| matches!(dimension, Dimension::Symbol(name, _) if name == symbol);
        !self.has_symbol(symbol) && self.fields.iter().any(|field| field.shape.iter().any(is_it))
    }

    /// The symbols that have a size.
    pub(crate) fn symbols(&self) -> impl Iterator<Item = &str> {
        let sizes = self.variants.first().into_iter().flat_map(|variant| variant.dimensions.keys());
        let own = self.dimensions.keys().chain(sizes).map(String::as_str);
        RESPONSE_SYMBOLS.into_iter().chain(own)
    }
}
