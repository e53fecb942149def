//! Keeps little of the memory that compiling takes: the allocator would keep it for good.

/// Lets threads share the allocator's arenas, one for each core. By default there are eight, and each
/// keeps what the compilation left in it. Call it before there are threads.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "glibc has no other way to be told")]
pub fn share_arenas() {
    let cores = std::thread::available_parallelism().map_or(2, |cores| cores.get().max(2));
    // SAFETY: mallopt(3) sets a number; there is no other thread yet.
    unsafe { libc::mallopt(libc::M_ARENA_MAX, i32::try_from(cores).unwrap_or(i32::MAX)) };
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn share_arenas() {}

/// Call it once, after the first start's compilation; it takes a few milliseconds.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "glibc has no other way to ask for it")]
pub fn give_back() {
    // SAFETY: malloc_trim(3) may be called at any time from any thread; it touches free memory
    // only.
    unsafe { libc::malloc_trim(0) };
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn give_back() {}
