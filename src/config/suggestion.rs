//! "Did you mean": the known name nearest to a mistyped one. Knows spelling only, not what the names stand for.

/// The candidate that `word` was most likely meant to be; `None` when nothing is near.
///
/// Near means at most one edit (insertion, deletion, substitution or swap of neighbours) in three letters, capitals and
/// `-` for `_` aside. Of equally near candidates the first wins.
#[must_use]
pub fn suggest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let folded = fold(word);
    let letters = folded.chars().count();
    candidates
        .into_iter()
        .filter(|candidate| *candidate != word)
        .map(|candidate| {
            let other = fold(candidate);
            let allowed = (letters.max(other.chars().count()) / 3).max(1);
            (strsim::osa_distance(&folded, &other), allowed, candidate)
        })
        .filter(|(distance, allowed, candidate)| {
            // One edit turns any single letter into any other, so short names need more than that in common.
            distance <= allowed && *distance < letters.min(candidate.chars().count()).max(1)
        })
        .min_by_key(|(distance, ..)| *distance)
        .map(|(.., candidate)| candidate.to_owned())
}

/// Names for a sentence: `a`, `b` and `c`, cut after the first dozen.
pub(super) fn list_names<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 12;
    let names: Vec<&str> = names.into_iter().collect();
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn fold(word: &str) -> String {
    word.chars()
        .map(|letter| {
            if letter == '-' {
                '_'
            } else {
                letter.to_ascii_lowercase()
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_wins_and_far_ones_are_not_offered() {
        let known = ["hidden_states", "embeddings", "lm_logits"];
        assert_eq!(suggest("hiden_state", known).as_deref(), Some("hidden_states"));
        assert_eq!(suggest("LM-logits", known).as_deref(), Some("lm_logits"));
        assert_eq!(suggest("plddt", known), None);
        assert_eq!(suggest("B", ["L", "D"]), None);
        assert_eq!(suggest("knid", ["kind"]).as_deref(), Some("kind"));
    }
}
