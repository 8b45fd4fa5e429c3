//! Linux: the memory of a process that mostly waits, and hearing of changes.

mod changes;

pub(crate) use changes::Changes;

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

/// Gives freed memory back to the system, and lets go of the program's pages that work has touched:
/// waiting needs few of them, and those come back at the price of a minor fault each, since they
/// stay in the page cache for as long as the system has no better use for it.
pub(crate) fn give_memory_back() {
    // SAFETY: takes a number; the allocator locks itself.
    #[cfg(target_env = "gnu")]
    #[expect(unsafe_code, reason = "malloc_trim(3) is a function of the C library")]
    unsafe {
        libc::malloc_trim(0);
    }
    // SAFETY: the function handed over has the signature that is called, and takes no data.
    #[expect(unsafe_code, reason = "dl_iterate_phdr(3) is a function of the C library")]
    unsafe {
        libc::dl_iterate_phdr(Some(leave), std::ptr::null_mut());
    }
}

/// Lets go of the pages of one loaded object that are as they are in its file: those of its
/// segments that are never written, whole pages only.
#[expect(unsafe_code, reason = "called by the C library")]
unsafe extern "C" fn leave(
    object: *mut libc::dl_phdr_info,
    _: libc::size_t,
    _: *mut libc::c_void,
) -> libc::c_int {
    // SAFETY: dl_iterate_phdr(3) hands over an object that is loaded, with its headers.
    let object = unsafe { &*object };
    // SAFETY: as above; the number of headers is the object's own.
    let headers =
        unsafe { std::slice::from_raw_parts(object.dlpi_phdr, usize::from(object.dlpi_phnum)) };
    let page = rustix::param::page_size();
    for header in headers {
        if header.p_type != libc::PT_LOAD || header.p_flags & libc::PF_W != 0 {
            continue;
        }
        let Ok(begin) = usize::try_from(object.dlpi_addr + header.p_vaddr) else { continue };
        let Ok(size) = usize::try_from(header.p_memsz) else { continue };
        let (first, end) = (begin.next_multiple_of(page), (begin + size) / page * page);
        if first < end {
            // SAFETY: the pages lie in a segment that is mapped from a file and never written (linkers
            // refuse relocations in it), so that what is read of them next is what they held. A
            // kernel that objects does nothing.
            unsafe {
                libc::madvise(
                    std::ptr::with_exposed_provenance_mut(first),
                    end - first,
                    libc::MADV_DONTNEED,
                );
            }
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_goes_on_as_before_when_its_pages_were_let_go() {
        let text = "what is read again after it was let go";
        let sum = |text: &str| text.bytes().map(u32::from).sum::<u32>();
        let before = sum(text);
        give_memory_back();
        assert_eq!(sum(text), before);
        let thread = std::thread::spawn(move || sum(text));
        assert_eq!(thread.join().expect("no panic"), before);
    }
}
