//! The playground in headless Chromium: two players meet, play, lose each other and meet again.

mod window;

use signal_fish_testkit::Launch;

use window::{Chromium, Window};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn two_windows_play_a_session() {
    let Some(chromium) = Chromium::find() else {
        println!("not run: there is no chromedriver with a chromium to drive");
        return;
    };
    let server = Launch::new(env!("CARGO_BIN_EXE_signal-fish-server")).start();
    let page = format!("http://{}/play", server.addr());
    let (desk, phone) = (chromium.desk().await, chromium.phone().await);

    desk.open(&page).await;
    desk.enter("#name", "Ada").await;
    desk.click("#join").await;
    desk.until("document.querySelector('#players li[data-name=Ada]')").await;
    let link = desk.eval("return location.href").await;
    phone.open(link.as_str().expect("an address")).await;
    phone.until("document.querySelector('#join').textContent.startsWith('Join ')").await;
    phone.keep("invitation").await;
    phone.enter("#name", "Bob").await;
    phone.click("#join").await;
    for window in [&desk, &phone] {
        window.until("document.querySelectorAll('#players li').length === 2").await;
    }

    start_the_game(&desk, &phone).await;
    fish_are_seen(&desk, &phone).await;

    phone.click("#cut").await;
    phone.until("document.querySelector('#notice').textContent.includes('The line is gone')").await;
    phone.keep("cut").await;
    phone.click("#reconnect").await;
    phone.until("document.querySelector('#notice').textContent.includes('same seat')").await;
    desk.until("document.querySelector('#log [data-type=PlayerReconnected]')").await;
    fish_are_seen(&desk, &phone).await;

    for window in [&desk, &phone] {
        assert_eq!(
            window.eval("return document.documentElement.scrollWidth <= innerWidth").await,
            true,
            "nothing is cut off at the side"
        );
        window.keep("light").await;
        window.click("#theme").await;
        window.keep("dark").await;
    }
    phone.click("#leave").await;
    desk.until("document.querySelectorAll('#players li').length === 1").await;
    desk.close().await;
    phone.close().await;
}

/// Both get ready, and whoever holds the authority starts.
async fn start_the_game(desk: &Window, phone: &Window) {
    desk.click("#ready").await;
    desk.until("document.querySelector('#players li[data-name=Ada] .chip.good')").await;
    phone.click("#ready").await;
    let holder = "document.querySelector('#players li[data-name=Ada]').textContent.includes('authority')";
    desk.until(holder).await;
    desk.until("!document.querySelector('#start-game').disabled").await;
    desk.keep("lobby").await;
    desk.click("#start-game").await;
    for window in [desk, phone] {
        window.until("document.querySelector('#lobby').textContent === 'the game is on'").await;
        window.until("document.querySelector('#log [data-type=SessionPlan]')").await;
    }
}

/// Each moves its fish, by dragging and by keys, and the other sees it there.
async fn fish_are_seen(desk: &Window, phone: &Window) {
    desk.drag("#pond", (120, -60)).await;
    desk.press("#pond", fantoccini::key::Key::Left).await;
    let ada = desk.eval(&place_of("Ada")).await;
    phone.until(&format!("(() => {{ {} }})() === {ada}", place_of("Ada"))).await;
    phone.press("#pond", fantoccini::key::Key::Down).await;
    let bob = phone.eval(&place_of("Bob")).await;
    desk.until(&format!("(() => {{ {} }})() === {bob}", place_of("Bob"))).await;
}

fn place_of(name: &str) -> String {
    format!("return document.querySelector('#players li[data-name={name}] .place').textContent")
}
