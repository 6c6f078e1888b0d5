//! On whose behalf the administrator asks, by the `Impersonate-*` headers.
//! Whoever cannot be read must not become the administrator.

use std::collections::BTreeMap;

use http::HeaderMap;

use super::access::User;
use super::query::decoded;
use super::status::Refusal;

const USER: &str = "impersonate-user";
const GROUP: &str = "impersonate-group";
const UID: &str = "impersonate-uid";
const EXTRA: &str = "impersonate-extra-";

/// The user that the administrator plays, if one.
///
/// # Errors
/// 400 for groups, a UID or other traits of nobody.
pub(super) fn impersonated(headers: &HeaderMap) -> Result<Option<User>, Refusal> {
    let all = |name: &str| -> Vec<String> {
        headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect()
    };
    let first = |name: &str| all(name).into_iter().next().unwrap_or_default();
    let (name, uid, groups) = (first(USER), first(UID), all(GROUP));
    let extras: BTreeMap<String, Vec<String>> = headers
        .keys()
        .filter_map(|key| Some((decoded(key.as_str().strip_prefix(EXTRA)?, false), all(key.as_str()))))
        .collect();
    if !name.is_empty() {
        return Ok(Some(User { uid, extra: extras, ..User::named(&name, groups) }));
    }
    if uid.is_empty() && groups.is_empty() && extras.is_empty() {
        return Ok(None);
    }
    let groups = if groups.is_empty() { "[]string(nil)".to_owned() } else { list(&groups) };
    let held: Vec<String> = extras.iter().map(|(key, values)| format!("{key:?}:{}", list(values))).collect();
    let extras = if held.is_empty() {
        "map[string][]string(nil)".to_owned()
    } else {
        format!("map[string][]string{{{}}}", held.join(", "))
    };
    Err(Refusal::bad_request(&format!(
        "requested &user.DefaultInfo{{Name:\"\", UID:{uid:?}, Groups:{groups}, Extra:{extras}}} \
         without impersonating a user name"
    )))
}

fn list(texts: &[String]) -> String {
    let quoted: Vec<String> = texts.iter().map(|text| format!("{text:?}")).collect();
    format!("[]string{{{}}}", quoted.join(", "))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn of(headers: &[(&'static str, &[u8])]) -> Result<Option<User>, String> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_bytes(value).unwrap());
        }
        impersonated(&map).map_err(|refusal| format!("{} {}", refusal.code, refusal.message()))
    }

    #[test]
    fn whoever_is_named_is_played_however_the_name_is_spelt() {
        assert_eq!(of(&[]), Ok(None));
        assert_eq!(of(&[(USER, b"")]), Ok(None));
        for name in ["jörg".as_bytes(), b"j\xf6rg", b"j"] {
            let user = of(&[(USER, name), (USER, b"second"), (GROUP, b"a")]).unwrap().unwrap();
            assert_eq!(user, User::named(&String::from_utf8_lossy(name), vec!["a".to_owned()]));
        }
    }

    #[test]
    fn whoever_is_played_keeps_what_else_is_said_of_them() {
        let headers: &[(&str, &[u8])] = &[(USER, b"j"), (UID, b"1"), ("impersonate-extra-scopes", b"x")];
        let user = of(headers).unwrap().unwrap();
        assert_eq!((user.uid.as_str(), &user.extra["scopes"]), ("1", &vec!["x".to_owned()]));
    }

    #[test]
    fn traits_of_nobody_are_refused() {
        let told = "400 requested &user.DefaultInfo{Name:\"\", UID:\"1\", Groups:[]string{\"a\", \"b\"}, \
                    Extra:map[string][]string{\"scopes\":[]string{\"x\"}}} without impersonating a user name";
        let headers: &[(&str, &[u8])] =
            &[(GROUP, b"a"), (GROUP, b"b"), (UID, b"1"), ("impersonate-extra-scopes", b"x")];
        assert_eq!(of(headers), Err(told.to_owned()));
        let told = "400 requested &user.DefaultInfo{Name:\"\", UID:\"1\", Groups:[]string(nil), \
                    Extra:map[string][]string(nil)} without impersonating a user name";
        assert_eq!(of(&[(UID, b"1"), (USER, b"")]), Err(told.to_owned()));
    }
}
