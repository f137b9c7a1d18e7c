//! Which variables of this process a model server does not inherit: tokens of clouds, code forges and registries, which are the
//! user's and of no use to a model. Reads the key `pass_env` and names variables; changes no environment.

use std::ffi::OsString;

use crate::config::TableReader;

/// Names of variables with credentials; a `*` stands for any end. A token of Hugging Face is not among them: servers load weights
/// with it.
const CREDENTIALS: [&str; 30] = [
    "ACTIONS_ID_TOKEN_*",
    "ACTIONS_RUNTIME_TOKEN",
    "ALIBABA_CLOUD_*",
    "ANTHROPIC_API_KEY",
    "ARM_CLIENT_*",
    "AWS_*",
    "AZURE_*",
    "BUILDKITE_AGENT_ACCESS_TOKEN",
    "CARGO_REGISTRY_TOKEN",
    "CI_JOB_TOKEN",
    "CI_REGISTRY_PASSWORD",
    "CLOUDFLARE_*",
    "CLOUDSDK_AUTH_*",
    "CODECOV_TOKEN",
    "DIGITALOCEAN_ACCESS_TOKEN",
    "DOCKER_AUTH_CONFIG",
    "DOCKER_PASSWORD",
    "GCP_*",
    "GH_TOKEN",
    "GITHUB_TOKEN",
    "GITLAB_TOKEN",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_CREDENTIALS",
    "MODAL_TOKEN_*",
    "NPM_TOKEN",
    "OPENAI_API_KEY",
    "PYPI_TOKEN",
    "RUNPOD_API_KEY",
    "TWINE_PASSWORD",
    "VAULT_TOKEN",
];

/// What a backend's table says about the variables that its servers inherit.
#[derive(Debug, Default)]
pub(crate) struct Withheld {
    /// Names, or beginnings of names with a `*`, that are handed on all the same.
    passed: Vec<String>,
}

impl Withheld {
    /// Takes the key `pass_env` out of a backend's table.
    pub(crate) fn read(reader: &mut TableReader<'_>) -> Self {
        let passed = reader.texts("pass_env").unwrap_or_default();
        if let Some(wrong) = passed.iter().find(|name| !is_pattern(name)) {
            let message = format!("`{wrong}` in `pass_env` is no name of a variable");
            reader.reject("pass_env", message, "expected names such as \"AWS_REGION\" or \"AWS_*\"");
        }
        Self { passed }
    }

    /// The variables of this process that a server is not to have.
    pub(crate) fn names(&self) -> Vec<OsString> {
        let mut names: Vec<OsString> = std::env::vars_os().map(|(name, _)| name).collect();
        names.retain(|name| self.withholds(&name.to_string_lossy()));
        names.sort();
        names
    }

    fn withholds(&self, name: &str) -> bool {
        CREDENTIALS.iter().any(|pattern| matches(pattern, name))
            && !self.passed.iter().any(|pattern| matches(pattern, name))
    }
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => name == pattern,
    }
}

fn is_pattern(text: &str) -> bool {
    let name = text.strip_suffix('*').unwrap_or(text);
    let letters = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    !text.is_empty() && name.chars().all(letters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_stay_here_unless_the_table_asks_for_them() {
        let plain = Withheld::default();
        for name in ["AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "AZURE_CLIENT_SECRET", "MODAL_TOKEN_ID"] {
            assert!(plain.withholds(name), "{name}");
        }
        for name in ["PATH", "HF_TOKEN", "CUDA_VISIBLE_DEVICES", "GITHUB_TOKENS", "AWSOME", "MODEL_DIR"] {
            assert!(!plain.withholds(name), "{name}");
        }
        let asked = Withheld { passed: vec!["AWS_REGION".into(), "MODAL_*".into()] };
        assert!(!asked.withholds("AWS_REGION") && !asked.withholds("MODAL_TOKEN_SECRET"));
        assert!(asked.withholds("AWS_SECRET_ACCESS_KEY"));
    }

    #[test]
    fn only_names_of_variables_can_be_passed() {
        assert!(is_pattern("AWS_REGION") && is_pattern("AWS_*") && is_pattern("*"));
        assert!(!is_pattern("") && !is_pattern("A=b") && !is_pattern("*_TOKEN"));
    }
}
