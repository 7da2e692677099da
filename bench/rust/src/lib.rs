//! Rust's mio, for the benchmark: the adapter of bench.h, called from C.
#![allow(non_upper_case_globals)] // these names are C names

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token, Waker};

use std::os::raw::{c_char, c_int, c_uint, c_void};
use std::time::Duration;

mod server;

const EVENTS: usize = 1024;

const ON_READ: c_uint = 0x1;
const ON_WRITE: c_uint = 0x2;

type Ready = extern "C" fn(*mut c_void, usize, c_uint);

pub struct Lib {
    poll: Poll,
    events: Events,
    waker: Option<Waker>,
    ready: Ready,
    arg: *mut c_void,
}

#[no_mangle]
pub static lib_name: [u8; 9] = *b"rust_mio\0";
#[no_mangle]
pub static lib_lazy: c_uint = 0;
#[no_mangle]
pub static lib_slot_size: usize = 0;

/// The crate has no call that returns its version: cargo has chosen it.
#[no_mangle]
pub extern "C" fn lib_version() -> *const c_char {
    concat!(env!("MIO_VERSION"), "\0").as_ptr() as *const c_char
}

#[no_mangle]
pub extern "C" fn lib_open(
    _slots: usize,
    _threads: c_int,
    ready: Ready,
    arg: *mut c_void,
) -> *mut Lib {
    Box::into_raw(Box::new(Lib {
        poll: Poll::new().unwrap(),
        events: Events::with_capacity(EVENTS),
        waker: None,
        ready,
        arg,
    }))
}

/// # Safety
/// The argument is what lib_open returned, and is used once.
#[no_mangle]
pub unsafe extern "C" fn lib_close(lib: *mut Lib) {
    drop(Box::from_raw(lib));
}

fn interests(interest: c_uint) -> Interest {
    match interest & (ON_READ | ON_WRITE) {
        ON_READ => Interest::READABLE,
        ON_WRITE => Interest::WRITABLE,
        _ => Interest::READABLE | Interest::WRITABLE,
    }
}

#[no_mangle]
pub extern "C" fn lib_add(lib: &Lib, slot: usize, fd: c_int, interest: c_uint) {
    lib.poll
        .registry()
        .register(&mut SourceFd(&fd), Token(slot), interests(interest))
        .unwrap();
}

#[no_mangle]
pub extern "C" fn lib_modify(lib: &Lib, slot: usize, fd: c_int, interest: c_uint) {
    lib.poll
        .registry()
        .reregister(&mut SourceFd(&fd), Token(slot), interests(interest))
        .unwrap();
}

#[no_mangle]
pub extern "C" fn lib_remove(lib: &Lib, _slot: usize, fd: c_int) {
    lib.poll.registry().deregister(&mut SourceFd(&fd)).unwrap();
}

/// The events are read through a pointer, because the function called for one
/// may call lib_add and similar functions.
///
/// # Safety
/// The argument is what lib_open returned; one thread calls at a time.
#[no_mangle]
pub unsafe extern "C" fn lib_wait(lib: *mut Lib, wait: c_int) {
    let timeout = if wait != 0 {
        None
    } else {
        Some(Duration::ZERO)
    };
    match (*lib).poll.poll(&mut (*lib).events, timeout) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
        Err(error) => panic!("poll: {}", error),
    }
    let events = &(*lib).events;
    for event in events.iter() {
        let mut bits = 0;
        if event.is_readable() {
            bits |= ON_READ;
        }
        if event.is_writable() {
            bits |= ON_WRITE;
        }
        ((*lib).ready)((*lib).arg, event.token().0, bits);
    }
}

#[no_mangle]
pub extern "C" fn lib_waker(lib: &mut Lib, slot: usize) {
    lib.waker = Some(Waker::new(lib.poll.registry(), Token(slot)).unwrap());
}

/// # Safety
/// The argument is what lib_open returned, with a waker; any thread may call.
#[no_mangle]
pub unsafe extern "C" fn lib_wake(lib: *const Lib, _slot: usize) {
    (*lib).waker.as_ref().unwrap().wake().unwrap();
}

#[no_mangle]
pub extern "C" fn lib_spin(_lib: &Lib, _ns: i64) -> c_int {
    -1
}
