//! Addresses of API servers and proxies: how a typed one is completed, and how
//! one is shown without the password that it may hold.

use http::Uri;

use crate::error::Failure;

/// The server's address as kubectl completes it: without a scheme it is https
/// when anything about TLS is configured, else http.
pub fn of_server(text: &str, tls: bool) -> Result<Uri, Failure> {
    let text = text.trim();
    let complete = match text.contains("://") {
        true => text.to_owned(),
        false if tls => format!("https://{text}"),
        false => format!("http://{text}"),
    };
    let bad = |why: &str| {
        Failure::usage("bad-server-address", format!("the server's address {why}"))
            .hint("write it as https://HOST:PORT, with `--server` or as `server` in the kubeconfig")
    };
    let uri: Uri = complete.parse().map_err(|_| bad("is not an address"))?;
    let host = uri.host().unwrap_or_default();
    match uri.scheme_str() {
        Some("http" | "https") if !host.is_empty() => {}
        _ => return Err(bad(&format!("`{}` is neither http nor https", shown(&uri)))),
    }
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err(bad("must not hold a user or a password"));
    }
    let names_port = uri.authority().is_some_and(|authority| authority.as_str() != host);
    if names_port && uri.port_u16().is_none() {
        return Err(bad("has a port that is no number up to 65535"));
    }
    if uri.query().is_some() {
        return Err(bad("must not hold a query"));
    }
    Ok(uri)
}

/// An address for people: never its user or password.
pub fn shown(uri: &Uri) -> String {
    let host = uri.host().unwrap_or_default();
    let port = uri.port_u16().map(|port| format!(":{port}")).unwrap_or_default();
    let scheme = uri.scheme_str().map(|scheme| format!("{scheme}://")).unwrap_or_default();
    format!("{scheme}{host}{port}{}", uri.path().trim_end_matches('/'))
}

/// A host without the brackets of an IPv6 address.
pub fn bare_host(host: &str) -> &str {
    host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_scheme_is_completed_as_kubectl_does() {
        let completed = |text, tls| shown(&of_server(text, tls).unwrap());
        assert_eq!(completed("localhost:8080", false), "http://localhost:8080");
        assert_eq!(completed("10.0.0.1:6443", true), "https://10.0.0.1:6443");
        assert_eq!(completed("https://h/k8s/clusters/c-1/", false), "https://h/k8s/clusters/c-1");
        assert_eq!(completed("https://[::1]:6443", false), "https://[::1]:6443");
    }

    #[test]
    fn what_is_no_server_address_is_refused_without_echoing_passwords() {
        for bad in [
            "",
            "https://",
            "ftp://h",
            "https://me:hunter2@h",
            "https://h?token=hunter2",
            "a b",
            "http:///x",
            "http://h:99999",
            "h:x",
        ] {
            let failure = of_server(bad, true).unwrap_err();
            assert_eq!(failure.code, "bad-server-address", "{bad}");
            assert!(!format!("{failure:?}").contains("hunter2"), "{failure:?}");
        }
    }
}
