//! All rules, one per file. Those about broken text come first, in the order in
//! which they are asked. Those about live sets follow, causes before what they
//! bring about: the first finding is what to look at first.

mod attached_elsewhere;
mod autoscaler_fights;
mod budget_forbids_all;
mod claim_lost;
mod claim_missing;
mod claim_pending;
mod claim_terminating;
mod claim_waits_for_pod;
mod claim_without_size;
mod claims_exist;
mod claims_without_set;
mod class_named_default;
mod class_not_there;
mod class_unset;
mod class_without_provisioner;
mod config_missing;
mod container_fails;
mod controller_behind;
mod duplicate_key;
mod duplicate_name;
mod duplicate_object;
mod either_or;
mod empty_namespace;
mod even_members;
mod failed_create;
mod foreign_pod;
mod governing_service_missing;
mod host_path_delete;
mod host_path_node;
mod image_failure;
mod immediate_binding;
mod immutable_claim;
mod immutable_field;
mod init_failed;
mod invalid_image;
mod invalid_name;
mod invalid_value;
mod job_restart_policy;
mod key_missing;
mod leftover_claims;
mod leftover_terminating;
mod lost_separator;
mod lost_structure;
mod member_waits;
mod members_fixed;
mod migrated_volume_type;
mod misplaced_field;
mod missing_field;
mod mount_without_volume;
mod no_kind;
mod no_node;
mod no_objects;
mod no_readiness_probe;
mod node_lost;
mod not_base64;
mod not_text;
mod not_yaml;
mod orphaned_pod;
mod out_of_range;
mod out_of_service_left;
mod partition_stops_updates;
mod pinned_volume;
mod placeholder;
mod plain_password;
mod pod_failed;
mod pod_not_ready;
mod pod_overdue;
mod pod_warning;
mod port_missing;
mod recycle_policy;
mod reference_missing;
mod refused_value;
mod released_volume;
mod removed_api_version;
mod removed_volume_type;
mod request_above_limit;
mod reserved_in_vain;
mod restarts;
mod rollout_stuck;
mod run_lock;
mod run_stopped;
mod scale_down_deadlock;
mod scale_down_frozen;
mod selector_matches_nothing;
mod selector_not_of_template;
mod selector_too_wide;
mod service_after_set;
mod service_no_endpoints;
mod service_not_headless;
mod set_deleting;
mod set_name_too_long;
mod set_restart_policy;
mod set_without_selector;
mod shrinks_set;
mod sizes_mixed;
mod strategy_contradicts;
mod tab_indentation;
mod template_marks;
mod tiny_size;
mod too_few_volumes;
mod unknown_field;
mod unknown_kind;
mod untagged_image;
mod volume_failed;
mod volume_hidden;
mod volume_missing;
mod volume_of_another;
mod volume_terminating;
mod volumes_on_one_path;
mod volumes_without_set;
mod wrong_type;

pub(super) use misplaced_field::is_misplaced;
pub(super) use placeholder::is_placeholder;
use removed_api_version::is_gone;
pub(super) use unknown_kind::is_misspelt;

use super::rule::Rule;

/// Every rule there is.
pub static ALL: &[&Rule] = &[
    &template_marks::RULE,
    &tab_indentation::RULE,
    &lost_structure::RULE,
    &not_yaml::RULE,
    &set_deleting::RULE,
    &controller_behind::RULE,
    &run_lock::RULE,
    &run_stopped::RULE,
    &claim_terminating::RULE,
    &foreign_pod::RULE,
    &scale_down_deadlock::RULE,
    &scale_down_frozen::RULE,
    &pod_overdue::RULE,
    &node_lost::RULE,
    &out_of_service_left::RULE,
    &attached_elsewhere::RULE,
    &claim_lost::RULE,
    &volume_missing::RULE,
    &volume_of_another::RULE,
    &released_volume::RULE,
    &claim_pending::RULE,
    &pinned_volume::RULE,
    &rollout_stuck::RULE,
    &failed_create::RULE,
    &no_node::RULE,
    &image_failure::RULE,
    &config_missing::RULE,
    &init_failed::RULE,
    &container_fails::RULE,
    &pod_failed::RULE,
    &claim_missing::RULE,
    &claim_waits_for_pod::RULE,
    &volume_terminating::RULE,
    &volume_failed::RULE,
    &pod_not_ready::RULE,
    &member_waits::RULE,
    &governing_service_missing::RULE,
    &service_not_headless::RULE,
    &volumes_without_set::RULE,
    &claims_without_set::RULE,
    &selector_matches_nothing::RULE,
    &service_no_endpoints::RULE,
    &partition_stops_updates::RULE,
    &leftover_terminating::RULE,
    &leftover_claims::RULE,
    &volumes_on_one_path::RULE,
    &pod_warning::RULE,
    &restarts::RULE,
    &autoscaler_fights::RULE,
    &budget_forbids_all::RULE,
    &orphaned_pod::RULE,
    &claim_without_size::RULE,
    &claims_exist::RULE,
    &class_named_default::RULE,
    &class_not_there::RULE,
    &class_unset::RULE,
    &class_without_provisioner::RULE,
    &duplicate_key::RULE,
    &duplicate_name::RULE,
    &duplicate_object::RULE,
    &either_or::RULE,
    &empty_namespace::RULE,
    &even_members::RULE,
    &host_path_delete::RULE,
    &host_path_node::RULE,
    &immediate_binding::RULE,
    &invalid_image::RULE,
    &invalid_value::RULE,
    &job_restart_policy::RULE,
    &key_missing::RULE,
    &lost_separator::RULE,
    &members_fixed::RULE,
    &migrated_volume_type::RULE,
    &misplaced_field::RULE,
    &missing_field::RULE,
    &mount_without_volume::RULE,
    &no_kind::RULE,
    &no_objects::RULE,
    &no_readiness_probe::RULE,
    &not_base64::RULE,
    &not_text::RULE,
    &placeholder::RULE,
    &plain_password::RULE,
    &port_missing::RULE,
    &recycle_policy::RULE,
    &reference_missing::RULE,
    &refused_value::RULE,
    &removed_api_version::RULE,
    &removed_volume_type::RULE,
    &request_above_limit::RULE,
    &reserved_in_vain::RULE,
    &selector_not_of_template::RULE,
    &selector_too_wide::RULE,
    &service_after_set::RULE,
    &set_name_too_long::RULE,
    &set_restart_policy::RULE,
    &set_without_selector::RULE,
    &shrinks_set::RULE,
    &sizes_mixed::RULE,
    &strategy_contradicts::RULE,
    &tiny_size::RULE,
    &too_few_volumes::RULE,
    &unknown_field::RULE,
    &unknown_kind::RULE,
    &immutable_claim::RULE,
    &immutable_field::RULE,
    &invalid_name::RULE,
    &out_of_range::RULE,
    &untagged_image::RULE,
    &volume_hidden::RULE,
    &wrong_type::RULE,
];

/// The rule of a code.
#[must_use]
pub fn named(code: &str) -> Option<&'static Rule> {
    ALL.iter().copied().find(|rule| rule.code == code)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::diagnosis::samples::{SOUND, broken_free};

    #[test]
    fn every_rule_has_a_page_and_a_file_of_its_name_and_every_page_a_rule() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let codes: BTreeSet<&str> = ALL.iter().map(|rule| rule.code).collect();
        assert_eq!(codes.len(), ALL.len(), "a code is there twice");
        for rule in ALL {
            assert!(
                root.join(format!("src/diagnosis/rules/{}.rs", rule.code.replace('-', "_"))).exists(),
                "{}",
                rule.code
            );
            assert!(rule.page.starts_with(&format!("# {}\n\n", rule.code)), "{}", rule.code);
            assert!(!rule.sources.is_empty() && !rule.summary.is_empty(), "{}", rule.code);
        }
        for entry in fs::read_dir(root.join("docs/explain")).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(codes.contains(name.trim_end_matches(".md")), "{name} has no rule");
        }
    }

    #[test]
    fn a_sound_manifest_has_no_findings() {
        assert_eq!(broken_free(SOUND), Vec::<String>::new());
    }
}
