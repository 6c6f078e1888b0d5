//! The arithmetic of ordinals and names: which ordinals a set has (SS-02), what
//! its pods and claims are called (SS-01), and which names belong to it. Names
//! are compared whole: a prefix never decides (H-10).

use std::fmt;

use super::set::Set;

/// Kubernetes counts in `int32`; no ordinal can be above this.
pub const LAST_ORDINAL: u64 = i32::MAX as u64;

/// The number of one member of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ordinal(pub u64);

impl fmt::Display for Ordinal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// The ordinals that a set wants: `start .. start + replicas` (SS-02, H-28).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrdinalRange {
    pub start: u64,
    pub replicas: u64,
}

impl OrdinalRange {
    #[must_use]
    pub const fn new(start: u64, replicas: u64) -> Self {
        Self { start, replicas }
    }

    /// The first ordinal above the range.
    #[must_use]
    pub const fn end(self) -> u64 {
        self.start.saturating_add(self.replicas)
    }

    #[must_use]
    pub const fn contains(self, ordinal: Ordinal) -> bool {
        self.start <= ordinal.0 && ordinal.0 < self.end()
    }

    /// All ordinals, ascending. There may be two billion of them: take some.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = Ordinal> {
        (self.start..self.end()).map(Ordinal)
    }
}

/// `web-3` (SS-01).
#[must_use]
pub fn pod_name(set: &str, ordinal: Ordinal) -> String {
    format!("{set}-{ordinal}")
}

/// `data-web-3` (SS-01).
#[must_use]
pub fn claim_name(template: &str, set: &str, ordinal: Ordinal) -> String {
    format!("{template}-{set}-{ordinal}")
}

/// The names of all claims of the first `at_most` ordinals: one per template
/// and ordinal, ordinals ascending, templates in the set's order.
#[must_use]
pub fn claim_names(set: &str, templates: &[String], range: OrdinalRange, at_most: usize) -> Vec<String> {
    range
        .iter()
        .take(at_most)
        .flat_map(|ordinal| templates.iter().map(move |template| claim_name(template, set, ordinal)))
        .collect()
}

/// Splits a pod name as the controller does (SS-03): the last dash-number is
/// the ordinal, all before it the set. `None` where the controller says -1.
#[must_use]
pub fn parse_pod_name(name: &str) -> Option<(&str, Ordinal)> {
    let (set, number) = name.rsplit_once('-')?;
    Some((set, digits(number)?))
}

/// The ordinal of a pod of this set, by its name alone (SS-04). `web-1-0`
/// belongs to `web-1`, never to `web`.
#[must_use]
pub fn pod_ordinal(set: &str, pod: &str) -> Option<Ordinal> {
    parse_pod_name(pod).filter(|(parent, _)| *parent == set).map(|(_, ordinal)| ordinal)
}

/// Which member a claim name stands for, if the set makes a claim of exactly
/// this name (SS-01, H-10). Padded numbers (`data-web-01`) are foreign.
#[must_use]
pub fn claim_member<'a>(set: &str, templates: &'a [String], claim: &str) -> Option<(&'a str, Ordinal)> {
    templates.iter().find_map(|template| {
        let rest = claim.strip_prefix(template.as_str())?.strip_prefix('-')?;
        let number = rest.strip_prefix(set)?.strip_prefix('-')?;
        let ordinal = digits(number)?;
        (ordinal.to_string() == number).then_some((template.as_str(), ordinal))
    })
}

/// The sets of one namespace that would use a claim of this name. More than
/// one is the ambiguity of H-10: template `data` of set `web-a` and template
/// `data-web` of set `a` make the same names.
#[must_use]
pub fn sets_of_claim<'a>(claim: &str, sets: impl IntoIterator<Item = &'a Set>) -> Vec<(&'a Set, Ordinal)> {
    let member = |set: &Set| claim_member(&set.meta.name, &set.template_names(), claim).map(|(_, ordinal)| ordinal);
    sets.into_iter().filter_map(|set| Some((set, member(set)?))).collect()
}

/// A run of ASCII digits that Kubernetes would take for an ordinal.
fn digits(text: &str) -> Option<Ordinal> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|number| *number <= LAST_ORDINAL).map(Ordinal)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn templates(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_range_starts_at_the_start_ordinal_and_ends_before_start_plus_replicas() {
        let range = OrdinalRange::new(5, 3);
        assert_eq!(range.iter().map(|ordinal| ordinal.0).collect::<Vec<_>>(), [5, 6, 7]);
        assert!(!range.contains(Ordinal(4)) && range.contains(Ordinal(7)) && !range.contains(Ordinal(8)));
        assert!(!OrdinalRange::new(u64::MAX, u64::MAX).contains(Ordinal(0)));
    }

    #[test]
    fn claims_are_named_for_each_template_of_each_ordinal() {
        let names = claim_names("web", &templates(&["data", "wal"]), OrdinalRange::new(1, u64::MAX), 2);
        assert_eq!(names, ["data-web-1", "wal-web-1", "data-web-2", "wal-web-2"]);
    }

    #[test]
    fn names_that_only_share_a_prefix_belong_to_somebody_else() {
        let data = templates(&["data"]);
        assert_eq!(claim_member("web", &data, "data-web-1"), Some(("data", Ordinal(1))));
        assert_eq!(claim_member("web", &data, "data-web-10"), Some(("data", Ordinal(10))));
        assert_eq!(claim_member("web-1", &data, "data-web-1"), None);
        assert_eq!(claim_member("web-1", &data, "data-web-10"), None);
        assert_eq!(claim_member("web-1", &data, "data-web-1-0"), Some(("data", Ordinal(0))));
        for foreign in ["data-web-1-0", "data-web-01", "data-web-", "data-web-+1", "data-web-2147483648", "xdata-web-1"]
        {
            assert_eq!(claim_member("web", &data, foreign), None, "{foreign}");
        }
    }

    #[test]
    fn pod_names_split_at_the_last_dash_number() {
        assert_eq!(parse_pod_name("web-1-0"), Some(("web-1", Ordinal(0))));
        assert_eq!(pod_ordinal("web", "web-1-0"), None);
        assert_eq!(pod_ordinal("web", "web-12"), Some(Ordinal(12)));
        for foreign in ["web", "web-", "web-x", "web-2147483648", "web-99999999999999999999", "web-1-"] {
            assert_eq!(pod_ordinal("web", foreign), None, "{foreign}");
        }
    }

    #[test]
    fn two_sets_can_make_claims_of_the_same_name() {
        let set = |name: &str, template: &str| {
            let templates = serde_json::json!([{"metadata": {"name": template}}]);
            let object = serde_json::json!({"metadata": {"name": name}, "spec": {"volumeClaimTemplates": templates}});
            Set::read(&object).unwrap()
        };
        let sets = [set("web-a", "data"), set("a", "data-web"), set("web", "data")];
        let found = sets_of_claim("data-web-a-0", &sets);
        let names: Vec<_> = found.iter().map(|(set, ordinal)| (set.meta.name.as_str(), ordinal.0)).collect();
        assert_eq!(names, [("web-a", 0), ("a", 0)]);
    }

    proptest! {
        #[test]
        fn a_pod_name_gives_back_its_set_and_ordinal(
            set in "[a-z]([a-z0-9-]{0,20}[a-z0-9])?", ordinal in 0..=LAST_ORDINAL,
        ) {
            let name = pod_name(&set, Ordinal(ordinal));
            prop_assert_eq!(parse_pod_name(&name), Some((set.as_str(), Ordinal(ordinal))));
        }

        #[test]
        fn a_claim_name_belongs_to_its_set_and_is_the_only_one_of_that_member(
            set in "[a-z](-?[a-z0-9]){0,6}", names in proptest::collection::btree_set("[a-z](-?[a-z0-9]){0,6}", 1..4),
            ordinal in 0..=LAST_ORDINAL,
        ) {
            let templates: Vec<String> = names.into_iter().collect();
            for template in &templates {
                let name = claim_name(template, &set, Ordinal(ordinal));
                prop_assert_eq!(claim_member(&set, &templates, &name), Some((template.as_str(), Ordinal(ordinal))));
            }
        }

        #[test]
        fn whatever_counts_as_a_claim_of_a_set_has_exactly_the_name_that_the_set_would_make(
            set in "a(-[a1]){0,2}", template in "a(-[a1]){0,2}", foreign in "a(-[a1]){0,4}", number in "0{0,1}[01]{1,2}",
        ) {
            let (templates, claim) = ([template], format!("{foreign}-{number}"));
            let member = claim_member(&set, &templates, &claim);
            let exact = (0..=111).map(Ordinal).find(|ordinal| claim_name(&templates[0], &set, *ordinal) == claim);
            prop_assert_eq!(member, exact.map(|ordinal| (templates[0].as_str(), ordinal)));
        }

        #[test]
        fn the_range_contains_exactly_the_ordinals_that_it_lists(
            start in 0_u64..50, replicas in 0_u64..50, ordinal in 0_u64..120,
        ) {
            let range = OrdinalRange::new(start, replicas);
            prop_assert_eq!(range.contains(Ordinal(ordinal)), range.iter().any(|listed| listed == Ordinal(ordinal)));
        }
    }
}
