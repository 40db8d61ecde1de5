//! What a request costs while it waits. A binary of its own: everything in it is counted.

#![cfg(not(target_arch = "wasm32"))]

#[path = "memory/waiting.rs"]
mod waiting;

#[test]
fn a_waiting_request_keeps_to_its_bytes() {
    let scripted = waiting::scripted(10_000);
    assert!(scripted.slab <= waiting::SCHEDULER_BYTES, "{} in the scheduler", scripted.slab);
    for whole in [scripted.whole, waiting::native(10_000)] {
        assert!(whole <= waiting::SEND_BYTES, "{whole} in all");
    }
    assert!(!scripted.admission.is_zero());
}
