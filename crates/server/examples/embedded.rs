//! A program with a server inside itself: `cargo run --example embedded`, then connect to what it prints.

#![expect(clippy::print_stdout, reason = "who connects has to know where")]

use signal_fish_server::{Server, Settings};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::start(&Settings { port: 0, ..Settings::default() }).await?;
    println!("ws://{}/v3/ws", server.local_addr());
    let stop = async { tokio::signal::ctrl_c().await.expect("a runtime with signals") };
    Ok(server.run_until(stop).await?)
}
