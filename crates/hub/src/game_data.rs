//! One game message on its way through: as it came in, and in each form in which it goes out.

use signal_fish_protocol::{
    GameDataEncoding, Payload, ProtocolVersion, RelayStamp, binary_relay, message_pack_to_json, protobuf,
    text_relay,
};

use crate::frame::{Frame, FrameKind};
use crate::link::{Form, Wire};

/// A game message as its sender wrote it.
#[derive(Clone, Debug)]
pub(crate) enum GameData<'a> {
    /// In a text message.
    Text(Payload<'a>),
    /// In a binary message, in the sender's format.
    Binary(GameDataEncoding, &'a [u8]),
}

/// A game message that is kept, as its sender wrote it.
#[derive(Debug)]
pub(crate) enum KeptData {
    Text(Payload<'static>),
    Binary(GameDataEncoding, Box<[u8]>),
}

impl GameData<'_> {
    /// How many bytes its sender wrote.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Text(payload) => payload.as_str().len(),
            Self::Binary(_, bytes) => bytes.len(),
        }
    }

    pub(crate) fn to_kept(&self) -> KeptData {
        match self {
            Self::Text(payload) => KeptData::Text(payload.as_borrowed().into_owned()),
            Self::Binary(format, bytes) => KeptData::Binary(*format, (*bytes).into()),
        }
    }
}

impl KeptData {
    pub(crate) fn as_game_data(&self) -> GameData<'_> {
        match self {
            Self::Text(payload) => GameData::Text(payload.as_borrowed()),
            Self::Binary(format, bytes) => GameData::Binary(*format, bytes),
        }
    }
}

/// One game message in every form that its recipients read, each made when it is first asked for.
pub(crate) struct RelayFrames<'a> {
    game_data: GameData<'a>,
    stamp: RelayStamp,
    scratch: &'a mut Vec<u8>,
    /// What a recipient takes at most.
    bytes_max: usize,
    text: [Option<Frame>; Form::COUNT],
    binary: [Option<Frame>; Form::COUNT],
    /// What became of binary data that had to be text; `Some(None)` if it cannot be.
    converted: Option<Option<Payload<'static>>>,
}

impl<'a> RelayFrames<'a> {
    pub(crate) fn new(
        game_data: GameData<'a>,
        stamp: RelayStamp,
        scratch: &'a mut Vec<u8>,
        bytes_max: usize,
    ) -> Self {
        Self {
            game_data,
            stamp,
            scratch,
            bytes_max,
            text: [const { None }; Form::COUNT],
            binary: [const { None }; Form::COUNT],
            converted: None,
        }
    }

    /// The form for a recipient that reads `wire`; nothing if there is none.
    pub(crate) fn of(&mut self, wire: Wire) -> Option<&Frame> {
        let form = wire.form();
        match self.game_data {
            // Text goes to everyone as text, whatever a recipient negotiated for binary.
            GameData::Text(_) => self.text_frame(form),
            GameData::Binary(format, _) if format == wire.format => self.binary_frame(form),
            GameData::Binary(GameDataEncoding::MessagePack, _) if wire.format == GameDataEncoding::Json => {
                self.text_frame(form)
            }
            GameData::Binary(..) => None,
        }
    }

    fn text_frame(&mut self, form: Form) -> Option<&Frame> {
        let frame = &mut self.text[form as usize];
        if frame.is_none() {
            let payload = match &self.game_data {
                GameData::Text(payload) => payload,
                GameData::Binary(_, bytes) => {
                    let converted =
                        self.converted.get_or_insert_with(|| message_pack_to_json(bytes).ok()).as_ref()?;
                    // JSON is up to six times as long, which is not the recipient's fault.
                    if converted.as_str().len().saturating_add(ENVELOPE_BYTES_MAX) > self.bytes_max {
                        return None;
                    }
                    converted
                }
            };
            self.scratch.clear();
            let kind = match form {
                Form::JsonV2 => {
                    text_relay(self.scratch, ProtocolVersion::V2, &self.stamp, payload);
                    FrameKind::Text
                }
                Form::JsonV3 => {
                    text_relay(self.scratch, ProtocolVersion::V3, &self.stamp, payload);
                    FrameKind::Text
                }
                Form::Protobuf => {
                    protobuf::text_relay(self.scratch, &self.stamp, payload);
                    FrameKind::Binary
                }
            };
            *frame = Some(Frame::new(kind, self.scratch.as_slice()));
        }
        frame.as_ref()
    }

    fn binary_frame(&mut self, form: Form) -> Option<&Frame> {
        let frame = &mut self.binary[form as usize];
        if frame.is_none()
            && let GameData::Binary(format, bytes) = self.game_data
        {
            self.scratch.clear();
            match form {
                Form::JsonV2 => binary_relay(self.scratch, ProtocolVersion::V2, &self.stamp, format, bytes),
                Form::JsonV3 => binary_relay(self.scratch, ProtocolVersion::V3, &self.stamp, format, bytes),
                Form::Protobuf => protobuf::binary_relay(self.scratch, &self.stamp, format, bytes),
            }
            *frame = Some(Frame::new(FrameKind::Binary, self.scratch.as_slice()));
        }
        frame.as_ref()
    }
}

/// More than a text message adds to its payload.
const ENVELOPE_BYTES_MAX: usize = 256;
