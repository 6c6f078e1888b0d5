//! How far the caches of actors are behind. Each look of an actor that lags is
//! drawn a revision from the seed; as in a real cache, it never goes back.

use std::collections::BTreeMap;

use super::identity;

/// The actors that lag.
#[derive(Clone, Debug, Default)]
pub struct Lags {
    seed: u64,
    most: BTreeMap<String, u64>,
    /// What each of them has seen.
    seen: BTreeMap<String, u64>,
    draws: u64,
}

impl Lags {
    #[must_use]
    pub fn new(seed: u64, most: BTreeMap<String, u64>) -> Self {
        Self { seed, most, ..Self::default() }
    }

    /// From now on this actor, which has seen the newest revision, is up to so many behind.
    pub fn fall_behind(&mut self, actor: &str, most: u64, newest: u64) {
        self.most.insert(actor.to_owned(), most);
        self.seen.entry(actor.to_owned()).or_insert(newest);
    }

    /// The revision that an actor sees in its next look; `None` for the newest.
    pub fn seen(&mut self, actor: &str, newest: u64) -> Option<u64> {
        let most = *self.most.get(actor).filter(|most| **most > 0)?;
        self.draws = self.draws.saturating_add(1);
        let limit = u32::try_from(most.saturating_add(1)).unwrap_or(u32::MAX);
        let behind = u64::from(identity::pick(self.seed, self.draws, limit));
        let before = self.seen.get(actor).copied().unwrap_or(0);
        let revision = newest.saturating_sub(behind).max(before);
        self.seen.insert(actor.to_owned(), revision);
        (revision < newest).then_some(revision)
    }
}

#[cfg(test)]
mod tests {
    use super::Lags;

    #[test]
    fn a_view_is_never_older_than_allowed_nor_than_the_one_before() {
        let mut lags = Lags::new(7, [("late".to_owned(), 5)].into());
        let mut last = 0;
        let mut behind = 0;
        for newest in 10..200 {
            let seen = lags.seen("late", newest).unwrap_or(newest);
            assert!(seen <= newest && newest - seen <= 5 && seen >= last, "{seen} of {newest} after {last}");
            behind += usize::from(seen < newest);
            last = seen;
        }
        assert!(behind > 50, "hardly ever behind: {behind}");
        assert_eq!(lags.seen("other", 10), None);
        lags.fall_behind("other", 5, 10);
        assert_eq!(lags.seen("other", 10), None, "it has seen that");
        assert!((11..30).any(|newest| lags.seen("other", newest).is_some()));
    }
}
