//! Loudspeaker and microphone on a virtual air (`script/virtual-audio`): no hardware needed.
//!
//! The sound card of a process is chosen by its environment, so each end runs as a process of its
//! own: this test binary again, with the one test `helper`, and its part in `AIRSHAKE_LIVE_PART`.
//! What a helper finds out it prints in lines `@name value`.
//!
//! Without PulseAudio these tests are skipped, loudly; with `AIRSHAKE_REQUIRE_LIVE=1` they fail.
#![cfg(all(feature = "live", target_os = "linux"))]
#![expect(
    clippy::disallowed_methods,
    reason = "sound takes time, and it is measured here"
)]

mod air;
mod parts;

use air::{Air, Helper, helper_command};
use parts::{NOISE, TURNS};
use std::collections::HashMap;
use std::time::{Duration, Instant};

#[test]
fn what_one_laptop_plays_the_other_records_sample_for_sample() {
    let Some(air) = Air::start("crossed") else {
        return;
    };
    // A busy machine may drop a buffer, which is not ours to prevent; samples that are wrong by
    // our doing are wrong every time.
    let mut found = Vec::new();
    for _ in 0..3 {
        let mut recorder = air.helper("A", "record", &[]);
        recorder.wait_for("ready");
        let mut player = air.helper("B", "play", &[]);
        player.finish();
        let recorded = recorder.finish();
        if recorded["exact"] == NOISE.to_string() {
            assert_eq!(recorded["rate"], "48000");
            return;
        }
        found.push(recorded);
    }
    panic!("never exact: {found:?}");
}

#[test]
fn a_cleared_speaker_is_silent_at_once_and_without_a_click() {
    let Some(air) = Air::start("shared") else {
        return;
    };
    // A busy machine may come late or drop a buffer, which clicks; we must not do so every time.
    let mut measured = Vec::new();
    for _ in 0..3 {
        let heard = air.helper("A", "clear", &[]).finish();
        println!("clear: {heard:?}");
        // From the call to the last sample read back, the way through the microphone included.
        let silent_ms = heard["silent_ms"].parse::<f64>().expect("a number");
        if silent_ms < 150.0 && heard["steps"] == "0" {
            return;
        }
        measured.push(heard);
    }
    panic!("never: {measured:?}");
}

#[test]
fn a_sound_server_that_dies_is_reported_in_time_and_used_again_when_it_is_back() {
    let Some(air) = Air::start("crossed") else {
        return;
    };
    let mut helper = air.helper("A", "lose", &[]);
    helper.wait_for("ready");
    air.kill();
    let killed = Instant::now();
    let words = helper.wait_for("microphone_lost");
    assert!(words.contains("restart the sound system"), "{words}");
    helper.wait_for("speaker_lost");
    // 3 s is the promise; a stream that was just fine at the time of its death adds one look, and
    // a busy machine some more.
    assert!(
        killed.elapsed() < Duration::from_secs(8),
        "{:?}",
        killed.elapsed()
    );
    air.script(&["start", "crossed"]);
    helper.wait_for("back");
    let ended = helper.finish();
    assert!(
        ended["closing_ms"].parse::<u64>().expect("a number") < 3000,
        "{ended:?}"
    );
}

#[test]
fn a_wrong_name_is_answered_with_the_names_there_are() {
    let Some(air) = Air::start("shared") else {
        return;
    };
    let said = air.helper("A", "names", &[]).finish();
    assert!(said["listed"].contains("default"), "{said:?}");
    assert!(said["unknown"].contains("\"no such thing\""), "{said:?}");
    assert!(said["unknown"].contains("default"), "{said:?}");
    assert_eq!(said["by_part"], said["by_id"], "{said:?}");
}

#[test]
fn without_a_sound_server_the_error_says_so() {
    let Some(air) = Air::start("shared") else {
        return;
    };
    let environment = air.environment("A");
    air.script(&["stop"]);
    let begun = Instant::now();
    let mut command = helper_command("names", &[]);
    command.envs(environment);
    let said = Helper::spawn(command).finish();
    println!("{said:?}");
    assert!(
        said["unopened"].contains("start the sound server"),
        "{said:?}"
    );
    assert!(
        begun.elapsed() < Duration::from_secs(30),
        "{:?}",
        begun.elapsed()
    );
}

#[test]
fn what_one_laptop_says_the_other_hears_over_a_cable() {
    if let Some(air) = Air::start("crossed") {
        twenty_envelopes(&air);
    }
}

#[test]
fn what_one_laptop_says_the_other_hears_in_one_room() {
    if let Some(air) = Air::start("shared") {
        twenty_envelopes(&air);
    }
}

#[test]
fn a_sound_begins_and_ends_within_a_tenth_of_a_second_of_the_command() {
    let Some(air) = Air::start("shared") else {
        return;
    };
    let mut measured = Vec::new();
    for _ in 0..3 {
        let said = air.helper("A", "hush", &[]).finish();
        let number = |name: &str| said[name].parse::<f64>().expect("a number");
        println!("begins: {said:?}");
        // What is measured holds the way back through the microphone, whose callbacks come every
        // 14 to 21 ms; the loudspeaker's share is 30 ms at most.
        if number("begins_ms") < 100.0 && number("ends_ms") < 100.0 {
            return;
        }
        measured.push(said);
    }
    panic!("never: {measured:?}");
}

#[test]
fn a_sound_whose_server_dies_tells_so_and_is_heard_again_when_it_is_back() {
    let Some(air) = Air::start("shared") else {
        return;
    };
    let mut helper = air.helper("A", "survive", &[]);
    helper.wait_for("ready");
    air.kill();
    helper.wait_for("trouble");
    helper.wait_for("refused");
    air.script(&["start", "shared"]);
    helper.wait_for("heard");
    helper.finish();
}

/// B says, A hears; the time from the call to the end of the hearing is the air time and what we
/// add to it.
fn twenty_envelopes(air: &Air) {
    let mut hearing = air.helper("A", "hear", &[]);
    hearing.wait_for("ready");
    let said = air.helper("B", "say", &[]).finish();
    let heard = hearing.finish();
    let number = |map: &HashMap<String, String>, name: &str| -> Option<f64> {
        map.get(name).map(|value| value.parse().expect("a number"))
    };
    let mut added = Vec::new();
    let mut missing = 0;
    for turn in 0..TURNS {
        let begun = number(&said, &format!("said_{turn}")).expect("said");
        let air_ms = number(&said, &format!("air_{turn}")).expect("started");
        match number(&heard, &format!("heard_{turn}")) {
            Some(ended) => added.push(ended - begun - air_ms),
            None => missing += 1,
        }
    }
    added.sort_by(f64::total_cmp);
    let report = format!(
        "heard {} of {TURNS}; added to the air time: {added:.0?} ms; say: {}; hear: {}",
        added.len(),
        said["counts"],
        heard["counts"],
    );
    println!("{report}");
    assert!(missing <= TURNS / 10, "{report}");
    assert!(added[added.len() / 2] < 250.0, "{report}");
}

#[test]
#[ignore = "a part of the other tests"]
fn helper() {
    match std::env::var("AIRSHAKE_LIVE_PART").as_deref() {
        Ok("record") => parts::record(),
        Ok("play") => parts::play(),
        Ok("clear") => parts::clear(),
        Ok("lose") => parts::lose(),
        Ok("names") => parts::names(),
        Ok("say") => parts::say_envelopes(),
        Ok("hush") => parts::hush(),
        Ok("survive") => parts::survive(),
        Ok("hear") => parts::hear_envelopes(),
        other => panic!("no such part: {other:?}"),
    }
}
