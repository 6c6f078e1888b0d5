//! `create statefulset`: from answers to a set whose parts agree with one
//! another. Whether Secrets, ConfigMaps and the Service exist is the caller's
//! question.

use super::answered::{Answered, split};
use super::kind::{BuildError, CreateKind};
use super::parse::{self, ClaimFlag, distinct};
use super::set_parameters::parameters;
use crate::objects::builders::claim::Claim;
use crate::objects::builders::container::{Container, Mount, Probe, Variable, VariableValue};
use crate::objects::builders::metadata::{Metadata, Pairs};
use crate::objects::builders::stateful_set::{PodVolume, Spread, StatefulSet, UpdateStrategy, stateful_set};
use crate::objects::names;
use crate::objects::quantity::Quantity;
use crate::wizard::check::unknown;
use crate::wizard::create::Files;
use crate::wizard::parameter::Answers;
use crate::wizard::secret;

pub(super) fn kind() -> CreateKind {
    CreateKind {
        name: "statefulset",
        aliases: &["sts"],
        about: "A StatefulSet with a volume for each pod",
        parameters: parameters(),
        build,
        secrets: secret::sources,
    }
}

fn build(answers: &Answers, namespace: &str, _: &dyn Files) -> Result<Vec<serde_json::Value>, BuildError> {
    let answered = Answered(answers);
    let name = answered.needed("name")?;
    names::set_name(name).map_err(|reason| BuildError::invalid("NAME", format!("`{name}`: {reason}")))?;
    let storage = Storage::read(&answered)?;
    let environment = environment(&answered)?;
    let (selector, pod_labels) = labels(&answered, name)?;
    let replicas = answered.number("replicas").unwrap_or(1);
    let set = StatefulSet {
        metadata: Metadata::new(name, Some(namespace), pod_labels.clone()),
        service_name: answered.owned("service_name").unwrap_or_else(|| name.to_owned()),
        replicas,
        selector,
        pod_labels,
        parallel: answered.text("pod_management") == Some("Parallel"),
        strategy: match answered.text("update_strategy") {
            Some("OnDelete") => UpdateStrategy::OnDelete,
            Some(_) | None => UpdateStrategy::RollingUpdate { partition: answered.number("partition").unwrap_or(0) },
        },
        ordinals_start: answered.number("ordinals_start").unwrap_or(0),
        min_ready_seconds: answered.number("min_ready_seconds").unwrap_or(0),
        revision_history: answered.number("revision_history_limit"),
        delete_claims_with_set: answered.text("claims_when_deleted") == Some("Delete"),
        delete_claims_on_scale_down: answered.text("claims_when_scaled") == Some("Delete"),
        grace_seconds: answered.number("grace_period"),
        service_account: answered.owned("service_account"),
        image_pull_secrets: answered.list("image_pull_secret").to_vec(),
        user: answered.number("run_as_user"),
        file_group: answered.number("fs_group"),
        spread: match answered.text("spread") {
            _ if replicas < 2 => Spread::Nowhere,
            Some("zones") => Spread::Zones,
            Some("none") => Spread::Nowhere,
            Some(_) | None => Spread::Nodes,
        },
        init_containers: init_containers(&answered, name, &environment, &storage)?,
        containers: vec![container(&answered, name, environment, &storage)?],
        claims: storage.templates(&answered)?,
        volumes: storage.volumes,
    };
    Ok(vec![stateful_set(&set)])
}

/// Selector and pod labels; the labels contain the selector (SS-12).
fn labels(answered: &Answered<'_>, name: &str) -> Result<(Pairs, Pairs), BuildError> {
    let mut selector = answered.labels("selector")?;
    let given = answered.labels("label")?;
    if selector.is_empty() {
        let app = given.iter().find(|(key, _)| key == "app").cloned();
        selector.push(app.unwrap_or_else(|| ("app".to_owned(), name.to_owned())));
    }
    let mut labels = selector.clone();
    for (key, value) in given {
        match selector.iter().find(|(known, _)| *known == key) {
            Some((_, wanted)) if *wanted != value => {
                let reason = format!("`{key}={value}` contradicts the selector `{key}={wanted}`");
                return Err(BuildError::invalid("--label", reason));
            }
            Some(_) => {}
            None => labels.push((key, value)),
        }
    }
    Ok((selector, labels))
}

/// Claims and volumes, by whose names everything is mounted.
struct Storage {
    claims: Vec<ClaimFlag>,
    volumes: Vec<PodVolume>,
    sub_paths: Pairs,
}

impl Storage {
    fn read(answered: &Answered<'_>) -> Result<Self, BuildError> {
        let claims = answered.list("claim").iter().map(|item| parse::claim(item)).collect::<Result<Vec<_>, _>>()?;
        let volumes = answered.list("volume").iter().map(|item| parse::volume(item)).collect::<Result<Vec<_>, _>>()?;
        distinct("--claim", claims.iter().map(|claim| claim.name.as_str()))?;
        if let Some(volume) = volumes.iter().find(|volume| claims.iter().any(|claim| claim.name == volume.name)) {
            let reason = format!("`{}` is a claim too, and the claim would replace the volume", volume.name);
            return Err(BuildError::invalid("--volume", reason));
        }
        let storage = Self { claims, volumes, sub_paths: answered.pairs("sub_path") };
        for (volume, folder) in &storage.sub_paths {
            storage.known("--sub-path", volume)?;
            if folder.is_empty() || folder.starts_with('/') || folder.split('/').any(|part| part == "..") {
                return Err(BuildError::invalid(
                    "--sub-path",
                    format!("`{folder}`: a relative path without `..` is needed"),
                ));
            }
        }
        Ok(storage)
    }

    /// A mount of something that is not there is found by the API only when
    /// pods are made, and by older servers not even then (SS-08).
    fn known(&self, flag: &str, name: &str) -> Result<(), BuildError> {
        let names = self
            .claims
            .iter()
            .map(|claim| claim.name.as_str())
            .chain(self.volumes.iter().map(|volume| volume.name.as_str()));
        if names.clone().any(|known| known == name) {
            return Ok(());
        }
        let reason = if names.clone().next().is_none() {
            format!("`{name}` is neither a claim nor a volume; declare it with --claim or --volume")
        } else {
            unknown(name, names)
        };
        Err(BuildError::invalid(flag, reason))
    }

    fn mounts(&self, flag: &str, of: Vec<Mount>) -> Result<Vec<Mount>, BuildError> {
        for mount in &of {
            self.known(flag, &mount.volume)?;
        }
        distinct(flag, of.iter().map(|mount| mount.path.trim_end_matches('/')))?;
        Ok(of)
    }

    fn templates(&self, answered: &Answered<'_>) -> Result<Vec<Claim>, BuildError> {
        let modes = answered.modes()?;
        let claim = |flag: &ClaimFlag| Claim {
            metadata: Metadata::new(&flag.name, None, Pairs::new()),
            size: flag.size.clone(),
            modes: modes.clone(),
            class: flag.class.clone(),
            volume: None,
            block: false,
        };
        Ok(self.claims.iter().map(claim).collect())
    }
}

fn environment(answered: &Answered<'_>) -> Result<Vec<Variable>, BuildError> {
    let mut out = Vec::new();
    let mut add = |flag: &str, name: String, value: VariableValue| {
        names::variable(&name).map_err(|reason| BuildError::invalid(flag, format!("`{name}`: {reason}")))?;
        out.push(Variable { name, value });
        Ok::<(), BuildError>(())
    };
    for (name, path) in answered.pairs("env_field") {
        add("--env-field", name, parse::field(&path)?)?;
    }
    for (name, value) in answered.pairs("env") {
        add("--env", name, VariableValue::Literal(value))?;
    }
    for (variable, from) in answered.pairs("env_from_secret") {
        let (name, key) = parse::key_of("--env-from-secret", &from)?;
        add("--env-from-secret", variable, VariableValue::Secret { name, key })?;
    }
    for (variable, from) in answered.pairs("env_from_config") {
        let (name, key) = parse::key_of("--env-from-config", &from)?;
        add("--env-from-config", variable, VariableValue::ConfigMap { name, key })?;
    }
    distinct("--env", out.iter().map(|variable| variable.name.as_str()))?;
    Ok(out)
}

fn container(
    answered: &Answered<'_>,
    name: &str,
    environment: Vec<Variable>,
    storage: &Storage,
) -> Result<Container, BuildError> {
    let ports = parse::container_ports(answered.list("port"))?;
    let readiness = match answered.text("readiness_probe") {
        Some("none") => None,
        Some(text) => Some(parse::probe("--readiness-probe", text)?),
        None => ports.first().map(|port| Probe::Tcp(port.port)),
    };
    let liveness = answered.text("liveness_probe").map(|text| parse::probe("--liveness-probe", text)).transpose()?;
    let own = |claim: &ClaimFlag| Mount {
        volume: claim.name.clone(),
        path: claim.path.clone(),
        read_only: false,
        sub_path: None,
    };
    let mut mounts: Vec<Mount> = storage.claims.iter().map(own).collect();
    for item in answered.list("mount") {
        mounts.push(parse::mount("--mount", item)?);
    }
    for mount in &mut mounts {
        mount.sub_path =
            storage.sub_paths.iter().find(|(volume, _)| *volume == mount.volume).map(|(_, folder)| folder.clone());
    }
    let (requests, limits) = resources(answered)?;
    Ok(Container {
        name: name.to_owned(),
        image: answered.needed("image")?.to_owned(),
        command: answered.list("command").to_vec(),
        args: answered.list("arg").to_vec(),
        ports,
        environment,
        requests,
        limits,
        readiness,
        liveness,
        mounts: storage.mounts("--mount", mounts)?,
    })
}

fn init_containers(
    answered: &Answered<'_>,
    main: &str,
    environment: &[Variable],
    storage: &Storage,
) -> Result<Vec<Container>, BuildError> {
    let mut out: Vec<Container> = Vec::new();
    for (name, from) in answered.pairs("init_container") {
        let wrong = |reason: String| BuildError::invalid("--init-container", format!("`{name}`: {reason}"));
        names::dns_label(&name, names::LABEL_MAX).map_err(wrong)?;
        if name == main {
            return Err(wrong("the main container has this name".to_owned()));
        }
        let image = image("--init-container", &from)?;
        out.push(Container { name, image, environment: environment.to_vec(), ..Container::default() });
    }
    let find = |out: &[Container], flag: &str, name: &str| {
        out.iter().position(|known| known.name == name).ok_or_else(|| {
            let reason = format!("there is no init container `{name}`; declare it with --init-container {name}=IMAGE");
            BuildError::invalid(flag, reason)
        })
    };
    for (name, script) in answered.pairs("init_command") {
        let index = find(&out, "--init-command", &name)?;
        if let Some(container) = out.get_mut(index) {
            container.command = vec!["/bin/sh".to_owned(), "-c".to_owned(), script];
        }
    }
    for item in answered.list("init_mount") {
        let (name, rest) = split(item);
        let index = find(&out, "--init-mount", &name)?;
        let mount = parse::mount("--init-mount", &rest)?;
        if let Some(container) = out.get_mut(index) {
            container.mounts.push(mount);
        }
    }
    for container in &mut out {
        container.mounts = storage.mounts("--init-mount", std::mem::take(&mut container.mounts))?;
    }
    Ok(out)
}

/// A request above its limit would be refused by the API; here the flag is named.
fn resources(answered: &Answered<'_>) -> Result<(Pairs, Pairs), BuildError> {
    let requests = parse::resources("--requests", answered.list("requests"))?;
    let limits = parse::resources("--limits", answered.list("limits"))?;
    for (name, wanted) in &requests {
        let Some((_, allowed)) = limits.iter().find(|(known, _)| known == name) else { continue };
        if let (Ok(more), Ok(less)) = (Quantity::parse(wanted), Quantity::parse(allowed))
            && more > less
        {
            let reason = format!("{name}: the request {wanted} is above the limit {allowed}");
            return Err(BuildError::invalid("--requests", reason));
        }
    }
    Ok((requests, limits))
}

fn image(flag: &str, text: &str) -> Result<String, BuildError> {
    if text.is_empty() || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(BuildError::invalid(flag, "the name of an image is missing or has spaces"));
    }
    Ok(text.to_owned())
}
