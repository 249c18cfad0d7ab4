//! MessagePack game data for recipients that read JSON.


use crate::limits;
use crate::payload::Payload;

/// Why MessagePack game data has no JSON form.
#[derive(Debug, thiserror::Error)]
pub enum TranscodeError {
    /// Not MessagePack, nested too deep, or with something JSON does not know.
    #[error("no JSON form: {0}")]
    NoJsonForm(#[from] serde_json::Error),
    /// Bytes after the value.
    #[error("bytes after the value")]
    TrailingBytes,
}

/// Writes one MessagePack value as JSON. Byte strings, extensions and keys that are not text have no JSON form.
pub fn message_pack_to_json(bytes: &[u8]) -> Result<Payload<'static>, TranscodeError> {
    let mut rest = bytes;
    let mut json = Vec::with_capacity(bytes.len() * 2);
    let mut reader = rmp_serde::Deserializer::new(&mut rest);
    reader.set_max_depth(limits::MESSAGE_PACK_DEPTH_MAX);
    serde_transcode::transcode(&mut reader, &mut serde_json::Serializer::new(&mut json))?;
    drop(reader);
    if !rest.is_empty() {
        return Err(TranscodeError::TrailingBytes);
    }
    let json = String::from_utf8(json).expect("serde_json writes UTF-8");
    Ok(Payload::from_written(json))
}
