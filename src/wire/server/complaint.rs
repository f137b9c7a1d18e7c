//! What Python's JSON decoder says about a text that is not JSON, and where: a server answers in these words. Builds no values.

/// A complaint of Python's decoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Complaint {
    /// Its words, without the place.
    pub(super) message: &'static str,
    /// The character it is about, from zero.
    pub(super) position: usize,
}

/// Why a stretch of text could not be taken.
enum Stop {
    /// For a reason that Python names.
    Complaint(Complaint),
    /// Python would have reached the bottom of its stack.
    TooDeep,
}

/// Values that may nest before Python gives up; its own limit depends on its build.
const DEEPEST: usize = 512;

/// The first thing wrong with a text by the rules of `CPython` 3.12; `None` when Python would take it or fail otherwise.
pub(super) fn complaint(text: &str) -> Option<Complaint> {
    let letters: Vec<char> = text.chars().collect();
    let mut scanner = Scanner {
        letters: &letters,
        at: 0,
    };
    match scanner.document() {
        Err(Stop::Complaint(complaint)) => Some(complaint),
        Err(Stop::TooDeep) | Ok(()) => None,
    }
}

struct Scanner<'a> {
    letters: &'a [char],
    at: usize,
}

impl Scanner<'_> {
    fn document(&mut self) -> Result<(), Stop> {
        self.skip_space();
        self.value(0)?;
        self.skip_space();
        if self.at == self.letters.len() {
            Ok(())
        } else {
            stop("Extra data", self.at)
        }
    }

    fn value(&mut self, depth: usize) -> Result<(), Stop> {
        if depth > DEEPEST {
            return Err(Stop::TooDeep);
        }
        match self.peek() {
            Some('"') => self.string(),
            Some('{') => self.object(depth),
            Some('[') => self.array(depth),
            _ => {
                let words = ["null", "true", "false", "NaN", "Infinity", "-Infinity"];
                let taken = words.iter().any(|word| self.word(word));
                if taken || self.number() {
                    Ok(())
                } else {
                    stop("Expecting value", self.at)
                }
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<(), Stop> {
        self.at += 1;
        self.skip_space();
        if self.take('}') {
            return Ok(());
        }
        loop {
            if self.peek() != Some('"') {
                return stop("Expecting property name enclosed in double quotes", self.at);
            }
            self.string()?;
            self.skip_space();
            if !self.take(':') {
                return stop("Expecting ':' delimiter", self.at);
            }
            self.skip_space();
            self.value(depth + 1)?;
            self.skip_space();
            if self.take('}') {
                return Ok(());
            }
            self.comma()?;
        }
    }

    fn array(&mut self, depth: usize) -> Result<(), Stop> {
        self.at += 1;
        self.skip_space();
        if self.take(']') {
            return Ok(());
        }
        loop {
            self.value(depth + 1)?;
            self.skip_space();
            if self.take(']') {
                return Ok(());
            }
            self.comma()?;
        }
    }

    fn comma(&mut self) -> Result<(), Stop> {
        if !self.take(',') {
            return stop("Expecting ',' delimiter", self.at);
        }
        self.skip_space();
        Ok(())
    }

    fn string(&mut self) -> Result<(), Stop> {
        let begin = self.at;
        self.at += 1;
        loop {
            let Some(letter) = self.peek() else {
                return stop("Unterminated string starting at", begin);
            };
            match letter {
                '"' => {
                    self.at += 1;
                    return Ok(());
                }
                '\\' => self.escape(begin)?,
                '\0'..='\x1f' => return stop("Invalid control character at", self.at),
                _ => self.at += 1,
            }
        }
    }

    fn escape(&mut self, begin: usize) -> Result<(), Stop> {
        let backslash = self.at;
        self.at += 2;
        match self.letters.get(backslash + 1) {
            None => stop("Unterminated string starting at", begin),
            Some('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't') => Ok(()),
            Some('u') => {
                let digits = self.letters.get(self.at..self.at + 4).unwrap_or_default();
                // Python wants a letter after the digits before it looks at them.
                let cut = self.at + 4 >= self.letters.len();
                if cut || !digits.iter().all(char::is_ascii_hexdigit) {
                    return stop("Invalid \\uXXXX escape", backslash + 1);
                }
                self.at += 4;
                Ok(())
            }
            Some(_) => stop("Invalid \\escape", backslash),
        }
    }

    /// Takes as much as is a number: `01` is `0` with something behind it.
    fn number(&mut self) -> bool {
        let digits = |from: usize| {
            let rest = self.letters.get(from..).unwrap_or_default();
            rest.iter().take_while(|letter| letter.is_ascii_digit()).count()
        };
        let letter = |index: usize| self.letters.get(index).copied();
        let mut end = self.at + usize::from(self.peek() == Some('-'));
        match letter(end) {
            Some('0') => end += 1,
            Some('1'..='9') => end += digits(end),
            _ => return false,
        }
        if letter(end) == Some('.') && digits(end + 1) > 0 {
            end += 1 + digits(end + 1);
        }
        if matches!(letter(end), Some('e' | 'E')) {
            let sign = usize::from(matches!(letter(end + 1), Some('+' | '-')));
            let exponent = digits(end + 1 + sign);
            if exponent > 0 {
                end += 1 + sign + exponent;
            }
        }
        self.at = end;
        true
    }

    fn word(&mut self, word: &str) -> bool {
        let rest = self.letters.get(self.at..).unwrap_or_default();
        let there = word.chars().eq(rest.iter().copied().take(word.len()));
        if there {
            self.at += word.len();
        }
        there
    }

    fn take(&mut self, letter: char) -> bool {
        let there = self.peek() == Some(letter);
        self.at += usize::from(there);
        there
    }

    fn peek(&self) -> Option<char> {
        self.letters.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.at += 1;
        }
    }
}

const fn stop(message: &'static str, position: usize) -> Result<(), Stop> {
    Err(Stop::Complaint(Complaint { message, position }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `CPython` 3.12 said of each of these.
    #[test]
    fn complaints_are_those_of_python() {
        for (text, message, position) in [
            (r#"{"sequences":"#, "Expecting value", 13),
            (
                r#"{"sequences": "A",}"#,
                "Expecting property name enclosed in double quotes",
                18,
            ),
            ("{sequences: 1}", "Expecting property name enclosed in double quotes", 1),
            ("{", "Expecting property name enclosed in double quotes", 1),
            (r#"{"a":1,"#, "Expecting property name enclosed in double quotes", 7),
            (r#"{"a" 1}"#, "Expecting ':' delimiter", 5),
            (r#"{"a":1 "b":2}"#, "Expecting ',' delimiter", 7),
            (r#"{"a":1} x"#, "Extra data", 8),
            ("nope", "Expecting value", 0),
            ("  ", "Expecting value", 2),
            ("-", "Expecting value", 0),
            ("tru", "Expecting value", 0),
            ("01", "Extra data", 1),
            ("1.e3", "Extra data", 1),
            ("[", "Expecting value", 1),
            ("[,", "Expecting value", 1),
            ("[1,]", "Expecting value", 3),
            ("[1 2]", "Expecting ',' delimiter", 3),
            ("[\"\u{e9}\", x]", "Expecting value", 6),
            ("\"abc", "Unterminated string starting at", 0),
            ("\"\\", "Unterminated string starting at", 0),
            ("\"a\nb\"", "Invalid control character at", 2),
            (r#""a\qb""#, "Invalid \\escape", 2),
            (r#""a\u12""#, "Invalid \\uXXXX escape", 3),
            (r#""\u"#, "Invalid \\uXXXX escape", 2),
            (r#""\uzzzz""#, "Invalid \\uXXXX escape", 2),
            (r#""\u12345"#, "Unterminated string starting at", 0),
        ] {
            assert_eq!(complaint(text), Some(Complaint { message, position }), "{text}");
        }
    }

    #[test]
    fn what_python_takes_gives_no_complaint() {
        for text in [
            r#" {"a": [1, -2.5e+3, null, true, "x\n\u00e9"]} "#,
            "[NaN, Infinity, -Infinity]",
            r#""\ud800""#,
            "1e400",
            &"[".repeat(100_000),
        ] {
            assert_eq!(complaint(text), None);
        }
    }
}
