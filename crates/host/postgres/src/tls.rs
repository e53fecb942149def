//! TLS by `sslmode`, with rustls.
//!
//! `require` verifies the certificate and the host name against the machine's roots and a given
//! CA. `prefer` (the default) encrypts when the server can, without verifying unless a CA is
//! given: whoever could forge the certificate could as well have refused TLS.

#[cfg(test)]
mod tests;

use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres::Socket;
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::Error;

/// The name of a Unix socket's host, where TLS is never used.
const NO_HOST_NAME: &str = "unix-socket.invalid";

/// Makes TLS connections for one `sslmode` and CA. Cheap to clone.
#[derive(Clone)]
pub struct Tls(MakeRustlsConnect);

/// The stream of a [`Tls`] connection.
pub type TlsStream = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream;

impl Tls {
    /// `ca_root`: PEM text with one or more certificates, trusted besides the machine's roots.
    pub fn new(mode: SslMode, ca_root: Option<&str>) -> Result<Self, Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|e| Error::Tls(e.to_string()))?;
        let verified = ca_root.is_some() || !matches!(mode, SslMode::Disable | SslMode::Prefer);
        let mut config = if verified {
            builder
                .with_root_certificates(roots(ca_root)?)
                .with_no_client_auth()
        } else {
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Unverified(provider)))
                .with_no_client_auth()
        };
        // What PostgreSQL 17 and later ask for with sslnegotiation=direct; others ignore it.
        config.alpn_protocols = vec![b"postgresql".to_vec()];
        Ok(Self(MakeRustlsConnect::new(config)))
    }
}

/// Checks that the text can be used as a CA, for an early answer.
pub(crate) fn check_ca(pem: &str) -> Result<(), Error> {
    certificates(pem).map(|_| ())
}

fn roots(ca_root: Option<&str>) -> Result<RootCertStore, Error> {
    let mut store = native_roots().clone();
    if let Some(pem) = ca_root {
        for certificate in certificates(pem)? {
            store
                .add(certificate)
                .map_err(|e| Error::Tls(format!("the CA root cannot be used: {e}")))?;
        }
    }
    if store.is_empty() {
        return Err(Error::Tls(
            "no root certificates on this machine: install ca-certificates or set SSL_CERT_FILE"
                .to_owned(),
        ));
    }
    Ok(store)
}

fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, Error> {
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|e| Error::Tls(format!("the CA root is not valid PEM: {e}")))?;
    if certificates.is_empty() {
        return Err(Error::Tls(
            "the CA root holds no certificate (a text with -----BEGIN CERTIFICATE-----)".to_owned(),
        ));
    }
    Ok(certificates)
}

/// Read once, and only by the first connection that verifies.
fn native_roots() -> &'static RootCertStore {
    static ROOTS: OnceLock<RootCertStore> = OnceLock::new();
    ROOTS.get_or_init(|| {
        let mut store = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        for error in &found.errors {
            tracing::warn!(%error, "cannot read some root certificates");
        }
        store.add_parsable_certificates(found.certs);
        store
    })
}

impl MakeTlsConnect<Socket> for Tls {
    type Stream = TlsStream;
    type TlsConnect = <MakeRustlsConnect as MakeTlsConnect<Socket>>::TlsConnect;
    type Error = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Error;

    fn make_tls_connect(&mut self, hostname: &str) -> Result<Self::TlsConnect, Self::Error> {
        // Asked for before it is known whether TLS is used, with "" for sockets.
        let name = if hostname.is_empty() {
            NO_HOST_NAME
        } else {
            hostname
        };
        <MakeRustlsConnect as MakeTlsConnect<Socket>>::make_tls_connect(&mut self.0, name)
    }
}

/// Encrypts without knowing the peer (`sslmode=prefer`).
#[derive(Debug)]
struct Unverified(Arc<CryptoProvider>);

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
