//! The allocator. Records and requests are made in one thread and freed in another, all the time:
//! glibc's threads wait for each other then, mimalloc's do not.

use libmimalloc_sys::{mi_option_set, mi_option_t};
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// `mi_option_purge_delay` of mimalloc.h; the crate does not name it.
const PURGE_DELAY: mi_option_t = 15;

/// Has free memory given back at once: what a start needs would be kept otherwise. Call it first.
pub fn give_back_at_once() {
    #[expect(unsafe_code, reason = "mimalloc has no other way to be told")]
    // SAFETY: it sets a number. Values of an option that this version has not are not looked at.
    unsafe {
        mi_option_set(PURGE_DELAY, 0);
    }
    share_arenas();
}

/// What is written in C still uses glibc's. Its threads are to share the arenas, one for each core: by
/// default there are eight, and each keeps what it had at its height.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "glibc has no other way to be told")]
fn share_arenas() {
    let cores = std::thread::available_parallelism().map_or(2, |cores| cores.get().max(2));
    // SAFETY: mallopt(3) sets a number; there is no other thread yet.
    unsafe { libc::mallopt(libc::M_ARENA_MAX, i32::try_from(cores).unwrap_or(i32::MAX)) };
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn share_arenas() {}
