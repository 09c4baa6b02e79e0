//! One option of one end, by the Q method of RFC 1143: two ends that use it always agree, and never loop.

/// How an option stands, and what is under way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Negotiation {
    /// Off.
    #[default]
    No,
    /// On.
    Yes,
    /// Asked to stop, no answer yet.
    WantNo,
    /// Asked to stop, no answer yet, and then it shall begin again.
    WantNoThenYes,
    /// Asked to begin, no answer yet.
    WantYes,
    /// Asked to begin, no answer yet, and then it shall stop again.
    WantYesThenNo,
}

/// What is to be told to the peer, or what it told: WILL or DO; WONT or DONT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    On,
    Off,
}

/// Whether this end takes an option when the peer proposes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taste {
    Accept,
    Refuse,
}

impl Negotiation {
    /// This end wants the option on or off. Returns what to tell the peer.
    pub(super) fn want(&mut self, said: Said) -> Option<Said> {
        let (next, tell) = match (*self, said) {
            (Self::No, Said::On) => (Self::WantYes, Some(Said::On)),
            (Self::Yes, Said::Off) => (Self::WantNo, Some(Said::Off)),
            (Self::WantNo, Said::On) => (Self::WantNoThenYes, None),
            (Self::WantNoThenYes, Said::Off) => (Self::WantNo, None),
            (Self::WantYes, Said::Off) => (Self::WantYesThenNo, None),
            (Self::WantYesThenNo, Said::On) => (Self::WantYes, None),
            (as_is, _) => (as_is, None),
        };
        *self = next;
        tell
    }

    /// The peer said something. Returns what to answer.
    pub(super) fn hear(&mut self, said: Said, taste: Taste) -> Option<Said> {
        let (next, answer) = match (*self, said) {
            (Self::No, Said::On) if taste == Taste::Accept => (Self::Yes, Some(Said::On)),
            (Self::No, Said::On) | (Self::Yes, Said::Off) => (Self::No, Some(Said::Off)),
            // A "no" answered by "yes" is an error of the peer, which RFC 1143 settles without a word. In
            // WantNoThenYes the next wish is then fulfilled already.
            (Self::WantYes | Self::WantNoThenYes | Self::Yes, Said::On) => (Self::Yes, None),
            (Self::WantYesThenNo, Said::On) => (Self::WantNo, Some(Said::Off)),
            (Self::WantNoThenYes, Said::Off) => (Self::WantYes, Some(Said::On)),
            (Self::WantNo, Said::On)
            | (Self::No | Self::WantNo | Self::WantYes | Self::WantYesThenNo, Said::Off) => (Self::No, None),
        };
        *self = next;
        answer
    }

    /// Whether an answer is awaited.
    pub(super) fn is_open(self) -> bool {
        !matches!(self, Self::No | Self::Yes)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;

    /// The table of RFC 1143, section 7, for "upon receipt of WILL" and "WONT", state by state.
    #[test]
    fn what_is_heard() {
        use Negotiation::*;
        let cases = [
            (No, Said::On, Taste::Accept, Yes, Some(Said::On)),
            (No, Said::On, Taste::Refuse, No, Some(Said::Off)),
            (Yes, Said::On, Taste::Accept, Yes, None),
            (WantNo, Said::On, Taste::Accept, No, None),
            (WantNoThenYes, Said::On, Taste::Accept, Yes, None),
            (WantYes, Said::On, Taste::Refuse, Yes, None),
            (WantYesThenNo, Said::On, Taste::Accept, WantNo, Some(Said::Off)),
            (No, Said::Off, Taste::Accept, No, None),
            (Yes, Said::Off, Taste::Accept, No, Some(Said::Off)),
            (WantNo, Said::Off, Taste::Accept, No, None),
            (WantNoThenYes, Said::Off, Taste::Accept, WantYes, Some(Said::On)),
            (WantYes, Said::Off, Taste::Accept, No, None),
            (WantYesThenNo, Said::Off, Taste::Accept, No, None),
        ];
        for (before, said, taste, after, answer) in cases {
            let mut state = before;
            assert_eq!((state.hear(said, taste), state), (answer, after), "{before:?} {said:?} {taste:?}");
        }
    }

    /// One end of a line between two.
    #[derive(Default)]
    struct End {
        state: Negotiation,
        inbox: VecDeque<Said>,
    }

    fn step(ends: &mut [End; 2], who: usize, tastes: [Taste; 2]) -> bool {
        let Some(said) = ends[who].inbox.pop_front() else { return false };
        if let Some(answer) = ends[who].state.hear(said, tastes[who]) {
            ends[1 - who].inbox.push_back(answer);
        }
        true
    }

    proptest! {
        /// Both ends change their minds at any time and messages are under way in between: afterwards they agree, and
        /// the number of messages is bounded by the number of wishes.
        #[test]
        fn two_ends_agree_and_never_loop(
            events in prop::collection::vec((0usize..2, 0u8..3), 0..40), refuses in (any::<bool>(), any::<bool>()),
        ) {
            let taste = |refuse| if refuse { Taste::Refuse } else { Taste::Accept };
            let tastes = [taste(refuses.0), taste(refuses.1)];
            let mut ends = <[End; 2]>::default();
            let (mut wishes, mut delivered) = (0, 0);
            for (who, what) in events {
                let said = match what {
                    // An end that refuses an option does not ask for it either.
                    0 if tastes[who] == Taste::Accept => Said::On,
                    1 => Said::Off,
                    _ => {
                        delivered += usize::from(step(&mut ends, who, tastes));
                        continue;
                    }
                };
                wishes += 1;
                if let Some(tell) = ends[who].state.want(said) {
                    ends[1 - who].inbox.push_back(tell);
                }
            }
            while step(&mut ends, 0, tastes) || step(&mut ends, 1, tastes) {
                delivered += 1;
                prop_assert!(delivered <= 4 * wishes + 4, "a loop");
            }
            prop_assert_eq!(ends[0].state, ends[1].state);
            prop_assert!(!ends[0].state.is_open());
        }
    }
}
