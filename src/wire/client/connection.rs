//! Makes connections to a model server and classifies their failures. Does not know the protocol above HTTP.

use std::error::Error;
use std::io;
use std::sync::Arc;

use reqwest::Url;
use reqwest::redirect::Policy;
use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, RootCertStore};

use super::{ClientError, ClientTimeouts, Phase};

/// The way to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    /// Without a proxy: hydrotest has started the server itself.
    Direct,
    /// With the proxy of the environment (`HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY`), except for this machine.
    Environment,
}

/// The most header lines of a response. Hyper limits their bytes to about 400 kB.
const MOST_HEADERS: usize = 64;

/// Checks an address and adds the final slash that is needed to join paths.
pub(super) fn base_address(text: &str) -> Result<Url, ClientError> {
    // The part before an `@` may be a password.
    let shown = text.rsplit('@').next().unwrap_or(text);
    let unusable = |why: &str| ClientError::Unusable(format!("{why}: {shown}"));
    let mut url = Url::parse(text).map_err(|error| unusable(&format!("not an address ({error})")))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(unusable("expected http:// or https:// and a host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(unusable("an address must not hold credentials"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(unusable("an address must end with its path"));
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

/// A client for exchanges with one server, which keeps up to `idle` idle connections.
pub(super) fn open(
    base: &Url,
    timeouts: &ClientTimeouts,
    route: Route,
    idle: usize,
) -> Result<reqwest::Client, ClientError> {
    let builder = reqwest::Client::builder()
        .tls_backend_preconfigured(encryption(base)?)
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(timeouts.connect)
        .pool_max_idle_per_host(idle)
        .tcp_nodelay(true)
        .http1_only()
        .http1_max_headers(MOST_HEADERS);
    let builder = if route == Route::Direct || is_loopback(base) { builder.no_proxy() } else { builder };
    builder.build().map_err(|error| ClientError::Unusable(deepest(&error)))
}

/// Whether the server is on this machine, which needs no proxy.
fn is_loopback(base: &Url) -> bool {
    let host = base.host_str().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.parse::<std::net::IpAddr>().map_or_else(
        |_| host == "localhost" || host.ends_with(".localhost"),
        |address| address.is_loopback() || address.is_unspecified(),
    )
}

/// TLS by rustls with ring, verified with the certificates of the system. An `http` address must also work without certificates, such
/// as in an empty container.
fn encryption(base: &Url) -> Result<ClientConfig, ClientError> {
    let unusable = |error: rustls::Error| ClientError::Unusable(format!("TLS cannot be set up: {error}"));
    let provider: Arc<CryptoProvider> = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(unusable)?;
    if base.scheme() == "http" {
        return Ok(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth());
    }
    let verifier = rustls_platform_verifier::Verifier::new(provider).map_err(unusable)?;
    Ok(builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth())
}

/// The error of a failed exchange.
pub(super) fn failure(error: &reqwest::Error, base: &Url, timeouts: &ClientTimeouts) -> ClientError {
    if error.is_connect() && error.is_timeout() {
        return ClientError::Timeout { phase: Phase::Connect, limit: timeouts.connect };
    }
    let cause = deepest(error);
    let has_kind = |kinds: &[io::ErrorKind]| {
        causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).any(|cause| kinds.contains(&cause.kind()))
    };
    if error.is_connect() {
        let refused = has_kind(&[io::ErrorKind::ConnectionRefused]);
        return ClientError::Unreachable { address: base.as_str().to_owned(), cause, refused };
    }
    let mut http_errors = causes(error).filter_map(|cause| cause.downcast_ref::<hyper::Error>());
    if http_errors.any(|cause| cause.is_parse() || cause.is_parse_too_large())
        || has_kind(&[io::ErrorKind::InvalidData, io::ErrorKind::InvalidInput])
    {
        return ClientError::Protocol(format!("the response is not HTTP: {cause}"));
    }
    ClientError::Dropped(cause)
}

/// An error and its chain of causes.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// The innermost cause, which is the most specific.
fn deepest(error: &reqwest::Error) -> String {
    causes(error).last().map_or_else(String::new, ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_keep_their_path_and_gain_a_slash() {
        let joined = |base: &str| base_address(base).unwrap().join("fold").unwrap().to_string();
        assert_eq!(joined("http://127.0.0.1:8000"), "http://127.0.0.1:8000/fold");
        assert_eq!(joined("https://host/models/esm2"), "https://host/models/esm2/fold");
    }

    #[test]
    fn an_address_that_is_not_plain_http_is_refused_without_showing_credentials() {
        for text in ["", "host:80", "ftp://host", "http://", "http://u:pw@host", "http://host/?a", "http://host/#a"] {
            let error = base_address(text).unwrap_err();
            assert!(matches!(error, ClientError::Unusable(_)), "{text}");
            assert!(!error.to_string().contains("pw"), "{error}");
        }
    }

    #[test]
    fn only_this_machine_is_loopback() {
        let loopback = |text: &str| is_loopback(&Url::parse(text).unwrap());
        assert!(loopback("http://127.0.0.1:1/"));
        assert!(loopback("http://127.8.9.1/"));
        assert!(loopback("http://[::1]:1/"));
        assert!(loopback("http://localhost/"));
        assert!(!loopback("http://example.org/"));
        assert!(!loopback("http://10.0.0.1/"));
        assert!(!loopback("http://localhost.example.org/"));
    }
}
