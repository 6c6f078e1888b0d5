//! Which proxy leads to the API server, by the same rules as Go's, which
//! kubectl follows: `HTTPS_PROXY` or `HTTP_PROXY` by the server's scheme,
//! `NO_PROXY` matched against the *server's* address, never one for loopback.
//! kube 5 matches `NO_PROXY` against the proxy and fails on a trailing comma,
//! so it is never asked.

use std::net::IpAddr;

use http::Uri;
use ipnet::IpNet;

use super::address::{bare_host, shown};
use super::environment::Environment;
use crate::error::Failure;

/// The proxy for this server, if one is to be used. `proxy-url` of a
/// kubeconfig wins over every variable, and `NO_PROXY` does not concern it.
pub fn for_server(
    server: &Uri,
    of_kubeconfig: Option<&str>,
    environment: &Environment,
) -> Result<Option<Uri>, Failure> {
    if let Some(proxy) = of_kubeconfig.filter(|proxy| !proxy.is_empty()) {
        return parse(proxy, "`proxy-url` of the kubeconfig").map(Some);
    }
    let (variable, proxy) = if server.scheme_str() == Some("http") {
        ("HTTP_PROXY", &environment.http_proxy)
    } else {
        ("HTTPS_PROXY", &environment.https_proxy)
    };
    match proxy.as_deref().filter(|proxy| !proxy.is_empty()) {
        Some(proxy) if !bypassed(server, environment.no_proxy.as_deref().unwrap_or_default()) => {
            parse(proxy, &format!("`{variable}`")).map(Some)
        }
        _ => Ok(None),
    }
}

/// A proxy's address may hold a password, so errors name where it came from
/// and never what it says.
fn parse(text: &str, origin: &str) -> Result<Uri, Failure> {
    let text = text.trim();
    let with_scheme = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    // The host name is resolved by the proxy in both spellings.
    let with_scheme = with_scheme.replacen("socks5h://", "socks5://", 1);
    let bad = |why: &str| Failure::usage("bad-proxy", format!("{origin} {why}")).hint("write it as http://HOST:PORT");
    let uri: Uri = with_scheme.parse().map_err(|_| bad("is not an address"))?;
    match uri.scheme_str() {
        Some("http" | "https" | "socks5") if uri.host().is_some_and(|host| !host.is_empty()) => Ok(uri),
        _ => Err(bad(&format!("is not a proxy we can use: {}", shown(&uri)))),
    }
}

/// Whether `NO_PROXY` or its nature as loopback exempts the server.
fn bypassed(server: &Uri, no_proxy: &str) -> bool {
    let Some(host) = server.host() else { return true };
    let host = bare_host(host).trim_end_matches('.').to_ascii_lowercase();
    let ip: Option<IpAddr> = host.parse().ok();
    if host == "localhost" || ip.is_some_and(|ip| ip.is_loopback()) {
        return true;
    }
    let port = server.port_u16().unwrap_or(if server.scheme_str() == Some("http") { 80 } else { 443 });
    no_proxy.split(',').map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| matches(entry, &host, ip, port))
}

/// One entry of `NO_PROXY`: `*`, an address, a network, or a name, each but the
/// network with an optional port. `a.b` is also good for `x.a.b`; `.a.b` and
/// `*.a.b` only for what lies below.
fn matches(entry: &str, host: &str, ip: Option<IpAddr>, port: u16) -> bool {
    if entry == "*" {
        return true;
    }
    if let Ok(network) = entry.parse::<IpNet>() {
        return ip.is_some_and(|ip| network.contains(&ip));
    }
    if let Ok(address) = bare_host(entry).parse::<IpAddr>() {
        return ip == Some(address);
    }
    let (name, wanted_port) = match entry.rsplit_once(':') {
        Some((name, digits)) => match digits.parse::<u16>() {
            Ok(wanted) => (name, Some(wanted)),
            Err(_) => return false,
        },
        None => (entry, None),
    };
    if wanted_port.is_some_and(|wanted| wanted != port) {
        return false;
    }
    if let Ok(address) = bare_host(name).parse::<IpAddr>() {
        return ip == Some(address);
    }
    let name = name.strip_prefix('*').unwrap_or(name).to_ascii_lowercase();
    match name.strip_prefix('.') {
        Some("") => false,
        Some(_) => host.ends_with(&name),
        None => host == name || host.strip_suffix(&name).is_some_and(|below| below.ends_with('.')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(https: &str, no: &str) -> Environment {
        Environment { https_proxy: Some(https.into()), no_proxy: Some(no.into()), ..Environment::default() }
    }

    fn goes_through(server: &str, no: &str) -> bool {
        for_server(&server.parse().unwrap(), None, &with("http://proxy:3128", no)).unwrap().is_some()
    }

    #[test]
    fn no_proxy_is_matched_against_the_server_not_the_proxy() {
        assert!(!goes_through("https://10.1.2.3:6443", "10.0.0.0/8"));
        assert!(goes_through("https://11.1.2.3:6443", "10.0.0.0/8"));
        assert!(goes_through("https://10.1.2.3:6443", "proxy,proxy:3128"));
    }

    #[test]
    fn names_match_with_what_lies_below_them() {
        for (entry, exempt) in [
            ("k8s.example.com", true),
            ("example.com", true),
            ("EXAMPLE.com", true),
            (".example.com", true),
            ("*.example.com", true),
            ("ample.com", false),
            (".k8s.example.com", false),
            ("example.com:6443", true),
            ("example.com:443", false),
            ("*", true),
            (".", false),
        ] {
            assert_eq!(!goes_through("https://k8s.example.com:6443", entry), exempt, "{entry}");
        }
        assert!(!goes_through("https://[fd00::1]:6443", "fd00::1"));
        assert!(!goes_through("https://[fd00::1]:6443", "[fd00::1]:6443"));
        assert!(!goes_through("https://[fd00::1]:6443", "fd00::/8"));
    }

    #[test]
    fn trailing_commas_and_rubbish_are_harmless() {
        assert!(!goes_through("https://a.b", "x,,a.b, ,"));
        assert!(goes_through("https://a.b", ",,10.0.0.0/99,:::,a.b:port,é"));
    }

    #[test]
    fn loopback_never_goes_through_a_proxy() {
        for server in ["https://127.0.0.1:6443", "https://localhost:6443", "https://[::1]:6443"] {
            assert!(!goes_through(server, ""), "{server}");
        }
    }

    #[test]
    fn the_variable_is_chosen_by_the_server_s_scheme() {
        let environment = Environment {
            https_proxy: Some("secure:1".into()),
            http_proxy: Some("http://plain:2".into()),
            ..Environment::default()
        };
        let chosen = |server: &str| {
            for_server(&server.parse().unwrap(), None, &environment).unwrap().map(|proxy| proxy.to_string())
        };
        assert_eq!(chosen("https://a.b"), Some("http://secure:1/".into()));
        assert_eq!(chosen("http://a.b"), Some("http://plain:2/".into()));
    }

    #[test]
    fn the_kubeconfig_s_own_proxy_wins() {
        let server = "https://10.1.2.3".parse().unwrap();
        let chosen = for_server(&server, Some("socks5h://own:1080"), &with("http://proxy", "10.0.0.0/8")).unwrap();
        assert_eq!(chosen.unwrap().to_string(), "socks5://own:1080/");
    }

    #[test]
    fn a_bad_proxy_is_named_without_its_password() {
        for bad in ["ftp://me:hunter2@proxy", "http://me:hunter2@ a", "http://"] {
            let failure = for_server(&"https://a.b".parse().unwrap(), None, &with(bad, "")).unwrap_err();
            assert!(failure.message.contains("HTTPS_PROXY"), "{failure}");
            assert!(!format!("{failure:?}").contains("hunter2"), "{failure:?}");
        }
    }
}
