//! Prints a reference page made from the code: `cargo run --example reference -- config`.

mod agreement;
mod codes;
mod config;
mod figures;
mod messages;
mod operations;
mod samples;
mod source;
mod tables;

use std::io::{self, Write as _};
use std::process::ExitCode;

fn main() -> ExitCode {
    let page = match std::env::args().nth(1).as_deref() {
        Some("messages") => messages::page(),
        Some("error-codes") => codes::error_page(),
        Some("close-codes") => codes::close_page(),
        Some("config") => config::page(),
        Some("metrics") => figures::page(),
        Some(_) | None => {
            eprintln!("which page? messages, error-codes, close-codes, config or metrics");
            return ExitCode::from(2);
        }
    };
    match io::stdout().write_all(page.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// The start of every page.
fn head(title: &str, text: &str) -> String {
    format!(
        "# {title}\n\n<!-- Made from the code by `cargo xtask docs`: change the code, not this page. -->\n\n{}\n",
        text.trim_end()
    )
}
