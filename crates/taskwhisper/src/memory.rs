//! Gives memory that compiling took back to the system; the allocator would keep it for good.

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
