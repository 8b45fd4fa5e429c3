//! Linux: the memory of a process that mostly waits.

/// Sets glibc's allocator up for such a process. Call it before the first thread is started.
pub(crate) fn keep_heap_small() {
    #[cfg(target_env = "gnu")]
    for (parameter, value) in [
        // A thread that comes and goes, as for the resolution of a name, leaves no heap behind.
        (libc::M_ARENA_MAX, 1),
        // The parts of a snapshot are mappings of their own, which go back when they are freed.
        // Unless it is set, the first that is freed raises the bound.
        (libc::M_MMAP_THRESHOLD, 64 << 10),
        (libc::M_TRIM_THRESHOLD, 64 << 10),
        (libc::M_TOP_PAD, 16 << 10),
    ] {
        // SAFETY: takes two numbers, and nothing else runs yet that could allocate meanwhile.
        #[expect(unsafe_code, reason = "mallopt(3) is a function of the C library")]
        unsafe {
            libc::mallopt(parameter, value);
        }
    }
}

/// Gives freed memory back to the system.
pub(crate) fn give_memory_back() {
    // SAFETY: takes a number; the allocator locks itself.
    #[cfg(target_env = "gnu")]
    #[expect(unsafe_code, reason = "malloc_trim(3) is a function of the C library")]
    unsafe {
        libc::malloc_trim(0);
    }
}
