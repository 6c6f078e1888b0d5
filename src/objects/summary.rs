//! A few words on what matters in an object, for the review screen.

use serde_json::Value;

/// Such as `headless, port 5984` or `1 × couchdb:3.4, claim data 10Gi on standard`.
#[must_use]
pub fn summary(manifest: &Value) -> String {
    match manifest["kind"].as_str().unwrap_or("") {
        "Service" => service(&manifest["spec"]),
        "StatefulSet" => stateful_set(&manifest["spec"]),
        "PersistentVolume" => {
            let source = ["hostPath", "local", "nfs", "csi"].iter().find_map(|kind| {
                let source = &manifest["spec"][*kind];
                source["path"].as_str().or(source["volumeHandle"].as_str())
            });
            format!("{} at {}", text(&manifest["spec"]["capacity"]["storage"]), source.unwrap_or("?"))
        }
        "PersistentVolumeClaim" => claim(&manifest["spec"]),
        "Secret" | "ConfigMap" => keys(manifest),
        _ => String::new(),
    }
}

fn service(spec: &Value) -> String {
    let kind = if spec["clusterIP"] == "None" { "headless" } else { spec["type"].as_str().unwrap_or("ClusterIP") };
    let ports: Vec<_> = items(&spec["ports"]).map(|port| text(&port["port"])).collect();
    match ports.as_slice() {
        [] => kind.to_owned(),
        [port] => format!("{kind}, port {port}"),
        several => format!("{kind}, ports {}", several.join(", ")),
    }
}

fn stateful_set(spec: &Value) -> String {
    let replicas = spec["replicas"].as_i64().unwrap_or(1);
    let images: Vec<_> = items(&spec["template"]["spec"]["containers"]).map(|each| text(&each["image"])).collect();
    let claims = items(&spec["volumeClaimTemplates"])
        .map(|template| format!(", claim {} {}", text(&template["metadata"]["name"]), claim(&template["spec"])));
    format!("{replicas} × {}{}", images.join(" + "), claims.collect::<String>())
}

fn claim(spec: &Value) -> String {
    let size = text(&spec["resources"]["requests"]["storage"]);
    match spec["storageClassName"].as_str() {
        None => format!("{size} on the default class"),
        Some("") => format!("{size} on a prepared volume"),
        Some(class) => format!("{size} on {class}"),
    }
}

fn keys(manifest: &Value) -> String {
    let fields = ["data", "stringData", "binaryData"].iter().filter_map(|field| manifest[*field].as_object());
    let keys: Vec<_> = fields.flat_map(serde_json::Map::keys).map(String::as_str).collect();
    match keys.len() {
        0 => "empty".to_owned(),
        1..=4 => format!("keys {}", keys.join(", ")),
        count => format!("{count} keys"),
    }
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_set_is_summed_up_by_replicas_images_and_claims() {
        let set = json!({ "kind": "StatefulSet", "spec": { "replicas": 3,
            "template": { "spec": { "containers": [{ "image": "couchdb:3.4" }] } },
            "volumeClaimTemplates": [{ "metadata": { "name": "data" }, "spec": { "storageClassName": "",
                "resources": { "requests": { "storage": "10Gi" } } } }] } });
        assert_eq!(summary(&set), "3 × couchdb:3.4, claim data 10Gi on a prepared volume");
    }

    #[test]
    fn a_headless_service_says_so() {
        let service = json!({ "kind": "Service", "spec": { "clusterIP": "None", "ports": [{ "port": 5984 }] } });
        assert_eq!(summary(&service), "headless, port 5984");
    }

    #[test]
    fn a_secret_shows_its_keys_only() {
        let secret = json!({ "kind": "Secret", "stringData": { "password": "hunter2" } });
        assert_eq!(summary(&secret), "keys password");
    }
}
