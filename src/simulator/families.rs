//! Families of addresses: the cluster has IPv4 alone. What a Service leaves
//! open is filled in, what it asks for in vain is refused.

use serde_json::{Value, json};

use super::status::Cause;

/// Fills in the policy and the families of a Service that has addresses.
///
/// # Errors
/// What this cluster does not have.
pub fn assign(service: &mut Value) -> Result<(), Vec<Cause>> {
    let spec = &mut service["spec"];
    // Without addresses and without a selector the server cannot know, and leaves both open.
    let is_open = spec["clusterIP"] == "None" && spec["selector"].as_object().is_none_or(serde_json::Map::is_empty);
    if spec["ipFamilyPolicy"].is_null() {
        spec["ipFamilyPolicy"] = json!(if is_open { "RequireDualStack" } else { "SingleStack" });
    }
    let policy = spec["ipFamilyPolicy"].as_str().unwrap_or_default().to_owned();
    let families = spec["ipFamilies"].as_array().cloned().unwrap_or_default();
    if policy == "SingleStack" && families.len() == 2 {
        let why = "must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified";
        return Err(vec![Cause::invalid("spec.ipFamilyPolicy", &spec["ipFamilyPolicy"], why)]);
    }
    if is_open {
        let first = families.first().cloned().unwrap_or_else(|| json!("IPv4"));
        let other = json!(if first == "IPv4" { "IPv6" } else { "IPv4" });
        spec["ipFamilies"] = match families.len() {
            0 | 1 if policy != "SingleStack" => json!([first, other]),
            0 => json!([first]),
            _ => Value::from(families),
        };
        return Ok(());
    }
    let mut causes = Vec::new();
    if policy == "RequireDualStack" {
        let why = "this cluster is not configured for dual-stack services";
        causes.push(Cause::invalid("spec.ipFamilyPolicy", &spec["ipFamilyPolicy"], why));
    }
    for (index, family) in families.iter().enumerate().filter(|(_, family)| *family != "IPv4") {
        causes.push(Cause::invalid(format!("spec.ipFamilies[{index}]"), family, "not configured on this cluster"));
    }
    if families.is_empty() {
        spec["ipFamilies"] = json!(["IPv4"]);
    }
    if causes.is_empty() { Ok(()) } else { Err(causes) }
}
