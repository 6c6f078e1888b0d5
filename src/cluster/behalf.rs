//! On whose behalf a server is asked that no kubeconfig leads to.

use kube::Config;
use kube::client::ConfigExt as _;
use kube::client::middleware::ExtraHeadersLayer;

use super::connection::Identity;
use super::context::impersonate;
use super::failure::explain;
use super::flags::ConnectionFlags;
use crate::error::Failure;

/// Says with each request whom `--as`, `--as-group` and `--as-uid` name.
///
/// # Errors
/// A name cannot stand in a header.
pub fn on_behalf(flags: &ConnectionFlags, identity: &Identity) -> Result<ExtraHeadersLayer, Failure> {
    let mut config = Config::new(http::Uri::from_static("http://localhost"));
    impersonate(&mut config.auth_info, flags);
    config.extra_headers_layer().map_err(|error| explain(&error, identity, ""))
}
