//! Any options together, any keys, any times: the machine never panics, and its bytes depend on nothing else.

use proptest::prelude::*;
use serde_json::json;

use super::tests::{Words, world};
use super::*;
use crate::sim::options::{Values, listing};
use crate::sim::windows::os::Os;

/// Some values of every option. Numbers are small: what is rare would not be seen.
fn values() -> Vec<(String, Vec<serde_json::Value>)> {
    let some = |values: &Values| match values {
        Values::Choice(choices) => choices.iter().map(|choice| json!(choice.value)).collect(),
        Values::Switch { .. } => vec![json!(true), json!(false)],
        Values::Number { .. } => [0, 1, 2, 3, 7, 50, 1_200, 60_000].map(|number| json!(number)).to_vec(),
        Values::Span { .. } => {
            ["0s", "1µs", "3ms", "30ms", "1s", "20s", "2m", "400h"].map(|span| json!(span)).to_vec()
        }
        Values::List => vec![
            json!([]),
            json!([{"type": "cmd\r"}, {"wait": "2s"}, {"type": "\u{1b}\t"}]),
            json!([{"type": "t\r"}]),
        ],
    };
    listing().into_iter().map(|option| (option.path, some(&option.values))).collect()
}

fn options() -> impl Strategy<Value = (Vec<String>, MachineOptions)> {
    let known = values();
    let one = (any::<prop::sample::Index>(), any::<prop::sample::Index>());
    prop::collection::vec(one, 0..14).prop_map(move |picks| {
        let mut options = serde_json::to_value(MachineOptions::default()).unwrap();
        let mut set = Vec::new();
        for (option, value) in picks {
            let (path, values) = option.get(&known);
            let value = value.get(values).clone();
            let mut changed = options.clone();
            *changed.pointer_mut(&format!("/{}", path.replace('.', "/"))).unwrap() = value.clone();
            // Some options do not take every value: channels are few, lines are counted from 1.
            if serde_json::from_value::<MachineOptions>(changed.clone()).is_ok() {
                options = changed;
                set.push(format!("{path}={value}"));
            }
        }
        (set, serde_json::from_value(options).unwrap())
    })
}

fn keys() -> impl Strategy<Value = Vec<u8>> {
    let phrase = prop::sample::select(vec![
        &b"cmd\r"[..],
        b"ch\r",
        b"ch -si 1\r",
        b"ch -ci 1\r",
        b" ",
        b"\r",
        b"\n",
        b"\r\n",
        b"\x1b",
        b"\x1b\t",
        b"\x1b\t0",
        b"\x1b\t3",
        b"ann\r\rpw\r",
        b"no\r\rno\r",
        b"t\r",
        b"i\r",
        b"d\r",
        b"s 01/02/2040 03:04\r",
        b"k 4\r",
        b"lock\r",
        b"p\r",
        b"restart\r",
        b"crashdump\r",
        b"echo hello\r",
        b"lines 60\r",
        b"wait 30\r",
        b"cls\r",
        b"exit\r",
        b"\x03",
        b"\x08\x08\x7f",
        b"\0",
        "한글é".as_bytes(),
        b"\xff\xfe",
    ]);
    prop_oneof![
        12 => phrase.prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..40),
        1 => (0..3_000_usize).prop_map(|count| vec![b'x'; count]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_makes_it_panic_and_looking_more_often_changes_nothing(
        (set, options) in options(),
        visit in prop::collection::vec((keys(), prop::sample::select(vec![0, 1, 4, 90, 2_000, 70_000])), 0..25),
        os in prop::sample::select(Os::ALL.to_vec()),
        looks in 1..5_u32,
    ) {
        let machine = || Machine::with_shell(options.clone(), world(os), Shells::Inside(Box::new(Words)));
        let (mut once, mut often) = (machine(), machine());
        let (mut expected, mut seen) = (Vec::new(), Vec::new());
        let mut now = Duration::ZERO;
        for (keys, pause) in visit {
            let pause = Duration::from_millis(pause);
            if once.is_cut() {
                once.connect(now);
                often.connect(now);
            }
            once.receive(now, &keys);
            for key in keys {
                often.receive(now, &[key]);
            }
            for look in 1..looks {
                seen.extend(often.advance(now + pause * look / looks));
            }
            now += pause;
            expected.extend(once.advance(now));
            seen.extend(often.advance(now));
            prop_assert_eq!(once.is_cut(), often.is_cut());
        }
        now += Duration::from_mins(5);
        expected.extend(once.advance(now));
        // Waking exactly when asked is the same again, and always leads on.
        let mut wakes = 0;
        while let Some(wake) = often.next_wake().filter(|wake| *wake < now) && wakes < 3_000 {
            seen.extend(often.advance(wake));
            wakes += 1;
        }
        seen.extend(often.advance(now));
        prop_assert_eq!(String::from_utf8_lossy(&seen), String::from_utf8_lossy(&expected), "{:?}", set);
        prop_assert_eq!(often.audit(), once.audit(), "{:?}", set);
    }
}
