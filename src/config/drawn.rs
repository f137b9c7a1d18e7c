//! Draws random names from the seed of a case and fills placeholders with them, so that no port can know them in advance. Does not
//! know any model.

use serde_json::Value;

use crate::prediction::Options;

/// The placeholder for a drawn name, as an option or as a field.
const PLACEHOLDER: &str = "{random}";

/// The length of a drawn name: too long for an existing name.
const LETTERS: usize = 12;

/// Draws names from a seed.
#[derive(Debug)]
pub(super) struct NameDraw {
    state: u64,
    /// The names so far, in order.
    pub(super) drawn: Vec<String>,
}

impl NameDraw {
    pub(super) const fn new(seed: u64) -> Self {
        Self { state: seed, drawn: Vec::new() }
    }

    /// Replaces every placeholder by a different name.
    pub(super) fn fill(&mut self, options: &mut Options) {
        let filled = std::mem::take(options).into_iter().map(|(name, value)| {
            let name = if name == PLACEHOLDER { self.draw() } else { name };
            (name, self.filled(value))
        });
        *options = filled.collect();
    }

    fn filled(&mut self, value: Value) -> Value {
        match value {
            Value::String(text) if text == PLACEHOLDER => self.draw().into(),
            Value::Array(items) => items.into_iter().map(|item| self.filled(item)).collect(),
            Value::Object(mut inner) => {
                self.fill(&mut inner);
                inner.into()
            }
            other => other,
        }
    }

    /// The next name, of `SplitMix64` (Steele, Lea and Flood, OOPSLA 2014): the same on every platform.
    fn draw(&mut self) -> String {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        let mut name = String::with_capacity(LETTERS);
        for _ in 0..LETTERS {
            name.push(char::from(b'a' + u8::try_from(bits % 26).unwrap_or(0)));
            bits /= 26;
        }
        self.drawn.push(name.clone());
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_placeholder_gets_a_name_of_its_own_and_one_seed_the_same_names() {
        let filled = |seed| {
            let mut draw = NameDraw::new(seed);
            let text = r#"{"{random}": true, "include_fields": ["plddt", "{random}"], "seed": 7}"#;
            let mut options: Options = serde_json::from_str(text).unwrap();
            draw.fill(&mut options);
            (Value::Object(options).to_string(), draw.drawn)
        };
        let (text, names) = filled(7);
        assert_eq!(names.len(), 2);
        assert!(names[0] != names[1] && names.iter().all(|name| text.contains(&format!("{name:?}"))));
        assert!(!text.contains(PLACEHOLDER) && text.contains(r#""seed":7"#));
        assert_eq!(filled(7), filled(7));
        assert_ne!(filled(7), filled(8));
    }
}
