//! A record that may leave the machine: names of people, machines and places, and secrets, are taken out of every text.

use serde_json::Value;

use super::RunRecord;

/// A record in which each first text is replaced by its second one wherever it stands; longer ones first, so that no part of one is
/// left over.
///
/// # Errors
/// When the record has no JSON form, of which it holds none.
pub(crate) fn redacted(run: &RunRecord, words: &[(String, String)]) -> serde_json::Result<RunRecord> {
    let mut words: Vec<&(String, String)> = words.iter().filter(|(word, _)| !word.is_empty()).collect();
    words.sort_by_key(|(word, _)| std::cmp::Reverse(word.len()));
    let mut run = run.clone();
    // Numbers as base64 hold every short word by chance, and no secret.
    let plots: Vec<_> = run.cases.iter_mut().map(|case| std::mem::take(&mut case.plots)).collect();
    let mut value = serde_json::to_value(run)?;
    replace(&mut value, &words);
    let mut redacted: RunRecord = serde_json::from_value(value)?;
    for (case, plots) in redacted.cases.iter_mut().zip(plots) {
        case.plots = plots;
    }
    Ok(redacted)
}

fn replace(value: &mut Value, words: &[&(String, String)]) {
    match value {
        Value::String(text) => {
            for (word, other) in words {
                if text.contains(word.as_str()) {
                    *text = text.replace(word.as_str(), other);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, words)),
        Value::Object(entries) => entries.values_mut().for_each(|item| replace(item, words)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{case, finding, run};
    use super::*;
    use crate::outcome::Verdict;

    #[test]
    fn words_are_taken_out_wherever_they_stand() {
        let mut wrong = finding("response", "the call gave OSError: /home/ada/key is missing");
        wrong.log = vec!["token hf_abcdefgh of ada at /home/ada".into()];
        let words = [("/home/ada", "~"), ("hf_abcdefgh", "<HF_TOKEN>"), ("", "nothing")];
        let words = words.map(|(word, other)| (word.to_owned(), other.to_owned()));
        let run = redacted(&run(vec![case("a::b::c", Verdict::Fail, vec![wrong])]), &words).unwrap();
        let finding = &run.cases[0].findings()[0];
        assert_eq!(finding.summary, "the call gave OSError: ~/key is missing");
        assert_eq!(finding.log, ["token <HF_TOKEN> of ada at ~"]);
    }
}
