//! Walking down the causes of an error. `std::io::Error` hides what it wraps
//! from `source()`, and kube, hyper and rustls wrap one another in it, so a
//! plain walk would miss the interesting end.

use std::error::Error;
use std::io;

/// A chain longer than this is a loop or an attack.
const DEEPEST: usize = 32;

/// The error itself and everything behind it, outermost first.
pub fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |current| behind(*current)).take(DEEPEST)
}

fn behind<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

/// The first cause of this type.
pub fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_io_error_wraps_is_found() {
        let inner = io::Error::other(fmt_error());
        let error = kube::Error::ReadEvents(io::Error::other(kube::Error::Service(inner.into())));
        assert!(find::<std::fmt::Error>(&error).is_some());
        assert_eq!(causes(&error).count(), 5);
    }

    fn fmt_error() -> std::fmt::Error {
        std::fmt::Error
    }
}
