//! The pages of error codes and close codes.

use signal_fish_protocol::{CloseCode, ErrorCode};

use crate::head;

/// Codes of features that this release does not have.
const NOT_SENT: [ErrorCode; 1] = [ErrorCode::StorageError];

pub(crate) fn error_page() -> String {
    let text = "Why something was refused. The code is in the member `error_code` of the reply; the text beside it is \
                for people and may change.\n\n\
                | code | meaning |\n|---|---|";
    let rows = ErrorCode::ALL.iter().map(|code| {
        let note = if NOT_SENT.contains(code) { " Not sent by this release." } else { "" };
        format!("| `{}` | {}{note} |\n", code.token(), code.meaning())
    });
    head("Error codes", text) + &rows.collect::<String>()
}

pub(crate) fn close_page() -> String {
    let text = "Why the server ended a connection: the number and the reason text of its close frame. Where an error \
                code belongs to it, an `Error` message comes just before.\n\n\
                | number | reason | meaning |\n|---|---|---|";
    let rows = CloseCode::ALL.iter().map(|code| {
        let reason =
            Some(code.reason()).filter(|reason| !reason.is_empty()).map(|reason| format!("`{reason}`"));
        format!("| {} | {} | {} |\n", code.number(), reason.unwrap_or_default(), code.meaning())
    });
    head("Close codes", text) + &rows.collect::<String>()
}
