//! How many codes a stranger has to try until one is that of a room, if nothing limited him.

use std::num::NonZeroU32;
use std::time::Duration;

use serde_json::json;
use signal_fish_auth::Quota;
use signal_fish_hub::HubConfig;

use crate::support::{Client, V2, hub};

#[tokio::test]
async fn with_ten_thousand_rooms_one_code_in_a_hundred_thousand_is_that_of_a_room() {
    let rules = HubConfig {
        joins: ENDLESS,
        creations: ENDLESS,
        unknown_codes: ENDLESS,
        commands: ENDLESS,
        ..HubConfig::default()
    };
    let hub = hub(HubConfig { rooms_per_game_max: N_ROOMS, error_replies: ENDLESS, ..rules }).await;
    for _ in 0..N_ROOMS {
        let mut host = Client::connect(&hub, V2);
        host.say("JoinRoom", json!({"game_name": "tanks", "player_name": "host"})).await;
        assert_eq!(host.hear()[0]["type"], "RoomJoined");
    }
    let mut random = fastrand::Rng::with_seed(SEED);
    let mut guesser = Client::connect(&hub, V2);
    let (mut n_guesses, mut n_hits) = (0, 0);
    while n_hits < N_HITS {
        let code: String = (0..6).map(|_| char::from(ALPHABET[random.usize(..ALPHABET.len())])).collect();
        let guess =
            json!({"game_name": "tanks", "room_code": code, "player_name": "guesser", "join_only": true});
        guesser.say("JoinRoom", guess).await;
        n_guesses += 1;
        let heard = guesser.hear().swap_remove(0);
        if heard["type"] == "RoomJoined" {
            n_hits += 1;
            guesser = Client::connect(&hub, V2);
        } else {
            assert_eq!(heard["data"]["error_code"], "ROOM_NOT_FOUND", "{heard}");
        }
        assert!(n_guesses < N_GUESSES_MAX, "{n_hits} hits only, which should not be in a million runs");
    }
    let expected = 32_usize.pow(6) / N_ROOMS;
    println!("{} guesses for a hit with {N_ROOMS} rooms, {expected} expected", n_guesses / N_HITS);
    assert!(
        n_guesses > N_GUESSES_MIN,
        "{n_guesses} guesses for {N_HITS} hits, which should not be in a million runs"
    );
}

const ENDLESS: Quota =
    Quota { n_max: NonZeroU32::new(1_000_000_000).expect("not zero"), window: Duration::from_mins(1) };

const N_ROOMS: usize = 10_000;

/// What is counted on. Fewer would say less, more take longer.
const N_HITS: usize = 4;

/// With 107,374 guesses for a hit on average, it takes as many as this for four once in more than a million times.
const N_GUESSES_MAX: usize = 2_200_000;

/// The same for as few.
const N_GUESSES_MIN: usize = 7_000;

const SEED: u64 = 0xF15B;

/// Of the codes that the server makes.
const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
