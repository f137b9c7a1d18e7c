//! Normalizes what the program prints, so that it is the same for every run. Only rewrites text. Does not check anything.

/// The text with each string of a pair replaced by the other one, every duration by `TIME`, and every port by `PORT`.
pub fn plain(text: &str, names: &[(&str, &str)]) -> String {
    let replaced = names.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    let replaced = without_offers(&replaced);
    // The portable version of the operating system reports what it cannot detect in additional lines.
    let lines = replaced.split_inclusive('\n');
    let replaced: String = lines.filter(|line| !line.contains("not available on this system")).collect();
    let mut rest = replaced.as_str();
    let mut plain = String::new();
    while let Some(start) = rest.find(|letter: char| letter.is_ascii_digit()) {
        let number = &rest[start..];
        let end = number.find(|letter: char| !letter.is_ascii_digit() && letter != '.');
        let (number, after) = number.split_at(end.unwrap_or(number.len()));
        let unit = after.strip_prefix(" s").or_else(|| after.strip_prefix('s'));
        let is_time = number.contains('.') && unit.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric));
        plain += &rest[..start];
        let is_time = is_time && plain.ends_with(" in ");
        let is_port = plain.ends_with("127.0.0.1:");
        plain += match (is_time, is_port) {
            (true, _) => "TIME",
            (_, true) => "PORT",
            _ => number,
        };
        rest = after;
    }
    plain + rest
}

/// The text without the dated entries that failures suggest for a file of known failures. `cli/known.rs` tests those.
fn without_offers(text: &str) -> String {
    let mut parts = text.split("\n\nif this is known of backend ");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find("\nexpires = ").map_or(0, |start| start + "\nexpires = 2027-06-30".len());
        kept += &part[end..];
    }
    kept
}

/// The failures in the output: the findings of every case, without the commands that reproduce them, and the verdict.
pub fn failures(reported: &str, names: &[(&str, &str)]) -> String {
    let reported = plain(reported, names);
    let (_, findings) = reported.split_once("failures:\n").unwrap_or(("", &reported));
    let (findings, rest) = findings.split_once("\nfailures:\n").unwrap_or((findings, ""));
    let verdict = rest.lines().filter(|line| line.contains("(exit code "));
    let findings = findings.trim().lines().filter(|line| !line.starts_with("reproduce: "));
    findings.chain(verdict).collect::<Vec<_>>().join("\n")
}
