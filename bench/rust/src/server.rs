//! Rust's mio in the servers of the benchmark: the functions that
//! bench/server/rust_mio.c calls.  Streams are mio's own, read and written by
//! their own methods.  A stream is only a descriptor, so C keeps that.

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

use std::io::{self, ErrorKind, Read, Write};
use std::mem::ManuallyDrop;
use std::net::Shutdown;
use std::os::raw::{c_int, c_uint};
use std::os::unix::io::{FromRawFd, IntoRawFd};
use std::slice;

const READABLE: c_uint = 0x1;
const WRITABLE: c_uint = 0x2;

/// The token of the listener; that of a client is an address.
const LISTENER: Token = Token(0);

type Handler = extern "C" fn(usize, c_uint, c_int);

pub struct Server {
    poll: Poll,
    events: Events,
    listener: TcpListener,
}

/// Counts, and errors as negative numbers.
fn result(done: io::Result<usize>) -> isize {
    match done {
        Ok(n) => n as isize,
        Err(error) => -(error.raw_os_error().unwrap() as isize),
    }
}

unsafe fn stream(fd: c_int) -> ManuallyDrop<TcpStream> {
    ManuallyDrop::new(TcpStream::from_raw_fd(fd))
}

/// # Safety
/// The argument is a listening socket, which the server takes over.
#[no_mangle]
pub unsafe extern "C" fn rust_server_open(fd: c_int, events: usize) -> *mut Server {
    let mut server = Server {
        poll: Poll::new().unwrap(),
        events: Events::with_capacity(events),
        listener: TcpListener::from_raw_fd(fd),
    };
    server
        .poll
        .registry()
        .register(&mut server.listener, LISTENER, Interest::READABLE)
        .unwrap();
    Box::into_raw(Box::new(server))
}

/// Returns the descriptor of the next client.
#[no_mangle]
pub extern "C" fn rust_server_accept(server: &Server) -> isize {
    result(server.listener.accept().and_then(|(stream, _)| {
        stream.set_nodelay(true)?;
        Ok(stream.into_raw_fd() as usize)
    }))
}

/// # Safety
/// The argument is the descriptor of a client, here and below.
#[no_mangle]
pub unsafe extern "C" fn rust_server_add(server: &Server, fd: c_int, token: usize) -> isize {
    let both = Interest::READABLE | Interest::WRITABLE;

    result(
        server
            .poll
            .registry()
            .register(&mut *stream(fd), Token(token), both)
            .map(|_| 0),
    )
}

/// # Safety
/// See rust_server_add.
#[no_mangle]
pub unsafe extern "C" fn rust_server_rearm(server: &Server, fd: c_int, token: usize) -> isize {
    let both = Interest::READABLE | Interest::WRITABLE;

    result(
        server
            .poll
            .registry()
            .reregister(&mut *stream(fd), Token(token), both)
            .map(|_| 0),
    )
}

/// # Safety
/// See rust_server_add.
#[no_mangle]
pub unsafe extern "C" fn rust_server_close(server: &Server, fd: c_int) -> isize {
    let mut stream = TcpStream::from_raw_fd(fd);

    result(server.poll.registry().deregister(&mut stream).map(|_| 0))
}

/// # Safety
/// See rust_server_add; and a buffer of that size.
#[no_mangle]
pub unsafe extern "C" fn rust_server_read(fd: c_int, buf: *mut u8, size: usize) -> isize {
    result((*stream(fd)).read(slice::from_raw_parts_mut(buf, size)))
}

/// # Safety
/// See rust_server_add; and a buffer of that size.
#[no_mangle]
pub unsafe extern "C" fn rust_server_write(fd: c_int, buf: *const u8, size: usize) -> isize {
    result((*stream(fd)).write(slice::from_raw_parts(buf, size)))
}

/// # Safety
/// See rust_server_add.
#[no_mangle]
pub unsafe extern "C" fn rust_server_shutdown(fd: c_int) -> isize {
    result((*stream(fd)).shutdown(Shutdown::Write).map(|_| 0))
}

/// One wait.  The events are read through a pointer, because the function
/// called for one calls the functions above.
///
/// # Safety
/// The argument is what rust_server_open returned.
#[no_mangle]
pub unsafe extern "C" fn rust_server_wait(server: *mut Server, handler: Handler) {
    match (*server).poll.poll(&mut (*server).events, None) {
        Err(error) if error.kind() == ErrorKind::Interrupted => return,
        waited => waited.unwrap(),
    }
    let events = &(*server).events;
    for event in events.iter() {
        let mut ready = 0;
        if event.is_readable() || event.is_error() {
            ready |= READABLE;
        }
        if event.is_writable() || event.is_error() {
            ready |= WRITABLE;
        }
        handler(event.token().0, ready, c_int::from(event.is_read_closed()));
    }
}
