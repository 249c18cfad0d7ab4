//! Game data as a client sends it: the one message whose frame is read by hand, since nearly all frames are it.

use serde::{Deserialize, Serialize};

use crate::delivery::DeliveryClass;
use crate::ids::{Epoch, PlayerId};
use crate::json::Scanner;
use crate::message::present;
use crate::payload::Payload;

/// Body of [`crate::ClientMessage::GameData`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct GameDataIn<'a> {
    /// The game's own data, at most [`crate::limits::PAYLOAD_DEPTH_MAX`] deep.
    #[serde(borrow)]
    pub data: Payload<'a>,
    /// How it may be treated; `reliable` if that is not said. Needs protocol 3.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub class: Option<DeliveryClass>,
    /// What a `latest` message is the latest of: there with that class, and with no other. Needs protocol 3.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub key: Option<u32>,
}

impl<'a> GameDataIn<'a> {
    /// Reads a whole frame in one pass. `None` says nothing about the frame: it is for the general reader, which
    /// knows all messages, escapes in names, and what to call an error.
    pub(crate) fn from_frame(frame: &'a str) -> Option<Self> {
        let mut json = Scanner::new(frame);
        let (mut kind, mut body) = (None, None);
        let mut goes_on = true;
        if let Some(rest) = frame.strip_prefix(USUAL_START) {
            json = Scanner::new(rest);
            (kind, body) = (Some("GameData"), Some(Self::from_body(&mut json)?));
            goes_on = json.skip(b',').ok()?;
        } else {
            json.expect(b'{').ok()?;
        }
        while goes_on {
            let again = match json.plain_name()? {
                "type" => kind.replace(json.plain_string().filter(|kind| *kind == "GameData")?).is_some(),
                "data" => body.replace(Self::from_body(&mut json)?).is_some(),
                _ => json.value().is_err(),
            };
            if again {
                return None;
            }
            goes_on = json.skip(b',').ok()?;
        }
        json.expect(b'}').and_then(|()| json.end()).ok()?;
        kind.and(body)
    }

    fn from_body(json: &mut Scanner<'a>) -> Option<Self> {
        let (mut data, mut class, mut key) = (None, None, None);
        json.expect(b'{').ok()?;
        loop {
            let again = match json.plain_name()? {
                "data" => data.replace(Payload::from_checked(json.value().ok()?)).is_some(),
                "class" => class.replace(DeliveryClass::from_token(json.plain_string()?)?).is_some(),
                "key" => key.replace(json.value().ok()?.parse().ok()?).is_some(),
                _ => json.value().is_err(),
            };
            if again {
                return None;
            }
            if !json.skip(b',').ok()? {
                break;
            }
        }
        json.expect(b'}').ok()?;
        Some(Self { data: data?, class, key })
    }
}

/// Body of [`crate::ServerMessage::GameData`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct GameDataOut<'a> {
    /// The sender.
    pub from_player: PlayerId,
    /// The game's own data.
    #[serde(borrow)]
    pub data: Payload<'a>,
    /// Its number, from 1 on. Always on v3, and only there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// The sender's membership. Always on v3, and only there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<Epoch>,
    /// The class, if the sender wrote one. Only on v3.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub class: Option<DeliveryClass>,
    /// The key, if the sender wrote one. Only on v3.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub key: Option<u32>,
}

/// How nearly every frame starts; comparing it whole saves a fifth of the time that a short one takes.
const USUAL_START: &str = r#"{"type":"GameData","data":"#;
