//! Splits CIF 1.1 text into tokens: tags, values, and the keywords that open blocks and loops. Does not know the meaning of tags.

/// One token of a CIF text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CifToken<'a> {
    /// `_category.item`.
    Tag(&'a [u8]),
    /// A value without its quotes.
    Value(CifValue<'a>),
    /// `loop_`.
    Loop,
    /// `data_NAME`: a new block.
    Data,
    /// `save_`, `stop_` or `global_`, which structure files do not use.
    Other,
    /// The end of the text.
    End,
}

/// A value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CifValue<'a> {
    pub(crate) text: &'a [u8],
    /// Whether it was in quotes or in a text field, in which `?` and `.` have no special meaning.
    pub(crate) quoted: bool,
}

/// A violation of the grammar, and its offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Broken {
    pub(crate) offset: usize,
    pub(crate) message: String,
}

/// The tokens of a text in order.
#[derive(Debug, Clone)]
pub(super) struct CifTokens<'a> {
    bytes: &'a [u8],
    /// The offset behind the last token.
    next: usize,
    /// The offset of the last token.
    start: usize,
}

impl<'a> CifTokens<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let byte_order_mark = if text.starts_with('\u{feff}') { 3 } else { 0 };
        Self { bytes: text.as_bytes(), next: byte_order_mark, start: byte_order_mark }
    }

    /// The offset of the last token.
    pub(crate) const fn start(&self) -> usize {
        self.start
    }

    /// The next token.
    ///
    /// # Errors
    /// A quote or a text field does not end.
    pub(crate) fn next(&mut self) -> Result<CifToken<'a>, Broken> {
        let first = loop {
            match self.bytes.get(self.next) {
                None => {
                    self.start = self.bytes.len();
                    return Ok(CifToken::End);
                }
                Some(byte) if is_blank(*byte) => self.next += 1,
                Some(b'#') => self.next = self.find(b'\n', self.next).unwrap_or(self.bytes.len()),
                Some(byte) => break *byte,
            }
        };
        self.start = self.next;
        match first {
            b'\'' | b'"' => self.quoted(first),
            b';' if self.starts_line() => self.text_field(),
            b'_' => Ok(CifToken::Tag(self.word())),
            b'd' | b'D' | b'l' | b'L' | b's' | b'S' | b'g' | b'G' => Ok(classify(self.word())),
            _ => Ok(plain(self.word())),
        }
    }

    /// The next token if it is a plain value after a single blank, as most values of a loop are. If it may be anything else, returns `None`
    /// and takes nothing.
    ///
    /// [`Self::next`] returns the same value through memory, which takes longer than reading it.
    #[inline]
    pub(crate) fn next_plain(&mut self) -> Option<CifValue<'a>> {
        let [blank, first, ..] = *self.bytes.get(self.next..)? else { return None };
        if !is_blank(blank) || !starts_plain_value(first) {
            return None;
        }
        self.start = self.next + 1;
        Some(CifValue { text: self.word(), quoted: false })
    }

    #[inline]
    fn word(&mut self) -> &'a [u8] {
        let rest = self.bytes.get(self.start..).unwrap_or_default();
        let length = rest.iter().position(|&byte| is_blank(byte)).unwrap_or(rest.len());
        self.next = self.start + length;
        rest.get(..length).unwrap_or_default()
    }

    /// A quote ends a value only before a blank: `'a dog's life'` is one.
    fn quoted(&mut self, quote: u8) -> Result<CifToken<'a>, Broken> {
        let from = self.start + 1;
        let mut at = from;
        while let Some(&byte) = self.bytes.get(at).filter(|byte| **byte != b'\n') {
            if byte == quote && self.bytes.get(at + 1).is_none_or(|&next| is_blank(next)) {
                self.next = at + 1;
                return Ok(self.quoted_value(from, at));
            }
            at += 1;
        }
        Err(self.broken("a quoted value does not end on its line"))
    }

    /// A text field runs from a semicolon that starts a line to the next line that starts with one.
    fn text_field(&mut self) -> Result<CifToken<'a>, Broken> {
        let from = self.start + 1;
        let mut at = from;
        while let Some(end) = self.find(b'\n', at) {
            if self.bytes.get(end + 1) == Some(&b';') {
                self.next = end + 2;
                let without_return = if end > from && self.bytes.get(end - 1) == Some(&b'\r') { end - 1 } else { end };
                return Ok(self.quoted_value(from, without_return));
            }
            at = end + 1;
        }
        Err(self.broken("a text field does not end with a line that starts with ';'"))
    }

    fn quoted_value(&self, from: usize, to: usize) -> CifToken<'a> {
        CifToken::Value(CifValue { text: self.bytes.get(from..to).unwrap_or_default(), quoted: true })
    }

    fn starts_line(&self) -> bool {
        let before = self.start.checked_sub(1).and_then(|index| self.bytes.get(index));
        before.is_none_or(|&byte| byte == b'\n')
    }

    fn find(&self, byte: u8, from: usize) -> Option<usize> {
        Some(from + memchr::memchr(byte, self.bytes.get(from..)?)?)
    }

    /// An error at the last token.
    pub(crate) fn broken(&self, message: impl Into<String>) -> Broken {
        Broken { offset: self.start, message: message.into() }
    }
}

fn is_blank(byte: u8) -> bool {
    BLANK[usize::from(byte)]
}

/// A table, because every byte of a file is checked.
static BLANK: [bool; 256] = {
    let mut table = [false; 256];
    table[b' ' as usize] = true;
    table[b'\n' as usize] = true;
    table[b'\t' as usize] = true;
    table[b'\r' as usize] = true;
    table
};

/// Whether a word with this first byte is always a value.
const fn starts_plain_value(first: u8) -> bool {
    let may_be_keyword = matches!(first.to_ascii_lowercase(), b'd' | b'l' | b's' | b'g');
    !may_be_keyword && !matches!(first, b' ' | b'\n' | b'\t' | b'\r' | b'#' | b'\'' | b'"' | b';' | b'_')
}

const fn plain(text: &[u8]) -> CifToken<'_> {
    CifToken::Value(CifValue { text, quoted: false })
}

/// The token of a word that may be a keyword. Keywords are case-insensitive.
fn classify(word: &[u8]) -> CifToken<'_> {
    let starts_with =
        |keyword: &[u8]| word.get(..keyword.len()).is_some_and(|start| start.eq_ignore_ascii_case(keyword));
    let is = |keyword: &[u8]| word.eq_ignore_ascii_case(keyword);
    if is(b"loop_") {
        CifToken::Loop
    } else if starts_with(b"data_") {
        CifToken::Data
    } else if starts_with(b"save_") || is(b"stop_") || is(b"global_") {
        CifToken::Other
    } else {
        plain(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Result<Vec<CifToken<'_>>, Broken> {
        let mut tokens = CifTokens::new(text);
        let mut found = Vec::new();
        loop {
            match tokens.next()? {
                CifToken::End => return Ok(found),
                token => found.push(token),
            }
        }
    }

    fn quoted(text: &str) -> CifToken<'_> {
        CifToken::Value(CifValue { text: text.as_bytes(), quoted: true })
    }

    #[test]
    fn blanks_and_comments_part_words() {
        let tokens = all("\u{feff}data_x # comment\r\n#\nLOOP_\n_a.b\t1.5 d DATAX#1\nsave_\n").unwrap();
        assert_eq!(
            tokens,
            [
                CifToken::Data,
                CifToken::Loop,
                CifToken::Tag(b"_a.b"),
                plain(b"1.5"),
                plain(b"d"),
                plain(b"DATAX#1"),
                CifToken::Other
            ]
        );
    }

    #[test]
    fn only_what_is_always_a_value_is_taken_as_plain() {
        for rest in [" 1.5 x", "\n-1", "\tALA", "\r?", " A'b"] {
            let mut tokens = CifTokens::new(rest);
            let expected = CifTokens::new(rest).next().unwrap();
            assert_eq!(tokens.next_plain().map(CifToken::Value), Some(expected), "{rest:?}");
            assert_eq!(tokens.start(), 1);
        }
        for rest in [
            "", " ", "1.5", "  1.5", "\r\n1", " loop_", " Data_x", " _a", " 'b'", " \"b\"", " #", "\n;", " stop_",
            " GLOBAL_",
        ] {
            let mut tokens = CifTokens::new(rest);
            assert_eq!(tokens.next_plain(), None, "{rest:?}");
            assert_eq!(tokens.next, 0);
        }
    }

    #[test]
    fn quotes_end_before_a_blank_only() {
        assert_eq!(
            all("'a dog's life' \"H5''\" H5'' '' 'x'").unwrap(),
            [quoted("a dog's life"), quoted("H5''"), plain(b"H5''"), quoted(""), quoted("x")]
        );
    }

    #[test]
    fn text_fields_span_lines() {
        assert_eq!(
            all(";one\r\n 'two' ;\r\n;\r\nnext ;no").unwrap(),
            [quoted("one\r\n 'two' ;"), plain(b"next"), plain(b";no")]
        );
        assert_eq!(all(";\n;").unwrap(), [quoted("")]);
    }

    #[test]
    fn what_does_not_end_is_an_error_where_it_begins() {
        assert_eq!(all("a 'b c\n'").unwrap_err().offset, 2);
        assert_eq!(all("a\n;b c\n ;\n").unwrap_err().offset, 2);
        assert_eq!(all("'").unwrap_err().offset, 0);
    }
}
