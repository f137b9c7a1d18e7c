//! Known failures: of boileroom's own code, which a model's contract or the configuration lists, or of one site, which its own file
//! lists. Matches them with findings; does not decide verdicts.

use serde::{Deserialize, Serialize};

/// Whose failure an entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KnownOrigin {
    /// Of boileroom's own code, the same on every platform: no fault of the backend.
    Upstream,
    /// Of one backend, listed by those who run it: a fault that is known.
    Site,
}

/// How a listed case goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KnownCourse {
    /// Always.
    Always,
    /// Now and then: it passes when tried again.
    Flaky,
}

/// One `[[models.KEY.known]]` or `[[known]]` table: a case goes wrong in a known way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownDefect {
    /// The owner of the failure.
    pub(crate) origin: KnownOrigin,
    /// Whether it always fails.
    pub(crate) course: KnownCourse,
    /// The cases, as `suite::case`, or as `model::suite::case` in the file of a site. `*` matches anything.
    pub(crate) case: String,
    /// Phrases, of which a finding must contain one.
    pub(crate) messages: Vec<String>,
    /// Keys of the models. `None` means all models for which the entry is declared.
    pub(crate) models: Option<Vec<String>>,
    /// The backend of boileroom that has the defect. `None` means all.
    pub(crate) through: Option<String>,
    /// Releases of boileroom that have the defect. `None` means all.
    pub(crate) boileroom: Option<Vec<String>>,
    /// The description of the defect.
    pub(crate) reason: String,
    /// A page about it.
    pub(crate) link: String,
    /// The last day on which the entry counts, in days since 1970.
    pub(crate) expires: i64,
    /// The same day as written in the file.
    pub(crate) expires_text: String,
    /// The place of the table, as `file:line:column`.
    pub(crate) place: String,
}

impl KnownDefect {
    /// Whether it is about a case of a suite, repeated for a variant or not.
    pub(crate) fn is_about(&self, suite: &str, case: &str) -> bool {
        let case = case.split('@').next().unwrap_or(case);
        matches_pattern(&self.case, &format!("{suite}::{case}"))
    }

    /// Whether it is an entry of a site about a case by its whole name, with or without the variant it is repeated for.
    pub(crate) fn is_about_name(&self, name: &str) -> bool {
        let plain = name.split('@').next().unwrap_or(name);
        matches_pattern(&self.case, name) || matches_pattern(&self.case, plain)
    }

    /// Whether it is about a single case, so that one pass shows that it is gone.
    pub(crate) fn is_about_one(&self) -> bool {
        !self.case.contains('*')
    }

    /// Whether a release has it; of an unknown one that is taken for granted.
    pub(crate) fn concerns(&self, boileroom: Option<&str>) -> bool {
        match (&self.boileroom, boileroom) {
            (Some(releases), Some(release)) => releases.iter().any(|known| known == release),
            _ => true,
        }
    }

    /// Whether it may show in a model.
    pub(crate) fn concerns_model(&self, key: &str) -> bool {
        self.models.as_ref().is_none_or(|models| models.iter().any(|model| model == key))
    }

    /// Whether it shows on a backend that goes through one of boileroom's own, or through none.
    pub(crate) fn shows_through(&self, own: Option<&str>) -> bool {
        self.through.as_deref().is_none_or(|through| own == Some(through))
    }

    /// Whether it explains a finding. An entry for a flaky case needs no messages.
    pub(crate) fn explains(&self, finding: &str) -> bool {
        (self.messages.is_empty() && self.course == KnownCourse::Flaky)
            || self.messages.iter().any(|message| finding.contains(message.as_str()))
    }
}

/// Whether a text matches a pattern, in which `*` matches anything.
pub(crate) fn matches_pattern(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

/// Days from 1970 to a date of the Gregorian calendar as `2027-06-30`; `None` where the text is none.
pub(crate) fn days(date: &str) -> Option<i64> {
    let parts: Vec<&str> = date.split('-').collect();
    let [year, month, day] = parts[..] else { return None };
    let number = |text: &str, size: usize| text.parse::<i64>().ok().filter(|_| text.len() == size);
    let (year, month, day) = (number(year, 4)?, number(month, 2)?, number(day, 2)?);
    let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = |month: i64| match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if year < 1970 || !(1..=12).contains(&month) || !(1..=length(month)).contains(&day) {
        return None;
    }
    let leap_days = |year: i64| (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400;
    let years = (year - 1970) * 365 + leap_days(year) - leap_days(1970);
    Some(years + (1..month).map(length).sum::<i64>() + day - 1)
}

/// The date of a day, counted from 1970, as `2027-06-30`: what [`days`] reads.
pub(crate) fn date(day: i64) -> String {
    // Years begin in March here, so that the leap day is the last of its year (Hinnant, `civil_from_days`).
    let day = day + 719_468;
    let era = day.div_euclid(146_097);
    let of_era = day.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{of_month:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_from_1970() {
        assert_eq!(days("1970-01-01"), Some(0));
        assert_eq!(days("2000-03-01"), Some(11_017));
        assert_eq!(days("2026-11-28"), Some(20_785));
        for wrong in ["2027-02-29", "2027-13-01", "2027-1-1", "27-01-01", "soon", "2027-01-01T00:00:00"] {
            assert_eq!(days(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn dates_are_the_days_they_were_read_from() {
        for day in (0..40_000).step_by(17) {
            assert_eq!(days(&date(day)), Some(day), "{day}");
        }
        assert_eq!(date(11_016), "2000-02-29");
    }

    #[test]
    fn a_star_stands_for_anything() {
        assert!(
            matches_pattern("batch::two_folds", "batch::two_folds")
                && !matches_pattern("batch::two", "batch::two_folds")
        );
        assert!(
            matches_pattern("batch::*", "batch::two_folds")
                && matches_pattern("*", "x")
                && matches_pattern("*::two_*s", "batch::two_folds")
        );
        assert!(!matches_pattern("fold::*", "batch::fold") && !matches_pattern("a*a", "a"));
    }
}
