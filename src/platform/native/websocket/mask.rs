//! Masks: what a client sends is masked, by a key that nobody can foretell (RFC 6455, sections 5.3 and 10.3).

use ring::rand::{SecureRandom, SystemRandom};

/// How many keys are drawn at once: the system is asked for the next ones when they are used up.
const DRAWN: usize = 64;

/// Keys for frames, each used once.
pub(super) struct Masks {
    source: SystemRandom,
    drawn: [u8; 4 * DRAWN],
    used: usize,
}

impl Masks {
    pub(super) fn new() -> Self {
        Self { source: SystemRandom::new(), drawn: [0; 4 * DRAWN], used: DRAWN }
    }

    /// The next key. None where the system has no chance to give.
    pub(super) fn next(&mut self) -> Option<[u8; 4]> {
        if self.used == DRAWN {
            self.source.fill(&mut self.drawn).ok()?;
            self.used = 0;
        }
        let key = *self.drawn.as_chunks().0.get(self.used)?;
        self.used += 1;
        Some(key)
    }
}

/// Masks, or unmasks, a part of a payload that begins `at` so many bytes of it.
pub(super) fn apply(data: &mut [u8], mut key: [u8; 4], at: usize) {
    key.rotate_left(at % 4);
    let [a, b, c, d] = key;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (chunks, rest) = data.as_chunks_mut::<8>();
    for chunk in chunks {
        *chunk = (u64::from_ne_bytes(*chunk) ^ wide).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(key.into_iter().cycle()) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_part_of_a_payload_is_masked_as_the_whole_would_be() {
        let key = [0x6d, 0xb6, 0xb2, 0x80];
        let plain: Vec<u8> = (0..100).collect();
        let masked: Vec<u8> = (0..100_u8).map(|at| at ^ key[usize::from(at) % 4]).collect();
        for from in 0..20 {
            for to in from..=100 {
                let mut part = plain[from..to].to_vec();
                apply(&mut part, key, from);
                assert_eq!(part, masked[from..to], "{from}..{to}");
            }
        }
    }

    #[test]
    fn keys_are_drawn_again_and_again() {
        let mut masks = Masks::new();
        let drawn: std::collections::HashSet<_> = (0..1000).map(|_| masks.next().expect("chance")).collect();
        assert!(drawn.len() > 990, "{}", drawn.len());
    }
}
