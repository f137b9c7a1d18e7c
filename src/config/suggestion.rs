//! "Did you mean": the known name nearest to a mistyped one. Knows spelling only, not what the names stand for.

/// The candidate that `word` was most likely meant to be; `None` when nothing is near.
///
/// Near means at most one edit (insertion, deletion, substitution or swap of neighbours) in three letters, capitals and
/// `-` for `_` aside; failing that, a name that begins with the word. Of equally near candidates the first wins.
pub(crate) fn suggest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let folded = fold(word);
    let letters = folded.chars().count();
    let mut nearest: Option<(usize, &str)> = None;
    let mut longer = None;
    for candidate in candidates.into_iter().filter(|candidate| *candidate != word) {
        let other = fold(candidate);
        let length = other.chars().count();
        let distance = strsim::osa_distance(&folded, &other);
        // One edit turns any single letter into any other, so short names need more than that in common.
        let near = distance <= (letters.max(length) / 3).max(1) && distance < letters.min(length).max(1);
        if near && nearest.is_none_or(|(best, _)| distance < best) {
            nearest = Some((distance, candidate));
        }
        if letters >= 3 && other.starts_with(&folded) {
            longer = longer.or(Some(candidate));
        }
    }
    nearest.map(|(_, candidate)| candidate).or(longer).map(str::to_owned)
}

/// Names for a sentence: `a`, `b`, `c`. All of them, for the one that is looked for may be the last.
pub(super) fn list_names<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let shown: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    shown.join(", ")
}

fn fold(word: &str) -> String {
    word.chars().map(|letter| if letter == '-' { '_' } else { letter.to_ascii_lowercase() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_listed() {
        let names: Vec<String> = (0..30).map(|number| format!("key{number}")).collect();
        let listed = list_names(names.iter().map(String::as_str));
        assert!(listed.starts_with("`key0`, ") && listed.ends_with("`key29`"), "{listed}");
        assert_eq!(listed.matches('`').count(), 60);
    }

    #[test]
    fn the_nearest_name_wins_and_far_ones_are_not_offered() {
        let known = ["hidden_states", "embeddings", "lm_logits"];
        assert_eq!(suggest("hiden_state", known).as_deref(), Some("hidden_states"));
        assert_eq!(suggest("LM-logits", known).as_deref(), Some("lm_logits"));
        assert_eq!(suggest("hidden", known).as_deref(), Some("hidden_states"));
        assert_eq!(suggest("plddt", known), None);
        assert_eq!(suggest("B", ["L", "D"]), None);
        assert_eq!(suggest("knid", ["kind"]).as_deref(), Some("kind"));
    }
}
