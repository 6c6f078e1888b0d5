//! The compound values of flags: claims, ports, mounts, volumes, probes,
//! references to keys. Each error shows the form that is expected.

use std::collections::BTreeSet;

use super::answered::split;
use super::kind::BuildError;
use crate::objects::builders::container::{ContainerPort, Mount, Probe, VariableValue};
use crate::objects::builders::metadata::Pairs;
use crate::objects::builders::service::ServicePort;
use crate::objects::builders::stateful_set::{PodVolume, PodVolumeSource};
use crate::objects::nearest::shortened;
use crate::objects::quantity::Quantity;
use crate::objects::{names, size};
use crate::wizard::check::unknown;
use crate::wizard::parameter::ListItem;

/// `NAME:SIZE[:CLASS]:MOUNTPATH` of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ClaimFlag {
    pub(super) name: String,
    pub(super) size: String,
    /// `None`: not said; `""`: said to be none.
    pub(super) class: Option<String>,
    pub(super) path: String,
}

/// A reason about one item of a flag.
fn wrong(flag: &str, item: &str, reason: &str) -> BuildError {
    BuildError::invalid(flag, format!("`{}`: {reason}", shortened(item)))
}

/// Whether an item of a list has its compound form, as far as that can be said
/// of one item alone.
pub(in crate::wizard) fn compound(form: ListItem, item: &str) -> Result<(), String> {
    let checked = match form {
        ListItem::Claim => claim(item).map(drop),
        ListItem::ContainerPort => container_ports(&[item.to_owned()]).map(drop),
        ListItem::ServicePort => service_ports(&[item.to_owned()]).map(drop),
        ListItem::Variable | ListItem::VariableFrom => {
            let (name, from) = split(item);
            names::variable(&name).map_err(|reason| format!("`{}`: {reason}", shortened(&name)))?;
            if form == ListItem::VariableFrom { key_of("", &from).map(drop) } else { Ok(()) }
        }
        ListItem::Plain | ListItem::KeyValue | ListItem::File => Ok(()),
    };
    checked.map_err(|error| match error {
        BuildError::Invalid(invalid) => invalid.reason,
        BuildError::File { .. } => error.to_string(),
    })
}

pub(super) fn claim(item: &str) -> Result<ClaimFlag, BuildError> {
    let refuse = |reason: &str| wrong("--claim", item, reason);
    let parts: Vec<&str> = item.split(':').collect();
    let (name, amount, class, path) = match parts.as_slice() {
        [name, amount, path] => (name, amount, None, path),
        [name, amount, class, path] => (name, amount, Some((*class).to_owned()), path),
        _ => return Err(refuse("write NAME:SIZE:MOUNTPATH or NAME:SIZE:CLASS:MOUNTPATH")),
    };
    names::dns_label(name, names::LABEL_MAX).map_err(|reason| refuse(&reason))?;
    size::parse(amount).map_err(|error| refuse(&error.to_string()))?;
    names::absolute_path(path).map_err(|reason| refuse(&reason))?;
    if let Some(class) = class.as_deref().filter(|class| !class.is_empty()) {
        names::dns_subdomain(class).map_err(|reason| refuse(&format!("class `{class}`: {reason}")))?;
    }
    Ok(ClaimFlag { name: (*name).to_owned(), size: (*amount).to_owned(), class, path: (*path).to_owned() })
}

/// `[NAME:]PORT[:TARGET]`, each.
pub(super) fn service_ports(items: &[String]) -> Result<Vec<ServicePort>, BuildError> {
    let mut ports = Vec::new();
    for item in items {
        let refuse = |reason: &str| wrong("--port", item, reason);
        let pieces: Vec<&str> = item.split(':').collect();
        let (name, number, target) = match pieces.as_slice() {
            [number] => (None, number, None),
            [first, target] if first.parse::<u16>().is_ok() => (None, first, Some(*target)),
            [name, number] => (Some(*name), number, None),
            [name, number, target] => (Some(*name), number, Some(*target)),
            _ => return Err(refuse("write PORT, NAME:PORT or NAME:PORT:TARGET")),
        };
        let port = names::port(number).map_err(|reason| refuse(&reason))?;
        if let Some(name) = name {
            names::port_name(name).map_err(|reason| refuse(&reason))?;
        }
        if let Some(target) = target.filter(|target| names::port(target).is_err()) {
            names::port_name(target).map_err(|reason| refuse(&reason))?;
        }
        let name = name.map(str::to_owned);
        ports.push(ServicePort { name, port, target: target.map(str::to_owned), node_port: None, udp: false });
    }
    if ports.len() > 1 && ports.iter().any(|port| port.name.is_none()) {
        return Err(BuildError::invalid("--port", "several ports need a name each, such as http:8080"));
    }
    distinct("--port", ports.iter().filter_map(|port| port.name.as_deref()))?;
    distinct("--port", ports.iter().map(|port| port.port))?;
    Ok(ports)
}

/// `[NAME:]PORT`, each.
pub(super) fn container_ports(items: &[String]) -> Result<Vec<ContainerPort>, BuildError> {
    let ports = service_ports(items).map(|ports| {
        ports.into_iter().map(|port| {
            let ServicePort { name, port, target, .. } = port;
            target.map_or(Ok(ContainerPort { name, port }), |target| {
                Err(wrong("--port", &target, "a container's port has no target"))
            })
        })
    })?;
    ports.collect()
}

/// `VOLUME:PATH[:ro]`.
pub(super) fn mount(flag: &str, item: &str) -> Result<Mount, BuildError> {
    let refuse = |reason: &str| wrong(flag, item, reason);
    let parts: Vec<&str> = item.split(':').collect();
    let (volume, path, read_only) = match parts.as_slice() {
        [volume, path] => (volume, path, false),
        [volume, path, "ro"] => (volume, path, true),
        _ => return Err(refuse("write VOLUME:PATH or VOLUME:PATH:ro")),
    };
    names::dns_label(volume, names::LABEL_MAX).map_err(|reason| refuse(&reason))?;
    names::absolute_path(path).map_err(|reason| refuse(&reason))?;
    Ok(Mount { volume: (*volume).to_owned(), path: (*path).to_owned(), read_only, sub_path: None })
}

/// `NAME=config-map:CM`, `NAME=secret:SECRET`, `NAME=claim:PVC` or `NAME=empty-dir`.
pub(super) fn volume(item: &str) -> Result<PodVolume, BuildError> {
    let refuse = |reason: &str| wrong("--volume", item, reason);
    let (name, source) = split(item);
    names::dns_label(&name, names::LABEL_MAX).map_err(|reason| refuse(&reason))?;
    let named =
        |object: &str| names::dns_subdomain(object).map(|()| object.to_owned()).map_err(|reason| refuse(&reason));
    let source = match source.split_once(':') {
        None if source == "empty-dir" => PodVolumeSource::EmptyDir,
        Some(("config-map", object)) => PodVolumeSource::ConfigMap(named(object)?),
        Some(("secret", object)) => PodVolumeSource::Secret(named(object)?),
        Some(("claim", object)) => PodVolumeSource::Claim(named(object)?),
        Some(_) | None => {
            return Err(refuse("write NAME=config-map:NAME, NAME=secret:NAME, NAME=claim:NAME or NAME=empty-dir"));
        }
    };
    Ok(PodVolume { name, source })
}

/// `tcp:PORT`, `http:PORT/PATH` or `exec:COMMAND`.
pub(super) fn probe(flag: &str, text: &str) -> Result<Probe, BuildError> {
    let refuse = |reason: &str| wrong(flag, text, reason);
    let port = |text: &str| names::port(text).map_err(|reason| refuse(&reason));
    match text.split_once(':') {
        Some(("tcp", number)) => Ok(Probe::Tcp(port(number)?)),
        Some(("http", rest)) => {
            let (number, path) = rest.split_once('/').unwrap_or((rest, ""));
            Ok(Probe::Http { port: port(number)?, path: format!("/{path}") })
        }
        Some(("exec", line)) if !line.trim().is_empty() => Ok(Probe::Exec(line.to_owned())),
        Some(_) | None => Err(refuse("write tcp:PORT, http:PORT/PATH or exec:COMMAND")),
    }
}

/// `OBJECT/KEY` of a Secret or ConfigMap.
pub(super) fn key_of(flag: &str, text: &str) -> Result<(String, String), BuildError> {
    let refuse = |reason: &str| wrong(flag, text, reason);
    let (name, key) = text.split_once('/').ok_or_else(|| refuse("write VARIABLE=NAME/KEY"))?;
    names::dns_subdomain(name).map_err(|reason| refuse(&reason))?;
    names::config_key(key).map_err(|reason| refuse(&reason))?;
    Ok((name.to_owned(), key.to_owned()))
}

/// A path of the downward API.
pub(super) fn field(text: &str) -> Result<VariableValue, BuildError> {
    const KNOWN: [&str; 9] = [
        "metadata.name",
        "metadata.namespace",
        "metadata.uid",
        "spec.nodeName",
        "spec.serviceAccountName",
        "status.hostIP",
        "status.hostIPs",
        "status.podIP",
        "status.podIPs",
    ];
    let entry = ["metadata.labels['", "metadata.annotations['"].iter().find_map(|start| text.strip_prefix(start));
    let entry = entry.and_then(|rest| rest.strip_suffix("']")).is_some_and(|key| names::label_key(key).is_ok());
    if entry || KNOWN.contains(&text) {
        Ok(VariableValue::Field(text.to_owned()))
    } else {
        Err(BuildError::invalid("--env-field", unknown(text, KNOWN.into_iter())))
    }
}

/// `cpu=100m,memory=1Gi`, as kubectl takes it.
pub(super) fn resources(flag: &str, items: &[String]) -> Result<Pairs, BuildError> {
    let mut out = Pairs::new();
    for item in items.iter().flat_map(|item| item.split(',')) {
        let (name, amount) = split(item);
        let refuse = |reason: String| wrong(flag, item, &reason);
        if name.is_empty() || amount.is_empty() {
            return Err(refuse("write cpu=100m or memory=1Gi".to_owned()));
        }
        names::label_key(&name).map_err(refuse)?;
        let quantity = Quantity::parse(&amount).map_err(|error| refuse(error.to_string()))?;
        if quantity.nanos() < 0 {
            return Err(refuse("it is negative".to_owned()));
        }
        out.push((name, amount));
    }
    distinct(flag, out.iter().map(|(name, _)| name.as_str()))?;
    Ok(out)
}

/// No two equal ones.
pub(super) fn distinct<T: Ord + std::fmt::Display>(flag: &str, of: impl Iterator<Item = T>) -> Result<(), BuildError> {
    let mut seen = BTreeSet::new();
    for one in of {
        if seen.contains(&one) {
            return Err(BuildError::invalid(flag, format!("`{one}` is there twice")));
        }
        seen.insert(one);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(items: &[&str]) -> Vec<String> {
        items.iter().map(|item| (*item).to_owned()).collect()
    }

    #[test]
    fn a_claim_keeps_the_three_meanings_of_its_class_apart() {
        let class = |item: &str| claim(item).unwrap().class;
        assert_eq!(class("data:10Gi:/var/lib"), None);
        assert_eq!(class("data:10Gi::/var/lib"), Some(String::new()));
        assert_eq!(class("data:10Gi:fast:/var/lib"), Some("fast".into()));
        for bad in ["data", "data:10Gi", "data:10GB:/x", "Data:1Gi:/x", "data:1Gi:x", "data:1Gi:Fast:/x", "a:1:b:/c:d"]
        {
            assert!(claim(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn ports_have_names_and_targets_where_needed() {
        let ports = service_ports(&strings(&["http:80:3000", "8300:rpc"])).unwrap_err();
        assert!(ports.to_string().contains("need a name"), "{ports}");
        let ports = service_ports(&strings(&["80:3000"])).unwrap();
        assert_eq!((ports[0].port, ports[0].target.as_deref()), (80, Some("3000")));
        assert!(service_ports(&strings(&["a:80", "b:80"])).unwrap_err().to_string().contains("twice"));
        assert!(service_ports(&strings(&["0"])).is_err());
        assert!(container_ports(&strings(&["http:80:81"])).is_err());
    }

    #[test]
    fn probes_volumes_mounts_and_fields_show_their_form() {
        assert_eq!(probe("--p", "http:5984/_up").unwrap(), Probe::Http { port: 5984, path: "/_up".into() });
        assert_eq!(probe("--p", "exec:a: b").unwrap(), Probe::Exec("a: b".into()));
        assert!(probe("--p", "5984").unwrap_err().to_string().contains("tcp:PORT"));
        assert!(volume("data=disk:x").unwrap_err().to_string().contains("empty-dir"));
        assert!(mount("--mount", "data:/x:rw").unwrap_err().to_string().contains(":ro"));
        assert!(field("metadata.nam").unwrap_err().to_string().contains("did you mean `metadata.name`?"));
        assert!(field("metadata.labels['app']").is_ok());
        assert!(field("metadata.labels['']").is_err());
    }

    #[test]
    fn resources_are_quantities() {
        assert_eq!(resources("--limits", &strings(&["cpu=100m,memory=1Gi"])).unwrap().len(), 2);
        for bad in ["cpu", "cpu=-1", "cpu=1K", "cpu=1,cpu=2"] {
            assert!(resources("--limits", &strings(&[bad])).is_err(), "{bad}");
        }
    }
}
