//! Secrets, whose values are tokens (`secret_token`) until they are written.

use serde_json::{Map, Value, json};

use super::metadata::{Metadata, manifest};
use crate::objects::secret_token::{docker_config, token};

/// The three types that the `create` commands make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretKind {
    /// Key and the parameter that its token names.
    Generic {
        /// `Opaque` unless said otherwise.
        kind: Option<String>,
        keys: Vec<(String, String)>,
    },
    DockerRegistry {
        server: String,
        username: String,
        email: Option<String>,
        password: String,
    },
    Tls {
        certificate: String,
        key: String,
    },
}

/// The manifest of a Secret, without any value.
#[must_use]
pub fn secret(metadata: &Metadata, of: &SecretKind) -> Value {
    let (kind, data) = match of {
        SecretKind::Generic { kind, keys } => {
            let data: Map<String, Value> = keys.iter().map(|(key, name)| (key.clone(), token(name))).collect();
            (kind.as_deref().unwrap_or("Opaque"), Value::Object(data))
        }
        SecretKind::DockerRegistry { server, username, email, password } => (
            "kubernetes.io/dockerconfigjson",
            json!({".dockerconfigjson": docker_config(password, server, username, email.as_deref())}),
        ),
        SecretKind::Tls { certificate, key } => {
            ("kubernetes.io/tls", json!({"tls.crt": token(certificate), "tls.key": token(key)}))
        }
    };
    manifest("v1", "Secret", metadata, &[("type", json!(kind)), ("stringData", data)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::secret_token::tokens;

    #[test]
    fn each_type_has_its_keys_and_only_tokens() {
        let metadata = Metadata::new("s", Some("default"), Vec::new());
        let generic = SecretKind::Generic { kind: None, keys: vec![("password".into(), "value/password".into())] };
        let made = secret(&metadata, &generic);
        assert_eq!((made["type"].as_str(), tokens(&made)), (Some("Opaque"), vec!["value/password".to_owned()]));
        let made = secret(&metadata, &SecretKind::Tls { certificate: "cert".into(), key: "key".into() });
        assert_eq!((made["type"].as_str(), tokens(&made).len()), (Some("kubernetes.io/tls"), 2));
        let docker = SecretKind::DockerRegistry {
            server: "r.example".into(),
            username: "me".into(),
            email: None,
            password: "docker_password".into(),
        };
        assert_eq!(tokens(&secret(&metadata, &docker)), ["docker_password"]);
    }
}
