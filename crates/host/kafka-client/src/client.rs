//! Builds librdkafka's configuration from our settings.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::BaseConsumer;
use rdkafka::producer::FutureProducer;

use crate::{Connection, Context, Error, Mechanism};

/// Largest record that is fetched whole, whatever the topic allows: Kafka hands out a first record that is
/// larger than asked for, and memory for it has to be bounded somewhere.
const MAX_RECEIVE_BYTES: usize = 100 << 20;
/// How long a broker with nothing new keeps a fetch of a consumer.
pub const FETCH_WAIT: Duration = Duration::from_millis(100);
/// How long a producer tries to bring a record to the broker.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(30);

impl Connection {
    /// What every client needs: addresses, encryption, authentication.
    ///
    /// # Errors
    /// Settings that make no sense, and files that cannot be read.
    pub fn client_config(&self) -> Result<ClientConfig, Error> {
        let violations = self.violations();
        if !violations.is_empty() {
            return Err(Error::Settings(violations));
        }
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", self.brokers.trim())
            .set("client.id", "spin-trigger-kafka")
            .set("security.protocol", self.protocol())
            .set("receive.message.max.bytes", MAX_RECEIVE_BYTES.to_string())
            .set("socket.keepalive.enable", "true")
            // Waiting on Nagle would cost tens of milliseconds.
            .set("socket.nagle.disable", "true")
            .set("reconnect.backoff.ms", "100")
            .set("reconnect.backoff.max.ms", "3000")
            // Before a check gives up, so that it can tell an address that drops everything from a
            // listener that accepts connections and says nothing.
            .set("socket.connection.setup.timeout.ms", "5000");
        self.encrypt(&mut config)?;
        self.authenticate(&mut config);
        Ok(config)
    }

    /// A member of a consumer group that commits by hand, for a subscription that moves partitions one by one.
    ///
    /// # Errors
    /// As [`Connection::client_config`].
    pub fn consumer_config(&self, group: &str) -> Result<ClientConfig, Error> {
        let mut config = self.client_config()?;
        config
            .set("group.id", group)
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("allow.auto.create.topics", "false")
            .set("isolation.level", "read_committed")
            // Answer as soon as there is anything.
            .set("fetch.wait.max.ms", FETCH_WAIT.as_millis().to_string())
            .set("fetch.error.backoff.ms", "100");
        Ok(config)
    }

    /// An idempotent producer: `acks=all`, in order, without duplicates of its own.
    ///
    /// # Errors
    /// As [`Connection::client_config`].
    pub fn producer_config(&self) -> Result<ClientConfig, Error> {
        let mut config = self.client_config()?;
        config
            .set("enable.idempotence", "true")
            .set("acks", "all")
            // As Kafka's own clients do, so that every writer puts a key into the same partition.
            .set("partitioner", "murmur2_random")
            // The broker and its topics decide what is too large.
            .set("message.max.bytes", MAX_RECEIVE_BYTES.to_string())
            .set("linger.ms", "2")
            .set(
                "delivery.timeout.ms",
                DELIVERY_TIMEOUT.as_millis().to_string(),
            );
        Ok(config)
    }

    /// A producer of [`Connection::producer_config`].
    ///
    /// # Errors
    /// As [`Connection::client_config`], and what librdkafka refuses.
    pub fn producer(&self) -> Result<FutureProducer<Context>, Error> {
        create(
            &self.producer_config()?,
            "create a producer",
            Context::default(),
        )
    }

    /// A consumer of this configuration.
    pub(crate) fn consumer(config: &ClientConfig) -> Result<BaseConsumer<Context>, Error> {
        create(config, "create a consumer", Context::default())
    }

    fn protocol(&self) -> &'static str {
        match (self.tls.is_on(), self.sasl.mechanism != Mechanism::None) {
            (false, false) => "plaintext",
            (true, false) => "ssl",
            (false, true) => "sasl_plaintext",
            (true, true) => "sasl_ssl",
        }
    }

    fn encrypt(&self, config: &mut ClientConfig) -> Result<(), Error> {
        let tls = &self.tls;
        if !tls.is_on() {
            return Ok(());
        }
        if tls.ca.is_empty() {
            // OpenSSL is built in and knows no folder of this system's; `probe` looks for it.
            config.set("ssl.ca.location", "probe");
        } else {
            config.set("ssl.ca.pem", pem("tls.ca", &tls.ca)?);
        }
        if !tls.certificate.is_empty() {
            config.set(
                "ssl.certificate.pem",
                pem("tls.certificate", &tls.certificate)?,
            );
            config.set("ssl.key.pem", pem("tls.key", tls.key.expose())?);
        }
        if !tls.key_password.is_empty() {
            config.set("ssl.key.password", tls.key_password.expose());
        }
        if tls.verify_hostname.0 == Some(false) {
            config.set("ssl.endpoint.identification.algorithm", "none");
        }
        Ok(())
    }

    fn authenticate(&self, config: &mut ClientConfig) {
        let sasl = &self.sasl;
        let Some(mechanism) = sasl.mechanism.name() else {
            return;
        };
        config.set("sasl.mechanism", mechanism);
        if sasl.mechanism == Mechanism::OAuthBearer {
            config
                .set("sasl.oauthbearer.method", "oidc")
                .set("sasl.oauthbearer.token.endpoint.url", &sasl.token_endpoint)
                .set("sasl.oauthbearer.client.id", &sasl.client_id)
                .set(
                    "sasl.oauthbearer.client.secret",
                    sasl.client_secret.expose(),
                )
                // The system's certificates: `tls.ca` is about brokers. As above, it has to look.
                .set("https.ca.location", "probe");
            for (name, value) in [
                ("sasl.oauthbearer.scope", &sasl.scope),
                ("sasl.oauthbearer.extensions", &sasl.extensions),
            ] {
                if !value.is_empty() {
                    config.set(name, value);
                }
            }
        } else {
            config
                .set("sasl.username", &sasl.username)
                .set("sasl.password", sasl.password.expose());
        }
    }
}

/// A client with our context.
pub(crate) fn create<C, T>(config: &ClientConfig, action: &str, context: C) -> Result<T, Error>
where
    T: FromClientConfigAndContext<C>,
    C: rdkafka::ClientContext,
{
    T::from_config_and_context(config, context).map_err(|error| Error::other(action, &error))
}

/// PEM, given as it is or by the name of a file.
fn pem(setting: &'static str, value: &str) -> Result<String, Error> {
    if value.contains("-----BEGIN") {
        return Ok(value.to_owned());
    }
    std::fs::read_to_string(value).map_err(|error| Error::File {
        setting,
        path: value.to_owned(),
        error: error.to_string(),
    })
}
