//! What somebody looks for in a list. It goes beside the request and not in it:
//! a server in this process, which knows who uses what, may leave out all else;
//! over a network nobody hears of it, and the list comes whole. Whoever asks
//! picks out what he looks for in both cases.

/// A few objects among many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookedFor {
    /// Pods that use one of these claims.
    PodsWith(Vec<String>),
    /// Attachments of one of these volumes.
    AttachmentsOf(Vec<String>),
}
