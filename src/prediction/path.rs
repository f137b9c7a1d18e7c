//! The words of paths such as `atom_array[0].coord`: names come from responses, which are untrusted, and stand in them as plain words.

use std::fmt::Write as _;

/// The field that a path such as `atom_array[0].coord` leads into.
pub(crate) fn field_of(path: &str) -> &str {
    &path[..path.find(['.', '[']).unwrap_or(path.len())]
}

/// Letters, digits, `_`, `-`, `+` and what `also` allows stay; every other byte becomes `%` and two digits.
pub(super) fn plain(text: &str, also: &str) -> String {
    // An empty name would be no path.
    if text.is_empty() {
        return "%".to_owned();
    }
    let mut words = String::with_capacity(text.len());
    for byte in text.bytes().take(200) {
        let kept = byte.is_ascii_alphanumeric() || b"_-+".contains(&byte) || also.as_bytes().contains(&byte);
        if kept {
            words.push(char::from(byte));
        } else {
            let _ = write!(words, "%{byte:02x}");
        }
    }
    words
}

/// The name that stands in a path: what is no word was written by its code.
pub(crate) fn unescaped(path: &str) -> String {
    let bytes = path.trim_end_matches('~').as_bytes();
    let mut name = Vec::with_capacity(bytes.len());
    let mut place = 0;
    while let Some(&byte) = bytes.get(place) {
        let code = path.get(place + 1..place + 3).filter(|_| byte == b'%');
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                name.push(byte);
                place += 3;
            }
            // An empty name is written as the sign alone.
            None if byte == b'%' => place += 1,
            None => {
                name.push(byte);
                place += 1;
            }
        }
    }
    String::from_utf8(name).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_comes_back_from_its_plain_words() {
        for name in ["plddt[0]", "\u{1b}[2J\n", "", "a~", "100%"] {
            assert_eq!(unescaped(&plain(name, "")), name);
        }
        assert_eq!(unescaped("map.1~"), "map.1");
        assert_eq!(field_of("atom_array[0].coord"), "atom_array");
    }
}
