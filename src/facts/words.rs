//! Closed sets of words that the API uses in string fields. A word that this
//! program does not know is kept as `Other`, so that nothing read is lost and
//! nothing unknown passes for something known.

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($word:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum $name {
            $($word,)+
            /// A word that this program does not know; raw.
            Other(String),
        }

        impl $name {
            #[must_use]
            pub fn read(word: &str) -> Self {
                match word {
                    $(stringify!($word) => Self::$word,)+
                    other => Self::Other(other.to_owned()),
                }
            }

            /// The word as the API writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$word => stringify!($word),)+
                    Self::Other(word) => word,
                }
            }
        }
    };
}

words! {
    /// `status.phase` of a claim (PV-32).
    ClaimPhase { Pending, Bound, Lost }
}

words! {
    /// `status.phase` of a volume (PV-33). `Terminating` is no phase.
    VolumePhase { Pending, Available, Bound, Released, Failed }
}

words! {
    /// What happens to a volume when its claim goes (PV-40). The volume's own
    /// field decides, never that of its class (PV-16).
    ReclaimPolicy { Delete, Retain, Recycle }
}

words! {
    /// When a claim of a class gets its volume.
    BindingMode { Immediate, WaitForFirstConsumer }
}

words! {
    /// How a pod finds a volume: as a file system, or as a raw device.
    VolumeMode { Filesystem, Block }
}

words! {
    /// `status.phase` of a pod.
    PodPhase { Pending, Running, Succeeded, Failed, Unknown }
}

words! {
    /// In which order a set makes and removes its pods (SS-21).
    ManagementPolicy { OrderedReady, Parallel }
}

words! {
    /// How pods get a changed template (SS-60, SS-66, SS-67).
    Strategy { RollingUpdate, OnDelete, Recreate }
}

words! {
    /// What a set does with its claims when it shrinks or goes (2.9).
    RetentionPolicy { Retain, Delete }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_kept_as_it_was_written_whether_known_or_not() {
        assert_eq!(ReclaimPolicy::read("Retain"), ReclaimPolicy::Retain);
        assert_eq!(ReclaimPolicy::Retain.as_str(), "Retain");
        assert_eq!(ReclaimPolicy::read("retain"), ReclaimPolicy::Other("retain".to_owned()));
        assert_eq!(ReclaimPolicy::read("retain").as_str(), "retain");
    }
}
