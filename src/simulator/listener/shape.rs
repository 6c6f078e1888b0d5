//! What Go's HTTP server refuses before anybody looks at a request, in its
//! words.

use http::{HeaderMap, Request, Version, header};

/// Why a request is answered with 400 and nothing else; the text is the answer.
#[must_use]
pub fn misshapen<B>(request: &Request<B>) -> Option<&'static str> {
    if !is_escaped(request.uri().path()) {
        return Some("400 Bad Request");
    }
    if request.version() >= Version::HTTP_2 {
        return None;
    }
    of_host(request.headers(), request.version())
}

fn of_host(headers: &HeaderMap, version: Version) -> Option<&'static str> {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(_), Some(_)) => Some("400 Bad Request"),
        (None, _) => (version == Version::HTTP_11).then_some("400 Bad Request: missing required Host header"),
        (Some(host), None) => {
            (!host.as_bytes().iter().copied().all(may_name)).then_some("400 Bad Request: malformed Host header")
        }
    }
}

/// Whether a byte may stand in the name of a host.
fn may_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!$%&'()*+,-.:;=[]_~".contains(&byte)
}

/// Whether two hexadecimal digits follow every percent sign.
fn is_escaped(path: &str) -> bool {
    path.split('%').skip(1).all(|rest| rest.len() >= 2 && rest.bytes().take(2).all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_escapes_are_looked_at_as_go_does() {
        let found = |path: &str, version: Version, hosts: &[&str]| {
            let mut request = Request::builder().uri(path).version(version).body(()).unwrap();
            for host in hosts {
                request.headers_mut().append(header::HOST, host.parse().unwrap());
            }
            misshapen(&request)
        };
        let [old, usual, new] = [Version::HTTP_10, Version::HTTP_11, Version::HTTP_2];
        for host in ["a", "a:1", "[::1]:80", ""] {
            assert_eq!(found("/a%20b%2F", usual, &[host]), None, "{host}");
        }
        assert_eq!(found("/", usual, &[]), Some("400 Bad Request: missing required Host header"));
        assert_eq!(found("/", old, &[]), None);
        assert_eq!(found("/", new, &[]), None);
        assert_eq!(found("/", usual, &["a", "a"]), Some("400 Bad Request"));
        for host in ["a b", "a/b", "a\"b"] {
            assert_eq!(found("/", usual, &[host]), Some("400 Bad Request: malformed Host header"), "{host}");
        }
        for path in ["/%zz", "/%", "/a%2", "/%2%20"] {
            assert_eq!(found(path, usual, &["a"]), Some("400 Bad Request"), "{path}");
            assert_eq!(found(path, new, &[]), Some("400 Bad Request"), "{path}");
        }
        assert_eq!(found("/a?b=%zz", usual, &["a"]), None, "a query is looked at later");
    }
}
