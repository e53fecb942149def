//! The guest of trigger-websocket's tests: the client chooses its behaviour with the opening request.
//!
//! Subprotocol `key.<k>` subscribes the key `k`; without one the opening is refused. In the query,
//! `pause_ms=` holds `resume` up and `expires_at=` ends the connection.

use std::time::Duration;

use spin_sdk::pg::Connection as Database;
use spin_sdk::time::sleep;
use spin_websocket::{
    Acceptance, Connection, Delivery, Frame, Handler, Message, Opening, Refusal, Resumption,
};

struct Echo;

impl Handler for Echo {
    async fn open(opening: Opening) -> Result<Acceptance, Refusal> {
        let keys: Vec<&str> = opening
            .subprotocols
            .iter()
            .filter_map(|offered| offered.strip_prefix("key."))
            .collect();
        if keys.is_empty() {
            return Err(Refusal::new(401)
                .header("www-authenticate", "Key")
                .header("connection", "close, a-header-the-host-must-drop")
                .body("text/plain", "say which key"));
        }
        let query = opening.query.clone().unwrap_or_default();
        let context = format!("{}\n{query}", keys.join(","));
        let chosen = if opening.offers("echo.v1") {
            "echo.v1".to_owned()
        } else {
            format!("key.{}", keys[0])
        };
        let mut acceptance = Acceptance::new(keys).context(context).subprotocol(chosen);
        if let Some(expires_at) = number(&query, "expires_at=") {
            acceptance = acceptance.expires_at(expires_at);
        }
        Ok(acceptance)
    }

    async fn resume(connection: Connection, since: Option<String>) -> Result<Resumption, String> {
        let (key, query) = connection.context.split_once('\n').unwrap_or_default();
        let mut resumption = match &since {
            Some(since) => resumption(key, since)
                .await
                .map_err(|error| error.to_string())?,
            None => Resumption::default(),
        };
        if let Some(pause_ms) = number(query, "pause_ms=") {
            sleep(Duration::from_millis(pause_ms)).await;
        }
        let ready = Frame::Text(format!("ready {}", resumption.deliveries.len()));
        resumption.deliveries.insert(0, ready.into());
        Ok(resumption)
    }

    async fn deliver(messages: Vec<Message>) -> Result<Vec<Option<Delivery>>, String> {
        let any = |text| messages.iter().any(|message| contains(message, text));
        if any("\"poison\"") {
            return Err("a poisonous record".into());
        }
        if any("\"trap\"") {
            panic!("a record that traps");
        }
        if any("\"slow\"") {
            sleep(Duration::from_millis(300)).await;
        }
        Ok(messages
            .into_iter()
            .map(|message| {
                if contains(&message, "\"unseen\"") {
                    None
                } else {
                    message.into_delivery()
                }
            })
            .collect())
    }

    async fn receive(connection: Connection, frame: Frame) -> Result<Vec<Frame>, String> {
        match &frame {
            Frame::Text(text) if text == "context" => Ok(vec![Frame::Text(connection.context)]),
            Frame::Text(text) if text == "close" => Ok(vec![Frame::close(4000, "as you asked")]),
            Frame::Text(text) if text == "fail" => Err("as you asked".into()),
            Frame::Text(text) if text == "trap" => panic!("as you asked"),
            Frame::Text(text) if text == "spin" => loop {
                std::hint::spin_loop();
            },
            _ => Ok(vec![frame]),
        }
    }
}

spin_websocket::export!(Echo);

/// Records of the key after the one with this id, straight from the log, and the latest before it.
async fn resumption(key: &str, since: &str) -> anyhow::Result<Resumption> {
    let address = spin_sdk::variables::get("database_url").await?;
    let database = Database::open(address).await?;
    let rows = database
        .query(
            "WITH since AS (SELECT xid, position FROM outbox WHERE id = $2::text::uuid)
             SELECT o.id::text, o.payload::text,
                    (o.xid, o.position) <= (since.xid, since.position) AS known
             FROM outbox o, since WHERE o.aggregateid = $1
             ORDER BY o.xid, o.position",
            [key.to_owned().into(), since.to_owned().into()],
        )
        .await?
        .collect()
        .await?;
    let mut resumption = Resumption::default();
    for row in rows {
        let id: String = row.get("id").unwrap_or_default();
        let text: String = row.get("payload").unwrap_or_default();
        match row.get("known") {
            Some(true) => resumption.known.push(id),
            _ => resumption.deliveries.push(Delivery {
                id: Some(id),
                frame: Frame::Text(text),
            }),
        }
    }
    Ok(resumption)
}

fn contains(message: &Message, text: &str) -> bool {
    let value = message.value.as_deref().unwrap_or_default();
    str::from_utf8(value).is_ok_and(|value| value.contains(text))
}

fn number(query: &str, name: &str) -> Option<u64> {
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix(name))?
        .parse()
        .ok()
}
