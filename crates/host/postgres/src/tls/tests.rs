//! Every `sslmode` against a server that speaks just enough of the protocol to accept a client.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::address::Address;
use crate::native::connect_to;

/// A server for one name and the CA that vouches for it.
struct Server {
    port: u16,
    ca: String,
}

impl Server {
    async fn start(with_tls: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (config, ca) = certified("localhost");
        let acceptor = with_tls.then(|| TlsAcceptor::from(Arc::new(config)));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                // A client that refuses the certificate hangs up; that is what is tested.
                let _ = serve(socket, acceptor.clone()).await;
            }
        });
        Self { port, ca }
    }

    async fn connect(&self, parameters: &str, ca: Option<&str>) -> Result<(), String> {
        let address = format!("{parameters} port={} user=u", self.port);
        let address = Address::parse(&address).unwrap();
        let tls = Tls::new(address.config.get_ssl_mode(), ca).map_err(|e| e.to_string())?;
        let connected = connect_to(&address, tls).await;
        connected.map(|_| ()).map_err(|error| error.to_string())
    }
}

fn certified(name: &str) -> (ServerConfig, String) {
    let ca_key = KeyPair::generate().unwrap();
    let mut ca = CertificateParams::new(vec![]).unwrap();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca_pem = ca.self_signed(&ca_key).unwrap().pem();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![name.to_owned()])
        .unwrap()
        .signed_by(&key, &Issuer::new(ca, ca_key))
        .unwrap();
    let config =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            )
            .unwrap();
    (config, ca_pem)
}

async fn serve(mut socket: TcpStream, tls: Option<TlsAcceptor>) -> std::io::Result<()> {
    const SSL_REQUEST: u32 = 80_877_103;
    let length = socket.read_u32().await?;
    let code = socket.read_u32().await?;
    match tls {
        Some(acceptor) if code == SSL_REQUEST => {
            socket.write_all(b"S").await?;
            let mut stream = acceptor.accept(socket).await?;
            let length = stream.read_u32().await?;
            welcome(stream, length - 4).await
        }
        None if code == SSL_REQUEST => {
            socket.write_all(b"N").await?;
            let length = socket.read_u32().await?;
            welcome(socket, length - 4).await
        }
        _ => welcome(socket, length - 8).await,
    }
}

/// Reads what is left of the start-up message and lets the client in.
async fn welcome(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    left: u32,
) -> std::io::Result<()> {
    let mut startup = vec![0; left as usize];
    stream.read_exact(&mut startup).await?;
    let authentication_ok = b"R\0\0\0\x08\0\0\0\0";
    let key_data = b"K\0\0\0\x0c\0\0\0\x01\0\0\0\x02";
    let ready = b"Z\0\0\0\x05I";
    for message in [&authentication_ok[..], key_data, ready] {
        stream.write_all(message).await?;
    }
    stream.flush().await
}

#[tokio::test]
async fn require_accepts_only_a_certificate_of_a_known_ca_for_the_host_name() {
    let server = Server::start(true).await;
    let ca = Some(server.ca.as_str());
    let named = "host=localhost hostaddr=127.0.0.1 sslmode=require";
    server.connect(named, ca).await.unwrap();

    let unknown_ca = server.connect(named, None).await.unwrap_err();
    assert!(unknown_ca.contains("UnknownIssuer"), "{unknown_ca}");

    let other_name = "host=other.test hostaddr=127.0.0.1 sslmode=require";
    let wrong_name = server.connect(other_name, ca).await.unwrap_err();
    assert!(wrong_name.contains("certificate not valid"), "{wrong_name}");

    let no_name = "hostaddr=127.0.0.1 sslmode=require";
    assert!(server.connect(no_name, ca).await.is_err());
}

#[tokio::test]
async fn prefer_encrypts_without_verifying_unless_a_ca_is_given() {
    let server = Server::start(true).await;
    server.connect("host=127.0.0.1", None).await.unwrap();
    server.connect("hostaddr=127.0.0.1", None).await.unwrap();

    let (_, other_ca) = certified("localhost");
    let named = "host=localhost hostaddr=127.0.0.1 sslmode=prefer";
    server.connect(named, Some(&server.ca)).await.unwrap();
    assert!(server.connect(named, Some(&other_ca)).await.is_err());
}

#[tokio::test]
async fn a_server_without_tls_is_refused_only_where_tls_is_required() {
    let server = Server::start(false).await;
    server.connect("host=127.0.0.1", None).await.unwrap();
    server
        .connect("host=127.0.0.1 sslmode=disable", None)
        .await
        .unwrap();
    let required = "host=127.0.0.1 sslmode=require";
    let error = server
        .connect(required, Some(&server.ca))
        .await
        .unwrap_err();
    assert!(error.contains("does not support TLS"), "{error}");
}
