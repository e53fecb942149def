//! The guest of trigger-websocket's tests: the client chooses its behaviour with the opening request.
//!
//! Subprotocol `key.<k>` subscribes the key `k`; without one the opening is refused. In the query,
//! `pause_ms=` holds `resume` up and `expires_at=` ends the connection.

use spin_sdk::pg::Connection as Database;
use spin_websocket::{Acceptance, Connection, Delivery, Frame, Handler, Message, Opening, Refusal};

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

    async fn resume(
        connection: Connection,
        since: Option<String>,
    ) -> Result<Vec<Delivery>, String> {
        let (key, query) = connection.context.split_once('\n').unwrap_or_default();
        let missed = match &since {
            Some(since) => missed(key, since)
                .await
                .map_err(|error| error.to_string())?,
            None => Vec::new(),
        };
        if let Some(pause_ms) = number(query, "pause_ms=") {
            spin_sdk::time::sleep(std::time::Duration::from_millis(pause_ms)).await;
        }
        let ready = Frame::Text(format!("ready {}", missed.len())).into();
        Ok(std::iter::once(ready).chain(missed).collect())
    }

    async fn deliver(messages: Vec<Message>) -> Result<Vec<Option<Delivery>>, String> {
        if messages
            .iter()
            .any(|message| contains(message, "\"poison\""))
        {
            return Err("a poisonous record".into());
        }
        if messages.iter().any(|message| contains(message, "\"trap\"")) {
            panic!("a record that traps");
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

/// Records of the key after the one with this id, straight from the log.
async fn missed(key: &str, since: &str) -> anyhow::Result<Vec<Delivery>> {
    let address = spin_sdk::variables::get("database_url").await?;
    let database = Database::open(address).await?;
    let rows = database
        .query(
            "SELECT id::text, payload::text FROM outbox WHERE aggregateid = $1
             AND (xid, position) > (SELECT xid, position FROM outbox WHERE id = $2::text::uuid)
             ORDER BY xid, position",
            [key.to_owned().into(), since.to_owned().into()],
        )
        .await?
        .collect()
        .await?;
    rows.iter()
        .map(|row| {
            let id: Option<String> = row.get("id");
            let text: String = row.get("payload").unwrap_or_default();
            Ok(Delivery {
                id,
                frame: Frame::Text(text),
            })
        })
        .collect()
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
