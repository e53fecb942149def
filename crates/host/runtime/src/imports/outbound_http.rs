//! Outbound HTTP of components: only to hosts in the allow-list, with bounded waits, on pooled
//! connections.

use std::error::Error as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use manifest::AllowedHosts;
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::OnceCell;
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, Error, RequestOptions, WasiBody, WasiHttpHooks,
};

/// How long a response's head may take where the guest sets no limit. Language models think
/// for minutes; the guest's own deadline ends it earlier.
const FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(600);

/// How long a connection is kept for the next request, and how many to one host.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
const MAX_IDLE_PER_HOST: usize = 16;

/// The client all components share. It is made at the first request: reading the machine's
/// certificates takes a while.
pub(crate) struct Client {
    inner: OnceCell<Inner>,
    connect_timeout: Duration,
}

type Inner = legacy::Client<HttpsConnector<HttpConnector>, WasiBody>;

impl Client {
    pub(crate) fn new(connect_timeout: Duration) -> Arc<Self> {
        Arc::new(Self {
            inner: OnceCell::new(),
            connect_timeout,
        })
    }

    async fn get(&self) -> Result<&Inner, Error> {
        let connect_timeout = self.connect_timeout;
        self.inner
            .get_or_try_init(|| async {
                tokio::task::spawn_blocking(move || connect(connect_timeout))
                    .await
                    .map_err(|error| Error::InternalError(Some(error.to_string())))?
                    .map_err(|error| Error::InternalError(Some(error.to_string())))
            })
            .await
    }
}

fn connect(timeout: Duration) -> Result<Inner, rustls::Error> {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    for error in &native.errors {
        tracing::warn!("cannot read the machine's certificates: {error}");
    }
    roots.add_parsable_certificates(native.certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_nodelay(true);
    http.set_connect_timeout(Some(timeout));
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_http1()
        .enable_http2()
        .wrap_connector(http);
    Ok(legacy::Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(MAX_IDLE_PER_HOST)
        .build(connector))
}

/// What `wasi:http` asks before and when a component sends a request.
pub(crate) struct OutboundHttp {
    pub(crate) component: Arc<str>,
    pub(crate) allowed: Arc<AllowedHosts>,
    pub(crate) client: Arc<Client>,
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
    /// As by default, without allocating for every header of every request.
    fn is_forbidden_header(&mut self, name: &http::HeaderName) -> bool {
        DEFAULT_FORBIDDEN_HEADERS.contains(name)
    }

    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Io,
    ) -> Sent {
        let checked = self.check(request.uri());
        let client = self.client.clone();
        let component = self.component.clone();
        Box::new(async move {
            checked?;
            let options = options.unwrap_or_default();
            let timeout = options.connect_timeout.unwrap_or(client.connect_timeout)
                + options.first_byte_timeout.unwrap_or(FIRST_BYTE_TIMEOUT);
            let host = request.uri().host().unwrap_or_default().to_owned();
            let sent = client.get().await?.request(request);
            let error = match tokio::time::timeout(timeout, sent).await {
                Ok(Ok(response)) => {
                    let response = response.map(|body| body.map_err(Error::from).boxed_unsync());
                    return Ok((response, Box::new(std::future::ready(Ok(()))) as Io));
                }
                Ok(Err(error)) => guest_error(&error),
                Err(_) => Error::HttpResponseTimeout,
            };
            tracing::warn!(
                component = &*component,
                host,
                %error,
                "an outbound request failed"
            );
            Err(error)
        })
    }
}

/// The error a guest sees: the first cause that says more than that it failed.
fn guest_error(error: &legacy::Error) -> Error {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<io::Error>() {
            match io.kind() {
                io::ErrorKind::ConnectionRefused => return Error::ConnectionRefused,
                io::ErrorKind::TimedOut => return Error::ConnectionTimeout,
                io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof => {
                    return Error::ConnectionTerminated;
                }
                _ => {}
            }
            if let Some(rustls::Error::InvalidCertificate(_)) =
                io.get_ref().and_then(|inner| inner.downcast_ref())
            {
                return Error::TlsCertificateError;
            }
        }
        if inner.to_string().contains("dns error") {
            return Error::DnsError {
                rcode: None,
                info_code: None,
            };
        }
        cause = inner.source();
    }
    if error.is_connect() {
        Error::DestinationUnavailable
    } else {
        Error::HttpProtocolError
    }
}
