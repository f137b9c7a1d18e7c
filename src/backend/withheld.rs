//! The environment variables that a model server does not inherit: tokens of clouds, code forges and registries. Reads the key
//! `pass_env` and lists names. Does not change an environment.

use std::ffi::OsString;

use crate::config::TableReader;

/// Names of variables with credentials; a trailing `*` matches any suffix. `HF_TOKEN` is not withheld: servers download weights with it.
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

/// The withheld variables of a backend.
#[derive(Debug, Default)]
pub(crate) struct Withheld {
    /// Exceptions: names, or prefixes with a `*`, that are inherited anyway.
    passed: Vec<String>,
}

impl Withheld {
    /// Reads the key `pass_env` of a backend's table.
    pub(crate) fn read(reader: &mut TableReader<'_>) -> Self {
        let passed = reader.texts("pass_env").unwrap_or_default();
        if let Some(wrong) = passed.iter().find(|name| !is_pattern(name)) {
            let message = format!("`{wrong}` in `pass_env` is no name of a variable");
            reader.reject("pass_env", message, "expected names such as \"AWS_REGION\" or \"AWS_*\"");
        }
        Self { passed }
    }

    /// The variables of this process that a server must not inherit.
    pub(crate) fn names(&self) -> Vec<OsString> {
        let mut names: Vec<OsString> = std::env::vars_os().map(|(name, _)| name).collect();
        names.retain(|name| self.withholds(&name.to_string_lossy()));
        names.sort();
        names
    }

    fn withholds(&self, name: &str) -> bool {
        let matches = |pattern: &str| match pattern.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => name == pattern,
        };
        CREDENTIALS.into_iter().any(matches) && !self.passed.iter().any(|pattern| matches(pattern))
    }
}

fn is_pattern(text: &str) -> bool {
    let name = text.strip_suffix('*').unwrap_or(text);
    !text.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
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
