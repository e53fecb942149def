//! Outbound HTTP of components: only to hosts in the allow-list, with bounded waits.

use std::sync::Arc;
use std::time::Duration;

use host_app::AllowedHosts;
use http_body_util::BodyExt;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks, default_send_request};

/// What `wasi:http` asks before and when it sends a request.
pub(crate) struct OutboundHttp {
    pub(crate) component: Arc<str>,
    pub(crate) allowed: Arc<AllowedHosts>,
    pub(crate) connect_timeout: Duration,
}

type Io = Box<dyn Future<Output = Result<(), Error>> + Send>;
type Sent = Box<dyn Future<Output = Result<(http::Response<WasiBody>, Io), Error>> + Send>;

impl OutboundHttp {
    fn check(&self, uri: &http::Uri) -> Result<(), Error> {
        let scheme = uri.scheme_str().unwrap_or("https");
        let Some(authority) = uri.authority() else {
            return Err(Error::HttpRequestUriInvalid);
        };
        let port = authority
            .port_u16()
            .unwrap_or(if scheme == "http" { 80 } else { 443 });
        if self.allowed.allows(scheme, authority.host(), port) {
            return Ok(());
        }
        tracing::warn!(
            component = &*self.component,
            "refused a request to {scheme}://{}:{port}: to allow it, add it to \
             allowed_outbound_hosts of the component",
            authority.host()
        );
        Err(Error::HttpRequestDenied)
    }
}

impl WasiHttpHooks for OutboundHttp {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Io,
    ) -> Sent {
        let checked = self.check(request.uri());
        let mut options = options.unwrap_or_default();
        options.connect_timeout.get_or_insert(self.connect_timeout);
        Box::new(async move {
            checked?;
            let (response, io) = default_send_request(request, Some(options)).await?;
            Ok((response.map(BodyExt::boxed_unsync), Box::new(io) as Io))
        })
    }
}
