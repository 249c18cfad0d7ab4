//! The playground in headless Chromium: two players meet, play, lose each other and meet again.

mod window;

use signal_fish_testkit::Launch;

use window::{Chromium, DOWN, LEFT, Window};

#[test]
fn two_windows_play_a_session() {
    let Some(chromium) = Chromium::find() else {
        println!("not run: there is no chromedriver with a chromium to drive");
        return;
    };
    let server = Launch::new(env!("CARGO_BIN_EXE_signal-fish-server")).start();
    let page = format!("http://{}/play", server.addr());
    let (desk, phone) = (chromium.desk(), chromium.phone());

    desk.open(&page);
    desk.enter("#name", "Ada");
    desk.click("#join");
    desk.until("document.querySelector('#players li[data-name=Ada]')");
    let link = desk.eval("return location.href");
    phone.open(link.as_str().expect("an address"));
    phone.until("document.querySelector('#join').textContent.startsWith('Join ')");
    phone.keep("invitation");
    phone.enter("#name", "Bob");
    phone.click("#join");
    for window in [&desk, &phone] {
        window.until("document.querySelectorAll('#players li').length === 2");
    }

    start_the_game(&desk, &phone);
    fish_are_seen(&desk, &phone);

    phone.click("#cut");
    phone.until("document.querySelector('#notice').textContent.includes('The line is gone')");
    phone.keep("cut");
    phone.click("#reconnect");
    phone.until("document.querySelector('#notice').textContent.includes('same seat')");
    desk.until("document.querySelector('#log [data-type=PlayerReconnected]')");
    fish_are_seen(&desk, &phone);

    for window in [&desk, &phone] {
        assert_eq!(
            window.eval("return document.documentElement.scrollWidth <= innerWidth"),
            true,
            "nothing is cut off at the side"
        );
        window.keep("light");
        window.click("#theme");
        window.keep("dark");
        window.eval("document.querySelector('#log').scrollIntoView({ block: 'end' })");
        window.keep("frames");
    }
    phone.click("#leave");
    desk.until("document.querySelectorAll('#players li').length === 1");
    phone.click("#watch");
    desk.until("document.querySelector('#spectators').textContent === '1 watching'");
    desk.press("#pond", LEFT);
    let ada = desk.eval(&place_of("Ada"));
    phone.until(&format!("(() => {{ {} }})() === {ada}", place_of("Ada")));
    phone.keep("watching");
}

/// Both get ready, and whoever holds the authority starts.
fn start_the_game(desk: &Window, phone: &Window) {
    desk.click("#ready");
    desk.until("document.querySelector('#players li[data-name=Ada] .chip.good')");
    phone.click("#ready");
    let holder = "document.querySelector('#players li[data-name=Ada]').textContent.includes('authority')";
    desk.until(holder);
    desk.until("!document.querySelector('#start-game').disabled");
    desk.keep("lobby");
    desk.click("#start-game");
    for window in [desk, phone] {
        window.until("document.querySelector('#lobby').textContent === 'the game is on'");
        window.until("document.querySelector('#log [data-type=SessionPlan]')");
    }
}

/// Each moves its fish, by dragging and by keys, and the other sees it there.
fn fish_are_seen(desk: &Window, phone: &Window) {
    desk.drag("#pond", (120, -60));
    desk.press("#pond", LEFT);
    let ada = desk.eval(&place_of("Ada"));
    phone.until(&format!("(() => {{ {} }})() === {ada}", place_of("Ada")));
    phone.press("#pond", DOWN);
    let bob = phone.eval(&place_of("Bob"));
    desk.until(&format!("(() => {{ {} }})() === {bob}", place_of("Bob")));
}

fn place_of(name: &str) -> String {
    format!("return document.querySelector('#players li[data-name={name}] .place').textContent")
}
