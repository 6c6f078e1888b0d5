//! No log, at any verbosity. kube writes whole answers to its log when they do
//! not decode, so one Secret with an odd field would be printed in full.
//!
//! Two locks: `tracing` is compiled with `max_level_off` (`Cargo.toml`), which
//! removes every event of every crate, and a subscriber that takes nothing
//! occupies the one global place before anybody else can.

use tracing::subscriber::{NoSubscriber, set_global_default};

/// Shuts the log for the rest of the process. To be called first thing;
/// calling it again does nothing.
pub fn silence_logs() {
    // The only failure is that the place is taken, and then it stays silent
    // all the same because of the compiled-in level.
    let _already_taken = set_global_default(NoSubscriber::default());
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use http_body_util::Full;
    use k8s_openapi::api::core::v1::Secret;
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};

    use super::*;

    /// Writes down every event it is offered.
    #[derive(Clone, Default)]
    struct Listener(Arc<Mutex<Vec<String>>>);

    impl Subscriber for Listener {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }
        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn event(&self, event: &Event<'_>) {
            self.0.lock().unwrap().push(format!("{event:?}"));
        }
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
    }

    #[test]
    fn nobody_can_listen_afterwards() {
        silence_logs();
        assert!(set_global_default(Listener::default()).is_err());
    }

    #[tokio::test]
    async fn a_secret_that_does_not_decode_reaches_no_log_and_no_message() {
        let listener = Listener::default();
        let _listening = tracing::subscriber::set_default(listener.clone());
        let body =
            r#"{"kind":"Secret","apiVersion":"v1","metadata":{"name":"a"},"data":{"password":"not base64, hunter2"}}"#;
        let server = tower::service_fn(move |_: http::Request<kube::client::Body>| async move {
            Ok::<_, std::convert::Infallible>(http::Response::new(Full::new(bytes::Bytes::from_static(
                body.as_bytes(),
            ))))
        });
        let client = kube::Client::new(server, "default");
        let error = kube::Api::<Secret>::default_namespaced(client).get("a").await.unwrap_err();
        assert!(
            matches!(error, kube::Error::SerdeError(_)),
            "the answer must not decode for this test to mean something"
        );
        assert!(listener.0.lock().unwrap().is_empty(), "{:?}", listener.0.lock().unwrap());
        let identity = crate::cluster::Identity { name: "test".into(), server: "https://test".into() };
        let failure = crate::cluster::explain(&error, &identity, "reading Secret `a`");
        assert!(!format!("{failure:?}").contains("hunter2"), "{failure:?}");
    }
}
