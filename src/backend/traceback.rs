//! Finds the exception that a Python program ended with in the lines it logged. Reads text; has no opinion on it.

/// The line with which Python begins a traceback.
const BEGIN: &str = "Traceback (most recent call last):";

/// The class and the words of the last exception whose traceback was logged.
pub(super) fn last_exception(log: &[String]) -> Option<&str> {
    let begin = log.iter().rposition(|line| line.trim() == BEGIN)?;
    // Frames are indented; the first line that is not has the exception.
    let mut lines = log.get(begin + 1..)?.iter();
    let exception = lines.find(|line| !line.starts_with([' ', '\t']) && !line.trim().is_empty())?;
    Some(exception.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn the_last_exception_is_found_among_other_lines() {
        let log = lines(
            "loading\nTraceback (most recent call last):\n  File \"a.py\", line 1, in f\n    f()\nKeyError: 'a'\n\n\
             During handling of the above exception, another exception occurred:\n\n\
             Traceback (most recent call last):\n  File \"b.py\", line 2\n\nValueError: Unsupported model: nope\nbye",
        );
        assert_eq!(last_exception(&log), Some("ValueError: Unsupported model: nope"));
    }

    #[test]
    fn a_log_without_an_exception_has_none() {
        assert_eq!(last_exception(&lines("Error: no such file\nbye")), None);
        assert_eq!(last_exception(&lines("Traceback (most recent call last):\n  File \"a.py\"")), None);
        assert_eq!(last_exception(&[]), None);
    }
}
