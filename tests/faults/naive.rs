//! How it is done without care: everything by name, from one look, and nothing
//! is waited for. What the oracles are for.

use serde_json::{Value, json};

use crate::stage::{CLAIMS, Hands, PODS, SET, TEMPLATES, claim};

/// `kubectl scale`, then `kubectl delete pvc` for each name that is too many.
pub async fn scale_down(hands: Hands, to: u32) -> Result<(), kube::Error> {
    let set = hands.get(SET).await?;
    let from = u32::try_from(set["spec"]["replicas"].as_u64().unwrap_or(0)).unwrap_or(0);
    hands.merge(&format!("{SET}/scale"), &json!({"spec": {"replicas": to}})).await?;
    for ordinal in to..from {
        for template in TEMPLATES {
            hands.delete(&claim(template, ordinal), None).await?;
        }
    }
    Ok(())
}

/// The clean-up of an operator: claims by label, less those whose pod is in the
/// list of pods.
pub async fn clean_up(hands: Hands) -> Result<(), kube::Error> {
    let pods = hands.get(&format!("{PODS}?labelSelector=app%3Dweb")).await?;
    let claims = hands.get(&format!("{CLAIMS}?labelSelector=app%3Dweb")).await?;
    let names = |list: &Value| -> Vec<String> {
        let items = list["items"].as_array().into_iter().flatten();
        items.map(|item| item["metadata"]["name"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let pods = names(&pods);
    for claim in names(&claims) {
        if !pods.iter().any(|pod| claim.ends_with(&format!("-{pod}"))) {
            hands.delete(&format!("{CLAIMS}/{claim}"), None).await?;
        }
    }
    Ok(())
}

/// The clean-up of an operator whose own size says what is too many.
pub async fn clean_up_beyond(hands: Hands, size: u64) -> Result<(), kube::Error> {
    let claims = hands.get(CLAIMS).await?;
    for claim in claims["items"].as_array().into_iter().flatten() {
        let name = claim["metadata"]["name"].as_str().unwrap_or_default();
        let ordinal = name.rsplit('-').next().and_then(|tail| tail.parse::<u64>().ok());
        if ordinal.is_some_and(|ordinal| ordinal >= size) {
            hands.delete(&format!("{CLAIMS}/{name}"), None).await?;
        }
    }
    Ok(())
}

/// The end of a whole application, as its operator sees it: if the set is being
/// deleted, or is not there, so are all claims with its label.
pub async fn finalize(hands: Hands) -> Result<(), kube::Error> {
    let set = hands.find(SET).await?;
    let is_over = set.is_none_or(|set| !set["metadata"]["deletionTimestamp"].is_null());
    if is_over {
        let claims = hands.get(&format!("{CLAIMS}?labelSelector=app%3Dweb")).await?;
        for claim in claims["items"].as_array().into_iter().flatten() {
            let name = claim["metadata"]["name"].as_str().unwrap_or_default();
            hands.delete(&format!("{CLAIMS}/{name}"), None).await?;
        }
    }
    Ok(())
}

/// Growing volumes: claims that look too small are set right by deleting the
/// set, whose template cannot be changed, and making it anew.
pub async fn expand(hands: Hands, size: &str) -> Result<(), kube::Error> {
    let claims = hands.get(CLAIMS).await?;
    let small = claims["items"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|claim| claim["spec"]["resources"]["requests"]["storage"] != size);
    let patch = json!({"spec": {"resources": {"requests": {"storage": size}}}});
    let mut is_changed = false;
    for claim in small {
        let name = claim["metadata"]["name"].as_str().unwrap_or_default();
        hands.merge(&format!("{CLAIMS}/{name}"), &patch).await?;
        is_changed = true;
    }
    if is_changed {
        hands.delete(SET, None).await?;
    }
    Ok(())
}

/// A fresh disk for one member: the claim is deleted, then the pod.
pub async fn replace_disk(hands: Hands, ordinal: u32) -> Result<(), kube::Error> {
    for template in TEMPLATES {
        hands.delete(&claim(template, ordinal), None).await?;
    }
    hands.delete(&format!("{PODS}/web-{ordinal}"), None).await?;
    Ok(())
}
